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


Command = StartClock | RecordResponse | WarnAtRisk | FireDeadline


@dataclass(frozen=True)
class Untracked:
    """No promise, and none refused."""

    state: Literal["untracked"] = "untracked"


@dataclass(frozen=True)
class Promise:
    """What is promised, to whom, and how the ticket was opened."""

    ticket: str
    customer: str
    centre: str
    channel: Channel
    opened_at: datetime
    at_risk_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Waiting:
    """A promise that runs; `late_at` is the earliest answer known that came after the deadline."""

    promise: Promise
    warned: bool = False
    late_at: datetime | None = None
    state: Literal["waiting"] = "waiting"


@dataclass(frozen=True)
class Judged:
    """A promise with its verdict, which stays."""

    promise: Promise
    verdict: Literal["met", "breached"]
    state: Literal["judged"] = "judged"


@dataclass(frozen=True)
class NotPromised:
    """No deadline could be given; it stays so, since answers may have been passed over meanwhile."""

    reason: NoPromise
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
            return Waiting(_promised(event))
        case FirstResponseNotPromised(reason=reason):
            return NotPromised(reason) if isinstance(state, Untracked) else state
        case FirstResponseAtRisk():
            return replace(_running(state), warned=True)
        case FirstResponseMet():
            return Judged(_running(state).promise, "met")
        case FirstResponseBreached():
            return Judged(_running(state).promise, "breached")
        case LaterResponseNoted(responded_at=at):
            return replace(state, late_at=min(at, state.late_at or at)) if isinstance(state, Waiting) else state
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
        opened_at=event.certificate.opened_at,
        at_risk_at=event.certificate.at_risk_at,
        due_at=event.certificate.due_at,
    )


def _running(state: State) -> Waiting:
    if not isinstance(state, Waiting):
        raise ValueError(f"only a promise that runs is judged or at risk; this is {state.state}")  # noqa: TRY004
    return state
