"""What a person may order about a notice, through the door; every order leaves an event."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages.notices import (
    Cancellation,
    NoticeOrderRefused,
    NoticeResendOrdered,
    NoticeSettled,
    OrderRefusal,
    Settlement,
)
from services.notification.notice.state import Ambiguous, Deferred, Done, HandingOver, Requested, State, Unknown


@dataclass(frozen=True)
class OrderResend:
    """Send it again; `cause` says why it is not to be sent any more, by what is known of its subject and recipient."""

    occurred_at: datetime
    by: str
    cause: Cancellation | None = None


@dataclass(frozen=True)
class Settle:
    """Record what a person found out about an ambiguous delivery."""

    occurred_at: datetime
    by: str
    settled_as: Settlement


def resend(state: State, command: OrderResend) -> NoticeResendOrdered | NoticeOrderRefused:
    """Order a notice again, unless it is still to be sent, is being sent, is untrue, or its recipient was erased."""
    reason = _reason_not_to_send(state, command.cause)
    if reason:
        return not_followed(command.occurred_at, command.by, reason)
    return NoticeResendOrdered(ordered_at=command.occurred_at, by=command.by)


def _reason_not_to_send(state: State, cause: Cancellation | None) -> OrderRefusal | None:
    match state:
        case Unknown():
            return OrderRefusal.UNKNOWN_NOTICE
        case HandingOver():
            return OrderRefusal.BEING_SENT
        case Requested() | Deferred() | Ambiguous(will_resend=True):
            return OrderRefusal.STILL_TO_BE_SENT
        case Ambiguous():
            return _refusal(cause)
        case Done():
            return _refusal(cause or state.cause)
        case _:
            assert_never(state)


def _refusal(cause: Cancellation | None) -> OrderRefusal | None:
    if cause is Cancellation.PERSON_ERASED:
        return OrderRefusal.PERSON_ERASED
    return OrderRefusal.NO_LONGER_TRUE if cause else None


def settle(state: State, command: Settle) -> NoticeSettled | NoticeOrderRefused:
    """Settle an ambiguous notice, also one that was about to be sent once more."""
    match state:
        case Ambiguous():
            return NoticeSettled(settled_at=command.occurred_at, by=command.by, settled_as=command.settled_as)
        case Unknown():
            return not_followed(command.occurred_at, command.by, OrderRefusal.UNKNOWN_NOTICE)
        case _:
            return not_followed(command.occurred_at, command.by, OrderRefusal.NOT_AMBIGUOUS)


def not_followed(at: datetime, by: str, reason: OrderRefusal) -> NoticeOrderRefused:
    """The refusal of an order, which changes nothing, with its reason."""
    return NoticeOrderRefused(refused_at=at, by=by, reason=reason)
