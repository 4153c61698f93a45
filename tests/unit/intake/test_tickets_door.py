"""At the door of the tickets: which stream, which command, and what goes to the private topic alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.record import Record
from libs.messages.base import FactVersion, PrivateKey
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.ids import door_command_id
from libs.messages.private import PrivateRecord
from libs.messages.receipts import Outcome
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    HeldReopening,
    HeldTransfer,
    Medium,
    MergeUndone,
    MessageHeld,
    NoteRecorded,
    RequestKind,
    RespondedBy,
    ResponseRecorded,
    Side,
    TicketEvent,
    TicketPaused,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketWithdrawn,
)
from services.intake.domain import TakeMessage
from services.intake.door import command_of, facts_needed, outcome_of, read, stream_of
from services.intake.facts import NO_FACTS, FactsNeeded, KnownCentre, TicketFacts
from services.intake.opening import OpenTicket
from services.intake.personal import personal
from tests.unit.intake.examples import (
    BY_WEB,
    FACTS,
    LATER,
    MICROSECOND,
    NOW,
    OPENED,
    REFUSED,
    THERE,
    TUESDAY,
    called,
    held,
    merged,
    noted,
    paused,
    recorded,
    reopened,
    resolve,
    resolved,
    response,
    resumed,
    transferred,
    withdrawn,
)
from tests.unit.intake.test_ticket_properties import answer

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "door"
OF_TICKETS = [kind.removeprefix("olcare.upstream.").removesuffix(".v1") for kind in UPSTREAM[TICKETS_DOOR]]


def example(name: str, data: dict[str, object] | None = None, **attributes: str) -> Record:
    event = {**json.loads((EXAMPLES / f"{name}.json").read_text()), **attributes}
    event["data"] |= data or {}
    headers = [("content-type", b"application/cloudevents+json")]
    return Record(TICKETS_DOOR, 4, 1042, b"4711", json.dumps(event).encode(), headers, 0)


SUBMITTED = example("TicketSubmitted")
TICKET = "ticket/crm-eu/4711"
PASTS: tuple[list[TicketEvent], ...] = ([], [OPENED], [REFUSED], [OPENED, resolved(LATER)])


def test_a_submitted_ticket_asks_to_be_opened_at_the_instant_it_was_received() -> None:
    issued = command_of(SUBMITTED, read(SUBMITTED), FACTS, NOW)
    assert issued.stream == TICKET
    assert issued.command == OpenTicket(
        occurred_at=datetime(2026, 11, 27, 15, 30, tzinfo=UTC),
        not_after=NOW,
        upstream_type="olcare.upstream.TicketSubmitted.v1",
        customer="customer/erp/C-1001",
        requester="person/crm-eu/p-17",
        private=PrivateKey(person="person/crm-eu/p-17", topic=TICKETS_DOOR, partition=4, offset=1042),
        language="fr",
        channel=Channel.WEB,
        number_dialled=None,
        request_kind=RequestKind.SOLUTION_FAILURE,
        product="planetpress-connect",
        version="2024.1",
        facts=FACTS,
    )


def test_the_command_is_named_by_who_said_it_and_how_they_named_it() -> None:
    issued = command_of(SUBMITTED, read(SUBMITTED), FACTS, NOW)
    assert issued.id == issued.correlation == door_command_id("crm-eu", "crm-70", TICKET)


def test_what_is_personal_goes_to_the_private_topic_under_the_key_that_the_event_names() -> None:
    found = personal(SUBMITTED, read(SUBMITTED))
    assert found == (
        PrivateKey(person="person/crm-eu/p-17", topic=TICKETS_DOOR, partition=4, offset=1042),
        PrivateRecord(
            name="Camille Exemple",
            email="camille@client.example",
            phone="+33 1 99 00 00 17",
            subject="Le gabarit des factures ne sort plus",
            text="Bonjour,\n\ndepuis ce matin le mappage des données s'arrête à la deuxième page.\n\nCamille Exemple",
        ),
    )


@pytest.mark.parametrize("name", OF_TICKETS)
def test_nothing_personal_is_left_in_the_command_or_in_its_event(name: str) -> None:
    record = example(name)
    command = command_of(record, read(record), FACTS, NOW + timedelta(days=30)).command
    words = ("Camille", "client.example", "99 00 00 17", "gabarit", "Bonjour", "billet", "Reproduit", "revenu", "série")
    for text in (repr(command), *(answer(past, command).model_dump_json() for past in PASTS)):
        assert not any(word in text for word in words)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TicketSubmitted", FactsNeeded("customer/erp/C-1001", "planetpress-connect", None)),
        ("ResponseGiven", None),
        ("CustomerCalled", FactsNeeded(number="+33180875286")),
        ("NoteAdded", None),
        ("TicketTransferred", FactsNeeded(receiving="americas")),
        ("TicketsMerged", FactsNeeded(survivor=TICKET)),
        ("TicketPaused", None),
        ("TicketResumed", None),
        ("TicketReopened", FactsNeeded(ticket=TICKET)),
        ("TicketResolved", None),
        ("WorkExcluded", None),
        ("TicketWithdrawn", None),
    ],
)
def test_the_facts_that_a_message_rests_on_are_named(name: str, expected: FactsNeeded | None) -> None:
    assert facts_needed(read(example(name))) == expected


def test_a_call_that_names_no_number_asks_for_nothing() -> None:
    assert facts_needed(read(example("CustomerCalled", {"number_dialled": None}))) is None


def taken(record: Record, facts: TicketFacts = NO_FACTS) -> MessageHeld:
    message = read(record)
    command = command_of(record, message, facts, NOW).command
    assert isinstance(command, TakeMessage)
    assert command == TakeMessage(message.time, NOW, stream_of(message), command.message, facts)
    assert (command.message.upstream_type, command.message.said_at) == (message.type, message.time)
    return command.message


def key(person: str) -> PrivateKey:
    return PrivateKey(person=person, topic=TICKETS_DOOR, partition=4, offset=1042)


AGENT, CALLER = key("person/crm-eu/agent-5"), key("person/crm-eu/p-17")
OF_DECEMBER = datetime(2026, 12, 1, 15, tzinfo=UTC)
FRANCE = KnownCentre("calendar/plan/france", 7, "france")


def test_an_answer_asks_to_be_recorded_and_holds_nothing_personal() -> None:
    record = example("ResponseGiven")
    message = taken(record)
    at = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)
    assert message.response == ResponseRecorded(
        responded_at=at, medium=Medium.EMAIL, by=RespondedBy.PERSON, help_given=True, responder=AGENT.person
    )
    assert (message.private, personal(record, read(record))) == (None, None)


def test_a_call_names_its_caller_and_the_centre_that_was_rung() -> None:
    record = example("CustomerCalled")
    call = CustomerCallRecorded(
        called_at=datetime(2026, 11, 30, 10, 40, tzinfo=UTC),
        caller=CALLER.person,
        private=CALLER,
        number_dialled="+33180875286",
        centre="france",
        help_given=False,
        rests_on=(FactVersion(stream="calendar/plan/france", sequence=7),),
    )
    assert taken(record, TicketFacts(called=FRANCE)).call == call
    assert personal(record, read(record)) == (
        CALLER,
        PrivateRecord(
            name="Camille Exemple",
            email="camille@client.example",
            phone="+33 1 99 00 00 17",
            text="Demande où en est son billet.",
        ),
    )


def test_a_number_that_is_of_no_centre_may_be_anybody_s_and_is_left_out() -> None:
    call = taken(example("CustomerCalled")).call
    assert call
    assert (call.number_dialled, call.centre, call.rests_on) == (None, None, ())


def test_a_caller_of_whom_nothing_is_said_leaves_no_private_record() -> None:
    record = example("CustomerCalled", {"caller": {"person": CALLER.person}, "text": None})
    message = taken(record)
    assert message.call
    assert (message.private, message.call.private, personal(record, read(record))) == (None, None, None)


def test_a_note_is_kept_under_its_author() -> None:
    record = example("NoteAdded")
    at = datetime(2026, 11, 30, 10, 20, tzinfo=UTC)
    note = NoteRecorded(noted_at=at, by=Side.SUPPORT, author=AGENT.person, private=AGENT)
    assert taken(record).note == note
    assert personal(record, read(record)) == (AGENT, PrivateRecord(text="Reproduit avec la version 2024.1."))


def test_a_transfer_and_a_merge_hold_nothing_personal() -> None:
    transfer, merge = example("TicketTransferred"), example("TicketsMerged")
    at = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)
    assert taken(transfer).transfer == HeldTransfer(transferred_at=at, to_centre="americas", by=AGENT.person)
    at = datetime(2026, 11, 30, 16, 35, tzinfo=UTC)
    assert taken(merge).merge == TicketsMerged(merged_at=at, into=TICKET, by=AGENT.person)
    assert [personal(record, read(record)) for record in (transfer, merge)] == [None, None]


def test_a_pause_and_its_end_hold_nothing_personal() -> None:
    pause, end = example("TicketPaused"), example("TicketResumed")
    at = datetime(2026, 11, 30, 11, tzinfo=UTC)
    assert taken(pause).pause == TicketPaused(paused_at=at, by=AGENT.person)
    at = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    assert taken(end).resumption == TicketResumed(resumed_at=at, by=AGENT.person)
    assert [personal(record, read(record)) for record in (pause, end)] == [None, None]


def test_the_text_of_a_resolution_a_reopening_or_a_withdrawal_is_kept_under_whoever_wrote_it() -> None:
    at = OF_DECEMBER
    resolution, reopening = example("TicketResolved"), example("TicketReopened")
    withdrawal = example("TicketWithdrawn")
    assert taken(resolution).resolution == TicketResolved(
        resolved_at=at.replace(minute=10), by=AGENT.person, private=AGENT
    )
    reopened_at = datetime(2026, 12, 2, 9, tzinfo=UTC)
    assert taken(reopening).reopening == HeldReopening(reopened_at=reopened_at, by=Side.CUSTOMER, private=CALLER)
    assert taken(withdrawal).withdrawal == TicketWithdrawn(
        withdrawn_at=at.replace(minute=20), by=Side.CUSTOMER, private=CALLER
    )
    assert [personal(record, read(record)) for record in (resolution, reopening, withdrawal)] == [
        (AGENT, PrivateRecord(text="Gabarit corrigé.")),
        (CALLER, PrivateRecord(text="Le problème est revenu.")),
        (CALLER, PrivateRecord(text="Le numéro de série était le mauvais, tout va bien.")),
    ]


@pytest.mark.parametrize("name", ["TicketResolved", "TicketReopened", "TicketWithdrawn"])
def test_without_a_text_there_is_no_private_record(name: str) -> None:
    record = example(name, {"text": None})
    assert (taken(record).private, personal(record, read(record))) == (None, None)


@pytest.mark.parametrize("name", ["TicketReopened", "TicketWithdrawn"])
def test_a_text_without_an_author_is_unreadable(name: str) -> None:
    with pytest.raises(Unreadable, match="say in author who wrote it, or leave it out") as caught:
        read(example(name, {"author": None, "text": "Le problème est revenu."}))
    assert caught.value.where == "/data/text"


@pytest.mark.parametrize("name", [name for name in OF_TICKETS if name != "TicketSubmitted"])
def test_the_private_record_is_the_one_that_the_event_names(name: str) -> None:
    record = example(name)
    found = personal(record, read(record))
    assert taken(record).private == (found.key if found else None)


@pytest.mark.parametrize("name", OF_TICKETS)
def test_the_same_record_read_again_asks_for_the_same(name: str) -> None:
    record = example(name)
    assert command_of(record, read(record), FACTS, NOW) == command_of(record, read(record), FACTS, NOW)


def test_two_upstream_systems_with_one_number_never_meet() -> None:
    assert (
        stream_of(read(example("TicketSubmitted", source="//crm.example/eu"))) == "ticket/%2F%2Fcrm.example%2Feu/4711"
    )
    assert stream_of(read(example("TicketSubmitted", source="crm", subject="eu/4711"))) == "ticket/crm/eu%2F4711"


def test_a_message_for_another_door_is_unreadable_here() -> None:
    with pytest.raises(Unreadable, match="this door takes no such type"):
        read(example("CustomerSubmitted"))


def test_a_receipt_says_in_one_word_what_became_of_it() -> None:
    lived = (called, noted, transferred, merged, paused, resumed, reopened, resolved, withdrawn)
    undone = MergeUndone(undone_at=TUESDAY, into=THERE)
    for event in (OPENED, recorded(TUESDAY), undone, *(one(TUESDAY) for one in lived)):
        assert outcome_of(event) is Outcome.ACCEPTED
    assert outcome_of(held(TUESDAY)) is Outcome.HELD
    assert outcome_of(REFUSED) is Outcome.REFUSED
    for past in (OPENED, REFUSED):
        assert outcome_of(answer([past], BY_WEB)) is Outcome.REFUSED
    assert outcome_of(answer([REFUSED], response(TUESDAY))) is Outcome.REFUSED
    assert outcome_of(answer([OPENED], resolve(TUESDAY - MICROSECOND))) is Outcome.REFUSED
