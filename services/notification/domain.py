"""The notice: one thing to tell one recipient, from the request to its end.

What an attempt to deliver it may lead to is in `delivery.py`, what a person may order in `orders.py`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.decider import Decider, Deciders, IdUsedOtherwise
from libs.messages.notices import (
    Cancellation,
    NoticeAmbiguous,
    NoticeCancelled,
    NoticeClass,
    NoticeDeferred,
    NoticeEvent,
    NoticeFacts,
    NoticeFailed,
    NoticeHandingOver,
    NoticeOrderRefused,
    NoticeRequested,
    NoticeResendOrdered,
    NoticeRole,
    NoticeSent,
    NoticeSettled,
    OrderRefusal,
    Recipient,
)
from services.notification.notice.delivery import (
    AbandonClaim,
    ClaimHandOver,
    RecordAmbiguous,
    RecordDeferred,
    RecordFailed,
    RecordSent,
    Result,
    abandon,
    claim,
    conclude,
)
from services.notification.notice.orders import OrderResend, Settle, not_followed, resend, settle
from services.notification.notice.state import (
    Ambiguous,
    Claim,
    Deferred,
    Done,
    HandingOver,
    Notice,
    Requested,
    State,
    Unknown,
    known,
)

OURSELVES = "notification"


@dataclass(frozen=True)
class RequestNotice:
    """Request a notice; issued by a reaction."""

    occurred_at: datetime
    role: NoticeRole
    notice_class: NoticeClass
    about_event: str
    about_stream: str
    about_sequence: int
    recipient: Recipient
    language: str
    template: str
    facts: NoticeFacts
    message_id: str
    territory: str | None = None
    not_before: datetime | None = None
    """The mail leaves from then on; None: at once."""


@dataclass(frozen=True)
class CancelNotice:
    """Cancel a notice that has no recipient any more, or that has become untrue."""

    occurred_at: datetime
    cause: Cancellation


Duty = ClaimHandOver | Result | AbandonClaim | CancelNotice
Order = OrderResend | Settle
Command = RequestNotice | Duty | Order | IdUsedOtherwise[Order]


def decide(state: State, command: Command) -> NoticeEvent | None:
    """Answer a command with one event; None where a duty or the result of an attempt changes nothing."""
    match command:
        case RequestNotice():
            return _request(state, command)
        case ClaimHandOver():
            return claim(state, command)
        case RecordSent() | RecordDeferred() | RecordFailed() | RecordAmbiguous():
            return conclude(state, command)
        case AbandonClaim():
            return abandon(state, command)
        case CancelNotice():
            return _cancel(state, command)
        case OrderResend():
            return resend(state, command)
        case Settle():
            return settle(state, command)
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return not_followed(at, wish.by, OrderRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def _request(state: State, command: RequestNotice) -> NoticeRequested | NoticeOrderRefused:
    if not isinstance(state, Unknown):
        return not_followed(command.occurred_at, OURSELVES, OrderRefusal.ALREADY_REQUESTED)
    return NoticeRequested(
        requested_at=command.occurred_at,
        role=command.role,
        notice_class=command.notice_class,
        about_event=command.about_event,
        about_stream=command.about_stream,
        about_sequence=command.about_sequence,
        recipient=command.recipient,
        language=command.language,
        territory=command.territory,
        template=command.template,
        facts=command.facts,
        message_id=command.message_id,
        not_before=command.not_before,
    )


def _cancel(state: State, command: CancelNotice) -> NoticeCancelled | None:
    match state:
        case Requested() | Deferred() | Ambiguous(will_resend=True):
            return NoticeCancelled(cancelled_at=command.occurred_at, cause=command.cause)
        case _:
            return None


def evolve(state: State, event: NoticeEvent) -> State:
    """Fold an event into the state."""
    match event:
        case NoticeRequested():
            return Requested(Notice(event.notice_class), event.not_before)
        case NoticeHandingOver():
            return _handing_over(state, event)
        case NoticeSent():
            return Done(known(state), "sent")
        case NoticeDeferred():
            notice = known(state)
            return Deferred(replace(notice, failures=notice.failures + 1), event.retry_at)
        case NoticeFailed():
            return Done(known(state), "failed")
        case NoticeAmbiguous():
            return _in_doubt(state, event)
        case NoticeCancelled(cause=cause):
            in_doubt = state.claim if isinstance(state, Ambiguous) else None
            return Done(known(state), "cancelled", cause, in_doubt)
        case NoticeResendOrdered():
            return Requested(replace(known(state), failures=0, trying_since=None))
        case NoticeSettled():
            return Done(known(state), "settled")
        case NoticeOrderRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, NoticeEvent] = Decider(Unknown(), decide, evolve)
DECIDERS: Deciders = {"notice": DECIDER}


def _handing_over(state: State, event: NoticeHandingOver) -> HandingOver:
    before = known(state)
    notice = replace(
        before,
        attempts=event.attempt,
        trying_since=before.trying_since or event.claimed_at,
        sent_again=before.sent_again or isinstance(state, Ambiguous),
    )
    return HandingOver(notice, Claim(event.process, event.attempt), event.claimed_wall)


def _in_doubt(state: State, event: NoticeAmbiguous) -> Ambiguous:
    if not isinstance(state, HandingOver):
        raise ValueError(f"a delivery is in doubt that nobody made: the notice is {state.state}")  # noqa: TRY004
    return Ambiguous(state.notice, state.claim, event.will_resend)
