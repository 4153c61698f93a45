"""Fold a topic from its beginning into fresh tables: read as fast as the broker gives, fold in memory, COPY, index.

One slice is copied while the next one is folded; workers, which are other processes, share the partitions. Memory
stays bounded: a long partition is folded in slices of streams (a stream is always in one slice), so that a process
holds the rows of about two times SLICE records at most, however long the log is. It is read once: while the first slice
is folded, the records of the others go into files (spill.py).
"""

import asyncio
import gc
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from libs.eventlog.errors import Halted
from libs.eventlog.fold import NEWEST, Projector, View, entries, parted
from libs.eventlog.ports import Position
from libs.eventlog.projection import Key, Reader
from libs.eventlog.put_away import can_be_put_away
from libs.eventlog.rebuild.spill import Spilled, spilled
from libs.eventlog.rule import missing
from libs.eventlog.tables.database import Connection
from libs.eventlog.tables.generations import Generation, indexes
from libs.eventlog.tables.put_away import AwayRow, copy_away, put_away
from libs.eventlog.wire.record import Record

SLICE = 1_000_000  # records of one partition
ENTRIES = 50_000  # rows of registers, which are not kept until the end of a slice
BEFORE_ALL = -(1 << 62)  # an hour


class Progress(NamedTuple):
    """How far a rebuild is, in records."""

    done: int
    total: int


Tell = Callable[[Progress], None]
Count = Callable[[int], None]
"""Called with the number of records just folded."""
Partitions = Iterator[tuple[int, int]]
"""Partitions, each with the offset to read to; every process that takes part takes the next one."""


def silent(_: Progress) -> None:
    """Report no progress."""


class Scan(Protocol):
    """A log that can be read from the start, one partition at a time, as fast as it gives."""

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """The records with offsets from `start` to below `until`, in order."""
        ...


class BuildsPartitions(Protocol):
    """A builder in this process, or in another one (`workers.py`)."""

    async def take(self, partitions: Partitions, count: Count) -> None:
        """Fold and copy partitions as long as there are any."""
        ...


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from walking millions of live rows again and again."""
    enabled = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        gc.unfreeze()


async def build(
    connection: Connection,
    log: Scan,
    projector: Projector,
    into: Generation,
    until: Mapping[int, int],
    tell: Tell = silent,
    workers: Sequence[BuildsPartitions] = (),
) -> None:
    """Fold the partitions of `until` to the offsets there, into the empty tables of a generation; then index."""
    left = iter(sorted(until.items(), key=lambda item: item[1], reverse=True))
    count = _counter(sum(until.values()), tell)
    await _together([each.take(left, count) for each in (PartitionBuilder(connection, log, projector, into), *workers)])
    for statement in indexes(projector.reader, into.schema):
        await connection.execute(statement)
    name = projector.reader.name
    away = [f"away_{name}"] if projector.reader.writes else []
    for table in (f"heads_{name}", f"commands_{name}", *away, *projector.reader.tables):
        await connection.execute(f"analyze {into.schema}.{table}")  # before the first query, ahead of autovacuum


def _counter(total: int, tell: Tell) -> Count:
    done = 0

    def count(records: int) -> None:
        nonlocal done
        done += records
        tell(Progress(min(done, total), total))

    return count


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; where one fails, cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class PartitionBuilder:
    """Folds partitions in this process; what was folded is copied on one connection while the next is folded."""

    def __init__(self, connection: Connection, log: Scan, projector: Projector, into: Generation) -> None:
        self._connection, self._log, self._projector, self._into = connection, log, projector, into
        self._copying: asyncio.Task[None] | None = None
        self._tallies: dict[str, Counter[Key]] = defaultdict(Counter)

    async def take(self, partitions: Partitions, count: Count) -> None:
        """Fold and copy partitions as long as there are any.

        A partition with a record that raises Halted is built up to that record: its reader will halt there.
        """
        try:
            with without_collector():
                for partition, end in partitions:
                    reach: int | None = end
                    while reach is not None:
                        reach = await self._partition(partition, reach, count)
                await self._copied()
        finally:
            if self._copying:
                self._copying.cancel()
                await asyncio.wait([self._copying])

    async def _partition(self, partition: int, end: int, count: Count) -> int | None:
        """Fold a partition to `end`; returns the offset of a record before it that raises Halted, else None."""
        reader = self._projector.reader
        self._tallies.clear()
        try:
            with spilled(-(-end // SLICE) or 1) as files:
                view, digest = await self._first(partition, end, files, count)
                newest = max(view.hours.values(), default=BEFORE_ALL)
                await self._write(partial(_copy, self._connection, reader, self._into, partition, view, newest))
                self._add_up(view)
                for part in range(1, files.parts):
                    view = await self._fold(files.read(part), count)
                    files.drop(part)
                    newest = max(newest, max(view.hours.values(), default=BEFORE_ALL))
                    self._add_up(view)
                    await self._write(partial(_copy, self._connection, reader, self._into, partition, view, newest))
                if files.parts > 1 and reader.writes:  # the newest hour was not known when the first ones were copied
                    await self._write(partial(_put_away, self._connection, reader, self._into, partition))
        except Halted as halted:
            await self._copied()
            await _clear(self._connection, reader, self._into, partition)
            return halted.offset
        await self._write(partial(_count, self._connection, self._into, {**self._tallies}))
        await self._write(partial(_place, self._connection, reader, self._into, partition, Position(0, end, digest)))
        return None

    def _add_up(self, view: View) -> None:
        for table, counted in view.tallies.items():
            self._tallies[table].update(counted)

    async def _first(self, partition: int, end: int, files: Spilled, count: Count) -> tuple[View, bytes | None]:
        """Read a partition: fold the first slice, and keep the others in files; returns its view and the last digest.

        Raises Halted at the first record of the slice that can not be taken.
        """
        view, expected, digest = new_view(self._projector.reader), 0, None
        topic, judge = self._projector.reader.topic, self._projector.judge
        async for records in self._log.scan(topic, partition, end):
            judge.check_dense(records, expected)
            mine, *others = files.parted(records)
            for part, more in enumerate(others, start=1):
                files.write(part, more)
            self._projector.fold(judge.each(mine), view)
            await self._enter(view)
            digest, expected = sha256(records[-1].value or b"").digest(), records[-1].offset + 1
            count(len(mine))
        if (due := judge.first_due(partition, expected, end)) < end:
            raise missing(topic, partition, due, "the broker gives none")
        return view, digest if expected == end else None

    async def _fold(self, batches: Iterable[Sequence[Record]], count: Count) -> View:
        """Fold the records of another slice."""
        view = new_view(self._projector.reader)
        for records in batches:
            self._projector.fold(self._projector.judge.each(records), view)
            await self._enter(view)
            count(len(records))
            await asyncio.sleep(0)  # what was folded before is being copied
        return view

    async def _enter(self, view: View) -> None:
        """Copy the rows of registers as soon as there are some: none of them changes."""
        if sum(map(len, view.entries.values())) >= ENTRIES:
            taken, view.entries = view.entries, defaultdict(list)
            await self._write(partial(_copy_entries, self._connection, self._into, taken))

    async def _write(self, write: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a write after the previous one has finished."""
        await self._copied()
        self._copying = asyncio.create_task(write())

    async def _copied(self) -> None:
        if self._copying:
            await self._copying


def new_view(reader: Reader) -> View:
    """The view of a fold that starts from nothing."""
    return View(rows={projection.table: {} for projection in reader.projections})


async def _copy(
    connection: Connection, reader: Reader, into: Generation, partition: int, view: View, newest: int
) -> None:
    """Store what was folded; what is put away, when the newest event of the partition is of an hour, as that."""
    kept, quiet = _by_age(reader, view, newest)
    indexes = view.command_indexes
    heads: Iterable[tuple[Any, ...]] = (
        (stream, partition, *view.heads[stream], parted(bytes(indexes.get(stream, b"")))[1], *hour)
        for stream, *hour in kept
    )
    older: Iterable[tuple[str, bytes, int]] = (
        (stream, *entry)
        for stream, *_ in kept
        if len(indexes.get(stream, b"")) >= NEWEST
        for entry in entries(parted(bytes(indexes[stream]))[0])
    )
    async with connection.transaction():
        if quiet:
            await copy_away(connection, reader, _packed(reader, view, partition, quiet), into.schema)
        await connection.copy_records_to_table(f"commands_{reader.name}", schema_name=into.schema, records=older)
        await connection.copy_records_to_table(f"heads_{reader.name}", schema_name=into.schema, records=heads)
        for projection in reader.projections:
            rows: Iterable[Any] = view.rows[projection.table].items()
            dumped = (
                projection.dump(row)
                for key, row in rows
                if row is not None and not (projection.is_state and key[0] in quiet)
            )
            await connection.copy_records_to_table(projection.table, schema_name=into.schema, records=dumped)
        await _copy_entries(connection, into, view.entries)
        if reader.reacts and view.voids:
            voids = [(partition, at) for at in view.voids]
            await connection.copy_records_to_table(f"voids_{reader.name}", schema_name=into.schema, records=voids)


async def _copy_entries(
    connection: Connection, into: Generation, entries: Mapping[str, Sequence[tuple[Any, ...]]]
) -> None:
    for table, rows in entries.items():
        await connection.copy_records_to_table(table, schema_name=into.schema, records=rows)


async def _count(connection: Connection, into: Generation, tallies: Mapping[str, Mapping[Key, int]]) -> None:
    """Store what was counted of a partition."""
    for table, counted in tallies.items():
        rows = ((*key, events) for key, events in counted.items())
        await connection.copy_records_to_table(table, schema_name=into.schema, records=rows)


def _by_age(reader: Reader, view: View, newest: int) -> tuple[list[tuple[Any, ...]], frozenset[str]]:
    """The streams that are kept, each with its hour; and those that are put away."""
    if not reader.writes:
        return [(stream,) for stream in view.heads], frozenset()
    before = newest - reader.put_away.after
    quiet = frozenset(s for s, hour in view.hours.items() if hour < before and can_be_put_away(view.heads[s].id))
    return [(s, view.hours[s]) for s in view.heads if s not in quiet], quiet


def _packed(reader: Reader, view: View, partition: int, quiet: Iterable[str]) -> Iterable[AwayRow]:
    states = view.rows[reader.state.table] if reader.state else {}
    for stream in quiet:
        head, row = view.heads[stream], states.get((stream,))
        state = reader.put_away.packed(reader.state.dump(row)[1] if reader.state and row is not None else None)
        commands = bytes(view.command_indexes.get(stream, b""))
        yield AwayRow(head.id, head.sequence, partition, view.hours[stream], stream, commands, state)


async def _put_away(connection: Connection, reader: Reader, into: Generation, partition: int) -> None:
    async with connection.transaction():
        await put_away(connection, reader, [partition], f"{into.schema}.")


async def _clear(connection: Connection, reader: Reader, into: Generation, partition: int) -> None:
    """Delete what was copied of a partition."""
    heads = f"{into.schema}.heads_{reader.name}"
    streams = f"{into.schema}.streams_{reader.name}" if reader.writes else heads
    for table in (f"commands_{reader.name}", *(projection.table for projection in reader.projections)):
        rows = f"{into.schema}.{table}"
        await connection.execute(
            f"delete from {rows} using {streams} s where {rows}.stream = s.stream and s.partition = $1",
            partition,
        )
    for each in reader.entered:
        await connection.execute(f"delete from {into.schema}.{each.table} where partition = $1", partition)
    await connection.execute(f"delete from {heads} where partition = $1", partition)
    if reader.writes:
        await connection.execute(f"delete from {into.schema}.away_{reader.name} where partition = $1", partition)
    await connection.execute(f"delete from {into.schema}.voids_{reader.name} where partition = $1", partition)


async def _place(connection: Connection, reader: Reader, into: Generation, partition: int, position: Position) -> None:
    await connection.execute(
        f"insert into {into.schema}.position_{reader.name} values ($1, $2, $3, $4)",
        partition,
        position.epoch,
        position.next_offset,
        position.digest,
    )
