"""A small service of each kind: tickets that are opened, closed and noted, and a promise about each.

Every event says on which contents it was decided (`basis`), so that the log itself shows whether that was its history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, assert_never

from libs.decider import Decider
from libs.eventlog.commands import Reaction
from libs.eventlog.projection import Projection, Reader, state_of
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Event, Instant
from libs.messages.streams import stream_id

PARTITIONS = 2
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TARGET = timedelta(seconds=60)
TOPICS = ("door", "receipts", "dead", "facts", "tickets", "promises")
DOOR, RECEIPTS, DEAD, FACTS, TICKETS, PROMISES = TOPICS


class Decided(Event):
    basis: tuple[str, ...]


class Opened(Decided):
    at: Instant
    fact: int
    term: int = 0
    """The event of its contract that began the term which covers it; 0 where nobody asks for cover."""


class Closed(Decided):
    at: Instant
    fact: int


class Noted(Decided):
    at: Instant
    fact: int


class Refused(Decided):
    at: Instant
    fact: int
    wish: str
    lacks_cover: bool = False


class CoverRestated(Decided):
    """What was refused for want of cover was under cover, as is known by now."""

    refused: int
    """The place of the refusal in its stream."""
    term: int


TicketEvent = Opened | Closed | Noted | Refused | CoverRestated
TICKET_EVENTS = (Opened, Closed, Noted, Refused, CoverRestated)


WISHES: Mapping[str, type[Closed | Noted]] = {"close": Closed, "note": Noted}


@dataclass(frozen=True)
class Ask:
    occurred_at: datetime
    wish: str
    fact: int
    term: int | None = 0
    """What covers it by what is known; None where nothing does."""


@dataclass(frozen=True)
class Restate:
    """Say that a refusal was under cover; a duty."""

    occurred_at: datetime
    refused: int
    term: int


@dataclass(frozen=True)
class Ticket:
    contents: tuple[str, ...] = ()
    is_open: bool = False
    lacking: tuple[int, ...] = ()
    """The places of refusals for want of cover."""


def decide_ticket(state: Ticket, command: Ask) -> TicketEvent:
    at, fact, basis = command.occurred_at, command.fact, state.contents
    if (command.wish == "open") == state.is_open:
        return Refused(at=at, fact=fact, basis=basis, wish=command.wish)
    if command.wish != "open":
        return WISHES[command.wish](at=at, fact=fact, basis=basis)
    if command.term is None:
        return Refused(at=at, fact=fact, basis=basis, wish="open", lacks_cover=True)
    return Opened(at=at, fact=fact, term=command.term, basis=basis)


def restate_or_decide(state: Ticket, command: Ask | Restate) -> TicketEvent | None:
    if isinstance(command, Ask):
        return decide_ticket(state, command)
    restated = CoverRestated(refused=command.refused, term=command.term, basis=state.contents)
    return restated if command.refused in state.lacking else None


def content_of(event: Event) -> str:
    """Say what an event tells, all but what it rests on."""
    return event.model_dump_json(exclude={"basis"})


def evolve_ticket(state: Ticket, event: TicketEvent) -> Ticket:
    contents = (*state.contents, content_of(event))
    match event:
        case Opened():
            return replace(state, contents=contents, is_open=True)
        case Closed():
            return replace(state, contents=contents, is_open=False)
        case Refused(lacks_cover=True):
            return replace(state, contents=contents, lacking=(*state.lacking, len(contents)))
        case Noted() | Refused():
            return replace(state, contents=contents)
        case CoverRestated(refused=refused):
            return replace(state, contents=contents, lacking=tuple(at for at in state.lacking if at != refused))
        case _:
            assert_never(event)


TICKET: Decider[Ticket, Ask | Restate, TicketEvent | None] = Decider(
    Ticket(),
    restate_or_decide,
    evolve_ticket,  # type: ignore[arg-type] # what came to nothing is never folded
)


class PromiseStarted(Decided):
    due_at: Instant


class PromiseMet(Decided):
    at: Instant


class PromiseBreached(Decided):
    due_at: Instant
    detected_at: Instant


class PromiseLeft(Decided):
    at: Instant


PromiseEvent = PromiseStarted | PromiseMet | PromiseBreached | PromiseLeft
PROMISE_EVENTS = (PromiseStarted, PromiseMet, PromiseBreached, PromiseLeft)


@dataclass(frozen=True)
class Start:
    occurred_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Respond:
    occurred_at: datetime


@dataclass(frozen=True)
class Expire:
    occurred_at: datetime


@dataclass(frozen=True)
class Promise:
    contents: tuple[str, ...] = ()
    due_at: datetime | None = None
    phase: Literal["none", "waiting", "over"] = "none"


def decide_promise(state: Promise, command: Start | Respond | Expire) -> PromiseEvent | None:
    basis, at, due = state.contents, command.occurred_at, state.due_at
    waiting = due if state.phase == "waiting" else None
    match command:
        case Start(due_at=due_at) if state.phase == "none":
            return PromiseStarted(due_at=due_at, basis=basis)
        case Respond() if waiting and at <= waiting:
            return PromiseMet(at=at, basis=basis)
        case Expire() if waiting and waiting < at:
            return PromiseBreached(due_at=waiting, detected_at=at, basis=basis)
        case Expire():
            return None
        case _:
            return PromiseLeft(at=at, basis=basis)


def evolve_promise(state: Promise, event: PromiseEvent) -> Promise:
    contents = (*state.contents, content_of(event))
    match event:
        case PromiseStarted(due_at=due_at):
            return Promise(contents, due_at, "waiting")
        case PromiseMet() | PromiseBreached():
            return Promise(contents, state.due_at, "over")
        case PromiseLeft():
            return Promise(contents, state.due_at, state.phase)
        case _:
            assert_never(event)


PROMISE: Decider[Promise, Start | Respond | Expire, PromiseEvent | None] = Decider(
    Promise(),
    decide_promise,
    evolve_promise,  # type: ignore[arg-type] # what came to nothing is never folded
)


def reactions_to(event: RecordedEvent) -> list[Reaction]:
    """Say what an event about a ticket asks of its promise."""
    promise = event.stream.replace("ticket/", "promise/")
    match event.data:
        case Opened(at=at):
            return [Reaction("start", promise, Start(at, at + TARGET))]
        case Closed(at=at):
            return [Reaction("respond", promise, Respond(at))]
        case _:
            return []


class FactStated(Event):
    value: int


class Fact(NamedTuple):
    stream: str
    value: int


class Tally(NamedTuple):
    """How many events of each ticket counted."""

    stream: str
    events: int


class Deadline(NamedTuple):
    stream: str
    due_at: str
    waiting: bool
    head: str


def _state_fact(_: Fact | None, event: RecordedEvent) -> Fact:
    return Fact(event.stream, event.data.value)


def _count(row: Tally | None, event: RecordedEvent) -> Tally:
    return Tally(event.stream, (row.events if row else 0) + 1)


def _follow(row: Deadline | None, event: RecordedEvent) -> Deadline | None:
    if isinstance(event.data, PromiseStarted):
        return Deadline(event.stream, event.data.due_at.isoformat(), waiting=True, head=event.id)
    waiting = isinstance(event.data, PromiseLeft) and row is not None and row.waiting
    return row and Deadline(row.stream, row.due_at, waiting, event.id)


FACT_STREAM = stream_id("fact", "plan", "of-the-day")
FACT = Projection("fact", Fact, "stream text not null, value int not null", (FactStated,), _state_fact)
TALLY = Projection("tally", Tally, "stream text not null, events int not null", TICKET_EVENTS, _count)
DEADLINE = Projection(
    "deadline",
    Deadline,
    "stream text not null, due_at text not null, waiting boolean not null, head text not null",
    PROMISE_EVENTS,
    _follow,
)

DESK_TICKETS = Reader(
    "desk_tickets",
    TICKETS,
    1,
    (state_of("ticket_state", {"ticket": TICKET}, Ticket, TICKET_EVENTS), TALLY),
    writes=True,
)
DESK_FACTS = Reader("desk_facts", FACTS, 1, (FACT,))
TIMER_TICKETS = Reader("timer_tickets", TICKETS, 1, (TALLY,), reacts=True)
TIMER_PROMISES = Reader(
    "timer_promises",
    PROMISES,
    1,
    (state_of("promise_state", {"promise": PROMISE}, Promise, PROMISE_EVENTS), DEADLINE),
    writes=True,
)

CODECS = {
    FACTS: Codec(FACTS, (FactStated,), PARTITIONS),
    TICKETS: Codec(TICKETS, TICKET_EVENTS, PARTITIONS),
    PROMISES: Codec(PROMISES, PROMISE_EVENTS, PARTITIONS),
}
