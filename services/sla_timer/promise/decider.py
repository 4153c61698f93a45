"""The promise of a first response: made at the opening of a ticket, met if and only if answered by its deadline.

It is made once and never pauses. A deadline fires only after its instant, and after everything said before was read.
Each rule stands with its command in a module of its own; here they come together.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from libs.decider import Decider
from libs.messages.sla import (
    AbsorbedPromise,
    CallNoted,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    InternalTargetNotSet,
    InternalTargetSet,
    LaterResponseNoted,
    MergeNoted,
    NotAResponse,
    NotChanged,
    PromiseEvent,
    ReinstatementNotApplied,
    ResponseNotApplied,
    Verdict,
)
from libs.plan import current_grounds
from services.sla_timer.promise.calls import ReckonCalls, RecordCall, call, reckon_calls
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk, fire, warn
from services.sla_timer.promise.merging import (
    AdoptPromise,
    CancelPromise,
    ReinstatePromise,
    RenouncePromise,
    adopt,
    cancel,
    reinstate,
    renounce,
)
from services.sla_timer.promise.opening import StartClock, start
from services.sla_timer.promise.recompute import RecomputePromise, recompute
from services.sla_timer.promise.reconsidering import ReconsiderPromise, reconsider
from services.sla_timer.promise.responses import (
    JudgeAnswer,
    MeetMerged,
    RecordResponse,
    judge_answer,
    meet_merged,
    respond,
)
from services.sla_timer.promise.restatement import RestatePromise, restate
from services.sla_timer.promise.state import (
    Absorbed,
    Judged,
    NotPromised,
    Promise,
    State,
    Untracked,
    Waiting,
    with_absorbed,
    with_answer,
    with_call,
    with_cancellation,
    with_one,
    with_transfer,
    without_absorbed,
)
from services.sla_timer.promise.transfers import SetInternalTarget, transfer

ReactionCommand = (
    StartClock
    | RecordResponse
    | RecordCall
    | CancelPromise
    | ReinstatePromise
    | AdoptPromise
    | RenouncePromise
    | SetInternalTarget
)
"""What reactions ask of a promise."""
DutyCommand = (
    ReconsiderPromise
    | RecomputePromise
    | ReckonCalls
    | JudgeAnswer
    | MeetMerged
    | WarnAtRisk
    | FireDeadline
    | RestatePromise
)
"""What duties do to a promise; they may produce no event."""
Command = ReactionCommand | DutyCommand


def decide(state: State, command: Command) -> PromiseEvent | None:
    """Answer a command with exactly one event; None where a duty has nothing to do."""
    match command:
        case ReconsiderPromise() | RecomputePromise() | ReckonCalls() | JudgeAnswer() | MeetMerged():
            return _owed(state, command)
        case WarnAtRisk() | FireDeadline() | RestatePromise():
            return _owed(state, command)
        case _:
            return _asked(state, command)


def _asked(state: State, command: ReactionCommand) -> PromiseEvent:
    match command:
        case StartClock():
            return start(state, command)
        case RecordResponse():
            return respond(state, command)
        case RecordCall():
            return call(state, command)
        case CancelPromise():
            return cancel(state, command)
        case ReinstatePromise():
            return reinstate(state, command)
        case AdoptPromise():
            return adopt(state, command)
        case RenouncePromise():
            return renounce(state, command)
        case SetInternalTarget():
            return transfer(state, command)
        case _:
            assert_never(command)


def _owed(state: State, command: DutyCommand) -> PromiseEvent | None:
    match command:
        case ReconsiderPromise():
            return reconsider(state, command)
        case RecomputePromise():
            return recompute(state, command)
        case ReckonCalls():
            return reckon_calls(state, command)
        case JudgeAnswer():
            return judge_answer(state, command)
        case MeetMerged():
            return meet_merged(state, command)
        case WarnAtRisk():
            return warn(state, command)
        case FireDeadline():
            return fire(state, command)
        case RestatePromise():
            return restate(state, command)
        case _:
            assert_never(command)


def evolve(state: State, event: PromiseEvent) -> State:
    """Fold an event into the state."""
    match event:
        case FirstResponseClockStarted():
            return Waiting(_promised(state, event), late_at=event.responded_at)
        case FirstResponseNotPromised():
            return _not_promised(state, event)
        case FirstResponseAtRisk(percent=percent):
            return replace(_running(state), warned=percent)
        case FirstResponseRetargeted():
            return _retargeted(_running(state), event)
        case FirstResponseNotRetargeted():
            return _not_retargeted(_running(state), event)
        case FirstResponseMet(responded_at=at):
            return _met(state, at)
        case FirstResponseBreached(responded_at=at):
            return _ended(_running(state), Verdict.BREACHED, at)
        case FirstResponseCancelled(cancelled_at=at, cause=cause, into=into):
            running = _running(state)
            ended = _ended(running, Verdict.CANCELLED, running.late_at)
            merged_at = at if into else None
            ended = replace(ended, into=into, merged_at=merged_at, warned=running.warned)
            return replace(ended, cancelled_at=at, cause=cause)
        case FirstResponseReinstated():
            return _reinstated(state)
        case FirstResponseRestated():
            return _restated(state, event)
        case LaterResponseNoted(responded_at=at):
            return with_answer(state, at)
        case CallNoted(called_at=at, restated_due_at=due_at, reason=reason):
            return with_call(state, at, due_at, is_owed=reason is NotChanged.NOT_RECKONED)
        case CancellationNoted(cancelled_at=at, into=into):
            return with_cancellation(state, at, into)
        case MergeNoted(reason=NotChanged.ABSORBED | NotChanged.NOT_PROMISED | NotChanged.UNDONE):
            return state
        case MergeNoted(absorbed=ticket, certificate=certificate, merged_at=at):
            return with_absorbed(state, Absorbed(ticket, certificate, at))
        case ReinstatementNotApplied(absorbed=str() as ticket, undone_at=at):
            return without_absorbed(state, ticket, at)
        case ReinstatementNotApplied(reason=NotChanged.NO_PROMISE) if isinstance(state, NotPromised):
            return replace(state, cancelled_at=None)
        case ResponseNotApplied(reason=NotAResponse.NO_PROMISE, responded_at=at):
            return with_answer(state, at)
        case (
            InternalTargetSet(centre=centre, transferred_at=at) | InternalTargetNotSet(centre=centre, transferred_at=at)
        ):
            return with_transfer(state, at, centre)
        case ResponseNotApplied() | ReinstatementNotApplied():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, PromiseEvent] = Decider(Untracked(), decide, evolve)


def _promised(state: State, event: FirstResponseClockStarted) -> Promise:
    """What is promised; calls that were told before it was are still to be reckoned."""
    calls = state.calls if isinstance(state, NotPromised) else ()
    return Promise(
        ticket=event.ticket,
        customer=event.customer,
        centre=event.centre,
        channel=event.channel,
        private=event.private,
        language=event.language,
        certificate=event.certificate,
        own=event.own,
        absorbed=state.absorbed if isinstance(state, Untracked) else (),
        calls=calls,
        owed_calls=calls,
    )


def _not_promised(state: State, event: FirstResponseNotPromised) -> State:
    match state:
        case Untracked():
            return NotPromised(event.reason, event, event.responded_at)
        case NotPromised():
            return replace(state, reason=event.reason, asked=event)
        case Waiting() | Judged():
            return state
        case _:
            assert_never(state)


def _retargeted(running: Waiting, event: FirstResponseRetargeted) -> Waiting:
    made = running.promise
    known = {one.ticket: one for one in made.absorbed}
    absorbed = tuple(_as_kept(one, known.get(one.ticket)) for one in event.absorbed)
    promise = replace(made, certificate=event.certificate, own=event.own, absorbed=absorbed)
    if event.called_at:
        promise = replace(promise, calls=tuple(sorted({*made.calls, event.called_at})), owed_calls=())
    return replace(running, promise=promise, restated_due_at=event.restated_due_at)


def _as_kept(told: AbsorbedPromise, known: Absorbed | None) -> Absorbed:
    absorbed = Absorbed(told.ticket, told.certificate, told.merged_at)
    return replace(absorbed, passed_over=known.passed_over, passed_over_tz=known.passed_over_tz) if known else absorbed


def _not_retargeted(running: Waiting, event: FirstResponseNotRetargeted) -> Waiting:
    known = next((one for one in running.promise.absorbed if one.ticket == event.of), None)
    if known:
        version, tz = max(known.passed_over, event.calendar_version), event.tz_version or known.passed_over_tz
        absorbed = with_one(running.promise.absorbed, replace(known, passed_over=version, passed_over_tz=tz))
        return replace(running, promise=replace(running.promise, absorbed=absorbed))
    passed_over = max(running.passed_over, event.calendar_version)
    return replace(running, passed_over=passed_over, passed_over_tz=event.tz_version or running.passed_over_tz)


def _met(state: State, at: datetime) -> Judged:
    """A promise that runs, or one whose merge was undone."""
    if isinstance(state, Judged):
        return replace(state, verdict=Verdict.MET, responded_at=at, cancelled_at=None, cause=None)
    return _ended(_running(state), Verdict.MET, at)


def _ended(running: Waiting, verdict: Verdict, responded_at: datetime | None) -> Judged:
    return Judged(
        promise=running.promise,
        verdict=verdict,
        responded_at=responded_at,
        answers=(responded_at,) if responded_at else (),
        beside=(),
        cancelled_at=running.cancelled_at,
        restated_due_at=running.restated_due_at,
        calendar_version=max(running.passed_over, current_grounds(running.promise.certificate).calendar_version),
    )


def _reinstated(state: State) -> State:
    if not isinstance(state, Judged):
        return state
    due_at, late_at = state.restated_due_at, state.responded_at
    return Waiting(state.promise, state.warned, late_at=late_at, restated_due_at=due_at)


def _restated(state: State, event: FirstResponseRestated) -> State:
    if not isinstance(state, Judged):
        return state
    due_at, version = event.restated_due_at, event.calendar_version
    return replace(state, restated=event.restated, restated_due_at=due_at, calendar_version=version)


def _running(state: State) -> Waiting:
    if not isinstance(state, Waiting):
        raise ValueError(f"only a promise that runs moves or ends; this is {state.state}")  # noqa: TRY004
    return state
