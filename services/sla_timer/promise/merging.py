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
from libs.plan import with_merge_undone
from services.sla_timer.promise.recompute import as_told, earliest, retargeted
from services.sla_timer.promise.state import Absorbed, Judged, NotPromised, State, Untracked, Waiting, with_one


@dataclass(frozen=True)
class CancelPromise:
    """The ticket was withdrawn by the customer, or absorbed, at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    cause: CancellationCause
    into: str | None = None


@dataclass(frozen=True)
class ReinstatePromise:
    """The promise of an absorbed ticket goes on by itself from `occurred_at` on.

    Either the merge was undone, or the survivor's promise had ended before it and could take nothing over.
    `responded_at` is an answer on the survivor that also answers whoever asked on this ticket.
    """

    occurred_at: datetime
    ticket: str
    responded_at: datetime | None = None


@dataclass(frozen=True)
class RenouncePromise:
    """The merge of another ticket into this one was undone at `occurred_at`."""

    occurred_at: datetime
    ticket: str
    absorbed: str


@dataclass(frozen=True)
class AdoptPromise:
    """Another ticket, whose promise ran, was absorbed at `occurred_at` in this one."""

    occurred_at: datetime
    ticket: str
    absorbed: str
    certificate: Certificate
    through: tuple[str, ...] = ()
    """The tickets that passed it on; where merges make a circle it goes round once."""
    held_by: str | None = None
    """The ticket that stood for it, where its own promise is passed on as well."""


def cancel(state: State, command: CancelPromise) -> FirstResponseCancelled | CancellationNoted:
    """End a promise that runs; one whose deadline has passed by then comes to its verdict."""
    match state:
        case Waiting(promise=made) if _is_in_time(command, made.due_at):
            return FirstResponseCancelled(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                cause=command.cause,
                cancelled_at=command.occurred_at,
                into=command.into,
                certificate=made.certificate,
                own=made.own if made.absorbed else None,
                absorbed=as_told(made.absorbed),
            )
        case Waiting() | Judged():
            return _noted(command, NotChanged.OVER)
        case Untracked() | NotPromised():
            return _noted(command, NotChanged.NO_PROMISE)
        case _:
            assert_never(state)


def _is_in_time(command: CancelPromise, due_at: datetime) -> bool:
    """At the very deadline there is nothing left of a promise that a survivor could take over."""
    is_merge = command.cause is CancellationCause.MERGED
    return command.occurred_at < due_at or (command.occurred_at == due_at and not is_merge)


def reinstate(
    state: State, command: ReinstatePromise
) -> FirstResponseReinstated | FirstResponseMet | ReinstatementNotApplied:
    """Let a promise run again since its ticket's merge was undone; an answer in time that came meanwhile meets it."""
    match state:
        case Judged(verdict=Verdict.CANCELLED, cause=CancellationCause.MERGED, promise=made):
            answered_at = min((at for at in (state.responded_at, command.responded_at) if at), default=None)
            if answered_at is not None and answered_at <= made.due_at:
                return FirstResponseMet(
                    ticket=made.ticket,
                    centre=made.centre,
                    channel=made.channel,
                    responded_at=answered_at,
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
        case Waiting() if _is_undone(state, command):
            return _merged(command, NotChanged.UNDONE)
        case Waiting(promise=made):
            absorbed = Absorbed(command.absorbed, command.certificate, command.occurred_at)
            own, every = made.own or made.certificate, with_one(made.absorbed, absorbed)
            certificate = earliest(own, every)
            if certificate.due_at >= made.due_at:
                return _merged(command, NotChanged.NOT_EARLIER)
            return retargeted(made, replace(made, certificate=certificate, own=own, absorbed=every), (), None)
        case Judged(cause=CancellationCause.MERGED, into=str() as into) if into not in _passed(command):
            through = (*command.through, command.ticket)
            return _merged(command, NotChanged.ABSORBED).model_copy(update={"into": into, "through": through})
        case Judged():
            later = min((at for at in state.answers if at > command.occurred_at), default=None)
            return _merged(command, NotChanged.OVER).model_copy(update={"responded_at": later})
        case Untracked():
            return _merged(command, NotChanged.NO_PROMISE)
        case NotPromised():
            return _merged(command, NotChanged.NOT_PROMISED)
        case _:
            assert_never(state)


def _is_undone(state: Waiting, command: AdoptPromise) -> bool:
    """Whether the undoing was read before the promise was passed on."""
    names = {command.absorbed, command.held_by}
    return any(ticket in names and command.occurred_at < at for ticket, at in state.undone)


def _passed(command: AdoptPromise) -> tuple[str, ...]:
    return command.absorbed, command.ticket, *command.through


def renounce(state: State, command: RenouncePromise) -> FirstResponseRetargeted | ReinstatementNotApplied:
    """Go on without the promise of a ticket that is not absorbed after all."""
    absorbed = state.promise.absorbed if isinstance(state, Waiting) else ()
    gone = next((one for one in absorbed if one.ticket == command.absorbed), None)
    if isinstance(state, Waiting) and gone:
        made = state.promise
        own, left = made.own or made.certificate, tuple(one for one in absorbed if one != gone)
        certificate = earliest(own, left)
        if certificate.due_at > made.due_at:
            certificate = with_merge_undone(certificate, gone.merged_at, made.due_at)
            after = replace(made, certificate=certificate, own=own if left else None, absorbed=left)
            return retargeted(made, after, (), None)
    return ReinstatementNotApplied(
        ticket=command.ticket, undone_at=command.occurred_at, reason=NotChanged.UNDONE, absorbed=command.absorbed
    )


def _noted(command: CancelPromise, reason: NotChanged) -> CancellationNoted:
    at = command.occurred_at
    into = command.into
    return CancellationNoted(ticket=command.ticket, cause=command.cause, cancelled_at=at, reason=reason, into=into)


def _merged(command: AdoptPromise, reason: NotChanged) -> MergeNoted:
    return MergeNoted(
        ticket=command.ticket,
        absorbed=command.absorbed,
        merged_at=command.occurred_at,
        certificate=command.certificate,
        reason=reason,
        held_by=command.held_by,
    )
