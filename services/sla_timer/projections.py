"""What sla_timer derives: its promises, and what is published of calendars and targets."""

from datetime import datetime
from typing import Any, NamedTuple, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.record import RecordedEvent
from libs.messages.catalogue import PLAN, SLA, TICKETS
from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    LaterResponseNoted,
    NotAResponse,
    PromiseEvent,
    ResponseNotApplied,
)
from services.sla_timer.domain import DECIDER, State


class PromiseRow(NamedTuple):
    """A promise as people and the duties look at it."""

    stream: str
    state: str
    """waiting, met, breached or not-promised."""
    ticket: str
    customer: str | None
    centre: str
    channel: str
    opened_at: datetime
    correlation: str
    clock_started_at: datetime | None = None
    at_risk_at: datetime | None = None
    due_at: datetime | None = None
    warned: bool = False
    responded_at: datetime | None = None
    """The earliest answer by a person that is known, in time or not."""
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    reason: str | None = None
    """Why nothing is promised."""


def _promise(row: PromiseRow | None, event: RecordedEvent) -> PromiseRow | None:
    match event.data:
        case FirstResponseClockStarted() as started:
            return _started(event, started)
        case FirstResponseNotPromised() as refused:
            return row or _not_promised(event, refused)
        case _:
            return _moved(row, event) if row else None


def _started(event: RecordedEvent, started: FirstResponseClockStarted) -> PromiseRow:
    certificate = started.certificate
    return PromiseRow(
        stream=event.stream,
        state="waiting",
        ticket=started.ticket,
        customer=started.customer,
        centre=started.centre,
        channel=str(started.channel),
        opened_at=certificate.opened_at,
        correlation=event.correlationid,
        clock_started_at=certificate.clock_started_at,
        at_risk_at=certificate.at_risk_at,
        due_at=certificate.due_at,
    )


def _not_promised(event: RecordedEvent, refused: FirstResponseNotPromised) -> PromiseRow:
    return PromiseRow(
        stream=event.stream,
        state="not-promised",
        ticket=refused.ticket,
        customer=None,
        centre=refused.centre,
        channel=str(refused.channel),
        opened_at=refused.opened_at,
        correlation=event.correlationid,
        reason=str(refused.reason),
    )


def _moved(row: PromiseRow, event: RecordedEvent) -> PromiseRow:
    match event.data:
        case FirstResponseAtRisk():
            return row._replace(warned=True)
        case FirstResponseMet(responded_at=at):
            return _answered(row, at)._replace(state="met")
        case FirstResponseBreached(breached_at=breached_at, detected_at=detected_at):
            return row._replace(state="breached", breached_at=breached_at, detected_at=detected_at)
        case LaterResponseNoted(responded_at=at) | ResponseNotApplied(responded_at=at, reason=NotAResponse.NO_PROMISE):
            return _answered(row, at)
        case _:
            return row


def _answered(row: PromiseRow, at: datetime) -> PromiseRow:
    return row._replace(responded_at=min(at, row.responded_at or at))


class CalendarRow(NamedTuple):
    """A publication of a centre's calendar, in JSON."""

    stream: str
    sequence: int
    centre: str
    published_at: datetime
    content: str


def _calendar(_: CalendarRow | None, event: RecordedEvent) -> CalendarRow:
    published: CentreCalendarPublished = event.data
    calendar = published.calendar
    content = calendar.model_dump_json()
    return CalendarRow(event.stream, event.sequence, calendar.centre, published.published_at, content)


class TargetsRow(NamedTuple):
    """A publication of the targets, in JSON."""

    stream: str
    sequence: int
    published_at: datetime
    content: str


def _targets(_: TargetsRow | None, event: RecordedEvent) -> TargetsRow:
    published: TargetsPublished = event.data
    return TargetsRow(event.stream, event.sequence, published.published_at, published.targets.model_dump_json())


def _by_publication(event: RecordedEvent) -> tuple[Key, ...]:
    return ((event.stream, event.sequence),)


STATES: Projection[Any] = state_of("promise_states", DECIDER, State, get_args(PromiseEvent))

PROMISES: Projection[PromiseRow] = Projection(
    table="promises",
    row=PromiseRow,
    columns="""
        stream text not null, state text not null, ticket text not null, customer text, centre text not null,
        channel text not null, opened_at timestamptz not null, correlation text not null,
        clock_started_at timestamptz, at_risk_at timestamptz, due_at timestamptz, warned boolean not null,
        responded_at timestamptz, breached_at timestamptz, detected_at timestamptz, reason text""",
    events=(
        FirstResponseClockStarted,
        FirstResponseNotPromised,
        FirstResponseAtRisk,
        FirstResponseMet,
        FirstResponseBreached,
        LaterResponseNoted,
        ResponseNotApplied,
    ),
    evolve=_promise,
    indexes=(
        "(due_at) where state = 'waiting'",
        "(at_risk_at) where state = 'waiting' and not warned",
        "(centre, due_at)",
    ),
)

CALENDARS: Projection[CalendarRow] = Projection(
    table="calendars",
    row=CalendarRow,
    columns="""
        stream text not null, sequence bigint not null, centre text not null, published_at timestamptz not null,
        content jsonb not null""",
    events=(CentreCalendarPublished,),
    evolve=_calendar,
    key=("stream", "sequence"),
    keys=_by_publication,
    indexes=("(centre)",),
)

TARGETS: Projection[TargetsRow] = Projection(
    table="targets",
    row=TargetsRow,
    columns="""
        stream text not null, sequence bigint not null, published_at timestamptz not null, content jsonb not null""",
    events=(TargetsPublished,),
    evolve=_targets,
    key=("stream", "sequence"),
    keys=_by_publication,
)

READERS: tuple[Reader, ...] = (
    Reader("sla", SLA, 1, (STATES, PROMISES), writes=True),
    Reader("tickets", TICKETS, 1, (), reacts=True),
    Reader("plan", PLAN, 1, (CALENDARS, TARGETS)),
)
