"""The promise of a first response: made at the opening of a ticket, met if and only if answered by its deadline.

It is made once and never pauses. A deadline fires only after its instant, and after everything said before was read.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.decider import Decider
from libs.messages.base import FactVersion, PrivateKey
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseRestated,
    FirstResponseRetargeted,
    LaterResponseNoted,
    NoPromise,
    NotAResponse,
    PromiseEvent,
    ResponseNotApplied,
    Verdict,
)
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import in_force, promise, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead
from services.sla_timer.promise import Judged, NotPromised, Promise, State, Untracked, Waiting
from services.sla_timer.publications import RecomputePromise, recompute
from services.sla_timer.restatement import RestatePromise, restate


@dataclass(frozen=True)
class StartClock:
    """Promise a first response to a ticket opened at `occurred_at`, on what was published for its centre."""

    occurred_at: datetime
    ticket: str
    customer: str
    requester: str
    private: PrivateKey
    language: str
    centre: str
    channel: Channel
    calendar: CentreCalendar | None
    targets: ResponseTargets | None
    rests_on: tuple[FactVersion, ...] = ()


@dataclass(frozen=True)
class RecordResponse:
    """The customer was answered at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    medium: Medium
    by: RespondedBy
    help_given: bool


@dataclass(frozen=True)
class WarnAtRisk:
    """The warning share was used up at `occurred_at`; a duty."""

    occurred_at: datetime


@dataclass(frozen=True)
class FireDeadline:
    """The deadline `occurred_at` has passed by `detected_at`; a duty."""

    occurred_at: datetime
    detected_at: datetime


Command = StartClock | RecordResponse | RecomputePromise | RestatePromise | WarnAtRisk | FireDeadline


def decide(state: State, command: Command) -> PromiseEvent | None:
    """Answer a command with exactly one event; None where a duty comes to nothing."""
    match command:
        case StartClock():
            return _start(state, command)
        case RecordResponse():
            return _respond(state, command)
        case RecomputePromise():
            return recompute(state, command)
        case RestatePromise():
            return restate(state, command)
        case WarnAtRisk():
            return _warn(state, command)
        case FireDeadline():
            return _fire(state, command)
        case _:
            assert_never(command)


def evolve(state: State, event: PromiseEvent) -> State:
    """Fold an event into the state."""
    match event:
        case FirstResponseClockStarted():
            return Waiting(_promised(event))
        case FirstResponseNotPromised(reason=reason):
            return NotPromised(reason) if isinstance(state, Untracked) else state
        case FirstResponseAtRisk():
            return replace(_running(state), warned=True)
        case FirstResponseRetargeted():
            return _retargeted(_running(state), event)
        case FirstResponseNotRetargeted(calendar_version=version):
            return replace(_running(state), passed_over=version)
        case FirstResponseMet(responded_at=at):
            return _judged(_running(state), Verdict.MET, at)
        case FirstResponseBreached(responded_at=at):
            return _judged(_running(state), Verdict.BREACHED, at)
        case FirstResponseRestated():
            return _restated(state, event)
        case LaterResponseNoted(responded_at=at):
            return _answered_later(state, at)
        case ResponseNotApplied():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, PromiseEvent] = Decider(Untracked(), decide, evolve)


def _start(state: State, command: StartClock) -> FirstResponseClockStarted | FirstResponseNotPromised:
    match state:
        case Untracked():
            return _promise_or_not(command)
        case NotPromised(reason=reason):
            return _no_promise(command, reason)
        case Waiting() | Judged():
            return _no_promise(command, NoPromise.ALREADY_PROMISED)
        case _:
            assert_never(state)


def _promise_or_not(command: StartClock) -> FirstResponseClockStarted | FirstResponseNotPromised:
    if command.calendar is None:
        return _no_promise(command, NoPromise.NO_CALENDAR)
    if command.targets is None:
        return _no_promise(command, NoPromise.NO_TARGETS)
    try:
        calendar = working_calendar(command.calendar)
        certificate = promise(calendar, command.targets, command.channel, command.occurred_at)
    except CalendarEnds:
        return _no_promise(command, NoPromise.CALENDAR_ENDS)
    except TooFarAhead:
        return _no_promise(command, NoPromise.NO_OPENING_IN_A_YEAR)
    return FirstResponseClockStarted(
        ticket=command.ticket,
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language,
        centre=command.centre,
        channel=command.channel,
        certificate=certificate,
        rests_on=command.rests_on,
    )


def _no_promise(command: StartClock, reason: NoPromise) -> FirstResponseNotPromised:
    return FirstResponseNotPromised(
        ticket=command.ticket,
        centre=command.centre,
        channel=command.channel,
        opened_at=command.occurred_at,
        reason=reason,
        rests_on=command.rests_on,
    )


def _respond(state: State, command: RecordResponse) -> PromiseEvent:
    """An answer in time meets the promise; a late one waits for the deadline to fire: another may be on its way."""
    match state:
        case _ if command.by is RespondedBy.AUTOMATIC:
            return _not_applied(command, NotAResponse.AUTOMATIC)
        case Untracked() | NotPromised():
            return _not_applied(command, NotAResponse.NO_PROMISE)
        case Waiting(promise=made) | Judged(promise=made) if _is_the_opening_call(made, command):
            return _not_applied(command, NotAResponse.CALL_WITHOUT_HELP)
        case Waiting(promise=made) if command.occurred_at <= made.due_at:
            return _met(made, command.occurred_at)
        case Waiting() | Judged():
            return LaterResponseNoted(ticket=command.ticket, responded_at=command.occurred_at)
        case _:
            assert_never(state)


def _is_the_opening_call(made: Promise, command: RecordResponse) -> bool:
    """A call without help is not its own first response: the 2 h by telephone would promise nothing."""
    is_call = made.channel is Channel.PHONE and command.medium is Medium.CALL
    return is_call and command.occurred_at == made.opened_at and not command.help_given


def _warn(state: State, command: WarnAtRisk) -> FirstResponseAtRisk | None:
    match state:
        case Waiting(promise=made, warned=False) if command.occurred_at == made.at_risk_at:
            return FirstResponseAtRisk(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                at_risk_at=made.at_risk_at,
                due_at=made.due_at,
            )
        case _:
            return None


def _fire(state: State, command: FireDeadline) -> FirstResponseBreached | None:
    match state:
        case Waiting(promise=made) if command.occurred_at == made.due_at < command.detected_at:
            return FirstResponseBreached(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                due_at=made.due_at,
                breached_at=made.due_at,
                detected_at=command.detected_at,
                responded_at=state.late_at,
            )
        case _:
            return None


def _met(made: Promise, responded_at: datetime) -> FirstResponseMet:
    return FirstResponseMet(
        ticket=made.ticket,
        centre=made.centre,
        channel=made.channel,
        responded_at=responded_at,
        due_at=made.due_at,
    )


def _not_applied(command: RecordResponse, reason: NotAResponse) -> ResponseNotApplied:
    return ResponseNotApplied(ticket=command.ticket, responded_at=command.occurred_at, reason=reason)


def _promised(event: FirstResponseClockStarted) -> Promise:
    return Promise(
        ticket=event.ticket,
        customer=event.customer,
        centre=event.centre,
        channel=event.channel,
        certificate=event.certificate,
    )


def _retargeted(running: Waiting, event: FirstResponseRetargeted) -> Waiting:
    promise_ = replace(running.promise, certificate=event.certificate)
    return replace(running, promise=promise_, restated_due_at=event.restated_due_at)


def _judged(running: Waiting, verdict: Verdict, responded_at: datetime | None) -> Judged:
    known = running.promise.certificate
    version = max(running.passed_over, in_force(known).calendar_version)
    return Judged(running.promise, verdict, responded_at, running.restated_due_at, None, version)


def _restated(state: State, event: FirstResponseRestated) -> State:
    if not isinstance(state, Judged):
        return state
    due_at, version = event.restated_due_at, event.calendar_version
    return replace(state, restated=event.restated, restated_due_at=due_at, calendar_version=version)


def _answered_later(state: State, at: datetime) -> State:
    match state:
        case Waiting():
            return replace(state, late_at=min(at, state.late_at or at))
        case Judged():
            return replace(state, responded_at=min(at, state.responded_at or at))
        case Untracked() | NotPromised():
            return state
        case _:
            assert_never(state)


def _running(state: State) -> Waiting:
    if not isinstance(state, Waiting):
        raise ValueError(f"only a promise that runs is judged or at risk; this is {state.state}")  # noqa: TRY004
    return state
