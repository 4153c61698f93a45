"""The life of a promise, event by event, in words."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from libs.messages.certificates import Certificate, CertificateChange, RetargetCause
from libs.messages.sla import (
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
    PromiseEvent,
    ReinstatementNotApplied,
    ResponseNotApplied,
)
from libs.plan.certificates import MICROSECOND
from services.ops.sla.causes import in_words
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.state import Judged, State, Waiting

CHANGED = N_("changed")
VERDICTS = {"met": N_("met"), "breached": N_("breached"), "cancelled": N_("cancelled")}


class PromiseHappening(NamedTuple):
    """Something that happened to a promise; `at` is its instant in the world, `due_at` the deadline it led to."""

    at: datetime
    what: str
    says: str
    due_at: datetime | None = None


class JudgedAnswer(NamedTuple):
    """An answer that was told of the ticket, whether it is the first response, and why or why not."""

    responded_at: datetime
    counts: bool
    why: str


def life(events: Iterable[PromiseEvent], civil: ZoneInfo, speech: Speech = IN_ENGLISH) -> list[PromiseHappening]:
    """Every happening in the order in which it was recorded."""
    told = _with_states(events)
    return [happening for event, before in told for happening in _happenings(event, before, civil, speech)]


def answers(events: Iterable[PromiseEvent], speech: Speech = IN_ENGLISH) -> list[JudgedAnswer]:
    """Every answer that was told, in the order of recording."""
    told = (_answer(event, before, speech) for event, before in _with_states(events))
    return [answer for answer in told if answer]


def local(instant: datetime, civil: ZoneInfo, speech: Speech = IN_ENGLISH) -> str:
    """An instant in civil time: `Tue 2026-11-24 14:00 CET`, to the microsecond where there are any."""
    return speech.local(instant, civil)


def new_changes(after: Certificate, before: Certificate | None) -> list[CertificateChange]:
    """The changes since `before`; of a merge only the merge itself: the rest is the life of the absorbed ticket."""
    if after.changes and after.changes[-1].cause is RetargetCause.MERGE:
        return list(after.changes[-1:])
    known = before.changes if before else ()
    return [change for change in after.changes if change not in known]


def _with_states(events: Iterable[PromiseEvent]) -> Iterator[tuple[PromiseEvent, State]]:
    state: State = DECIDER.initial
    for event in events:
        yield event, state
        state = DECIDER.evolve(state, event)


def _certificate(state: State) -> Certificate | None:
    return state.promise.certificate if isinstance(state, Waiting | Judged) else None


def _happenings(event: PromiseEvent, before: State, civil: ZoneInfo, speech: Speech) -> Iterator[PromiseHappening]:
    match event:
        case FirstResponseClockStarted(certificate=certificate):
            yield _started(certificate, civil, speech)
            yield from (_change(change, civil, speech) for change in new_changes(certificate, None))
        case FirstResponseRetargeted(certificate=certificate):
            changes = new_changes(certificate, _certificate(before))
            yield from (_change(change, civil, speech) for change in changes)
        case _:
            yield _happening(event, _certificate(before), civil, speech)


def _started(certificate: Certificate, civil: ZoneInfo, speech: Speech) -> PromiseHappening:
    first = certificate.changes[0].was_due_at if certificate.changes else certificate.due_at
    says = speech.say(
        N_("within {target} of working time; the clock starts {starts}; {versions}"),
        target=speech.length(timedelta(seconds=certificate.target_seconds)),
        starts=speech.local(certificate.clock_started_at, civil),
        versions=_versions(certificate, speech),
    )
    return PromiseHappening(certificate.opened_at, N_("promised"), says, first)


def _change(change: CertificateChange, civil: ZoneInfo, speech: Speech) -> PromiseHappening:
    says = speech.say(
        N_("{cause}; was due {was}, now due {now}; {used} used until then; target {target}; {versions}"),
        cause=in_words(change.cause, speech),
        was=speech.local(change.was_due_at, civil),
        now=speech.local(change.due_at, civil),
        used=speech.length(change.used_microseconds * MICROSECOND),
        target=speech.length(timedelta(seconds=change.target_seconds)),
        versions=_versions(change, speech),
    )
    return PromiseHappening(change.changed_at, f"{CHANGED}: {change.cause}", says, change.due_at)


def _versions(known: Certificate | CertificateChange, speech: Speech) -> str:
    return speech.say(
        N_("calendar {calendar}, targets {targets}, tz {tz}"),
        calendar=known.calendar_version,
        targets=known.targets_version,
        tz=known.tz_version,
    )


def _happening(
    event: PromiseEvent, certificate: Certificate | None, civil: ZoneInfo, speech: Speech
) -> PromiseHappening:
    due_at, say = certificate.due_at if certificate else None, speech.say
    match event:
        case FirstResponseNotPromised(opened_at=at, reason=reason):
            return PromiseHappening(at, N_("not promised"), in_words(reason, speech))
        case FirstResponseAtRisk(percent=percent, at_risk_at=at, due_at=due):
            template = N_(
                "{percent} % of the target was used up, and nobody had answered; {left} were left by the clock"
            )
            return PromiseHappening(at, N_("warned"), say(template, percent=percent, left=speech.length(due - at)), due)
        case FirstResponseNotRetargeted(reason=reason, calendar_version=version, due_at=due):
            template = N_("no deadline on version {version} of the calendar: {reason}; it stays")
            says = say(template, version=version, reason=in_words(reason, speech))
            return PromiseHappening(due, N_("not changed"), says, due)
        case FirstResponseMet(responded_at=at, due_at=due):
            template = N_("answered {early} before the deadline by the clock")
            return PromiseHappening(at, N_("met"), say(template, early=speech.length(due - at)), due)
        case FirstResponseBreached(breached_at=at, detected_at=detected_at):
            template = N_("nobody had answered in time; detected {later} later")
            return PromiseHappening(at, N_("breached"), say(template, later=speech.length(detected_at - at)), at)
        case FirstResponseCancelled(cancelled_at=at, cause=cause, into=into):
            because = in_words(cause, speech)
            says = say(N_("{cause}: {into}"), cause=because, into=into) if into else because
            return PromiseHappening(at, N_("cancelled"), says, due_at)
        case FirstResponseReinstated(reinstated_at=at, certificate=known):
            return PromiseHappening(at, N_("reinstated"), say(N_("the merge was undone: it runs again")), known.due_at)
        case FirstResponseRestated(restated=verdict, promised=promised, cause=cause, restated_due_at=due):
            template = N_("{cause}: would be {verdict}, due {due}; the verdict {promised} stays")
            words = {"verdict": named_verdict(verdict, speech), "promised": named_verdict(promised, speech)}
            says = say(template, cause=in_words(cause, speech), due=speech.local(due, civil), **words)
            return PromiseHappening(due, N_("restated"), says, due)
        case LaterResponseNoted(responded_at=at):
            return PromiseHappening(at, N_("answered"), why_not_first(at, due_at, speech), due_at)
        case ResponseNotApplied(responded_at=at, reason=reason):
            return PromiseHappening(at, N_("no response"), in_words(reason, speech), due_at)
        case CallNoted(called_at=at, reason=reason):
            return PromiseHappening(at, N_("call"), in_words(reason, speech), due_at)
        case CancellationNoted(cancelled_at=at, cause=cause, reason=reason):
            template = N_("{cause}, but {reason}")
            says = say(template, cause=in_words(cause, speech), reason=in_words(reason, speech))
            return PromiseHappening(at, N_("not cancelled"), says, due_at)
        case ReinstatementNotApplied(undone_at=at, reason=reason):
            return PromiseHappening(at, N_("merge undone"), in_words(reason, speech), due_at)
        case MergeNoted(merged_at=at, absorbed=absorbed, reason=reason):
            template = N_("{absorbed} was absorbed in it: {reason}")
            says = say(template, absorbed=absorbed, reason=in_words(reason, speech))
            return PromiseHappening(at, N_("merged"), says, due_at)
        case InternalTargetSet(transferred_at=at, centre=centre, due_at=due):
            template = N_("to {centre}, which should answer by {due}; the promise stays")
            says = say(template, centre=centre, due=speech.local(due, civil))
            return PromiseHappening(at, N_("transferred"), says, due_at)
        case InternalTargetNotSet(transferred_at=at, centre=centre, reason=reason):
            template = N_("to {centre}, which gets no target: {reason}")
            says = say(template, centre=centre, reason=in_words(reason, speech))
            return PromiseHappening(at, N_("transferred"), says, due_at)
        case FirstResponseClockStarted() | FirstResponseRetargeted():
            raise ValueError(f"{type(event).__name__} is told by its certificate")
        case _:
            assert_never(event)


def named_verdict(verdict: str, speech: Speech) -> str:
    """A verdict as a sentence has it; one that is newer than this program as it is."""
    return speech.say(VERDICTS[verdict]) if verdict in VERDICTS else str(verdict)


def why_not_first(at: datetime, due_at: datetime | None, speech: Speech = IN_ENGLISH) -> str:
    """Why an answer was only noted and met no promise."""
    if due_at is None or at <= due_at:
        return speech.say(N_("by the deadline, but the promise had its end when it was told"))
    return speech.say(N_("{late} after the deadline by the clock"), late=speech.length(at - due_at))


def _answer(event: PromiseEvent, before: State, speech: Speech) -> JudgedAnswer | None:
    certificate = _certificate(before)
    match event:
        case FirstResponseMet(responded_at=at):
            return JudgedAnswer(at, counts=True, why=speech.say(N_("by the deadline")))
        case LaterResponseNoted(responded_at=at):
            due_at = certificate.due_at if certificate else None
            return JudgedAnswer(at, counts=False, why=why_not_first(at, due_at, speech))
        case ResponseNotApplied(responded_at=at, reason=reason):
            return JudgedAnswer(at, counts=False, why=in_words(reason, speech))
        case _:  # whatever else comes, no other event judges an answer
            return None
