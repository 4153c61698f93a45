"""The life of a promise, event by event, in words."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
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
from libs.workcal.hours import WEEKDAYS
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import spoken
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.state import Judged, State, Waiting


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


def life(events: Iterable[PromiseEvent], civil: ZoneInfo) -> list[PromiseHappening]:
    """Every happening in the order in which it was recorded."""
    return [happening for event, before in _with_states(events) for happening in _happenings(event, before, civil)]


def answers(events: Iterable[PromiseEvent]) -> list[JudgedAnswer]:
    """Every answer that was told, in the order of recording."""
    told = (_answer(event, before) for event, before in _with_states(events))
    return [answer for answer in told if answer]


def local(instant: datetime, civil: ZoneInfo) -> str:
    """An instant in civil time: `Tue 2026-11-24 14:00 CET`, to the microsecond where there are any."""
    at = instant.astimezone(civil)
    return f"{named(at.date())} {clock(at)} {at:%Z}"


def named(day: date) -> str:
    """A day in words: `Tue 2026-11-24`."""
    return f"{WEEKDAYS[day.weekday()][:3].capitalize()} {day}"


def clock(at: datetime) -> str:
    """The time of day, `14:00`, to the microsecond where there are any."""
    return at.time().isoformat("auto" if at.second or at.microsecond else "minutes")


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


def _happenings(event: PromiseEvent, before: State, civil: ZoneInfo) -> Iterator[PromiseHappening]:
    match event:
        case FirstResponseClockStarted(certificate=certificate):
            yield _started(certificate, civil)
            yield from (_change(change, civil) for change in new_changes(certificate, None))
        case FirstResponseRetargeted(certificate=certificate):
            yield from (_change(change, civil) for change in new_changes(certificate, _certificate(before)))
        case _:
            yield _happening(event, _certificate(before), civil)


def _started(certificate: Certificate, civil: ZoneInfo) -> PromiseHappening:
    first = certificate.changes[0].was_due_at if certificate.changes else certificate.due_at
    target = spoken(timedelta(seconds=certificate.target_seconds))
    starts = f"the clock starts {local(certificate.clock_started_at, civil)}"
    says = f"within {target} of working time; {starts}; {_versions(certificate)}"
    return PromiseHappening(certificate.opened_at, "promised", says, first)


def _change(change: CertificateChange, civil: ZoneInfo) -> PromiseHappening:
    used = spoken(change.used_microseconds * MICROSECOND)
    moved = f"was due {local(change.was_due_at, civil)}, now due {local(change.due_at, civil)}"
    target = f"target {spoken(timedelta(seconds=change.target_seconds))}"
    says = f"{in_words(change.cause)}; {moved}; {used} used until then; {target}; {_versions(change)}"
    return PromiseHappening(change.changed_at, f"changed: {change.cause}", says, change.due_at)


def _versions(known: Certificate | CertificateChange) -> str:
    return f"calendar {known.calendar_version}, targets {known.targets_version}, tz {known.tz_version}"


def _happening(event: PromiseEvent, certificate: Certificate | None, civil: ZoneInfo) -> PromiseHappening:
    due_at = certificate.due_at if certificate else None
    match event:
        case FirstResponseNotPromised(opened_at=at, reason=reason):
            return PromiseHappening(at, "not promised", in_words(reason))
        case FirstResponseAtRisk(percent=percent, at_risk_at=at, due_at=due):
            left = f"{spoken(due - at)} were left by the clock"
            return PromiseHappening(
                at, "warned", f"{percent} % of the target was used up, and nobody had answered; {left}", due
            )
        case FirstResponseNotRetargeted(reason=reason, calendar_version=version, due_at=due):
            says = f"no deadline on version {version} of the calendar: {in_words(reason)}; it stays"
            return PromiseHappening(due, "not changed", says, due)
        case FirstResponseMet(responded_at=at, due_at=due):
            return PromiseHappening(at, "met", f"answered {spoken(due - at)} before the deadline by the clock", due)
        case FirstResponseBreached(breached_at=at, detected_at=detected_at):
            return PromiseHappening(
                at, "breached", f"nobody had answered in time; detected {spoken(detected_at - at)} later", at
            )
        case FirstResponseCancelled(cancelled_at=at, cause=cause, into=into):
            return PromiseHappening(at, "cancelled", in_words(cause) + (f": {into}" if into else ""), due_at)
        case FirstResponseReinstated(reinstated_at=at, certificate=known):
            return PromiseHappening(at, "reinstated", "the merge was undone: it runs again", known.due_at)
        case FirstResponseRestated(restated=verdict, promised=promised, cause=cause, restated_due_at=due):
            would = f"would be {verdict}, due {local(due, civil)}; the verdict {promised} stays"
            return PromiseHappening(due, "restated", f"{in_words(cause)}: {would}", due)
        case LaterResponseNoted(responded_at=at):
            return PromiseHappening(at, "answered", why_not_first(at, due_at), due_at)
        case ResponseNotApplied(responded_at=at, reason=reason):
            return PromiseHappening(at, "no response", in_words(reason), due_at)
        case CallNoted(called_at=at, reason=reason):
            return PromiseHappening(at, "call", in_words(reason), due_at)
        case CancellationNoted(cancelled_at=at, cause=cause, reason=reason):
            return PromiseHappening(at, "not cancelled", f"{in_words(cause)}, but {in_words(reason)}", due_at)
        case ReinstatementNotApplied(undone_at=at, reason=reason):
            return PromiseHappening(at, "merge undone", in_words(reason), due_at)
        case MergeNoted(merged_at=at, absorbed=absorbed, reason=reason):
            return PromiseHappening(at, "merged", f"{absorbed} was absorbed in it: {in_words(reason)}", due_at)
        case InternalTargetSet(transferred_at=at, centre=centre, due_at=due):
            says = f"to {centre}, which should answer by {local(due, civil)}; the promise stays"
            return PromiseHappening(at, "transferred", says, due_at)
        case InternalTargetNotSet(transferred_at=at, centre=centre, reason=reason):
            return PromiseHappening(at, "transferred", f"to {centre}, which gets no target: {in_words(reason)}", due_at)
        case FirstResponseClockStarted() | FirstResponseRetargeted():
            raise ValueError(f"{type(event).__name__} is told by its certificate")
        case _:
            assert_never(event)


def why_not_first(at: datetime, due_at: datetime | None) -> str:
    """Why an answer was only noted and met no promise."""
    if due_at is None or at <= due_at:
        return "by the deadline, but the promise had its end when it was told"
    return f"{spoken(at - due_at)} after the deadline by the clock"


def _answer(event: PromiseEvent, before: State) -> JudgedAnswer | None:
    certificate = _certificate(before)
    match event:
        case FirstResponseMet(responded_at=at):
            return JudgedAnswer(at, counts=True, why="by the deadline")
        case LaterResponseNoted(responded_at=at):
            return JudgedAnswer(at, counts=False, why=why_not_first(at, certificate.due_at if certificate else None))
        case ResponseNotApplied(responded_at=at, reason=reason):
            return JudgedAnswer(at, counts=False, why=in_words(reason))
        case _:  # whatever else comes, no other event judges an answer
            return None
