"""One attempt to deliver a notice: the claim before it, its result after it, and what follows where there is none.

A process may send only once its own claim is known to count. If a claim has no result when the mail server's time is
over, the mail may have been accepted: the notice is ambiguous until the result comes after all or a person settles it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from libs.messages.notices import (
    DeliveryProblem,
    NoticeAmbiguous,
    NoticeClass,
    NoticeDeferred,
    NoticeFailed,
    NoticeHandingOver,
    NoticeSent,
)
from services.notification.notice.state import (
    Ambiguous,
    Claim,
    Deferred,
    Done,
    HandingOver,
    Notice,
    Requested,
    State,
    known,
)

SENT_AGAIN = frozenset(
    {
        NoticeClass.BREACH,
        NoticeClass.RESTATEMENT,
        NoticeClass.WARNING,
        NoticeClass.NO_PROMISE,
        NoticeClass.ADDRESS_IN_DOUBT,
    }
)
"""Ambiguous deliveries of these are made once more: a centre had better be told twice than never. Others wait for a
person."""
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""Plan time to wait after the first, second, third … failure; after that always the last."""
GIVE_UP = timedelta(hours=24)
"""Plan time within which it is tried, from the first attempt."""


@dataclass(frozen=True)
class ClaimHandOver:
    """This process is about to hand the message over; `wall` is its machine's clock."""

    occurred_at: datetime
    claim: Claim
    wall: datetime


@dataclass(frozen=True)
class RecordSent:
    """The mail server took it."""

    occurred_at: datetime
    claim: Claim
    smtp_code: int


@dataclass(frozen=True)
class RecordDeferred:
    """The mail server did not take it, for now."""

    occurred_at: datetime
    claim: Claim
    problem: DeliveryProblem
    smtp_code: int | None = None
    enhanced_code: str | None = None


@dataclass(frozen=True)
class RecordFailed:
    """It can not be delivered, now or later."""

    occurred_at: datetime
    claim: Claim
    problem: DeliveryProblem
    smtp_code: int | None = None
    enhanced_code: str | None = None


@dataclass(frozen=True)
class RecordAmbiguous:
    """The mail server had it and did not answer."""

    occurred_at: datetime
    claim: Claim


@dataclass(frozen=True)
class AbandonClaim:
    """A claim was found without a result; it is given up if it is older than `limit` at `wall`, the machine's time."""

    occurred_at: datetime
    claim: Claim
    wall: datetime
    limit: timedelta


Result = RecordSent | RecordDeferred | RecordFailed | RecordAmbiguous


def claim(state: State, command: ClaimHandOver) -> NoticeHandingOver | None:
    """Assign the notice to one process; None where it is not free or the attempt is not the next one."""
    if not _is_free(state, command.occurred_at) or command.claim.attempt != known(state).attempts + 1:
        return None
    return NoticeHandingOver(
        attempt=command.claim.attempt,
        process=command.claim.process,
        claimed_at=command.occurred_at,
        claimed_wall=command.wall,
    )


def _is_free(state: State, now: datetime) -> bool:
    match state:
        case Requested():
            return state.not_before is None or now >= state.not_before
        case Deferred():
            return now >= state.retry_at
        case Ambiguous():
            return state.will_resend
        case _:
            return False


def conclude(state: State, command: Result) -> NoticeSent | NoticeDeferred | NoticeFailed | NoticeAmbiguous | None:
    """A result counts only for the claim that it belongs to; one that comes late settles an ambiguous delivery.

    That the mail had gone counts even where the notice was cancelled meanwhile, so as not to be sent once more.
    """
    if isinstance(state, Done) and state.claim == command.claim and isinstance(command, RecordSent):
        return _sent(command)
    if not isinstance(state, HandingOver | Ambiguous) or state.claim != command.claim:
        return None
    match command:
        case RecordSent():
            return _sent(command)
        case RecordDeferred():
            return _deferred(state.notice, command)
        case RecordFailed():
            return _failed(command, command.problem)
        case RecordAmbiguous():
            return _ambiguous(state, command.occurred_at)
        case _:
            assert_never(command)


def _sent(command: RecordSent) -> NoticeSent:
    return NoticeSent(attempt=command.claim.attempt, sent_at=command.occurred_at, smtp_code=command.smtp_code)


def abandon(state: State, command: AbandonClaim) -> NoticeAmbiguous | None:
    """Abandon the claim of a process that is gone; None before the mail server's time is over."""
    if not isinstance(state, HandingOver) or state.claim != command.claim:
        return None
    return _ambiguous(state, command.occurred_at) if command.wall >= state.wall + command.limit else None


def retry_at(trying_since: datetime, failures: int, now: datetime) -> datetime | None:
    """The next attempt after so many failures (1, 2 …); None where it would be beyond `GIVE_UP`."""
    next_try = now + RETRIES[min(failures, len(RETRIES)) - 1]
    return next_try if next_try <= trying_since + GIVE_UP else None


def _deferred(notice: Notice, command: RecordDeferred) -> NoticeDeferred | NoticeFailed:
    again = retry_at(notice.trying_since or command.occurred_at, notice.failures + 1, command.occurred_at)
    if again is None:
        return _failed(command, DeliveryProblem.TOO_MANY_ATTEMPTS)
    return NoticeDeferred(
        attempt=command.claim.attempt,
        deferred_at=command.occurred_at,
        problem=command.problem,
        smtp_code=command.smtp_code,
        enhanced_code=command.enhanced_code,
        retry_at=again,
    )


def _failed(command: RecordDeferred | RecordFailed, problem: DeliveryProblem) -> NoticeFailed:
    return NoticeFailed(
        attempt=command.claim.attempt,
        failed_at=command.occurred_at,
        problem=problem,
        smtp_code=command.smtp_code,
        enhanced_code=command.enhanced_code,
    )


def _ambiguous(state: HandingOver | Ambiguous, at: datetime) -> NoticeAmbiguous | None:
    if isinstance(state, Ambiguous):
        return None
    again = state.notice.notice_class in SENT_AGAIN and not state.notice.sent_again
    return NoticeAmbiguous(attempt=state.claim.attempt, noticed_at=at, will_resend=again)
