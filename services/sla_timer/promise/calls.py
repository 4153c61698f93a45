"""A later telephone call about a ticket: it can only make the deadline earlier; with help given it is an answer."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.messages.certificates import Certificate
from libs.messages.facts import resting_on
from libs.messages.sla import (
    CallNoted,
    FirstResponseMet,
    FirstResponseRetargeted,
    LaterResponseNoted,
    NotChanged,
    ResponseNotApplied,
)
from libs.messages.tickets import Medium, RespondedBy
from libs.plan import current_grounds, with_call, working_calendar
from services.sla_timer.promise.recompute import reckoned, restated_due_at, retargeted
from services.sla_timer.promise.responses import RecordResponse, respond
from services.sla_timer.promise.state import Judged, NotPromised, State, Untracked, Waiting
from services.sla_timer.published.publications import Publications, PublishedCalendar, PublishedTargets, in_force
from services.sla_timer.published.tz_changes import TzChange

CallEvent = FirstResponseMet | FirstResponseRetargeted | CallNoted | LaterResponseNoted | ResponseNotApplied


@dataclass(frozen=True)
class RecordCall:
    """The customer rang at `occurred_at`; what is published for the promise's centre comes with it."""

    occurred_at: datetime
    ticket: str
    help_given: bool
    calendars: tuple[PublishedCalendar, ...] = ()
    targets: tuple[PublishedTargets, ...] = ()
    tz_changes: tuple[TzChange, ...] = ()


def call(state: State, command: RecordCall) -> CallEvent:
    """Judge a call."""
    if command.help_given:
        return respond(state, _as_answer(command))
    match state:
        case Untracked() | NotPromised():
            return _noted(command, NotChanged.NO_PROMISE)
        case Waiting():
            return _call_on_running(state, command)
        case Judged():
            return _noted(command, NotChanged.OVER, _restated(state, command))
        case _:
            assert_never(state)


def _as_answer(command: RecordCall) -> RecordResponse:
    return RecordResponse(command.occurred_at, command.ticket, Medium.CALL, RespondedBy.PERSON, help_given=True)


def _call_on_running(state: Waiting, command: RecordCall) -> FirstResponseRetargeted | CallNoted:
    """Reckon on what was published until now first, then from the call on."""
    published = Publications(command.calendars, command.targets, command.tz_changes)
    made, found = state.promise, reckoned(state, published, state.promise.due_at)
    certificate = _called(found.certificate, command)
    if certificate == found.certificate:
        reason = NotChanged.OVER if command.occurred_at > made.due_at else NotChanged.NOT_EARLIER
        return _noted(command, reason, _restated(state, command))
    after = replace(made, certificate=certificate, calls=(*made.calls, command.occurred_at))
    targets = in_force(command.targets, command.occurred_at)
    rests_on = (*found.rests_on, *resting_on(targets))
    restated = restated_due_at(after, command.calendars, command.targets)
    return retargeted(made, after, rests_on, restated)


def _called(certificate: Certificate, command: RecordCall) -> Certificate:
    version = current_grounds(certificate).calendar_version
    calendar = next((one for one in command.calendars if one.content.version == version), None)
    targets = in_force(command.targets, command.occurred_at)
    if calendar is None or targets is None:
        return certificate
    return with_call(certificate, working_calendar(calendar.content), targets.content, command.occurred_at)


def _restated(state: Waiting | Judged, command: RecordCall) -> datetime | None:
    """The deadline as it would be with the call, where that is not the one that is known."""
    calls = tuple(sorted({*state.promise.calls, command.occurred_at}))
    found = restated_due_at(replace(state.promise, calls=calls), command.calendars, command.targets)
    known = state.restated_due_at or state.promise.due_at
    return found if found != known else None


def _noted(command: RecordCall, reason: NotChanged, restated: datetime | None = None) -> CallNoted:
    return CallNoted(ticket=command.ticket, called_at=command.occurred_at, reason=reason, restated_due_at=restated)
