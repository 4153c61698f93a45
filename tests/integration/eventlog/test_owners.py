"""Two processes share the partitions of a topic, lose them to each other, and nothing is doubled or lost."""

import asyncio
from collections.abc import Awaitable, Callable

from libs.eventlog.errors import Fenced
from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.rule import Judge
from tests.model.story import CODECS, DESK_TICKETS, PARTITIONS, TICKETS
from tests.unit.eventlog.environment import Environment, running, soon, write
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_reader import at_the_end

STREAMS = [stream_in(partition, which) for partition in range(PARTITIONS) for which in range(3)]


async def test_a_second_member_takes_partitions_over_and_gives_them_back(env: Environment) -> None:
    history = History()
    projector = Projector(DESK_TICKETS, Judge(CODECS[TICKETS]))
    async with env.log("one") as log, env.log("two") as other, env.tables(DESK_TICKETS) as tables:
        store = tables.stores[DESK_TICKETS.name]
        first, second = (ReaderLoop(one, store, projector, "shared") for one in (log, other))
        async with running(first.run):
            await write(log, *(history.next(stream) for stream in STREAMS))
            await soon(lambda: at_the_end(log, tables))
            async with running(second.run):
                await soon(lambda: takes_part(second, lambda: write(log, *(history.next(s) for s in STREAMS))))
                await soon(lambda: at_the_end(log, tables))
            await write(log, *(history.next(stream) for stream in STREAMS))
            await soon(lambda: at_the_end(log, tables), 60)
        found = await tables.contents(DESK_TICKETS)
        assert found.heads == history.heads
        assert found == await tables.rebuilt(projector, log)


async def takes_part(reader: ReaderLoop, write_more: Callable[[], Awaitable[None]]) -> bool:
    await write_more()
    return reader.counted > 0


async def test_of_two_live_owners_of_every_partition_one_ends_and_nothing_is_doubled(env: Environment) -> None:
    """Groups of their own: neither hears of the other, as an owner that stood still does not."""
    history = History()
    projector = Projector(DESK_TICKETS, Judge(CODECS[TICKETS]))
    async with env.log("one") as log, env.log("two") as other, env.tables(DESK_TICKETS) as tables:
        store = tables.stores[DESK_TICKETS.name]
        loops = [ReaderLoop(one, store, projector, group) for one, group in ((log, "first"), (other, "second"))]
        tasks = [asyncio.ensure_future(loop.run()) for loop in loops]
        for _ in range(20):
            await write(log, *(history.next(stream) for stream in STREAMS))
        await soon(lambda: at_the_end(log, tables))
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for task, error in zip(tasks, errors, strict=True) if task in ended] == [Fenced]
        found = await tables.contents(DESK_TICKETS)
        assert found.heads == history.heads
        assert found == await tables.rebuilt(projector, log)
