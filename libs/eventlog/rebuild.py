"""Fold a topic from its beginning into fresh tables: read as fast as the broker gives, fold in memory, COPY, index.

Memory stays bounded: one partition at a time, and a long one in slices of streams (a stream is always in one slice), so
that no more than about SLICE records' rows are held at once, however long the log is.
"""

import gc
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from libs.eventlog.database import Connection, Generation, indexes
from libs.eventlog.errors import Halted
from libs.eventlog.fold import Folder, View
from libs.eventlog.ports import Position
from libs.eventlog.projection import Reader
from libs.eventlog.reader import check_dense
from libs.eventlog.record import Record

SLICE = 2_000_000  # records of one partition


class Progress(NamedTuple):
    """How far a rebuild is, in records."""

    done: int
    total: int


Tell = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tell nobody."""


class Scan(Protocol):
    """A log that can be read from the start, one partition at a time, as fast as it gives."""

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """Give the records with offsets from `start` to below `until`, in order."""
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
    folder: Folder,
    into: Generation,
    until: Mapping[int, int],
    tell: Tell = silent,
) -> None:
    """Fold the partitions of `until` to the offsets there, into the empty tables of a generation; then index."""
    await copy_partitions(connection, log, folder, into, until, tell)
    for statement in indexes(folder.reader, into.schema):
        await connection.execute(statement)
    await connection.execute(f"analyze {into.schema}.heads_{folder.reader.name}")


async def copy_partitions(
    connection: Connection,
    log: Scan,
    folder: Folder,
    into: Generation,
    until: Mapping[int, int],
    tell: Tell = silent,
) -> None:
    """Do the part of `build` that several processes may share, each with partitions of its own.

    A partition that can not be read on is built up to there: its reader will stop there, and say so.
    """
    total, done = sum(until.values()), 0

    def count(records: int) -> None:
        nonlocal done
        done += records
        tell(Progress(min(done, total), total))

    with without_collector():
        for partition, end in sorted(until.items()):
            reach: int | None = end
            while reach is not None:
                reach = await _copy_partition(connection, log, folder, into, partition, reach, count)


async def _copy_partition(
    connection: Connection,
    log: Scan,
    folder: Folder,
    into: Generation,
    partition: int,
    end: int,
    count: Callable[[int], None],
) -> int | None:
    """Fold and copy a partition to `end`; where something on the way can not stand there, give its offset instead."""
    digest: bytes | None = None
    try:
        for belongs in _slices(end):
            view, expected = new_view(folder.reader), 0
            async for records in log.scan(folder.reader.topic, partition, end):
                check_dense(records, expected)
                mine = records if belongs is None else [r for r in records if belongs(r)]
                folder.fold(folder.judge.envelopes(mine), view)
                digest = sha256(records[-1].value or b"").digest()
                expected = records[-1].offset + 1
                count(len(mine))
            await _copy(connection, folder.reader, into, partition, view)
    except Halted as halted:
        await _clear(connection, folder.reader, into, partition)
        return halted.offset
    await _place(connection, folder.reader, into, partition, Position(0, end, digest))
    return None


def new_view(reader: Reader) -> View:
    """Give the view of a fold that starts from nothing."""
    return View(rows={projection.table: {} for projection in reader.projections})


def _slices(records: int) -> Iterable[Callable[[Record], bool] | None]:
    """Split a partition into so many sets of streams that none has many more than SLICE records."""
    count = -(-records // SLICE)
    if count <= 1:
        return [None]
    return [partial(_belongs, count, mine) for mine in range(count)]


def _belongs(count: int, mine: int, record: Record) -> bool:
    return zlib.crc32(record.key or b"") % count == mine


async def _copy(connection: Connection, reader: Reader, into: Generation, partition: int, view: View) -> None:
    heads: Iterable[tuple[str, int, int, str, bytes | bytearray]] = (
        (stream, partition, head.sequence, head.id, view.journals.get(stream, b""))
        for stream, head in view.heads.items()
    )
    async with connection.transaction():
        await connection.copy_records_to_table(f"heads_{reader.name}", schema_name=into.schema, records=heads)
        for projection in reader.projections:
            rows: Iterable[Any] = view.rows[projection.table].values()
            dumped = (projection.dump(row) for row in rows if row is not None)
            await connection.copy_records_to_table(projection.table, schema_name=into.schema, records=dumped)
        if reader.reacts and view.voids:
            voids = [(partition, at) for at in view.voids]
            await connection.copy_records_to_table(f"voids_{reader.name}", schema_name=into.schema, records=voids)


async def _clear(connection: Connection, reader: Reader, into: Generation, partition: int) -> None:
    """Take back what was copied of a partition."""
    heads = f"{into.schema}.heads_{reader.name}"
    for projection in reader.projections:
        rows = f"{into.schema}.{projection.table}"
        await connection.execute(
            f"delete from {rows} using {heads} where {rows}.stream = {heads}.stream and {heads}.partition = $1",
            partition,
        )
    await connection.execute(f"delete from {heads} where partition = $1", partition)
    await connection.execute(f"delete from {into.schema}.voids_{reader.name} where partition = $1", partition)


async def _place(connection: Connection, reader: Reader, into: Generation, partition: int, position: Position) -> None:
    await connection.execute(
        f"insert into {into.schema}.position_{reader.name} values ($1, $2, $3, $4)",
        partition,
        position.epoch,
        position.next_offset,
        position.digest,
    )
