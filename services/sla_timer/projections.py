"""What sla_timer derives: its promises, and what is published of calendars and targets."""

from datetime import datetime
from typing import Any, NamedTuple, get_args

from libs.eventlog.projection import Projection, Reader, state_of
from libs.eventlog.record import RecordedEvent
from libs.messages.catalogue import PLAN, SLA, TICKETS
from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    NoPromise,
    PromiseEvent,
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
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    reason: str | None = None
    """Why nothing is promised."""


def _promise(row: PromiseRow | None, event: RecordedEvent) -> PromiseRow | None:
    match event.data:
        case FirstResponseClockStarted() as started:
            return _started(event, started)
        case FirstResponseNotPromised(reason=NoPromise.ALREADY_PROMISED):
            return row
        case FirstResponseNotPromised() as refused:
            return _not_promised(event, refused)
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
        case FirstResponseMet() as met:
            return row._replace(state="met", responded_at=met.responded_at)
        case FirstResponseBreached() as breached:
            return row._replace(
                state="breached",
                responded_at=breached.responded_at,
                breached_at=breached.breached_at,
                detected_at=breached.detected_at,
            )
        case _:
            return row


class CalendarRow(NamedTuple):
    """A centre's calendar as published, in JSON."""

    stream: str
    centre: str
    content: str
    sequence: int


def _calendar(_: CalendarRow | None, event: RecordedEvent) -> CalendarRow:
    calendar = event.data.calendar
    return CalendarRow(event.stream, calendar.centre, calendar.model_dump_json(), event.sequence)


class TargetsRow(NamedTuple):
    """The targets as published, in JSON."""

    stream: str
    content: str
    sequence: int


def _targets(_: TargetsRow | None, event: RecordedEvent) -> TargetsRow:
    return TargetsRow(event.stream, event.data.targets.model_dump_json(), event.sequence)


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
    columns="stream text not null, centre text not null, content jsonb not null, sequence bigint not null",
    events=(CentreCalendarPublished,),
    evolve=_calendar,
    indexes=("(centre)",),
)

TARGETS: Projection[TargetsRow] = Projection(
    table="targets",
    row=TargetsRow,
    columns="stream text not null, content jsonb not null, sequence bigint not null",
    events=(TargetsPublished,),
    evolve=_targets,
)

READERS: tuple[Reader, ...] = (
    Reader("sla", SLA, 1, (STATES, PROMISES), writes=True),
    Reader("tickets", TICKETS, 1, (), reacts=True),
    Reader("plan", PLAN, 1, (CALENDARS, TARGETS)),
)
