"""SQL by name: `queries.sql` and `duties.sql` of a service as async functions of a connection and named values."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosql

from libs.eventlog.tables.database import Database


class Queries:
    """The named queries of some files, each run on a connection of its own."""

    def __init__(self, database: Database, *files: Path) -> None:
        self._database = database
        self._named: dict[str, Any] = {}
        for file in files:
            loaded = aiosql.from_path(file, "asyncpg", mandatory_parameters=False)
            self._named |= {name: getattr(loaded, name) for name in loaded.available_queries}

    async def rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Give the rows of a query as dictionaries; raises Unavailable where the database can not be reached."""
        async with self._database.connection() as connection:
            return [dict(row) async for row in self._named[name](connection, **values)]

    async def stream(self, name: str, at_once: int = 5_000, **values: object) -> AsyncIterator[dict[str, Any]]:
        """Give the rows of a query as they are read, never all of them at once; raises Unavailable."""
        read = self._named[f"{name}_cursor"]
        async with self._database.connection() as connection, read(connection, **values) as found:
            cursor = await found
            while rows := await cursor.fetch(at_once):
                for row in rows:
                    yield dict(row)

    async def row(self, name: str, **values: object) -> dict[str, Any] | None:
        """Give the first row of a query, None where there is none."""
        found = await self.rows(name, **values)
        return found[0] if found else None
