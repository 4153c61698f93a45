"""The promise of a first response: made at the opening of a ticket, met if and only if answered by its deadline.

It is made once and never pauses. A deadline fires only after its instant, and after everything said before was read.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider
from libs.messages.base import FactVersion, PrivateKey
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    LaterResponseNoted,
    NoPromise,
    NotAResponse,
    PromiseEvent,
    ResponseNotApplied,
)
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import promise, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead


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
    """The customer was answered at `occurred_at`; `now` is when we judge it."""

    occurred_at: datetime
    now: datetime
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


Command = StartClock | RecordResponse | WarnAtRisk | FireDeadline


@dataclass(frozen=True)
class Untracked:
    """No promise, and none refused."""

    state: Literal["untracked"] = "untracked"


@dataclass(frozen=True)
class Waiting:
    """A promise that runs."""

    ticket: str
    customer: str
    centre: str
    channel: Channel
    opened_at: datetime
    at_risk_at: datetime
    due_at: datetime
    warned: bool = False
    state: Literal["waiting"] = "waiting"


@dataclass(frozen=True)
class Judged:
    """A promise with its verdict, which stays."""

    verdict: Literal["met", "breached"]
    state: Literal["judged"] = "judged"


@dataclass(frozen=True)
class NotPromised:
    """No deadline could be given."""

    state: Literal["not-promised"] = "not-promised"


State = Untracked | Waiting | Judged | NotPromised


def decide(state: State, command: Command) -> PromiseEvent | None:
    """Answer a command with exactly one event; None where a duty comes to nothing."""
    match command:
        case StartClock():
            return _start(state, command)
        case RecordResponse():
            return _respond(state, command)
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
            return _waiting(event)
        case FirstResponseNotPromised(reason=NoPromise.ALREADY_PROMISED):
            return state
        case FirstResponseNotPromised():
            return NotPromised()
        case FirstResponseAtRisk():
            return replace(state, warned=True) if isinstance(state, Waiting) else state
        case FirstResponseMet():
            return Judged("met")
        case FirstResponseBreached():
            return Judged("breached")
        case LaterResponseNoted() | ResponseNotApplied():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, PromiseEvent] = Decider(Untracked(), decide, evolve)


def _start(state: State, command: StartClock) -> FirstResponseClockStarted | FirstResponseNotPromised:
    if not isinstance(state, Untracked):
        return _no_promise(command, NoPromise.ALREADY_PROMISED)
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
    match state:
        case _ if command.by is RespondedBy.AUTOMATIC:
            return _not_applied(command, NotAResponse.AUTOMATIC)
        case Untracked() | NotPromised():
            return _not_applied(command, NotAResponse.NO_PROMISE)
        case Judged():
            return LaterResponseNoted(ticket=command.ticket, responded_at=command.occurred_at)
        case Waiting() if _is_the_opening_call(state, command) and not command.help_given:
            return _not_applied(command, NotAResponse.CALL_WITHOUT_HELP)
        case Waiting() if command.occurred_at <= state.due_at:
            return _met(state, command.occurred_at)
        case Waiting():
            return _breached(state, command.now, command.occurred_at)
        case _:
            assert_never(state)


def _is_the_opening_call(state: Waiting, command: RecordResponse) -> bool:
    """A call is not its own first response unless help was given in it (2 h would promise nothing)."""
    is_call = state.channel is Channel.PHONE and command.medium is Medium.CALL
    return is_call and command.occurred_at == state.opened_at


def _warn(state: State, command: WarnAtRisk) -> FirstResponseAtRisk | None:
    if not isinstance(state, Waiting) or state.warned or command.occurred_at != state.at_risk_at:
        return None
    return FirstResponseAtRisk(
        ticket=state.ticket,
        customer=state.customer,
        centre=state.centre,
        channel=state.channel,
        at_risk_at=state.at_risk_at,
        due_at=state.due_at,
    )


def _fire(state: State, command: FireDeadline) -> FirstResponseBreached | None:
    if not isinstance(state, Waiting) or command.occurred_at != state.due_at or command.detected_at <= state.due_at:
        return None
    return _breached(state, command.detected_at, None)


def _met(state: Waiting, responded_at: datetime) -> FirstResponseMet:
    return FirstResponseMet(
        ticket=state.ticket,
        centre=state.centre,
        channel=state.channel,
        responded_at=responded_at,
        due_at=state.due_at,
    )


def _breached(state: Waiting, detected_at: datetime, responded_at: datetime | None) -> FirstResponseBreached:
    return FirstResponseBreached(
        ticket=state.ticket,
        customer=state.customer,
        centre=state.centre,
        channel=state.channel,
        due_at=state.due_at,
        breached_at=state.due_at,
        detected_at=detected_at,
        responded_at=responded_at,
    )


def _not_applied(command: RecordResponse, reason: NotAResponse) -> ResponseNotApplied:
    return ResponseNotApplied(ticket=command.ticket, responded_at=command.occurred_at, reason=reason)


def _waiting(event: FirstResponseClockStarted) -> Waiting:
    return Waiting(
        ticket=event.ticket,
        customer=event.customer,
        centre=event.centre,
        channel=event.channel,
        opened_at=event.certificate.opened_at,
        at_risk_at=event.certificate.at_risk_at,
        due_at=event.certificate.due_at,
    )
