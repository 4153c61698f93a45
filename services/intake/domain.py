"""The ticket: what was asked for, under which cover, and all that was said about it since.

A message that comes before its ticket is opened is held, and so is one that comes while others are held. They are
applied in the order in which they came; else a late answer could be judged before one in time. `owed` lists them.
A merge into a ticket that is not open yet is held apart: it waits for that ticket, and nothing waits behind it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, assert_never

from libs.decider import Decider, Deciders, IdUsedOtherwise
from libs.messages.clauses import Clause
from libs.messages.refusals import MessageRefusal, ResponseRefusal
from libs.messages.streams import parse_stream
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    Decision,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    ResponseRecorded,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
)
from services.intake import life
from services.intake.facts import NO_FACTS, FactsNeeded, TicketFacts
from services.intake.held_message import content_of, turned_away
from services.intake.life import Merged, Ticket
from services.intake.opening import OpenTicket, open_or_refuse
from services.intake.reconsidering import ReconsiderOpening, is_dealt_with, lacks_customer, reconsider
from services.intake.restating import OpenRestated, RestateCover, lacks_cover, open_restated, restate

HELD_AT_MOST = 100  # messages: whatever an upstream system does, the state of a stream stays small
EXACT = timedelta()
UNJUDGED = frozenset(
    {
        MessageRefusal.NOT_TAKEN_YET,
        MessageRefusal.ALREADY_OPEN,
        MessageRefusal.ALREADY_REFUSED,
        MessageRefusal.TIME_IN_FUTURE,
        MessageRefusal.ID_USED_OTHERWISE,
        MessageRefusal.TOO_MANY_HELD,
        MessageRefusal.INTO_ITSELF,
    }
)
"""Reasons to refuse a message instead of holding it; while any are held, other refusals are of the first held one."""


@dataclass(frozen=True)
class TakeMessage:
    """Take what is said about a ticket, in the form in which it would be held."""

    occurred_at: datetime
    not_after: datetime
    """A message about a later instant is refused: it can not have happened yet."""
    ticket: str
    message: MessageHeld
    facts: TicketFacts = NO_FACTS
    tolerance: timedelta = EXACT
    """How far before the opening a message may be that is taken at the opening."""


@dataclass(frozen=True)
class ApplyHeld:
    """Apply the n-th message that was ever held on this ticket; a duty, so it may produce no event."""

    occurred_at: datetime
    number: int
    facts: TicketFacts = NO_FACTS
    tolerance: timedelta = EXACT


@dataclass(frozen=True)
class UndoMerge:
    """Undo a merge that crosses others, at the instant of the last of them; a duty, so it may produce no event."""

    occurred_at: datetime
    into: str


@dataclass(frozen=True)
class ApplyMerge:
    """Apply the merge that waited for a ticket which is there now; a duty, so it may produce no event."""

    occurred_at: datetime
    into: str
    facts: TicketFacts = NO_FACTS
    tolerance: timedelta = EXACT


FromDoor = OpenTicket | TakeMessage
Command = (
    FromDoor
    | ApplyHeld
    | UndoMerge
    | ApplyMerge
    | ReconsiderOpening
    | RestateCover
    | OpenRestated
    | IdUsedOtherwise[FromDoor]
)


@dataclass(frozen=True)
class Unopened:
    """No ticket yet; `held` are the messages that came before it, in order."""

    held: tuple[MessageHeld, ...] = ()
    state: Literal["unopened"] = "unopened"


@dataclass(frozen=True)
class RefusedTicket:
    """A ticket that was not opened, for the reason of this clause."""

    clause: Clause
    held: tuple[MessageHeld, ...] = ()
    applied: int = 0
    asked: TicketRefused | None = None
    """The ticket, where what becomes known later may take the reason away."""
    restated: CoverRestated | None = None
    """That it was under cover after all."""
    dealt_with: bool = False
    """Whether somebody has answered or withdrawn it: then it is not opened any more."""
    state: Literal["refused"] = "refused"


State = Unopened | Ticket | RefusedTicket


class Owed(NamedTuple):
    """A held message to apply; its command's id is `duty_command_id(stream, name)`, so a second one is a repeat."""

    name: str
    command: ApplyHeld
    asked: FactsNeeded | None = None
    """The facts that it needs."""
    said_at_door: str | None = None
    """The address of the record at the door; None in what was written before."""


OWING = (TicketOpened, TicketRefused, MessageHeld)
"""Events after which held messages may have to be applied."""


def owed(state: State) -> tuple[Owed, ...]:
    """The held messages that can be applied now, in order."""
    if isinstance(state, Unopened):
        return ()
    return tuple(
        Owed(
            f"apply-held-{number}",
            ApplyHeld(message.said_at, number),
            _asked_again(state, message),
            message.door_record.place.text() if message.door_record else None,
        )
        for number, message in enumerate(state.held, start=state.applied + 1)
    )


def decide(state: State, command: Command) -> TicketEvent | None:
    """Answer a command with exactly one event; None where a duty has nothing to do."""
    match command:
        case OpenTicket():
            return _answer_opening(state, command)
        case TakeMessage():
            return _answer_message(state, command)
        case ApplyHeld():
            return _apply(state, command)
        case UndoMerge():
            return _undo(state, command)
        case ApplyMerge():
            return _apply_merge(state, command)
        case ReconsiderOpening():
            return _reconsider(state, command)
        case RestateCover():
            return _restate(state, command)
        case OpenRestated():
            return _open_restated(state, command)
        case IdUsedOtherwise(wish=wish):
            return _used_otherwise(wish)
        case _:
            assert_never(command)


def evolve(state: State, event: TicketEvent) -> State:
    """Fold an event into the state."""
    match event:
        case TicketOpened():
            return _opened(state, event)
        case TicketRefused():
            return _refused(state, event)
        case MessageHeld(awaits=str()) if isinstance(state, Ticket):
            return _with_awaiting(state, event)
        case MessageHeld():
            return replace(state, held=(*state.held, event)) if content_of(event) else state
        case MessageRefused(into=str() as into):
            return _without_awaiting(state, into)
        case ResponseRefused(reason=ResponseRefusal.TOO_MANY_HELD):
            return state
        case MessageRefused(reason=reason) if reason in UNJUDGED:
            return state
        case ResponseRefused() | MessageRefused():
            return _dealt_with(_without_first_held(state), event)
        case MergeUndone():
            return life.lived(state, event) if isinstance(state, Ticket) else state
        case TicketsMerged():
            return _without_awaiting(_lived(state, event), event.into)
        case ResponseRecorded() | CustomerCallRecorded() | NoteRecorded() | TicketTransferred():
            return _lived(state, event)
        case TicketPaused() | TicketResumed() | TicketReopened() | TicketResolved() | TicketWithdrawn():
            return _lived(state, event)
        case WorkExcluded():
            return _lived(state, event)
        case CoverRestated():
            return replace(state, restated=event) if isinstance(state, RefusedTicket) else state
        case _:
            assert_never(event)


def _opened(state: State, event: TicketOpened) -> Ticket:
    """The opened ticket; one that was refused first and opens later is not counted as opened by a call."""
    opened = life.ticket(event, state.held)
    if not isinstance(state, RefusedTicket):
        return opened
    return replace(opened, applied=state.applied, calls=() if state.restated else opened.calls)


def _refused(state: State, event: TicketRefused) -> RefusedTicket:
    asked = event if lacks_customer(event) or lacks_cover(event) else None
    if isinstance(state, RefusedTicket):
        return replace(state, clause=event.clause, asked=asked)
    return RefusedTicket(event.clause, state.held, asked=asked)


def _dealt_with(state: State, event: ResponseRefused | MessageRefused) -> State:
    return replace(state, dealt_with=True) if isinstance(state, RefusedTicket) and is_dealt_with(event) else state


def _lived(state: State, event: life.LifeEvent) -> State:
    state = _without_first_held(state)
    return life.lived(state, event) if isinstance(state, Ticket) else state


DECIDER: Decider[State, Command, TicketEvent] = Decider(Unopened(), decide, evolve)
DECIDERS: Deciders = {"ticket": DECIDER}


def _answer_opening(state: State, command: OpenTicket) -> TicketEvent:
    if command.occurred_at > command.not_after:
        return _unopened(command, MessageRefusal.TIME_IN_FUTURE)
    match state:
        case Unopened():
            return open_or_refuse(command)
        case Ticket():
            return _unopened(command, MessageRefusal.ALREADY_OPEN)
        case RefusedTicket():
            return _unopened(command, MessageRefusal.ALREADY_REFUSED)
        case _:
            assert_never(state)


def _unopened(command: OpenTicket, reason: MessageRefusal) -> MessageRefused:
    return MessageRefused(upstream_type=command.upstream_type, said_at=command.occurred_at, reason=reason)


def _answer_message(state: State, command: TakeMessage) -> TicketEvent:
    message = command.message
    if command.occurred_at > command.not_after:
        return _in_future(message)
    if message.merge and parse_stream(message.merge.into) == parse_stream(command.ticket):
        return turned_away(message, MessageRefusal.INTO_ITSELF)
    if len(state.held) + len(_awaiting(state)) >= HELD_AT_MOST:
        return turned_away(message, MessageRefusal.TOO_MANY_HELD)
    if isinstance(state, Unopened) or state.held or _must_wait(state, message, command.facts):
        return message
    return _judged(state, message, command)


def _used_otherwise(wish: FromDoor) -> MessageRefused:
    kind = wish.upstream_type if isinstance(wish, OpenTicket) else wish.message.upstream_type
    reason = MessageRefusal.ID_USED_OTHERWISE
    return MessageRefused(upstream_type=kind, said_at=wish.occurred_at, reason=reason)


def _in_future(message: MessageHeld) -> MessageRefused:
    reason = MessageRefusal.TIME_IN_FUTURE
    return MessageRefused(upstream_type=message.upstream_type, said_at=message.said_at, reason=reason)


def _must_wait(state: Ticket | RefusedTicket, message: MessageHeld, facts: TicketFacts) -> bool:
    content = content_of(message)
    return isinstance(state, Ticket) and content is not None and life.is_of_another(state, content, facts)


def _apply(state: State, command: ApplyHeld) -> TicketEvent | None:
    if isinstance(state, Unopened) or not state.held or command.number != state.applied + 1:
        return None
    if command.facts.customer and _must_wait(state, state.held[0], command.facts):
        return None
    return _of_held(_judged(state, state.held[0], command), state.held[0])


def _judged(
    state: Ticket | RefusedTicket, message: MessageHeld, command: TakeMessage | ApplyHeld | ApplyMerge
) -> TicketEvent:
    content = content_of(message)
    match state:
        case _ if content is None:
            return turned_away(message, MessageRefusal.NOT_TAKEN_YET)
        case RefusedTicket():
            return turned_away(message, MessageRefusal.TICKET_REFUSED, state.clause)
        case Ticket():
            return life.judged(state, message, content, command.facts, command.tolerance)
        case _:
            assert_never(state)


def _reconsider(state: State, command: ReconsiderOpening) -> TicketOpened | TicketRefused | None:
    """Held messages come first: an answer may be among them."""
    match state:
        case RefusedTicket(asked=TicketRefused() as asked, held=(), dealt_with=False) if lacks_customer(asked):
            return reconsider(asked, command)
        case _:
            return None


def _restate(state: State, command: RestateCover) -> CoverRestated | TicketRefused | None:
    match state:
        case RefusedTicket(asked=TicketRefused() as asked, held=(), restated=None) if lacks_cover(asked):
            return restate(asked, command)
        case _:
            return None


def _open_restated(state: State, command: OpenRestated) -> TicketOpened | None:
    """Held messages come first: an answer may be among them."""
    match state:
        case RefusedTicket(
            asked=TicketRefused() as asked, held=(), restated=CoverRestated() as restated, dealt_with=False
        ):
            return open_restated(asked, restated, command)
        case _:
            return None


def _undo(state: State, command: UndoMerge) -> MergeUndone | None:
    match state:
        case Ticket(stage=Merged(into=command.into)):
            return MergeUndone(undone_at=command.occurred_at, into=command.into)
        case _:
            return None


def _apply_merge(state: State, command: ApplyMerge) -> TicketEvent | None:
    """Held messages come first: they were said of the ticket before."""
    into, survivor = command.into, command.facts.survivor
    message = next((one for one in _awaiting(state) if one.awaits == into), None)
    if not isinstance(state, Ticket) or state.held or message is None or not life.is_there(survivor, into):
        return None
    event = _of_held(_judged(state, message, command), message)
    return event.model_copy(update={"into": into}) if isinstance(event, MessageRefused) else event


def _of_held(event: TicketEvent, message: MessageHeld) -> TicketEvent:
    """Name in an event the held message that it decides, so that a second receipt can be written.

    A message that is held again is not decided yet.
    """
    return event.model_copy(update={"door_record": message.door_record}) if isinstance(event, Decision) else event


def _awaiting(state: State) -> tuple[MessageHeld, ...]:
    return state.awaiting if isinstance(state, Ticket) else ()


def _without_awaiting(state: State, into: str) -> State:
    """Drop the first merge that waits for a ticket."""
    found = next((one for one in _awaiting(state) if one.awaits == into), None)
    if not isinstance(state, Ticket) or found is None:
        return state
    at = state.awaiting.index(found)
    return replace(state, awaiting=(*state.awaiting[:at], *state.awaiting[at + 1 :]))


def _with_awaiting(state: Ticket, merge: MessageHeld) -> Ticket:
    """A merge that was held until its ticket opened now waits until the survivor opens."""
    held, applied = (state.held[1:], state.applied + 1) if state.held else ((), state.applied)
    return replace(state, held=held, applied=applied, awaiting=(*state.awaiting, merge))


def _without_first_held(state: State) -> State:
    """Drop the first held message: while any are held, only the first is judged."""
    if isinstance(state, Unopened) or not state.held:
        return state
    return replace(state, held=state.held[1:], applied=state.applied + 1)


def _asked_again(state: Ticket | RefusedTicket, message: MessageHeld) -> FactsNeeded | None:
    content = content_of(message)
    return life.asked_again(state, content) if isinstance(state, Ticket) and content else None
