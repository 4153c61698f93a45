"""What describes a ticket never costs it: what can not be taken is kept, named as a doubt, and left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example as always
from hypothesis import given
from hypothesis import strategies as st

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.receipts import receipt
from libs.messages.doubts import Doubt, DoubtCode
from libs.messages.private import AsGiven, PrivateRecord
from libs.messages.receipts import Outcome, Receipt
from libs.messages.refusals import TicketRefusal
from libs.messages.tickets import TicketOpened, TicketRefused
from services.intake.described import description
from services.intake.domain import DECIDER
from services.intake.door import command_of, facts_needed, read
from services.intake.facts import NO_FACTS, TicketFacts
from services.intake.personal import personal
from tests.unit.intake.examples import FACTS, NOW
from tests.unit.intake.test_tickets_door import example
from tests.unit.recorded import recorded_event

TICKET = "ticket/crm-eu/4711"
DOUBTFUL: list[tuple[dict[str, Any], str, str]] = [
    ({"language": "français"}, "language", "not-a-language"),
    ({"language": ""}, "language", "empty"),
    ({"version": "la dernière"}, "version", "not-a-version"),
    ({"version": " "}, "version", "empty"),
    ({"number_dialled": "0033 1 80 87 52 86"}, "number_dialled", "not-a-number"),
    ({"requester.phone": "anonymous"}, "requester.phone", "not-a-number"),
    ({"requester.email": ""}, "requester.email", "empty"),
    ({"requester.email": "voir Camille"}, "requester.email", "not-an-address"),
    ({"requester.email": "camille@-.example"}, "requester.email", "not-writable"),
    ({"requester.email": "camille@client.example\nBcc: eve@evil.example"}, "requester.email", "not-an-address"),
    ({"requester.name": "Camille\tExemple"}, "requester.name", "control-characters"),
    ({"subject": "x" * 201}, "subject", "too-long"),
    ({"subject": "Gabarit\tdes factures"}, "subject", "control-characters"),
]


def submitted(changes: dict[str, Any]) -> Any:
    data: dict[str, Any] = json.loads((EXAMPLE).read_text())["data"]
    for path, value in changes.items():
        *folders, name = path.split(".")
        inner = data
        for folder in folders:
            inner = inner[folder]
        inner[name] = value
    return example("TicketSubmitted", data)


EXAMPLE = Path(__file__).parents[3] / "contracts" / "examples" / "door" / "TicketSubmitted.json"


def decided(record: Any, facts: TicketFacts = FACTS) -> Any:
    issued = command_of(record, read(record), facts, NOW.replace(year=2030))
    return DECIDER.decide(DECIDER.initial, issued.command)


@pytest.mark.parametrize(("changes", "field", "code"), DOUBTFUL)
def test_the_ticket_is_opened_and_the_doubt_is_named(changes: dict[str, Any], field: str, code: str) -> None:
    record = submitted(changes)
    opened = decided(record)
    assert isinstance(opened, TicketOpened)
    assert opened.doubts == (Doubt(field=field, code=DoubtCode(code)),)
    found = personal(record, read(record))
    assert found is not None
    given = changes[field]
    assert found.content.as_given == ((AsGiven(field=field, text=given),) if given else None)
    assert PrivateRecord.model_validate_json(found.content.model_dump_json(exclude_none=True)) == found.content


@pytest.mark.parametrize(("changes", "field", "code"), DOUBTFUL)
def test_the_receipt_names_it(changes: dict[str, Any], field: str, code: str) -> None:
    record = submitted(changes)
    event = recorded_event(TICKET, 1, decided(record))
    answer = receipt(record, Outcome.ACCEPTED, event, description(read(record).data).doubts)
    assert Receipt.model_validate_json(answer.value or b"").doubts == (Doubt(field=field, code=DoubtCode(code)),)


def test_a_message_is_described_once_however_often_it_is_asked_for() -> None:
    assert description(read(submitted({})).data) is description(read(submitted({})).data)


def test_where_nothing_is_doubtful_nothing_is_said_of_doubts() -> None:
    record = submitted({})
    assert decided(record).doubts == ()
    answer = receipt(record, Outcome.ACCEPTED, recorded_event(TICKET, 1, decided(record)), ())
    assert b"doubts" not in (answer.value or b"")
    found = personal(record, read(record))
    assert found is not None
    assert found.content.as_given is None


def test_what_is_left_out_is_what_nothing_was_said_of() -> None:
    opened = decided(submitted({"language": "xx-yyy", "version": "alt", "number_dialled": "112"}))
    assert (opened.language, opened.version, opened.version_unknown) == ("en", None, True)
    assert opened.number_dialled is None
    needed = facts_needed(read(submitted({"number_dialled": "00 33"})))
    assert needed is not None
    assert needed.number is None


@pytest.mark.parametrize("text", ["FR", " fr ", "fr", "Fr"])
def test_a_language_is_one_in_any_case(text: str) -> None:
    opened = decided(submitted({"language": text}))
    assert (opened.language, opened.doubts) == ("fr", ())


def test_a_country_may_follow_the_language_as_programs_write_it() -> None:
    assert decided(submitted({"language": "fr_ca"})).language == "fr-CA"


def test_a_number_may_be_written_as_people_print_it() -> None:
    needed = facts_needed(read(submitted({"number_dialled": "+1 514 798-8714"})))
    assert needed is not None
    assert needed.number == "+15147988714"


def test_a_refused_ticket_names_its_doubts_too() -> None:
    refused = decided(submitted({"language": "?", "subject": "a\tb"}), NO_FACTS)
    assert isinstance(refused, TicketRefused)
    assert refused.reason is TicketRefusal.UNKNOWN_CUSTOMER
    assert [doubt.field for doubt in refused.doubts] == ["language", "subject"]


def test_a_long_subject_is_shown_by_its_beginning_and_kept_whole() -> None:
    record = submitted({"subject": "é" * 5000})
    found = personal(record, read(record))
    assert found is not None
    assert found.content.subject == "é" * 199 + "…"
    assert found.content.as_given == (AsGiven(field="subject", text="é" * 5000),)


@always({"requester.phone": "\0" + "7"})
@given(
    st.dictionaries(
        st.sampled_from(sorted({field for _, field, _ in DOUBTFUL})),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    )
)
def test_no_describing_text_costs_the_ticket(changes: dict[str, str]) -> None:
    record = submitted(changes)
    event = decided(record)
    assert isinstance(event, TicketOpened) or event.reason is TicketRefusal.VERSION_TOO_OLD
    assert {doubt.field for doubt in event.doubts} <= changes.keys()
    type(event).model_validate_json(event.model_dump_json())
    found = personal(record, read(record))
    assert found is not None
    assert PrivateRecord.model_validate_json(found.content.model_dump_json()) == found.content
    kept = {one.field: one.text for one in found.content.as_given or ()}
    given_ = {name: text.replace("\0", "\ufffd") for name, text in changes.items() if text}
    assert kept == {doubt.field: given_[doubt.field] for doubt in event.doubts if doubt.field in given_}


@pytest.mark.parametrize("field", ["customer", "product", "channel", "request_kind", "requester.person"])
def test_what_identifies_stays_strict(field: str) -> None:
    with pytest.raises(Unreadable):
        read(submitted({field: "no such thing at all"}))
