"""A made-up but true-shaped history of tickets: the same for every run, as large as is asked for.

Two of five events open a ticket, the others answer one. Within a wave every stream stands once, as a writer writes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from libs.messages.base import Event
from libs.messages.ids import name_id
from libs.messages.streams import stream_id
from libs.messages.tickets import ResponseRecorded, TicketOpened

WAVE = 1000
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_CENTRES = ("americas", "united-kingdom", "germany", "france", "netherlands", "australia", "malaysia", "japan")
_PRODUCTS = ("planetpress-connect", "printshop-mail-connect", "planetpress-suite")
_CHANNELS = ("phone", "email", "web")
_PER_FIVE = (1, 2)  # answers to every other ticket: with the openings, five events for two tickets


class Said(NamedTuple):
    """One event to be written: its fields are not checked yet."""

    stream: str
    model: type[Event]
    fields: dict[str, Any]
    at: datetime
    command: str


def waves(events: int) -> Iterator[list[Said]]:
    """Give about `events` of them in waves of at most WAVE."""
    tickets = events * 2 // 5
    for first in range(0, tickets, WAVE):
        block = range(first, min(first + WAVE, tickets))
        yield [_opening(ticket) for ticket in block]
        yield [_answer(ticket, 1) for ticket in block]
        yield [_answer(ticket, 2) for ticket in block if _PER_FIVE[ticket % 2] > 1]


def opened_and_answered(
    ticket: int, opened_at: datetime, answered_at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of one that was opened and answered by a person, at instants of whoever asks."""
    answer = {**_answer(ticket, 1).fields, "responded_at": answered_at, "medium": "email", "by": "person"}
    return {**_opening(ticket).fields, "opened_at": opened_at}, answer


def _opening(ticket: int) -> Said:
    customer, at = f"customer/erp/C-{ticket % 5000}", _START + timedelta(seconds=17 * ticket)
    centre, product = _CENTRES[ticket % len(_CENTRES)], _PRODUCTS[ticket % len(_PRODUCTS)]
    requester = f"person/crm-eu/p-{ticket % 9000}"
    fields = {
        "opened_at": at,
        "customer": customer,
        "requester": requester,
        "private": {"person": requester, "topic": "olcare.tickets.in.v1", "partition": ticket % 12, "offset": ticket},
        "language": "fr" if ticket % 3 else "en",
        "channel": _CHANNELS[ticket % len(_CHANNELS)],
        "centre": centre,
        "centre_reason": "home-centre",
        "request_kind": "solution-failure",
        "product": product,
        "version": f"2024.{ticket % 3}",
        "cover": {
            "contract": f"contract/erp/K-{ticket % 5000}",
            "first_day": "2025-06-01",
            "last_day": "2027-05-31",
            "covered_until": "2027-05-31T22:00:00Z",
        },
        "rests_on": [
            {"stream": customer, "sequence": 1},
            {"stream": f"calendar/plan/{centre}", "sequence": 1},
            {"stream": f"versions/plan/{product}", "sequence": 1},
        ],
    }
    return _said(ticket, TicketOpened, fields, at, 0)


def _answer(ticket: int, number: int) -> Said:
    at = _START + timedelta(seconds=17 * ticket, minutes=45 * number + ticket % 60)
    fields = {
        "responded_at": at,
        "medium": "email" if ticket % 2 else "call",
        "by": "automatic" if ticket % 7 == number else "person",
        "help_given": bool(ticket % 2),
        "responder": f"person/crm-eu/agent-{ticket % 80}",
    }
    return _said(ticket, ResponseRecorded, fields, at, number)


def _said(ticket: int, model: type[Event], fields: dict[str, Any], at: datetime, number: int) -> Said:
    stream = stream_id("ticket", "crm-eu", str(100_000 + ticket))
    return Said(stream, model, fields, at, str(name_id(stream, str(number))))
