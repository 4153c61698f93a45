"""A process of the suites that is told to end does end, even while a death of it is under way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.support import PATIENCE
from tests.unit.eventlog.environment import Loop, living


async def test_cancelled_while_it_dies_it_begins_no_other_life() -> None:
    killed, dying, dead = asyncio.Event(), asyncio.Event(), asyncio.Event()
    lives = 0

    async def slow_to_die() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            dying.set()
            await dead.wait()

    @asynccontextmanager
    async def life() -> AsyncIterator[Sequence[Loop]]:
        nonlocal lives
        lives += 1
        yield [slow_to_die]

    task = asyncio.ensure_future(living(life, killed))
    await asyncio.sleep(0)
    killed.set()
    await dying.wait()
    task.cancel()
    await asyncio.sleep(0)
    dead.set()
    await asyncio.wait([task], timeout=PATIENCE)
    assert task.cancelled()
    assert lives == 1
