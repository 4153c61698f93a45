"""Empties a service's database: it is derived, and a start makes all of it anew."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from libs.eventlog.tables.address import database_at
from libs.eventlog.tables.database import reachable

_OURS = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')"


async def schemas(server: str, name: str) -> Sequence[str]:
    """The schemas with tables of ours; none where there is no such database. Raises Unavailable."""
    async with _connected(server, name) as connection:
        return [row["nspname"] for row in await connection.fetch(_OURS)] if connection else []


async def empty(server: str, name: str) -> None:
    """Drop them all; raises Unavailable, and NotAdmitted for somebody who may not."""
    async with _connected(server, name) as connection:
        if connection:
            async with connection.transaction():
                for row in await connection.fetch(_OURS):
                    await connection.execute(f'drop schema "{row["nspname"]}" cascade')


@asynccontextmanager
async def _connected(server: str, name: str) -> AsyncIterator[asyncpg.Connection | None]:
    """Connect; None where there is no such database."""
    async with reachable(f"database {name}"):
        try:
            connection = await asyncpg.connect(database_at(server, name), timeout=10)
        except asyncpg.InvalidCatalogNameError:
            yield None
            return
        try:
            yield connection
        finally:
            await connection.close()
