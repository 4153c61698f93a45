"""The ticket: what was asked for, under which cover, and when it was answered.

A response that comes before its ticket is held, and so is one that comes while others are held: they are applied in the
order in which they came, or a late answer could be judged before one in time. `owed` names what is to be applied.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from libs.decider import Decider
from libs.messages.base import PrivateKey
from libs.messages.clauses import Clause
from libs.messages.door import ResponseGiven, upstream_type
from libs.messages.tickets import (
    Channel,
    HeldResponse,
    Medium,
    MessageHeld,
    MessageRefusal,
    MessageRefused,
    RequestKind,
    RespondedBy,
    ResponseRecorded,
    ResponseRefusal,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from libs.plan import local_centre
from services.intake.cover import Covered, Facts, NotCovered, contact_for, judge_cover, resting_on

HELD_AT_MOST = 100  # messages: whatever an upstream system does, the state of a stream stays small
RESPONSE_GIVEN = upstream_type(ResponseGiven)


@dataclass(frozen=True)
class OpenTicket:
    """Open a ticket, if it is under cover at `occurred_at`, the instant at which it was received."""

    occurred_at: datetime
    not_after: datetime
    """What is said about a later instant is a mistake: nobody can know it yet."""
    upstream_type: str
    customer: str
    requester: str
    private: PrivateKey
    language: str
    channel: Channel
    number_dialled: str | None
    request_kind: RequestKind
    product: str
    version: str | None
    facts: Facts


@dataclass(frozen=True)
class RecordResponse:
    """Record that the customer was answered at `occurred_at`."""

    occurred_at: datetime
    not_after: datetime
    medium: Medium
    by: RespondedBy
    help_given: bool
    responder: str | None


@dataclass(frozen=True)
class AnswerMessage:
    """Answer a message that this version of the service has no rule for."""

    occurred_at: datetime
    upstream_type: str


@dataclass(frozen=True)
class ApplyHeld:
    """Apply the n-th response that was ever held on this ticket; a duty, so it may come to nothing."""

    occurred_at: datetime
    number: int


Command = OpenTicket | RecordResponse | AnswerMessage | ApplyHeld


@dataclass(frozen=True)
class Unopened:
    """No ticket yet; what came before it, in order."""

    held: tuple[HeldResponse, ...] = ()
    state: Literal["unopened"] = "unopened"


@dataclass(frozen=True)
class Open:
    """A ticket under cover; `held` is what still is to be applied, `applied` counts what was."""

    opened_at: datetime
    held: tuple[HeldResponse, ...] = ()
    applied: int = 0
    state: Literal["open"] = "open"


@dataclass(frozen=True)
class Refused:
    """A ticket that was not opened, for the reason of this clause."""

    clause: Clause
    held: tuple[HeldResponse, ...] = ()
    applied: int = 0
    state: Literal["refused"] = "refused"


State = Unopened | Open | Refused


class Owed(NamedTuple):
    """What is to be applied; its command's id is `duty_command_id(stream, name)`, so that a second time is a repeat."""

    name: str
    command: ApplyHeld


OWING = (TicketOpened, TicketRefused, MessageHeld)
"""Events after which something may be owed."""


def owed(state: State) -> tuple[Owed, ...]:
    """Give what is held and can be applied now, in order."""
    if isinstance(state, Unopened):
        return ()
    pending = enumerate(state.held, start=state.applied + 1)
    return tuple(Owed(f"apply-held-{number}", ApplyHeld(held.responded_at, number)) for number, held in pending)


def decide(state: State, command: Command) -> TicketEvent | None:
    """Answer a command with exactly one event; None where a duty comes to nothing."""
    match command:
        case AnswerMessage():
            return _turned_away(command, MessageRefusal.NOT_TAKEN_YET)
        case ApplyHeld():
            return _apply(state, command)
        case OpenTicket() | RecordResponse() if command.occurred_at > command.not_after:
            return _turned_away(command, MessageRefusal.TIME_IN_FUTURE)
        case OpenTicket():
            return _answer_opening(state, command)
        case RecordResponse():
            return _answer_response(state, command)
        case _:
            assert_never(command)


def evolve(state: State, event: TicketEvent) -> State:
    """Fold an event into the state."""
    match event:
        case TicketOpened():
            return Open(event.opened_at, state.held)
        case TicketRefused():
            return Refused(event.clause, state.held)
        case MessageHeld(response=HeldResponse() as response):
            return replace(state, held=(*state.held, response))
        case ResponseRecorded():
            return _without_first_held(state)
        case ResponseRefused(reason=reason) if reason is not ResponseRefusal.TOO_MANY_HELD:
            return _without_first_held(state)
        case MessageHeld() | ResponseRefused() | MessageRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, TicketEvent] = Decider(Unopened(), decide, evolve)


def _answer_opening(state: State, command: OpenTicket) -> TicketEvent:
    match state:
        case Unopened():
            return _open_or_refuse(command)
        case Open():
            return _turned_away(command, MessageRefusal.ALREADY_OPEN)
        case Refused():
            return _turned_away(command, MessageRefusal.ALREADY_REFUSED)
        case _:
            assert_never(state)


def _answer_response(state: State, command: RecordResponse) -> TicketEvent:
    response = HeldResponse(
        responded_at=command.occurred_at,
        medium=command.medium,
        by=command.by,
        help_given=command.help_given,
        responder=command.responder,
    )
    match state:
        case _ if len(state.held) >= HELD_AT_MOST:
            return _unrecorded(response, ResponseRefusal.TOO_MANY_HELD)
        case Open(held=()) | Refused(held=()):
            return _judged(state, response)
        case _:
            return MessageHeld(upstream_type=RESPONSE_GIVEN, said_at=command.occurred_at, response=response)


def _apply(state: State, command: ApplyHeld) -> TicketEvent | None:
    if isinstance(state, Unopened) or not state.held or command.number != state.applied + 1:
        return None
    return _judged(state, state.held[0])


def _judged(state: Open | Refused, response: HeldResponse) -> ResponseRecorded | ResponseRefused:
    match state:
        case Refused():
            return _unrecorded(response, ResponseRefusal.TICKET_REFUSED, state.clause)
        case Open() if response.responded_at < state.opened_at:
            return _unrecorded(response, ResponseRefusal.BEFORE_OPENING)
        case Open():
            return ResponseRecorded(**dict(response))
        case _:
            assert_never(state)


def _without_first_held(state: State) -> State:
    """While anything is held, nothing but its first is recorded or refused."""
    if isinstance(state, Unopened) or not state.held:
        return state
    return replace(state, held=state.held[1:], applied=state.applied + 1)


def _open_or_refuse(command: OpenTicket) -> TicketOpened | TicketRefused:
    verdict = judge_cover(command.facts, command.request_kind, command.version, command.occurred_at)
    match verdict:
        case Covered():
            return _opened(command, verdict)
        case NotCovered():
            return _refused(command, verdict)
        case _:
            assert_never(verdict)


def _opened(command: OpenTicket, covered: Covered) -> TicketOpened:
    called, customer = command.facts.called, command.facts.customer
    assert customer is not None  # noqa: S101 - who is unknown has no cover
    numbers = {command.number_dialled: called.centre} if called and command.number_dialled else {}
    local = local_centre(customer.centre, command.channel, command.number_dialled, numbers)
    return TicketOpened(
        opened_at=command.occurred_at,
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language,
        channel=command.channel,
        centre=local.centre,
        centre_reason=local.reason,
        number_dialled=command.number_dialled if called else None,
        request_kind=command.request_kind,
        product=command.product,
        version=command.version,
        version_unknown=covered.version_unknown,
        cover=covered.cover,
        rests_on=(*covered.rests_on, *resting_on(called if command.channel is Channel.PHONE else None)),
    )


def _refused(command: OpenTicket, verdict: NotCovered) -> TicketRefused:
    customer = command.facts.customer
    return TicketRefused(
        opened_at=command.occurred_at,
        reason=verdict.reason,
        clause=verdict.clause,
        contact=contact_for(customer),
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language,
        channel=command.channel,
        centre=customer.centre if customer else None,
        request_kind=command.request_kind,
        product=command.product,
        version=command.version,
        rests_on=verdict.rests_on,
    )


def _unrecorded(response: HeldResponse, reason: ResponseRefusal, clause: Clause | None = None) -> ResponseRefused:
    return ResponseRefused(responded_at=response.responded_at, reason=reason, clause=clause)


def _turned_away(command: OpenTicket | RecordResponse | AnswerMessage, reason: MessageRefusal) -> MessageRefused:
    kind = RESPONSE_GIVEN if isinstance(command, RecordResponse) else command.upstream_type
    return MessageRefused(upstream_type=kind, said_at=command.occurred_at, reason=reason)
