"""A rebuild, from the log on the broker to indexed, committed, switched tables.

Against a COPY of the same final rows followed by the same indexes, and against merely reading the log.
"""

import gc
from collections.abc import Iterable
from functools import partial
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Identity
from libs.eventlog.rebuild.build import build
from libs.eventlog.rebuild.workers import WorkOrder, workers
from libs.eventlog.tables.database import REGISTRY
from libs.eventlog.tables.generations import Generation, begin, drop, switch
from tests.bench import plain
from tests.bench.rounds import Bar, Part, alternate, compare, seconds
from tests.bench.rows import ROWS, projector
from tests.bench.stage import PARTITIONS, Stage

COPY, ONE, TWO, BARE = "COPY and indexes", "rebuild, one process", "rebuild, two processes", "bare getmany"
BARS = (
    Bar("a rebuild with one process against a COPY of the final rows", ONE, COPY, 0.24, 0.30),
    Bar("a rebuild with two processes against the same", TWO, COPY, 0.36, 0.50),
    Bar("a rebuild with one process against reading the log", ONE, BARE, 0.36),
)
HEADS = "stream text, partition int, sequence bigint, id text, journal bytea, hour int"


async def measure(stage: Stage) -> Part:
    """Fill a log, and rebuild its tables again and again."""
    topic = await stage.filled(stage.events)
    expected = await plain.fold(stage.kafka, topic)
    sizes, rows = expected.sizes, len(expected.rows)
    async with stage.log() as log, stage.database() as name, stage.connection(name) as connection:
        race = Race(stage, log, connection, name, topic, expected)
        await race.prepare()
        costs = await alternate(stage.rounds, {COPY: race.copy, ONE: race.one, TWO: race.two, BARE: race.bare})
        size = await connection.fetchval("select avg(pg_column_size(t.*))::int from expected.rows t")
    figures = {
        "events": f"{len(sizes):,} of {min(sizes)} to {max(sizes)} bytes, {sum(sizes) // len(sizes)} on average",
        "rows": f"{rows:,} of {size} bytes, a primary key and two indexes; heads and counted commands beside them",
    }
    times = {name: f"{min(of):.1f} to {max(of):.1f} s" for name, of in costs.items()}
    return Part("rebuild", compare(costs, BARS), {**figures, **times})


class Race:
    """The competitors: each begins with empty tables, and is checked against the plain fold."""

    def __init__(
        self,
        stage: Stage,
        log: KafkaLog,
        connection: asyncpg.Connection,
        database: str,
        topic: str,
        expected: plain.Folded,
    ) -> None:
        self._stage, self._log, self._connection, self._topic = stage, log, connection, topic
        self._address = f"{stage.postgres}/{database}"
        self._rows = [tuple(row) for row in expected.rows.values()]
        self._heads, self._events = list(expected.heads.values()), len(expected.sizes)
        self._projector = projector(topic, PARTITIONS)

    async def prepare(self) -> None:
        """Store what is expected."""
        await self._connection.execute(REGISTRY)
        await self._connection.execute("create schema expected")
        await self._fill("expected", "rows", ROWS.columns, self._rows)
        await self._fill("expected", "heads", HEADS, self._heads)
        self._heads = []
        gc.collect()
        gc.freeze()

    async def copy(self) -> float:
        """COPY the rows, and index them as the reader's tables are."""
        await self._connection.execute("drop schema if exists copied cascade; create schema copied")
        await self._connection.execute("checkpoint")
        return await seconds(self._copy())

    async def one(self) -> float:
        """Rebuild in this process."""
        return await self._rebuild(processes=1)

    async def two(self) -> float:
        """Rebuild with one other process."""
        return await self._rebuild(processes=2)

    async def bare(self) -> float:
        """Read every record, and do nothing with it."""
        return await seconds(self._read())

    async def _copy(self) -> None:
        await self._fill("copied", "rows", ROWS.columns, self._rows)
        await self._connection.execute(f"alter table copied.rows add primary key ({', '.join(ROWS.key)})")
        for index in ROWS.indexes:
            await self._connection.execute(f"create index on copied.rows {index}")

    async def _fill(self, schema: str, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        await self._connection.execute(f"create table {schema}.{table} ({columns})")
        await self._connection.copy_records_to_table(table, schema_name=schema, records=rows)

    async def _rebuild(self, processes: int) -> float:
        await self._connection.execute("checkpoint")
        built: list[Generation] = []
        cost = await seconds(self._build(processes, built))
        await self._check(built[0])
        await drop(self._connection, built[0])
        return cost

    async def _build(self, processes: int, built: list[Generation]) -> None:
        reader, until = self._projector.reader, await self._log.ends(self._topic)
        into = await begin(self._connection, reader, Identity("bench", self._topic), "none")
        order = WorkOrder(self._stage.settings, self._address, partial(projector, self._topic, PARTITIONS), into)
        with workers(order, processes - 1) as more:
            await build(self._connection, self._log, self._projector, into, until, workers=more)
        await switch(self._connection, into, None)
        built.append(into)

    async def _check(self, into: Generation) -> None:
        """Compare counts and multiset hashes with the plain fold's."""
        for table, expected in ((f"heads_{into.reader}", "heads"), (ROWS.table, "rows")):
            found, wanted = (
                await self._fingerprint(f"{into.schema}.{table}"),
                await self._fingerprint(f"expected.{expected}"),
            )
            if found != wanted:
                raise ValueError(f"{table}: {found} rows and hash, not {wanted}")
        positions = f"{into.schema}.position_{into.reader}"
        reached = await self._connection.fetchval(f"select sum(next_offset) from {positions}")  # noqa: S608 - ours
        if reached != self._events:
            raise ValueError(f"the positions say {reached} records, the log has {self._events}")

    async def _fingerprint(self, table: str) -> tuple[Any, ...]:
        row = await self._connection.fetchrow(
            f"select count(*), sum(hashtextextended(t::text, 0)::numeric) from {table} t"  # noqa: S608 - our own table
        )
        return tuple(row or ())

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._stage.kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(self._topic, partition) for partition in range(PARTITIONS)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            left = self._events
            while left:
                left -= sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
        finally:
            await consumer.stop()
