"""A compacted topic kept as a table: key → value, a tombstone removes the row. No streams, no sequence, no history.

The position is committed with the rows, so a dropped table is rebuilt from the topic. A reader that was away longer
than tombstones are kept (`delete.retention.ms`) may have missed one, so it starts again from the beginning.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from libs.eventlog.errors import Halted, Unavailable
from libs.eventlog.loops.membership import SOON, WAIT, ours
from libs.eventlog.ports import Log, Subscription, nobody
from libs.eventlog.tables.database import NO_ROW, Database
from libs.eventlog.tables.locks import Lock
from libs.eventlog.wire.record import Record

BATCH = 1000
TOMBSTONES_KEPT = timedelta(days=30)

TABLES = """
create schema if not exists {name};
create table if not exists {name}.position_{name} (
    partition int primary key, epoch bigint not null, next_offset bigint not null, read_at timestamptz not null);
alter table {name}.position_{name} add column if not exists topic text not null default '';
create table if not exists {name}.{name} (key text primary key, partition int not null, value jsonb not null);
do $$ begin -- what is personal shall stand in no statistics, which outlive the rows
    if (select attstattarget from pg_attribute where attrelid = '{name}.{name}'::regclass and attname = 'value')
            is distinct from 0 then
        alter table {name}.{name} alter column value type jsonb using value, alter column value set statistics 0;
    end if;
end $$;
create index if not exists {name}_by_person on {name}.{name} (substring(key from '^person/[^/]+/[^/]+'));
"""


class StateTopic:
    """Keeps the table `name` equal to the topic; `at` is machine time, compared with the age of the position."""

    def __init__(self, log: Log, database: Database, name: str, topic: str, group: str) -> None:
        self._log, self._database, self.name, self.topic, self._group = log, database, name, topic, group
        self._epochs: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self.halted: dict[int, Halted] = {}
        self._subscription: Subscription | None = None
        self._idle = False
        self._erased = False
        self.moves = 0
        """The number of moves of our table that this process has committed."""
        self.on_move: Callable[[], None] = nobody
        """Called after each of them, and when partitions have changed hands."""
        self.skipped = 0
        """The number of records that could not be rows, since the process began."""

    async def open(self, partitions: int, at: datetime) -> None:
        """Create missing tables; start from the beginning where the last update is older than TOMBSTONES_KEPT.

        Raises Unavailable.
        """
        topic = (await self._log.identity(self.topic)).topic
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(f"select pg_advisory_xact_lock({Lock.STATE_TOPIC})")
            await connection.execute(TABLES.format(name=self.name))
            table = f"{self.name}.position_{self.name}"
            oldest = await connection.fetchval(f"select min(read_at) from {table}")
            if oldest is not None and oldest < at - TOMBSTONES_KEPT:
                await connection.execute(f"truncate {self.name}.{self.name}, {table}")
            await connection.execute(
                f"insert into {table} select p, 0, 0, $2, $3 from generate_series(0, $1 - 1) p on conflict do nothing",
                partitions,
                at,
                topic,
            )
            await connection.execute(f"update {table} set topic = $1 where topic = ''", topic)
        self._database.use(self.name, self.name)

    async def run(self) -> None:
        """Read for ever."""
        self._subscription = subscription = await self._log.subscribe(self.topic, self._group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()

    def partitions(self) -> frozenset[int]:
        """The partitions that are ours now."""
        return ours(self._subscription)

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Take partitions over from the table's positions; offsets that compaction removed are no gap.

        A partition whose topic is not the one that was read is halted, and not read. Raises Unavailable.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"update position_{self.name} set epoch = epoch + 1 where partition = any($1) returning *",
                sorted(partitions),
            )
        self._epochs.update({row["partition"]: row["epoch"] for row in rows})
        self._next.update({row["partition"]: row["next_offset"] for row in rows})
        for partition in partitions:
            self.halted.pop(partition, None)
        await self.check()
        self.on_move()
        return {row["partition"]: row["next_offset"] for row in rows if row["partition"] not in self.halted}

    async def check(self) -> None:
        """Compare the topic with what was read of it, and halt the partitions where they differ; raises Unavailable."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(f"select partition, next_offset, topic from position_{self.name}")
        identity, ends = await self._log.identity(self.topic), await self._log.high_watermarks(self.topic)
        for partition, offset, topic in rows:
            if sentence := _problem(offset, topic, identity.topic, ends.get(partition, 0)):
                self.halted[partition] = Halted(self.topic, partition, offset, sentence)

    def problem(self) -> str | None:
        """The reasons for which partitions are halted; None while there are none."""
        return "; ".join(map(str, self.halted.values())) or None

    async def read_through(self, at: datetime) -> None:
        """Note that our partitions were read to their ends at `at`, though nothing was said; raises Unavailable."""
        ends = await self._log.ends(self.topic)
        async with self._database.connection() as connection:
            await connection.executemany(
                f"update position_{self.name} set read_at = greatest(read_at, $4)"
                " where partition = $1 and epoch = $2 and next_offset >= $3",
                [(partition, epoch, ends[partition], at) for partition, epoch in self._epochs.items()],
            )

    async def round(self, subscription: Subscription) -> int:
        """Apply one batch of each partition; gives the number of records."""
        batches = await subscription.batch(BATCH, WAIT if self._idle and not self._erased else SOON)
        self._idle = not batches
        for partition, records in batches.items():
            if partition not in self.halted:
                await self.apply(partition, records)
        if self._erased:
            await self._vacuum()
        if not batches:
            await self._go_past(await subscription.passed())
        return sum(len(records) for records in batches.values())

    async def _vacuum(self) -> None:
        """Take erased rows out of the table's pages, where they would stay for as long as little is written."""
        with suppress(Unavailable):  # tried again with the next round
            async with self._database.connection() as connection:
                await connection.execute(f"vacuum {self.name}.{self.name}")
            self._erased = False

    async def _go_past(self, passed: Mapping[int, int]) -> None:
        """Go past offsets whose records compaction has removed at the end of a partition."""
        for partition, offset in passed.items():
            if partition not in self.halted and offset > self._next.get(partition, offset):
                await self._move(partition, offset, None, {})

    async def apply(self, partition: int, records: Sequence[Record]) -> None:
        """Write the last value of each key, and the position, in one transaction; raises Unavailable.

        A record that can not be a row is skipped and counted: whoever may write here must not end who reads.
        """
        offset, at = records[-1].offset + 1, _written_at(records[-1])
        try:
            await self._move(partition, offset, at, {(r.key or b"").decode(): r.value for r in records})
        except NO_ROW:
            if len(records) == 1:
                await self._move(partition, offset, at, {})
                self.skipped += 1
                return
            for half in (records[: len(records) // 2], records[len(records) // 2 :]):
                await self.apply(partition, half)

    async def _move(self, partition: int, offset: int, at: datetime | None, last: Mapping[str, bytes | None]) -> None:
        """Write the last values of keys and the next offset; `at` is when what was read last was written."""
        kept = [(key, partition, value.decode()) for key, value in last.items() if value is not None]
        async with self._database.connection() as connection, connection.transaction():
            moved = await connection.fetchval(
                f"update position_{self.name} set next_offset = $3, read_at = greatest(read_at, $4)"
                " where partition = $1 and epoch = $2 returning 1",
                partition,
                self._epochs[partition],
                offset,
                at,
            )
            if moved is None:
                raise Unavailable(f"{self.name}[{partition}] has another owner")
            gone = await connection.fetch(f"delete from {self.name} where key = any($1) returning key", list(last))
            await connection.copy_records_to_table(self.name, schema_name=self.name, records=kept)
        self._next[partition] = offset
        self.moves += 1
        self.on_move()
        self._erased |= any(last[row["key"]] is None for row in gone)

    async def positions(self) -> Mapping[int, int]:
        """The next offset of every partition."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(f"select partition, next_offset from position_{self.name}")
        return {row["partition"]: row["next_offset"] for row in rows}


def _problem(offset: int, read: str, topic: str, end: int) -> str | None:
    """Why a partition can not be read on from an offset; None where it can."""
    if read != topic:
        return f"the topic was made anew or the cluster is another one: it is {topic}, {read} was read"
    return f"the topic was cut: it ends at {end}, {offset} were read" if offset > end else None


def _written_at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
