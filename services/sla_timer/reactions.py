"""What a ticket's events ask of its promise: an opening starts the clock, an answer is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from libs.eventlog.record import RecordedEvent
from libs.eventlog.request import Reaction
from libs.messages.base import FactVersion
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.streams import parse_stream, stream_id
from libs.messages.tickets import ResponseRecorded, TicketOpened
from services.sla_timer.domain import RecordResponse, StartClock


@dataclass(frozen=True)
class PublishedCalendar:
    """A centre's calendar as published, and where that was said."""

    stream: str
    sequence: int
    content: CentreCalendar


@dataclass(frozen=True)
class PublishedTargets:
    """The targets as published, and where that was said."""

    stream: str
    sequence: int
    content: ResponseTargets


@dataclass(frozen=True)
class Facts:
    """What is published for the centre of an event; None where nothing is."""

    calendar: PublishedCalendar | None = None
    targets: PublishedTargets | None = None


FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)
NO_FACTS = Facts()


def centre_of(event: RecordedEvent) -> str | None:
    """Name the centre whose calendar is needed to react to an event; None where none is."""
    return event.data.centre if isinstance(event.data, TicketOpened) else None


def react(event: RecordedEvent, facts: Facts, now: datetime) -> Sequence[Reaction]:
    """Give the commands that an event asks for; which ones, and on which promise, depends on the event alone."""
    match event.data:
        case TicketOpened() as opened:
            return [Reaction("StartClock", promise_of(event.stream), _start(event, opened, facts))]
        case ResponseRecorded() as response:
            return [Reaction("RecordResponse", promise_of(event.stream), _response(event, response, now))]
        case _:
            return []


def promise_of(ticket: str) -> str:
    """Name the promise of a ticket: the same source, the same number."""
    stream = parse_stream(ticket)
    return stream_id("promise", stream.source, stream.number)


def _start(event: RecordedEvent, opened: TicketOpened, facts: Facts) -> StartClock:
    published = [fact for fact in (facts.calendar, facts.targets) if fact]
    return StartClock(
        occurred_at=opened.opened_at,
        ticket=event.stream,
        customer=opened.customer,
        requester=opened.requester,
        private=opened.private,
        language=opened.language,
        centre=opened.centre,
        channel=opened.channel,
        calendar=facts.calendar.content if facts.calendar else None,
        targets=facts.targets.content if facts.targets else None,
        rests_on=tuple(FactVersion(stream=fact.stream, sequence=fact.sequence) for fact in published),
    )


def _response(event: RecordedEvent, response: ResponseRecorded, now: datetime) -> RecordResponse:
    return RecordResponse(
        occurred_at=response.responded_at,
        now=now,
        ticket=event.stream,
        medium=response.medium,
        by=response.by,
        help_given=response.help_given,
    )
