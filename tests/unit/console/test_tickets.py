"""A ticket's page: its address, the instants that are asked for, and its lanes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from libs.messages.streams import stream_id
from libs.workcal import Interval
from services.ops.console.pages.page import NotThere
from services.ops.console.pages.tickets import EventView, WhichTicket, lanes_view, path_of, ticket_path

NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


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
