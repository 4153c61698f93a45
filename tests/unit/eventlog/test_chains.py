"""One record under way per stream: a batch of commands is a chain for each stream."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import TooLarge, Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import LARGEST, TRIES, WAVE, Writer, chains
from libs.eventlog.ports import UNKNOWN, Asked, Loaded
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryAppender, MemoryLog, MemoryStore
from libs.eventlog.wire.record import Outgoing
from tests.model.story import (
    CODECS,
    DESK_TICKETS,
    MONDAY,
    PARTITIONS,
    TICKET,
    TICKETS,
    Ask,
    Noted,
    Ticket,
    TicketEvent,
    decide_ticket,
)
from tests.unit.eventlog.environment import running
from tests.unit.eventlog.history import stream_in
from tests.unit.eventlog.suite_writer import Desk, ask

BUSY, OTHER = stream_in(0), stream_in(1)


def test_the_commands_of_a_stream_are_a_chain_in_the_order_of_the_batch() -> None:
    commands = [IssuedCommand(str(n), stream, None, "") for n, stream in enumerate("AABCABA")]
    assert list(chains(commands)) == [[[0, 1, 4, 6], [2, 5], [3]]]
    assert list(chains([])) == []


def test_so_many_streams_are_taken_at_once() -> None:
    commands = [IssuedCommand(str(n), str(n % (WAVE + 500)), None, "") for n in range(WAVE + 600)]
    found = list(chains(commands))
    assert [len(some) for some in found] == [WAVE, 500]
    assert sorted(at for some in found for chain in some for at in chain) == list(range(WAVE + 600))


class Counted(MemoryStore):
    """Counts what is loaded."""

    def __init__(self) -> None:
        super().__init__(DESK_TICKETS)
        self.loads: list[set[str]] = []

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> dict[str, Loaded]:
        self.loads.append(set(streams))
        return dict(await super().load(streams, commands))


@asynccontextmanager
async def reading(log: MemoryLog, store: Counted, decider: Decider[Any, Any, Any] = TICKET) -> AsyncIterator[Writer]:
    """A writer, with its reader."""
    loop = ReaderLoop(log, store, Projector(DESK_TICKETS, Judge(CODECS[TICKETS])), "reader")
    async with running(loop.run), AsyncExitStack() as stack:
        yield Desk(log, store, stack).writer(decider=decider)


async def test_a_chain_is_decided_in_one_load_and_in_as_many_appends_as_it_is_long() -> None:
    log, store = MemoryLog(PARTITIONS), Counted()
    wishes = ["open", "note", "close", "open", "note"]
    commands = [*(ask(BUSY, wish, f"b{n}") for n, wish in enumerate(wishes)), ask(OTHER, "open", "o")]
    async with reading(log, store) as writer:
        answers = await writer.handle(commands)
    assert store.loads == [{BUSY, OTHER}]
    assert [(a.issued.id, a.event and a.event.sequence) for a in answers] == [
        *((commands[n].id, n + 1) for n in range(5)),
        (commands[5].id, 1),
    ]
    assert (len(log.kept[TICKETS, 0]), len(log.kept[TICKETS, 1])) == (5, 1)


class Losing(MemoryLog):
    """Never hears of what it writes to one partition, nor writes it."""

    def appender(self) -> MemoryAppender:
        log = self

        class Half(MemoryAppender):
            async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
                return [UNKNOWN if out.partition == 0 else log.write(out) for out in batch]

        return Half(log)


async def test_no_chain_waits_for_a_foreign_one_that_does_not_come_to_count() -> None:
    log, store = Losing(PARTITIONS), Counted()
    long = [ask(OTHER, "note", f"o{n}") for n in range(3 * TRIES)]
    async with reading(log, store) as writer:
        with pytest.raises(Unavailable, match="1 commands did not come to count"):
            await writer.handle([ask(BUSY, "open", "b"), *long])
    assert len(log.kept[TICKETS, 1]) == len(long)


@pytest.mark.parametrize("size", [1, 7, 500])
async def test_events_are_the_same_however_a_chain_was_cut(size: int) -> None:
    commands = [ask(BUSY, wish, f"{wish} {n}") for n in range(10) for wish in ("note", "open", "note", "close", "open")]

    async def told(most: int) -> list[str]:
        log, store = MemoryLog(PARTITIONS), Counted()
        async with reading(log, store) as writer:
            for at in range(0, len(commands), most):
                await writer.handle(commands[at : at + most])
        return [store.heads[BUSY].id, *(str(record.value) for record in log.kept[TICKETS, 0])]

    assert await told(size) == await told(1)


def at_length(state: Ticket, command: Ask) -> TicketEvent:
    """Decide like anybody else, but with a note comes more than a record may hold."""
    if command.wish == "note":
        return Noted(at=MONDAY, fact=1, basis=("x" * LARGEST,))
    return decide_ticket(state, command)


async def test_an_event_that_is_too_large_is_never_sent() -> None:
    log, store = MemoryLog(PARTITIONS), Counted()
    async with reading(log, store, Decider(TICKET.initial, at_length, TICKET.evolve)) as writer:
        with pytest.raises(TooLarge, match=f"Noted of {BUSY} has 100.... bytes, over 1000000"):
            await writer.handle([ask(OTHER, "open"), ask(BUSY, "note")])
        assert [answer.event is not None for answer in await writer.handle([ask(OTHER, "open")])] == [True]
    assert (len(log.kept[TICKETS, 0]), len(log.kept[TICKETS, 1])) == (0, 1)
