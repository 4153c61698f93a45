"""An answer to the customer: in time it meets the promise; a late one waits for the deadline to fire."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages.sla import FirstResponseMet, LaterResponseNoted, NotAResponse, ResponseNotApplied
from libs.messages.tickets import Channel, Medium, RespondedBy
from services.sla_timer.promise.state import Judged, NotPromised, Promise, State, Untracked, Waiting


@dataclass(frozen=True)
class RecordResponse:
    """The customer was answered at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    medium: Medium
    by: RespondedBy
    help_given: bool


@dataclass(frozen=True)
class JudgeAnswer:
    """The answer of `occurred_at` was late, and is in time now that the deadline is later; a duty."""

    occurred_at: datetime


def respond(state: State, command: RecordResponse) -> FirstResponseMet | LaterResponseNoted | ResponseNotApplied:
    """Judge an answer; a late one is only noted: one in time may still come before the deadline fires."""
    match state:
        case _ if command.by is RespondedBy.AUTOMATIC:
            return _not_applied(command, NotAResponse.AUTOMATIC)
        case Untracked() | NotPromised():
            return _not_applied(command, NotAResponse.NO_PROMISE)
        case Waiting(promise=made) | Judged(promise=made) if _is_the_opening_call(made, command):
            return _not_applied(command, NotAResponse.CALL_WITHOUT_HELP)
        case Waiting(promise=made) | Judged(promise=made) if command.occurred_at < made.opened_at:
            return _not_applied(command, NotAResponse.BEFORE_OPENING)
        case Waiting(promise=made) if command.occurred_at <= made.due_at:
            return _met(made, command.occurred_at)
        case Waiting() | Judged():
            return LaterResponseNoted(ticket=command.ticket, responded_at=command.occurred_at)
        case _:
            assert_never(state)


def judge_answer(state: State, command: JudgeAnswer) -> FirstResponseMet | None:
    """Meet the promise by an answer that was late and is in time by the newer deadline."""
    match state:
        case Waiting(promise=made, late_at=at) if at is not None and at == command.occurred_at <= made.due_at:
            return _met(made, at)
        case _:
            return None


def _is_the_opening_call(made: Promise, command: RecordResponse) -> bool:
    """Whether it is the opening call without help: were that a response, the 2 h by telephone would promise nothing."""
    is_call = made.channel is Channel.PHONE and command.medium is Medium.CALL
    return is_call and command.occurred_at == made.opened_at and not command.help_given


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
