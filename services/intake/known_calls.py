"""Calls in which no help was given: where the same call is told again as an answer, it is no answer.

Clocks differ: it is the same call if the medium is the telephone, the instants are within the tolerance and, where both
name an agent, the agent is the same.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    Medium,
    RespondedBy,
    ResponseRecorded,
    TicketOpened,
)

CALLS_AT_MOST = 20  # that a ticket remembers beside the first, so that its state stays small


@dataclass(frozen=True)
class KnownCall:
    """A call without help; `by` is the agent who took it, once an answer says so."""

    at: datetime
    by: str | None = None


def opening_calls(opened: TicketOpened) -> tuple[KnownCall, ...]:
    """The call that opened a ticket, if one did."""
    return (KnownCall(opened.opened_at),) if opened.channel is Channel.PHONE else ()


def with_call(calls: tuple[KnownCall, ...], call: CustomerCallRecorded) -> tuple[KnownCall, ...]:
    """Remember a call of the customer; with help given it is an answer by itself."""
    if call.help_given:
        return calls
    return (*calls[:1], *calls[1:][-CALLS_AT_MOST + 1 :], KnownCall(call.called_at))


def with_agent(calls: tuple[KnownCall, ...], response: ResponseRecorded) -> tuple[KnownCall, ...]:
    """Remember who took a call that was told again as an answer."""
    same = _nearest(calls, response) if response.known_call else None
    if same is None or same.by or response.responder is None:
        return calls
    return tuple(replace(one, by=response.responder) if one is same else one for one in calls)


def is_known(response: ResponseRecorded, calls: tuple[KnownCall, ...], tolerance: timedelta) -> bool:
    """Whether an answer is a call that is known already, in which no help was given."""
    by_a_call = response.medium is Medium.CALL and response.by is RespondedBy.PERSON and not response.help_given
    same = _nearest(calls, response) if by_a_call else None
    return same is not None and abs(same.at - response.responded_at) <= tolerance


def _nearest(calls: tuple[KnownCall, ...], response: ResponseRecorded) -> KnownCall | None:
    """The call nearest in time, of those that the same agent may have taken."""
    possible = [one for one in calls if not (one.by and response.responder) or one.by == response.responder]
    return min(possible, key=lambda one: abs(one.at - response.responded_at), default=None)
