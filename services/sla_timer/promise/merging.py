"""The promise of a withdrawn or absorbed ticket ends without a verdict; a survivor keeps the earlier deadline."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.messages.certificates import Certificate
from libs.messages.sla import (
    CancellationCause,
    CancellationNoted,
    FirstResponseCancelled,
    FirstResponseMet,
    FirstResponseReinstated,
    FirstResponseRetargeted,
    MergeNoted,
    NotChanged,
    ReinstatementNotApplied,
    Verdict,
)
from libs.plan import with_merge
from services.sla_timer.promise.recompute import retargeted
from services.sla_timer.promise.state import Judged, NotPromised, State, Untracked, Waiting


@dataclass(frozen=True)
class CancelPromise:
    """The ticket was withdrawn by the customer, or absorbed, at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    cause: CancellationCause
    into: str | None = None


@dataclass(frozen=True)
class ReinstatePromise:
    """The merge of the ticket was undone at `occurred_at`."""

    occurred_at: datetime
    ticket: str


@dataclass(frozen=True)
class AdoptPromise:
    """Another ticket, whose promise ran, was absorbed at `occurred_at` in this one."""

    occurred_at: datetime
    ticket: str
    absorbed: str
    certificate: Certificate


def cancel(state: State, command: CancelPromise) -> FirstResponseCancelled | CancellationNoted:
    """End a promise that runs; one whose deadline has passed by then comes to its verdict."""
    match state:
        case Waiting(promise=made) if command.occurred_at <= made.due_at:
            return FirstResponseCancelled(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                cause=command.cause,
                cancelled_at=command.occurred_at,
                into=command.into,
                certificate=made.certificate,
            )
        case Waiting() | Judged():
            return _noted(command, NotChanged.OVER)
        case Untracked() | NotPromised():
            return _noted(command, NotChanged.NO_PROMISE)
        case _:
            assert_never(state)


def reinstate(
    state: State, command: ReinstatePromise
) -> FirstResponseReinstated | FirstResponseMet | ReinstatementNotApplied:
    """Let a promise run again since its ticket's merge was undone; an answer in time that came meanwhile meets it."""
    match state:
        case Judged(verdict=Verdict.CANCELLED, cause=CancellationCause.MERGED, promise=made):
            if state.responded_at is not None and state.responded_at <= made.due_at:
                return FirstResponseMet(
                    ticket=made.ticket,
                    centre=made.centre,
                    channel=made.channel,
                    responded_at=state.responded_at,
                    due_at=made.due_at,
                )
            return FirstResponseReinstated(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                reinstated_at=command.occurred_at,
                certificate=made.certificate,
            )
        case _:
            reason = NotChanged.NOT_CANCELLED if isinstance(state, Waiting | Judged) else NotChanged.NO_PROMISE
            return ReinstatementNotApplied(ticket=command.ticket, undone_at=command.occurred_at, reason=reason)


def adopt(state: State, command: AdoptPromise) -> FirstResponseRetargeted | MergeNoted:
    """Take over the promise of an absorbed ticket where it is the earlier one."""
    match state:
        case Waiting(promise=made):
            certificate = with_merge(made.certificate, command.certificate, command.occurred_at)
            if certificate == made.certificate:
                return _merged(command, NotChanged.NOT_EARLIER)
            after = replace(made, certificate=certificate)
            return retargeted(made, after, (), None)
        case Judged():
            return _merged(command, NotChanged.OVER)
        case Untracked() | NotPromised():
            return _merged(command, NotChanged.NO_PROMISE)
        case _:
            assert_never(state)


def _noted(command: CancelPromise, reason: NotChanged) -> CancellationNoted:
    at = command.occurred_at
    return CancellationNoted(ticket=command.ticket, cause=command.cause, cancelled_at=at, reason=reason)


def _merged(command: AdoptPromise, reason: NotChanged) -> MergeNoted:
    return MergeNoted(
        ticket=command.ticket,
        absorbed=command.absorbed,
        merged_at=command.occurred_at,
        certificate=command.certificate,
        reason=reason,
    )
