"""What is known of a promise: it runs, it has its end, or none was made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from libs.messages.base import PrivateKey
from libs.messages.certificates import AtRisk, Certificate
from libs.messages.sla import CancellationCause, FirstResponseNotPromised, NoPromise, Verdict
from libs.messages.tickets import Channel


@dataclass(frozen=True)
class Absorbed:
    """The promise of a ticket that was absorbed in this one."""

    ticket: str
    certificate: Certificate
    merged_at: datetime
    passed_over: int = 0
    """As of a promise that runs: the version of a calendar on which it could be given no deadline."""
    passed_over_tz: str | None = None


@dataclass(frozen=True)
class Untracked:
    """No promise made or refused yet; answers and merges may come first, from a ticket absorbed in this one."""

    absorbed: tuple[Absorbed, ...] = ()
    answers: tuple[datetime, ...] = ()
    state: Literal["untracked"] = "untracked"


@dataclass(frozen=True)
class Promise:
    """What is promised, to whom, and how the ticket was opened.

    `calls` are those known about it, in order, `owed_calls` those of them that were noted and are still to be reckoned.
    """

    ticket: str
    customer: str
    centre: str
    channel: Channel
    private: PrivateKey
    language: str
    certificate: Certificate
    calls: tuple[datetime, ...] = ()
    owed_calls: tuple[datetime, ...] = ()
    own: Certificate | None = None
    """The ticket's own promise, where others were absorbed: `certificate` is the earliest of all that it stands for."""
    absorbed: tuple[Absorbed, ...] = ()
    worked_on_by: str | None = None
    """The centre that the ticket was transferred to last, at `transferred_at`."""
    transferred_at: datetime | None = None

    @property
    def transferred_to(self) -> str | None:
        """The centre that has the ticket, where that is not the one that promised."""
        return self.worked_on_by if self.worked_on_by != self.centre else None

    @property
    def opened_at(self) -> datetime:
        """When the ticket was opened."""
        return self.certificate.opened_at

    @property
    def due_at(self) -> datetime:
        """The deadline."""
        return self.certificate.due_at


@dataclass(frozen=True)
class Waiting:
    """A promise that runs; `late_at` is the earliest answer known that came after the deadline.

    `passed_over` is the version of a calendar on which no deadline could be given, 0 where there was none, and
    `passed_over_tz` that of the tz database;
    `restated_due_at` is the deadline if all had been known from the opening on, where it is another one.
    """

    promise: Promise
    warned: int = 0
    """The greatest share of the target, in percent, that somebody was warned of."""
    late_at: datetime | None = None
    passed_over: int = 0
    passed_over_tz: str | None = None
    restated_due_at: datetime | None = None
    cancelled_at: datetime | None = None
    """A cancellation that came after the deadline."""
    undone: tuple[tuple[str, datetime], ...] = ()
    """Tickets that are not absorbed after all, where that was read before their promises were passed on, and when."""
    state: Literal["waiting"] = "waiting"


@dataclass(frozen=True)
class Judged:
    """A promise with its verdict, which stays; beside it what was restated of it, and on which calendar.

    `responded_at` is the earliest answer known, `cause` that of a cancellation.
    """

    promise: Promise
    verdict: Verdict
    responded_at: datetime | None = None
    cancelled_at: datetime | None = None
    cause: CancellationCause | None = None
    restated_due_at: datetime | None = None
    restated: Verdict | None = None
    calendar_version: int = 0
    into: str | None = None
    """The survivor, where its ticket was absorbed at `merged_at`."""
    merged_at: datetime | None = None
    warned: int = 0
    answers: tuple[datetime, ...] = ()
    """The last answers, for promises of tickets that may have been absorbed before them."""
    beside: tuple[Absorbed, ...] = ()
    """Promises of tickets that were absorbed after its end: they go on by themselves."""
    state: Literal["judged"] = "judged"


UNDONE_AT_MOST = 20
ANSWERS_AT_MOST = 20  # that a promise remembers after its end, so that its state stays small


@dataclass(frozen=True)
class NotPromised:
    """No deadline could be given; once the plan has what was wanting, it is reconsidered, if nobody has answered.

    `calls` are those known by now, which are reckoned then.
    """

    reason: NoPromise
    asked: FirstResponseNotPromised | None = None
    """For which ticket, and on what, none could be given last."""
    responded_at: datetime | None = None
    cancelled_at: datetime | None = None
    calls: tuple[datetime, ...] = ()
    state: Literal["not-promised"] = "not-promised"


def warnings_left(certificate: Certificate, warned: int) -> tuple[AtRisk, ...]:
    """The warnings that are still due after the one at `warned` percent."""
    return tuple(one for one in certificate.at_risk if one.percent > warned)


State = Untracked | Waiting | Judged | NotPromised


def with_answer(state: State, at: datetime) -> State:
    """Remember an answer: the earliest one counts."""
    match state:
        case Waiting():
            return replace(state, late_at=min(at, state.late_at or at))
        case Judged():
            answers = (*state.answers, at)[-ANSWERS_AT_MOST:]
            return replace(state, responded_at=min(at, state.responded_at or at), answers=answers)
        case Untracked():
            return replace(state, answers=(*state.answers, at))
        case NotPromised():
            return replace(state, responded_at=min(at, state.responded_at or at))
        case _:
            assert_never(state)


def with_call(state: State, at: datetime, restated_due_at: datetime | None, *, is_owed: bool = False) -> State:
    """Remember a call, and the deadline as it would be with it; one that `is_owed` is still to be reckoned."""
    match state:
        case Waiting() | Judged():
            made = state.promise
            owed = (*made.owed_calls, at) if is_owed else ()
            promise = replace(made, calls=tuple(sorted({*made.calls, at})), owed_calls=owed)
            return replace(state, promise=promise, restated_due_at=restated_due_at or state.restated_due_at)
        case NotPromised():
            return replace(state, calls=tuple(sorted({*state.calls, at})))
        case Untracked():
            return state
        case _:
            assert_never(state)


def with_transfer(state: State, at: datetime, centre: str) -> State:
    """Remember which centre has the ticket: the one of the latest transfer; after the verdict it stays as it was."""
    match state:
        case Waiting(promise=made) if made.transferred_at is None or made.transferred_at <= at:
            return replace(state, promise=replace(made, worked_on_by=centre, transferred_at=at))
        case _:
            return state


def with_cancellation(state: State, at: datetime, into: str | None = None) -> State:
    """Remember a withdrawal or a merge that came too late: the earliest one counts."""
    match state:
        case Judged() if into is not None:
            return replace(state, cancelled_at=min(at, state.cancelled_at or at), into=into, merged_at=at)
        case Waiting() | Judged() | NotPromised():
            return replace(state, cancelled_at=min(at, state.cancelled_at or at))
        case Untracked():
            return state
        case _:
            assert_never(state)


def with_absorbed(state: State, absorbed: Absorbed) -> State:
    """Remember the promise of an absorbed ticket, whether it is taken over or goes on by itself."""
    match state:
        case Untracked():
            return replace(state, absorbed=with_one(state.absorbed, absorbed))
        case Waiting(promise=made):
            kept = replace(made, own=made.own or made.certificate, absorbed=with_one(made.absorbed, absorbed))
            return replace(state, promise=kept)
        case Judged():
            return replace(state, beside=with_one(state.beside, absorbed))
        case NotPromised():
            return state
        case _:
            assert_never(state)


def with_one(absorbed: Iterable[Absorbed], another: Absorbed) -> tuple[Absorbed, ...]:
    """The promises of absorbed tickets with another one, which stands in the place of one of the same ticket."""
    return (*_without(absorbed, another.ticket), another)


def without_absorbed(state: State, ticket: str, undone_at: datetime) -> State:
    """Forget the promise of a ticket whose merge was undone, and do not take it over where it is still to come."""
    match state:
        case Untracked():
            return replace(state, absorbed=_without(state.absorbed, ticket))
        case Waiting(promise=made):
            left = _without(made.absorbed, ticket)
            alone = replace(made, absorbed=left, own=made.own if left else None)
            return replace(state, promise=alone, undone=(*state.undone, (ticket, undone_at))[-UNDONE_AT_MOST:])
        case Judged():
            return replace(state, beside=_without(state.beside, ticket))
        case NotPromised():
            return state
        case _:
            assert_never(state)


def _without(absorbed: Iterable[Absorbed], ticket: str) -> tuple[Absorbed, ...]:
    return tuple(one for one in absorbed if one.ticket != ticket)
