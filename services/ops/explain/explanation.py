"""What became of the promise of a ticket, and why: put together from its events and what was published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

from libs.messages.certificates import Certificate
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseRestated,
    InternalTargetSet,
    NoPromise,
    PromiseEvent,
    RestatementCause,
)
from libs.messages.tickets import CoverRestated, TicketOpened, TicketRefused
from libs.workcal import zone
from services.ops.explain.days import Calendars, DayLine, days_of
from services.ops.explain.life import JudgedAnswer, PromiseHappening, answers, life
from services.ops.sla.grounds import Grounds
from services.ops.sla.response_times import TimedAnswer, Times, as_promised
from services.ops.speech.speech import IN_ENGLISH, Speech
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.state import Judged, NotPromised, State, Waiting

E = TypeVar("E")
STATES = {"waiting": "running", "untracked": "none"}
"""States that are named otherwise to people."""


class Restated(NamedTuple):
    """What the verdict would be, None while it runs, by which deadline, and why."""

    verdict: str | None
    due_at: datetime
    cause: RestatementCause | None


@dataclass(frozen=True)
class RecordedPromise:
    """All that was recorded of a ticket's opening and of its promise, in the order of recording."""

    ticket: str
    opened: TicketOpened | TicketRefused | None
    events: Sequence[PromiseEvent]
    recorded_at: datetime | None = None
    """When the opening was recorded, which may be long after it."""
    restated: CoverRestated | None = None
    """That it was refused, though it was under cover at the instant at which it was asked for."""


@dataclass(frozen=True)
class Explanation:
    """The life of a promise. Without one `certificate` and `started` are None, and `no_promise` may say why."""

    told: RecordedPromise
    speech: Speech
    """In which it is said."""
    civil: ZoneInfo
    state: str
    """met, breached, cancelled, running, not-promised or none."""
    started: Certificate | None
    """As it was promised."""
    certificate: Certificate | None
    """As it stands."""
    targets_published_at: datetime | None
    no_promise: NoPromise | None
    life: Sequence[PromiseHappening]
    days: Sequence[DayLine]
    answers: Sequence[JudgedAnswer]
    warnings: Sequence[FirstResponseAtRisk]
    breached: FirstResponseBreached | None
    responded_at: datetime | None
    times: Times | None
    """Of the earliest answer that is known, in time or late."""
    restated: Restated | None
    internal_targets: Sequence[InternalTargetSet]
    """Of each transfer; none lies after the promise, also where that became earlier since."""


def recorded_promise(ticket: str, recorded: Iterable[tuple[Any, datetime | None]]) -> RecordedPromise:
    """Take from events and the instants at which they were recorded what a promise is explained by."""
    opening, recorded_at, restated, events = None, None, None, list[PromiseEvent]()
    for event, at in recorded:
        if isinstance(event, TicketOpened | TicketRefused):
            opening, recorded_at = event, at
        elif isinstance(event, CoverRestated):
            restated = event
        elif isinstance(event, get_args(PromiseEvent)):
            events.append(cast("PromiseEvent", event))
    return RecordedPromise(ticket, opening, events, recorded_at, restated)


def explain(told: RecordedPromise, grounds: Grounds, speech: Speech = IN_ENGLISH) -> Explanation:
    """Put an explanation together; raises LookupError where a calendar that it stands on is not published."""
    state = DECIDER.replay(told.events)
    certificate, responded_at = _certificate(state), _responded_at(state)
    started = next((e.certificate for e in told.events if isinstance(e, FirstResponseClockStarted)), None)
    civil = zone(certificate.zone if certificate else _zone(told, grounds))
    return Explanation(
        told=told,
        speech=speech,
        civil=civil,
        state=str(state.verdict) if isinstance(state, Judged) else STATES.get(state.state, state.state),
        started=started,
        certificate=certificate,
        targets_published_at=_targets_published_at(started, grounds),
        no_promise=state.reason if isinstance(state, NotPromised) else None,
        life=life(told.events, civil, speech),
        days=days_of(certificate, _calendars(grounds, certificate.centre), speech) if certificate else (),
        answers=answers(told.events, speech),
        warnings=[e for e in told.events if isinstance(e, FirstResponseAtRisk)],
        breached=_last(told.events, FirstResponseBreached),
        responded_at=responded_at,
        times=_times(certificate, responded_at, grounds) if certificate and responded_at else None,
        restated=_restated(state, told.events),
        internal_targets=[_aimed(e, certificate) for e in told.events if isinstance(e, InternalTargetSet)],
    )


def _aimed(target: InternalTargetSet, certificate: Certificate | None) -> InternalTargetSet:
    due_at = min(target.due_at, certificate.due_at) if certificate else target.due_at
    return target.model_copy(update={"due_at": due_at})


def _certificate(state: State) -> Certificate | None:
    return state.promise.certificate if isinstance(state, Waiting | Judged) else None


def _responded_at(state: State) -> datetime | None:
    match state:
        case Waiting(late_at=at) | Judged(responded_at=at):
            return at
        case _:
            return None


def _zone(told: RecordedPromise, grounds: Grounds) -> str:
    """The zone of the ticket's centre; UTC where there is none."""
    centre = told.opened.centre if told.opened else None
    return grounds.newest(centre).zone if centre and centre in grounds.calendars else "UTC"


def _calendars(grounds: Grounds, centre: str) -> Calendars:
    return {one.content.version: one.content for one in grounds.calendars.get(centre, ())}


def _targets_published_at(started: Certificate | None, grounds: Grounds) -> datetime | None:
    version = started.targets_version if started else None
    return next((one.published_at for one in grounds.targets if one.content.version == version), None)


def _last(events: Iterable[PromiseEvent], kind: type[E]) -> E | None:
    return next((event for event in reversed(list(events)) if isinstance(event, kind)), None)


def _times(certificate: Certificate, responded_at: datetime, grounds: Grounds) -> Times:
    since, due_at, centre = certificate.opened_at, certificate.due_at, certificate.centre
    return as_promised(TimedAnswer(responded_at, since, due_at, centre, certificate.intervals), grounds)


def _restated(state: State, events: Sequence[PromiseEvent]) -> Restated | None:
    """What was restated last, since the promise began to run for the last time."""
    said = _last(events, FirstResponseRestated)
    match state:
        case Waiting(restated_due_at=datetime() as due_at):
            return Restated(None, due_at, None)
        case Judged(restated=verdict) if said is not None and verdict is not None:
            return Restated(str(verdict), said.restated_due_at, said.cause)
        case _:
            return None
