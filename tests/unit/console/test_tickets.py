"""A ticket's page: its address, the instants that are asked for, and its lanes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from pydantic import ValidationError
from starlette.requests import Request

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Event
from libs.messages.streams import stream_id
from libs.messages.tickets import TicketOpened
from libs.workcal import Interval
from services.ops.console.asking import asked
from services.ops.console.pages.page import NotThere
from services.ops.console.pages.promise_days import sentences_then
from services.ops.console.pages.tickets import EventView, WhichTicket, lanes_view, path_of, ticket_path
from services.ops.explain.as_words import sentences
from services.ops.explain.explanation import RecordedPromise, explain
from services.ops.sla.grounds import Grounds
from services.ops.speech.speech import IN_ENGLISH, speech_of
from services.ops.trail.as_of import Cut
from services.ops.trail.links import Link
from services.ops.trail.tickets import TicketLife
from tests.unit.console.test_records import link
from tests.unit.ops.test_explanation import MAILED, OPENED
from tests.unit.ops.test_speech import GROUNDS
from tests.unit.recorded import NOON, recorded_event
from tests.unit.sla_timer.examples import TICKET, met, paris

NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
HISTORY = (MAILED, met(paris("13:00"), MAILED))


def event(occurred_at: datetime, topic: str = "olcare.tickets.v1") -> EventView:
    return EventView(
        place=f"{topic}/0/0",
        topic=topic,
        type="olcare.TicketOpened.v1",
        stream="ticket/crm-eu/1",
        sequence=1,
        occurred_at=occurred_at,
        recorded_at=occurred_at,
        standing="stands",
    )


@pytest.mark.parametrize("number", ["4711", "47/11", "é 1", "100%", "p%2D17"])
def test_the_address_of_a_ticket_leads_to_it(number: str) -> None:
    ticket = stream_id("ticket", "crm-eu", number)
    _, _, source, part = path_of(ticket).split("/")
    assert WhichTicket(source=unquote(source), number=unquote(part)).ticket() == ticket


@pytest.mark.parametrize("number", ["1/2", "%FF", ""])
def test_what_is_no_number_names_no_ticket(number: str) -> None:
    with pytest.raises(NotThere):
        WhichTicket(source="crm-eu", number=number).ticket()


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("promise/crm-eu/4711", "/tickets/crm-eu/4711"),
        ("cycles/crm-eu/47%2F11", "/tickets/crm-eu/47%252F11"),
        ("notice/1/requester", None),
        ("ticket/crm-eu", None),
        (None, None),
    ],
)
def test_a_stream_leads_to_the_ticket_that_it_is_about(stream: str | None, path: str | None) -> None:
    assert ticket_path(stream) == path


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-30T09:00", NINE),
        ("2026-11-30T10:00:00+01:00", NINE),
        ("2026-11-30", NINE - 9 * HOUR),
    ],
)
def test_an_instant_is_in_utc_where_it_says_nothing_else(text: str, at: datetime) -> None:
    assert WhichTicket.model_validate({"source": "a", "number": "1", "as_of": text}).as_of == at


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "x"])
def test_an_instant_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        WhichTicket.model_validate({"source": "a", "number": "1", "known_at": text})


def test_lanes_have_every_topic_the_deadline_and_the_hours_in_a_gap() -> None:
    events = [event(NINE), event(NINE + HOUR, "olcare.sla.v1")]
    lanes = lanes_view(events, [Interval(NINE, NINE + 3 * HOUR)], {"due": NINE + 5 * HOUR, "as-of": None})
    assert lanes.topics == ("olcare.tickets.v1", "olcare.sla.v1")
    assert [(one.what, one.at) for one in lanes.lines] == [("due", NINE + 5 * HOUR)]
    assert [one.open_seconds for one in lanes.stretches] == [None, (2 * HOUR).total_seconds(), None]
    assert len(lanes.open) == 1
    assert lanes_view(events, None, {}).open == ()


def asking(*headers: tuple[bytes, bytes], query: bytes = b"") -> WhichTicket:
    scope = {"type": "http", "headers": headers, "query_string": query}
    found = asked(WhichTicket, Request({**scope, "path_params": {"source": "crm-eu", "number": "4711"}}))
    assert isinstance(found, WhichTicket)
    return found


def test_a_ticket_is_asked_for_in_the_reader_s_language_whatever_its_address_says() -> None:
    assert asking((b"accept-language", b"fr-CA,en;q=0.5")).language == "fr"
    assert asking((b"accept-language", b"fr"), (b"cookie", b"olcare_language=en")).language == "en"
    assert asking(query=b"language=fr").language == "en"
    assert "language" not in asking().model_dump()


def recorded(*events: Event) -> TicketLife:
    """A ticket whose events were recorded one after another, an hour between them."""
    found = [
        recorded_event(f"{'ticket' if isinstance(one, TicketOpened) else 'promise'}/crm-eu/4711", max(1, n), one)
        for n, one in enumerate(events)
    ]
    return TicketLife([link_of(event, NINE + HOUR * n) for n, event in enumerate(found)], found)


def link_of(event: RecordedEvent, at: datetime) -> Link:
    return link(1, stream=event.stream, sequence=event.sequence, id=event.id, occurred_at=at, recorded_at=at)


def test_why_a_promise_is_due_is_told_in_each_language_by_what_lies_before_the_instant() -> None:
    told = recorded(OPENED, MAILED, *HISTORY[1:])
    for speech in (IN_ENGLISH, speech_of("fr")):
        whole = explain(RecordedPromise(TICKET, OPENED, HISTORY, NOON), GROUNDS, speech)
        assert sentences_then(told, TICKET, Cut(), GROUNDS, speech) == tuple(sentences(whole))
    before = sentences_then(told, TICKET, Cut(known_at=NINE), GROUNDS, IN_ENGLISH)
    assert before[0].startswith(f"{TICKET} was opened by e-mail")
    assert not any("promised" in sentence for sentence in before)
    assert sentences_then(told, TICKET, Cut(known_at=NINE - HOUR), GROUNDS, IN_ENGLISH) == ()


def test_where_a_calendar_is_missing_nothing_is_guessed() -> None:
    assert sentences_then(recorded(OPENED, MAILED), TICKET, Cut(), Grounds({}, ()), IN_ENGLISH) == ()
