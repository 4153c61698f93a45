"""The tables of docs/integrate.md say what the code says: every reason, every limit, fields that are there."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from libs.eventlog.kafka.decoder import MAX_HEADERS, MAX_RECORD
from libs.eventlog.wire.cloudevents import MAX_SOURCE, MAX_VALUE, YEARS
from libs.eventlog.wire.receipts import MAX_KEY
from libs.messages.actions import ActionRefusal
from libs.messages.base import Code, Number
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, UPSTREAM
from libs.messages.contracts import ContractRefusal, CustomerRefusal, ErasureRefusal, SignatureRefusal
from libs.messages.doubts import DoubtCode
from libs.messages.envelope import MessageName, Source
from libs.messages.licences import LicenceRefusal
from libs.messages.notices import OrderRefusal
from libs.messages.plan import PlanRefusal
from libs.messages.private import Body
from libs.messages.receipts import Outcome, Receipt, Unreadability
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.sla import NoPromise, PromiseEvent, RestatementCause
from libs.messages.upstream import LONGEST_ID, ContractSubmitted
from libs.stack.run import PROJECT
from services.contract.door import LARGEST
from services.intake.domain import HELD_AT_MOST
from services.intake.settings import IntakeSettings
from tests.contracts.cards import cards

PAGE = (PROJECT / "docs/integrate.md").read_text()
AGAIN = frozenset({"`no`", "`new id`", "`new number`"})
REASONS: Mapping[str, tuple[type[StrEnum], ...]] = {
    "A ticket was not opened": (TicketRefusal,),
    "Something said about a ticket was not taken": (MessageRefusal, ResponseRefusal),
    "At `olcare.contracts.in.v1`": (
        *(CustomerRefusal, LicenceRefusal, ContractRefusal, SignatureRefusal, ErasureRefusal, PlanRefusal),
    ),
    "At `olcare.notices.in.v1`": (OrderRefusal,),
    "At `olcare.ops.in.v1`": (ActionRefusal,),
    "`unreadable`, at any door": (Unreadability,),
}
"""Heading → the reasons that its table has."""
Row = list[str]


def section(heading: str) -> str:
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def rows(text: str, first: str) -> list[Row]:
    """The rows of the table whose first column has this name."""
    lines = text.split(f"| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def codes(found: Iterable[Row]) -> list[str]:
    return [row[0].strip("`") for row in found]


@pytest.mark.parametrize("heading", REASONS)
def test_each_reason_has_one_row_that_says_what_to_do_and_whether_to_send_again(heading: str) -> None:
    found = rows(section(heading), "reason")
    assert sorted(codes(found)) == sorted({str(code) for reasons in REASONS[heading] for code in reasons})
    assert [row for row in found if len(row) != 3 or not row[1] or row[2] not in AGAIN] == []


def test_every_enumeration_of_reasons_is_in_a_table() -> None:
    assert {reasons for some in REASONS.values() for reasons in some} == {
        *(TicketRefusal, MessageRefusal, ResponseRefusal, CustomerRefusal, ContractRefusal, ErasureRefusal),
        *(LicenceRefusal, SignatureRefusal, PlanRefusal, OrderRefusal, ActionRefusal, Unreadability),
    }
    assert {f"`{word}`" for word in re.findall(r"^- `(.+)`: ", section("Reason codes"), re.MULTILINE)} == AGAIN


@pytest.mark.parametrize(
    ("heading", "first", "known"),
    [
        ("What a receipt says", "outcome", Outcome),
        ("Doubts", "code", DoubtCode),
        ("Promise, verdict and restatement", "reason of `FirstResponseNotPromised`", NoPromise),
        ("Promise, verdict and restatement", "cause of `FirstResponseRestated`", RestatementCause),
    ],
)
def test_a_table_has_every_code_once(heading: str, first: str, known: type[StrEnum]) -> None:
    assert sorted(codes(rows(section(heading), first))) == sorted(map(str, known))


def test_every_field_of_a_receipt_is_described() -> None:
    found = [name for row in rows(section("What a receipt says"), "field") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(found) == sorted(Receipt.model_fields)


def test_the_events_and_fields_of_a_promise_are_there() -> None:
    events: Mapping[str, type[BaseModel]] = {event.__name__: event for event in get_args(PromiseEvent)}
    for name, _, fields in rows(section("Promise, verdict and restatement"), "event"):
        assert all(_has(events[name.strip("`")], field.split(".")) for field in re.findall(r"`([\w.]+)`", fields)), name


def _has(model: Any, path: list[str]) -> bool:
    if not path:
        return True
    field = getattr(model, "model_fields", {}).get(path[0])
    return field is not None and _has(field.annotation, path[1:])


def test_what_a_sales_system_says_is_taken_at_its_door() -> None:
    told = codes(rows(section("Licences, renewals and what they open"), "type"))
    taken = {message.__name__ for message in UPSTREAM[CONTRACTS_DOOR].values()}
    assert told
    assert set(told) <= taken


def longest(kind: Any) -> int:
    """The most characters, or entries, that a type takes."""
    schema = TypeAdapter(kind).json_schema()
    return int(schema.get("maxLength") or schema["maxItems"])


PRODUCTS = ContractSubmitted.model_fields["products"]
KEPT = int(cards()[TICKETS_DOOR].config["retention.ms"]) // 86_400_000
TOLERANCE = IntakeSettings.model_fields["tolerance_seconds"].default
LIMITS: Mapping[str, tuple[int, ...]] = {
    "value of a record": (MAX_VALUE,),
    "value of a record at `olcare.contracts.in.v1`": (LARGEST,),
    "records of one batch, unpacked": (MAX_RECORD,),
    "headers of a record": (MAX_HEADERS,),
    "key of a record": (MAX_KEY,),
    "`id`": (longest(MessageName),),
    "`source`": (longest(Source), MAX_SOURCE),
    "`subject` of the event": (longest(Number),),
    "`time` of the event": (YEARS.start, YEARS.stop - 1),
    "`time` ahead of the broker's clock": (TOLERANCE,),
    "`time` before that of the ticket": (TOLERANCE,),
    "messages that wait for one ticket": (HELD_AT_MOST,),
    "`text`": (longest(Body),),
    "codes, as `product` and `request_kind`": (longest(Code),),
    "ids within data, as `customer` and `requester.person`": (LONGEST_ID,),
    "products of one contract": (longest(Annotated[PRODUCTS.annotation, *PRODUCTS.metadata]),),
    "records at a door, and receipts": (KEPT,),
}


def test_the_limits_are_those_of_the_code() -> None:
    found = rows(section("Limits"), "what")
    assert {row[0]: _numbers(row[1]) for row in found} == LIMITS
    known = {*Unreadability, *MessageRefusal}
    assert [row for row in found if (code := re.fullmatch(r"`(.+)`", row[2])) and code[1] not in known] == []


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text))


def test_what_comes_in_is_kept_as_long_at_every_door_and_receipt() -> None:
    kinds = {"door", "receipts"}
    assert {card.config["retention.ms"] for card in cards().values() if card.kind in kinds} == {str(KEPT * 86_400_000)}
    assert {card.topic for card in cards().values() if card.kind == "door"} == set(UPSTREAM)
