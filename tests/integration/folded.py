"""A service's tables in a real database, filled by its own folds, and its named queries over them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from libs.eventlog.ports import Identity
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.tables.database import BY_INDEX, SHORT, Database
from libs.eventlog.tables.generations import begin, indexes, switch, tables
from libs.eventlog.tables.put_away import put_away
from libs.eventlog.tables.queries import Queries, expressions_of
from libs.eventlog.tables.store import PostgresStore
from libs.messages.base import Event
from libs.messages.catalogue import STREAMS_OF
from libs.messages.streams import parse_stream
from tests.unit.recorded import recorded_event

AS_OF_MANY = {
    **dict.fromkeys(("min_parallel_table_scan_size", "min_parallel_index_scan_size"), "0"),
    **dict.fromkeys(("parallel_setup_cost", "parallel_tuple_cost"), "0"),
}
"""Whatever the planner does only where there are very many rows, it does with few."""


class Folded:
    """The tables of some readers."""

    def __init__(self, connection: asyncpg.Connection, queries: Queries, readers: Sequence[Reader]) -> None:
        self.connection, self.queries, self._readers = connection, queries, readers

    async def happened(self, stream: str, *events: Event) -> None:
        """Let a stream's whole history be folded into the tables of every reader of its topic."""
        for reader in self._readers:
            if parse_stream(stream).kind in STREAMS_OF[reader.topic]:
                head = (stream, 0, len(events), f"head of {stream}", b"", *[0] * reader.writes)
                await self.connection.copy_records_to_table(f"heads_{reader.name}", records=[head])
                for projection in reader.projections:
                    await self._fold(projection, stream, events)

    async def put_away(self) -> None:
        """Put all streams away of the readers that do so, their heads named by UUIDs."""
        for reader in (r for r in self._readers if r.writes):
            await self.connection.execute(f"update heads_{reader.name} set id = md5(id)::uuid::text")  # noqa: S608 - ours
            await put_all_away(self.connection, reader)

    async def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, by their streams."""
        return [dict(row) for row in await self.connection.fetch(f"select * from {name} order by stream")]  # noqa: S608 - our name

    async def found(self, query: str, **values: object) -> list[dict[str, Any]]:
        """Give the rows of a named query."""
        return await self.queries.rows(query, **values)

    async def _fold(self, projection: Projection[Any], stream: str, events: Sequence[Event]) -> None:
        rows: dict[tuple[Any, ...], Any] = {}
        for sequence, event in enumerate(events, start=1):
            recorded = recorded_event(stream, sequence, event)
            if type(event) in projection.events:
                rows |= {key: projection.evolve(rows.get(key), recorded) for key in projection.keys(recorded)}
        stored = [projection.dump(row) for row in rows.values() if row is not None]
        await self.connection.copy_records_to_table(projection.table, records=stored)


async def tables_in_use(database: Database, reader: Reader, partitions: int) -> PostgresStore:
    """Make the tables of a reader that has read nothing, and use them."""
    async with database.connection() as connection:
        generation = await begin(connection, reader, Identity("test", reader.topic), "none")
        for statement in indexes(reader, generation.schema):
            await connection.execute(statement)
        places = [(partition, 0, 0, None) for partition in range(partitions)]
        await connection.copy_records_to_table(f"position_{reader.name}", schema_name=generation.schema, records=places)
        await switch(connection, generation, None)
    database.use(reader.name, generation.schema)
    return PostgresStore(database, reader)


async def put_all_away(connection: asyncpg.Connection, reader: Reader) -> None:
    """Put away all streams that stand in partition 0, whenever their last events were recorded."""
    newest = (0, 0, "the newest of all", b"", 1_000_000)
    async with connection.transaction():
        await connection.copy_records_to_table(f"heads_{reader.name}", records=[("none", *newest)])
        await put_away(connection, reader, [0])
        await connection.execute(f"delete from heads_{reader.name} where stream = 'none'")  # noqa: S608 - our name


@asynccontextmanager
async def folded(database: str, readers: Sequence[Reader], files: Sequence[Path]) -> AsyncIterator[Folded]:
    """Make the tables of some readers in an empty database, with a service's queries."""
    connection = await asyncpg.connect(database, server_settings={**AS_OF_MANY, **SHORT, **BY_INDEX})
    for reader in readers:
        for statement in (*tables(reader, "public"), *indexes(reader, "public")):
            await connection.execute(statement)
    server, _, name = database.rpartition("/")
    ours = Database(server, name)
    await ours.open(connections=1)
    yield Folded(connection, Queries(ours, *files, expressions=expressions_of(readers)), readers)
    await ours.close()
    await connection.close()


def most_rows(node: dict[str, Any]) -> float:
    """The most rows that any step of a plan went through, those that it left out included."""
    gone: float = (
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    )
    loops: float = node["Actual Loops"]
    return max([gone * loops, *(most_rows(below) for below in node.get("Plans", []))])
