"""An answer to the customer: in time it meets the promise; a late one waits for the deadline to fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages.sla import FirstResponseMet, LaterResponseNoted, NotAResponse, ResponseNotApplied
from libs.messages.tickets import Channel, Medium, RespondedBy
from services.sla_timer.promise.state import Absorbed, Judged, NotPromised, Promise, State, Untracked, Waiting


@dataclass(frozen=True)
class RecordResponse:
    """The customer was answered at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    medium: Medium
    by: RespondedBy
    help_given: bool
    known_call: bool = False
    """Whether it is a call without help that was known before."""


@dataclass(frozen=True)
class JudgeAnswer:
    """The answer of `occurred_at` was late, and is in time now that the deadline is later; a duty."""

    occurred_at: datetime


@dataclass(frozen=True)
class MeetMerged:
    """An answer at `occurred_at` on a ticket that this one was part of by then, however that was told; a duty."""

    occurred_at: datetime


def respond(state: State, command: RecordResponse) -> FirstResponseMet | LaterResponseNoted | ResponseNotApplied:
    """Judge an answer; a late one is only noted: one in time may still come before the deadline fires."""
    match state:
        case _ if command.by is RespondedBy.AUTOMATIC:
            return _not_applied(command, NotAResponse.AUTOMATIC)
        case _ if command.known_call:
            return _not_applied(command, NotAResponse.CALL_WITHOUT_HELP)
        case Untracked() | NotPromised():
            return _not_applied(command, NotAResponse.NO_PROMISE)
        case Waiting(promise=made) | Judged(promise=made) if _is_the_opening_call(made, command):
            return _not_applied(command, NotAResponse.CALL_WITHOUT_HELP)
        case Waiting(promise=made) | Judged(promise=made) if command.occurred_at < made.opened_at:
            return _not_applied(command, NotAResponse.BEFORE_OPENING)
        case Waiting(promise=made) if behind := absorbed_after(made.absorbed, command.occurred_at):
            return _respond_before_a_merge(made, command, behind)
        case Waiting(promise=made) if command.occurred_at <= made.due_at:
            return _met(made, command.occurred_at)
        case Waiting():
            return LaterResponseNoted(ticket=command.ticket, responded_at=command.occurred_at)
        case Judged():
            return _noted(state, command)
        case _:
            assert_never(state)


def _noted(state: Judged, command: RecordResponse) -> LaterResponseNoted:
    """Note an answer after the end; one that was not known is one for merged tickets as well."""
    at = command.occurred_at
    if at in state.answers:
        return LaterResponseNoted(ticket=command.ticket, responded_at=at)
    beside = tuple(one.ticket for one in state.beside if one.merged_at < at)
    into = state.into if state.merged_at and state.merged_at < at else None
    return LaterResponseNoted(ticket=command.ticket, responded_at=at, absorbed=beside, into=into)


def absorbed_after(absorbed: Sequence[Absorbed], instant: datetime) -> tuple[Absorbed, ...]:
    """The tickets that were absorbed after an answer: it was none to whoever had asked on them."""
    return tuple(one for one in absorbed if instant <= one.merged_at)


def _respond_before_a_merge(
    made: Promise, command: RecordResponse, behind: tuple[Absorbed, ...]
) -> FirstResponseMet | LaterResponseNoted:
    """Judge an answer that was given before some tickets were absorbed, and give these their promises back.

    It is no answer to whoever asked on them, so it is judged by the deadline without theirs.
    """
    answered = [one.certificate.due_at for one in made.absorbed if one not in behind]
    due_at, at = min([(made.own or made.certificate).due_at, *answered]), command.occurred_at
    if at > due_at:
        return LaterResponseNoted(ticket=command.ticket, responded_at=at)
    met = _met(made, at)
    return met.model_copy(update={"due_at": due_at, "handed_back": tuple(one.ticket for one in behind)})


def meet_merged(state: State, command: MeetMerged) -> FirstResponseMet | None:
    """Meet a promise that runs; those of tickets absorbed after the answer are handed back."""
    match state:
        case Waiting(promise=made) if command.occurred_at <= made.due_at:
            behind = absorbed_after(made.absorbed, command.occurred_at)
            met = _met(made, command.occurred_at)
            return met.model_copy(update={"handed_back": tuple(one.ticket for one in behind)})
        case _:
            return None


def judge_answer(state: State, command: JudgeAnswer) -> FirstResponseMet | None:
    """Meet the promise by an answer that was late and is in time by the newer deadline."""
    match state:
        case Waiting(promise=made, late_at=at) if at is not None and at == command.occurred_at <= made.due_at:
            return _met(made, at)
        case _:
            return None


def _is_the_opening_call(made: Promise, command: RecordResponse) -> bool:
    """Whether the answer is the call that opened the ticket, without help given in it.

    Were that a response, the 2 h by telephone would promise nothing. Events from before `known_call` do not say so:
    they are recognized by the instant, which is that of the opening.
    """
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
