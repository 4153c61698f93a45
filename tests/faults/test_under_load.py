"""What is cut off while a day of support goes on: the books balance, and the tables are what the log makes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.faults.checked.books import Books
from tests.faults.checker import findings, grown
from tests.faults.harm import BEYOND_THE_SESSION
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN, Day
from tests.faults.system import System

RATE = 1200.0
"""Plan seconds in a machine second."""
TO_ITS_END = timedelta(days=2)
"""Plan time after which every promise of the day has its verdict."""


async def test_every_database_dropped_under_load_comes_back_from_the_log(system: System, upstream: Upstream) -> None:
    async def drop_twice() -> None:
        for _ in range(2):
            await asyncio.sleep(3)
            await system.drop_databases()

    await _through_a_day(system, upstream, drop_twice)


async def test_an_owner_that_was_frozen_beyond_its_session_doubles_nothing(system: System, upstream: Upstream) -> None:
    async def freeze() -> None:
        await system.serve("intake-2")
        system.services["intake"].process.freeze()
        await asyncio.sleep(BEYOND_THE_SESSION)
        system.services["intake"].process.thaw()

    await _through_a_day(system, upstream, freeze, hours=6)


async def test_a_killed_broker_takes_nothing_with_it(system: System, upstream: Upstream) -> None:
    async def kill() -> None:
        await asyncio.sleep(3)
        await asyncio.to_thread(system.kafka.kill)
        await asyncio.to_thread(system.kafka.restart)

    await _through_a_day(system, upstream, kill)


async def test_an_upstream_that_says_everything_again_and_a_full_re_read_add_nothing(
    system: System, upstream: Upstream
) -> None:
    async def nothing() -> None:
        """Nobody is harmed."""

    before = await _through_a_day(system, upstream, nothing)
    await upstream.say(list(upstream.said.values()))
    await system.quiet()
    repeated = await system.books(upstream.acknowledged)
    assert [*grown(before, repeated), *findings(repeated)] == []
    await system.read_everything_again()
    again = await system.books(upstream.acknowledged)
    assert [*grown(before, again), *findings(again)] == []


async def _through_a_day(
    system: System, upstream: Upstream, harm: Callable[[], Awaitable[None]], hours: float = 4
) -> Books:
    """Play a day with harm in it to the end of its last promise; gives the books, which balance."""
    await system.serve()
    await publish_the_plan(system, upstream)
    day = [message for message in Day(1, 60, hours).messages() if message.at < BEGIN + timedelta(hours=hours)]
    system.run_clock(RATE)
    await asyncio.gather(upstream.play(day, system.clock), harm())
    await system.ready()
    system.stop_clock()
    await system.quiet()
    system.step_clock(system.clock.now() + TO_ITS_END)
    await system.quiet()
    books = await system.books(upstream.acknowledged, await system.rebuilt())
    assert [*findings(books), *upstream.disagreements(books)] == []
    return books
