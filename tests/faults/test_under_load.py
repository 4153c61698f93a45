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


async def test_dropped_databases_and_a_killed_broker_take_nothing_with_them(system: System, upstream: Upstream) -> None:
    async def harm() -> None:
        await asyncio.sleep(3)
        await system.drop_databases()
        await asyncio.sleep(1)
        await asyncio.to_thread(system.kafka.kill)
        await asyncio.to_thread(system.kafka.restart)
        await system.drop_databases()

    await _through_a_day(system, upstream, harm)


async def test_a_frozen_owner_doubles_nothing_nor_does_an_upstream_that_says_all_again_nor_a_full_re_read(
    system: System, upstream: Upstream
) -> None:
    async def freeze() -> None:
        await system.serve("intake-2")
        system.services["intake"].process.freeze()
        await asyncio.sleep(BEYOND_THE_SESSION)
        system.services["intake"].process.thaw()

    before = await _through_a_day(system, upstream, freeze, hours=6)
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
