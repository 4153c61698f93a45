"""Tells the processes of a service at once that its generations have changed: by a notification of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from libs.eventlog.tables.database import Connection, Database, reachable

CHANGED = "olcare_generations"
"""The channel."""


class Bell:
    """Wakes whoever waits for it, and whoever comes to wait after it rang."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self, *_: object) -> None:
        """Wake them."""
        self._rung.set()

    async def wait(self, most: float) -> None:
        """Wait until it rings, so many machine seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                await self._rung.wait()
        self._rung.clear()


async def tell(connection: Connection) -> None:
    """Say that the generations have changed, once that counts."""
    await connection.execute(f"notify {CHANGED}")


@asynccontextmanager
async def heard(database: Database, *bells: Bell) -> AsyncIterator[asyncio.Future[None]]:
    """Ring now and for every change from now on; gives what is done where nothing is heard any more.

    Raises Unavailable.
    """
    async with reachable(f"database {database.name}"):
        connection = await asyncpg.connect(database.address, timeout=10)
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ended(_: object) -> None:
        if not gone.done():
            gone.set_result(None)

    connection.add_termination_listener(ended)
    try:
        for bell in bells:
            async with reachable(f"database {database.name}"):
                await connection.add_listener(CHANGED, bell.ring)
            bell.ring()
        yield gone
    finally:
        connection.terminate()
