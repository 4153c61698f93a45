"""What a ticket's events ask of its promise: an opening starts the clock, an answer is judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter

from libs.eventlog.record import RecordedEvent
from libs.eventlog.request import Reaction
from libs.messages.streams import parse_stream, stream_id
from libs.messages.tickets import ResponseRecorded, TicketOpened
from services.sla_timer.domain import RecordResponse, StartClock
from services.sla_timer.publications import PublishedCalendar, PublishedTargets, fact, in_force


@dataclass(frozen=True)
class Facts:
    """What is published for a centre, the earlier publications that may still matter included."""

    calendars: tuple[PublishedCalendar, ...] = ()
    targets: tuple[PublishedTargets, ...] = ()


FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)
NO_FACTS = Facts()


class Asked(NamedTuple):
    """The centres that facts are wanted about, and the earliest instant at which a ticket was opened."""

    centres: tuple[str, ...]
    since: datetime


def asked(events: Iterable[RecordedEvent]) -> Asked | None:
    """Say which facts are needed to react to some events; None where none are."""
    opened = [event.data for event in events if isinstance(event.data, TicketOpened)]
    if not opened:
        return None
    return Asked(tuple(sorted({ticket.centre for ticket in opened})), min(ticket.opened_at for ticket in opened))


def centre_of(event: RecordedEvent) -> str | None:
    """Name the centre whose calendar is needed to react to an event; None where none is."""
    return event.data.centre if isinstance(event.data, TicketOpened) else None


def react(event: RecordedEvent, facts: Facts) -> Sequence[Reaction]:
    """Give the commands that an event asks for; which ones, and on which promise, depends on the event alone."""
    match event.data:
        case TicketOpened() as opened:
            return [Reaction("StartClock", promise_of(event.stream), _start(event, opened, facts))]
        case ResponseRecorded() as response:
            return [Reaction("RecordResponse", promise_of(event.stream), _response(event, response))]
        case _:
            return []


def promise_of(ticket: str) -> str:
    """Name the promise of a ticket: the same source, the same number."""
    stream = parse_stream(ticket)
    return stream_id("promise", stream.source, stream.number)


def _start(event: RecordedEvent, opened: TicketOpened, facts: Facts) -> StartClock:
    """A ticket that is read late still rests on what was in force when it was opened."""
    calendar, targets = in_force(facts.calendars, opened.opened_at), in_force(facts.targets, opened.opened_at)
    return StartClock(
        occurred_at=opened.opened_at,
        ticket=event.stream,
        customer=opened.customer,
        requester=opened.requester,
        private=opened.private,
        language=opened.language,
        centre=opened.centre,
        channel=opened.channel,
        calendar=calendar.content if calendar else None,
        targets=targets.content if targets else None,
        rests_on=tuple(fact(one) for one in (calendar, targets) if one),
    )


def _response(event: RecordedEvent, response: ResponseRecorded) -> RecordResponse:
    return RecordResponse(
        occurred_at=response.responded_at,
        ticket=event.stream,
        medium=response.medium,
        by=response.by,
        help_given=response.help_given,
    )
