"""What a writer answers: for every command the one event that counts, whoever wrote it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Writer
from libs.eventlog.ports import Clock, Log, PartitionOffset, Store
from libs.eventlog.rule import Judge
from libs.messages.ids import name_id
from tests.model.story import CODECS, DESK_TICKETS, MONDAY, PARTITIONS, TICKET, TICKETS, Ask, Closed, Opened, Refused
from tests.unit.eventlog.environment import Environment, MovableClock, ScanningLog, everything, running
from tests.unit.eventlog.history import stream_in

A, B = stream_in(0), stream_in(1)


async def is_open() -> None:
    """Let everybody through."""


async def is_closed() -> None:
    raise Unavailable("the gate is closed")


class Hurried(MovableClock):
    """Machine time runs away: every look at it takes ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return self._looks * 10.0


@dataclass
class Desk:
    """Writers of one topic over one reader's tables."""

    log: ScanningLog
    store: Store
    stack: AsyncExitStack

    def writer(
        self,
        *,
        decider: Decider[Any, Any, Any] = TICKET,
        clock: Clock | None = None,
        gate: Any = is_open,
        log: Log | None = None,
    ) -> Writer:
        writer = Writer(
            topic=TICKETS,
            source="desk",
            deciders={"ticket": decider},
            codec=CODECS[TICKETS],
            log=log or self.log,
            store=self.store,
            clock=clock or MovableClock(),
            gate=gate,
            partitions=PARTITIONS,
        )
        self.stack.push_async_callback(writer.close)
        return writer

    async def records(self) -> int:
        return sum(len(records) for records in (await everything(self.log, TICKETS)).values())


@asynccontextmanager
async def desk(env: Environment, *, reading: bool = True) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(env.log())
        tables = await stack.enter_async_context(env.tables(DESK_TICKETS))
        store = tables.stores[DESK_TICKETS.name]
        if reading:
            loop = ReaderLoop(log, store, Projector(DESK_TICKETS, Judge(CODECS[TICKETS])), "reader")
            await stack.enter_async_context(running(loop.run))
        yield Desk(log, store, stack)


def ask(stream: str, wish: str, command: str | None = None) -> IssuedCommand:
    return IssuedCommand(str(name_id(stream, command or wish)), stream, Ask(MONDAY, wish, 1), "correlation")


async def kinds(writer: Writer, commands: Sequence[IssuedCommand]) -> list[type]:
    """Give the kinds of the events that answer."""
    answers = await writer.handle(commands)
    assert [answer.issued for answer in answers] == list(commands)
    return [type(answer.event.data) if answer.event else type(None) for answer in answers]


class WriterSuite:
    async def test_a_command_is_answered_by_the_event_that_counts(self, env: Environment) -> None:
        async with desk(env) as at:
            [answer] = await at.writer().handle([ask(A, "open")])
            assert answer.event is not None
            place = PartitionOffset(answer.event.partition, answer.event.offset)
            record = (await at.log.records(TICKETS, [place]))[place]
            in_log = CODECS[TICKETS].open(CODECS[TICKETS].envelope(record))
            assert in_log == answer.event
            assert in_log.data == Opened(at=MONDAY, fact=1, basis=())
            assert in_log.causationid == answer.issued.id

    async def test_the_same_command_gets_the_same_answer_again_whatever_it_says(self, env: Environment) -> None:
        async with desk(env) as at:
            [first] = await at.writer().handle([ask(A, "open", "once")])
            again = await at.writer().handle([ask(A, "close", "once"), ask(A, "open", "once")])
            assert [answer.event for answer in again] == [first.event, first.event]
            assert await at.records() == 1

    async def test_commands_of_one_stream_are_answered_in_their_order(self, env: Environment) -> None:
        wishes = [ask(s, wish, str(n)) for n, wish in enumerate(["open", "open", "close", "open"]) for s in (A, B)]
        async with desk(env) as at:
            found = await kinds(at.writer(), wishes)
            assert found[::2] == found[1::2] == [Opened, Refused, Closed, Opened]

    @pytest.mark.parametrize(("commands", "states"), [(1, 0), (2, 1), (4, 3)])
    async def test_a_state_is_made_anew_only_where_there_is_more_to_decide_on_it(
        self, env: Environment, commands: int, states: int
    ) -> None:
        made: list[Any] = []

        def evolve(state: Any, event: Any) -> Any:
            made.append(event)
            return TICKET.evolve(state, event)

        async with desk(env) as at:
            writer = at.writer(decider=Decider(TICKET.initial, TICKET.decide, evolve))
            await writer.handle([ask(A, "open", str(n)) for n in range(commands)])
            assert len(made) == states

    async def test_a_command_twice_in_one_batch_has_one_event(self, env: Environment) -> None:
        async with desk(env) as at:
            one, other = await at.writer().handle([ask(A, "open"), ask(A, "open")])
            assert one.event == other.event
            assert await at.records() == 1

    async def test_a_duty_that_comes_to_nothing_leaves_nothing(self, env: Environment) -> None:
        nothing: Decider[Any, Any, Any] = Decider(TICKET.initial, lambda _, __: None, TICKET.evolve)
        async with desk(env) as at:
            [answer] = await at.writer(decider=nothing).handle([ask(A, "open")])
            assert answer.event is None
            assert await at.records() == 0

    async def test_writers_that_race_give_every_command_one_event_on_its_own_history(self, env: Environment) -> None:
        async with desk(env) as at, env.log("two") as other:
            writers = [at.writer(), at.writer(), at.writer(log=other)]
            batches = [[ask(A, "note", f"{n} {m}") for m in range(3)] for n in range(3)]
            done = await asyncio.gather(*(w.handle(b) for w, b in zip(writers, batches, strict=True)))
            events = [answer.event for answers in done for answer in answers]
            assert sorted(event.sequence for event in events if event) == list(range(1, 10))
            assert all(event is not None and len(event.data.basis) == event.sequence - 1 for event in events)

    async def test_writers_that_race_with_the_same_command_give_the_same_answer(self, env: Environment) -> None:
        async with desk(env) as at, env.log("two") as other:
            one, two = await asyncio.gather(
                at.writer().handle([ask(A, "open")]), at.writer(log=other).handle([ask(A, "open")])
            )
            assert one[0].event == two[0].event

    async def test_a_writer_whose_reader_does_not_pass_gives_no_answer(self, env: Environment) -> None:
        async with desk(env, reading=False) as at:
            await at.store.claim({0, 1})
            with pytest.raises(Unavailable, match="has not passed offset 0"):
                await at.writer(clock=Hurried()).handle([ask(A, "open")])

    async def test_nothing_is_decided_while_the_gate_is_closed(self, env: Environment) -> None:
        async with desk(env) as at:
            with pytest.raises(Unavailable, match="the gate is closed"):
                await at.writer(gate=is_closed).handle([ask(A, "open")])
            assert await at.records() == 0

    async def test_no_command_is_no_answer(self, env: Environment) -> None:
        async with desk(env) as at:
            assert await at.writer().handle([]) == []
