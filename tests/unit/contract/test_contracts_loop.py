"""Customers, their contracts and the plan, said in batches of any size: the outcomes are the same."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from libs.decider import decider_of
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.loops.writer import Answer
from libs.eventlog.tables.queries import Queries
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Outgoing
from libs.messages.base import Event, rfc3339
from libs.messages.catalogue import CONTRACTS_DOOR, PRIVATE
from libs.messages.contracts import CustomerRegistered
from libs.messages.plan import CentreCalendarPublished, ProductVersionsPublished
from libs.messages.streams import stream_id
from services.contract.domain import DECIDERS
from services.contract.handlers import ContractDoor
from tests.unit.contract.examples import ACTIVATED, DOOR, ENDS
from tests.unit.contract.test_plan_parts import PARTS
from tests.unit.eventlog.environment import Machine
from tests.unit.eventlog.test_loops import is_open
from tests.unit.recorded import recorded_event


class Books(Queries):
    """Writer and tables in one: what is known follows from the events until now."""

    def __init__(self) -> None:
        self.histories: dict[str, list[Event]] = defaultdict(list)

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        return [self._answer(issued) for issued in commands]

    async def row(self, name: str, **columns: Any) -> dict[str, Any]:
        assert name == "facts_for_contracts"
        newest = {stream: (len(events), events[-1]) for stream, events in self.histories.items()}
        centres = [
            {
                "stream": s,
                "sequence": n,
                "centre": e.calendar.centre,
                "zone": e.calendar.zone,
                "countries": e.calendar.countries,
            }
            for s, (n, e) in newest.items()
            if isinstance(e, CentreCalendarPublished)
        ]
        customers = [
            {"stream": s, "sequence": n, "centre": e.centre}
            for s, (n, e) in newest.items()
            if isinstance(e, CustomerRegistered) and s in columns["customers"]
        ]
        products = [e.product.product for _, e in newest.values() if isinstance(e, ProductVersionsPublished)]
        return {"facts": json.dumps({"centres": centres, "products": products, "customers": customers})}

    def _answer(self, issued: IssuedCommand) -> Answer:
        decider, history = decider_of(DECIDERS, issued.stream), self.histories[issued.stream]
        event = decider.decide(decider.replay(history), issued.command)
        assert event is not None
        history.append(event)
        return Answer(issued, recorded_event(issued.stream, len(history), event, issued.command.occurred_at))


def said(name: str, number: str, **data: Any) -> bytes:
    example = json.loads((DOOR / f"{name}.json").read_text())
    return json.dumps(example | {"id": f"{name}-{number}", "subject": number, "data": example["data"] | data}).encode()


def story() -> list[bytes]:
    """A contract before its customer, then customers each with a contract at once, and the plan in between."""
    plan = [
        said("PlanPartSubmitted", str(n), publication=json.loads(publication.model_dump_json()))
        for n, (publication, _, _) in enumerate(PARTS)
    ]
    [product] = [e.product.product for _, e, _ in PARTS if isinstance(e, ProductVersionsPublished)]
    pairs = [
        message
        for n in range(15)
        for message in (
            said("CustomerSubmitted", f"C-{n}"),
            said("ContractSubmitted", f"K-{n}", customer=f"customer/erp/C-{n}", products=[product]),
        )
    ]
    early = said("ContractSubmitted", "K-early", customer="customer/erp/C-3", products=[product])
    return [pairs[0], early, *plan, *pairs[2:]]


def at_the_door(
    values: Sequence[bytes], now: datetime, told_at: datetime | None = None
) -> tuple[MemoryLog, Books, DoorLoop]:
    log, books = MemoryLog(1), Books()
    cards = {PRIVATE: SimpleNamespace(partitions=1), f"{CONTRACTS_DOOR}.dlq": SimpleNamespace(partitions=1)}
    host: Any = SimpleNamespace(
        cards=cards, queries=books, clock=SimpleNamespace(now=lambda: now, appended=lambda _: told_at or now)
    )
    loop = DoorLoop(log, Machine(), is_open, ContractDoor(host, books, timedelta(days=30)), "door")  # type: ignore[arg-type] # all it uses
    for value in values:
        log.write(Outgoing(CONTRACTS_DOOR, 0, b"erp", value, [("content-type", b"application/cloudevents+json")]))
    return log, books, loop


@pytest.mark.parametrize("late", [timedelta(), timedelta(days=1)])
async def test_the_receipt_says_from_when_a_part_acts_that_is_dated_in_the_past(late: timedelta) -> None:
    value = said("PlanPartSubmitted", "1")
    now = datetime.fromisoformat(json.loads(value)["time"]) + late
    log, _, loop = at_the_door([value], now)
    await loop.process(log.kept[CONTRACTS_DOOR, 0])
    (receipt,) = [json.loads(record.value or b"") for record in log.kept[receipts_of(CONTRACTS_DOOR), 0]]
    assert receipt["outcome"] == "accepted"
    assert receipt.get("acts_from") == (rfc3339(now) if late else None)


@pytest.mark.parametrize(
    ("told", "outcome"), [(timedelta(days=30), "accepted"), (timedelta(days=30, microseconds=1), "refused")]
)
async def test_k8_what_nobody_reads_for_days_was_told_of_when_it_came_to_the_door(
    told: timedelta, outcome: str
) -> None:
    signed = said("RenewalSigned", "K-1", signed_on=str(date(2027, 5, 31)), payment="yearly")
    log, books, loop = at_the_door([signed], ENDS + timedelta(days=33), ENDS + told)
    books.histories[stream_id("contract", "erp", "K-1")].append(ACTIVATED)
    await loop.process(log.kept[CONTRACTS_DOOR, 0])
    (receipt,) = [json.loads(record.value or b"") for record in log.kept[receipts_of(CONTRACTS_DOOR), 0]]
    assert receipt["outcome"] == outcome, receipt


async def outcomes(size: int) -> list[tuple[str, str | None]]:
    log, books, loop = at_the_door(story(), datetime(2026, 6, 1, tzinfo=UTC))
    records = log.kept[CONTRACTS_DOOR, 0]
    for at in range(0, len(records), size):
        await loop.process(records[at : at + size])
    registered = [event for events in books.histories.values() for event in events]
    named = {event.private.text().encode() for event in registered if isinstance(event, CustomerRegistered)}
    assert {record.key for record in log.kept[PRIVATE, 0]} >= named
    assert len(named) == 14  # all but the one of before the plan
    answers = [json.loads(record.value or b"") for record in log.kept[receipts_of(CONTRACTS_DOOR), 0]]
    found = {answer["place"]["offset"]: (answer["outcome"], answer.get("reason")) for answer in answers}
    return [found[at] for at in range(len(records))]


@pytest.mark.parametrize("size", [2, 7, 500])
async def test_outcomes_do_not_depend_on_the_batches(size: int) -> None:
    one_by_one = await outcomes(1)
    assert await outcomes(size) == one_by_one
    assert ("refused", "unknown-customer") in one_by_one
    assert one_by_one.count(("accepted", None)) > 20
