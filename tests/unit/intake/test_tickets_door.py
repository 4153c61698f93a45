"""At the door of the tickets: which stream, which command, and what goes to the private topic alone."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.record import Record
from libs.messages.base import PrivateKey
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.ids import door_command_id
from libs.messages.private import PrivateRecord
from libs.messages.receipts import Outcome
from libs.messages.tickets import Channel, Medium, MessageHeld, RequestKind, RespondedBy
from services.intake.cover import Facts
from services.intake.domain import AnswerMessage, OpenTicket, RecordResponse
from services.intake.door import Asked, asked, outcome_of, private_of, read, request_of, stream_of
from tests.unit.intake.examples import BY_WEB, FACTS, NOW, TUESDAY, held, recorded, response
from tests.unit.intake.test_ticket import OPENED, REFUSED, answer

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "door"
OF_TICKETS = [kind.removeprefix("olcare.upstream.").removesuffix(".v1") for kind in UPSTREAM[TICKETS_DOOR]]


def example(name: str, **attributes: str) -> Record:
    event = {**json.loads((EXAMPLES / f"{name}.json").read_text()), **attributes}
    headers = [("content-type", b"application/cloudevents+json")]
    return Record(TICKETS_DOOR, 4, 1042, b"4711", json.dumps(event).encode(), headers, 0)


SUBMITTED = example("TicketSubmitted")
TICKET = "ticket/crm-eu/4711"


def test_a_submitted_ticket_asks_to_be_opened_at_the_instant_it_was_received() -> None:
    request = request_of(SUBMITTED, read(SUBMITTED), FACTS, NOW)
    assert request.stream == TICKET
    assert request.command == OpenTicket(
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
    request = request_of(SUBMITTED, read(SUBMITTED), FACTS, NOW)
    assert request.id == request.correlation == str(door_command_id("crm-eu", "crm-70", TICKET))


def test_what_is_personal_goes_to_the_private_topic_under_the_key_that_the_event_names() -> None:
    found = private_of(SUBMITTED, read(SUBMITTED))
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


def test_nothing_personal_is_left_in_the_command_or_in_its_event() -> None:
    command = request_of(SUBMITTED, read(SUBMITTED), FACTS, NOW + timedelta(days=30)).command
    event = answer([], command)
    for text in (str(asdict(command)), event.model_dump_json()):
        assert not any(word in text for word in ("Camille", "client.example", "99 00 00 17", "gabarit", "Bonjour"))


def test_the_facts_that_a_ticket_rests_on_are_named() -> None:
    assert asked(read(SUBMITTED)) == Asked("customer/erp/C-1001", "planetpress-connect", None)
    assert asked(read(example("ResponseGiven"))) is None


def test_an_answer_asks_to_be_recorded_and_holds_nothing_personal() -> None:
    record = example("ResponseGiven")
    request = request_of(record, read(record), Facts(), NOW)
    at = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)
    answer = RecordResponse(
        at, NOW, Medium.EMAIL, RespondedBy.PERSON, help_given=True, responder="person/crm-eu/agent-5"
    )
    assert (request.stream, request.command) == (TICKET, answer)
    assert private_of(record, read(record)) is None


@pytest.mark.parametrize("name", [name for name in OF_TICKETS if name not in {"TicketSubmitted", "ResponseGiven"}])
def test_every_other_message_is_answered_and_leaves_nothing_personal(name: str) -> None:
    record = example(name)
    message = read(record)
    assert request_of(record, message, Facts(), NOW).command == AnswerMessage(message.time, message.type)
    assert private_of(record, message) is None


def test_two_upstream_systems_with_one_number_never_meet() -> None:
    assert (
        stream_of(read(example("TicketSubmitted", source="//crm.example/eu"))) == "ticket/%2F%2Fcrm.example%2Feu/4711"
    )
    assert stream_of(read(example("TicketSubmitted", source="crm", subject="eu/4711"))) == "ticket/crm/eu%2F4711"


def test_a_message_for_another_door_is_unreadable_here() -> None:
    with pytest.raises(Unreadable, match="this door takes no such type"):
        read(example("CustomerSubmitted"))


def test_a_receipt_says_in_one_word_what_became_of_it() -> None:
    assert outcome_of(OPENED) is Outcome.ACCEPTED
    assert outcome_of(recorded(TUESDAY)) is Outcome.ACCEPTED
    assert outcome_of(held(TUESDAY)) is Outcome.HELD
    assert outcome_of(REFUSED) is Outcome.REFUSED
    for past in (OPENED, REFUSED):
        assert outcome_of(answer([past], BY_WEB)) is Outcome.REFUSED
    assert outcome_of(answer([REFUSED], response(TUESDAY))) is Outcome.REFUSED
    assert isinstance(answer([], response(TUESDAY)), MessageHeld)
