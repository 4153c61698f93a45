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
from libs.eventlog.fold import Folder, View
from libs.eventlog.ports import Position
from libs.eventlog.projection import Reader
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
    """Do the part of `build` that several processes may share, each with partitions of its own."""
    total, done = sum(until.values()), 0
    with without_collector():
        for partition, end in sorted(until.items()):
            digest: bytes | None = None
            for belongs in _slices(end):
                view = new_view(folder.reader)
                async for records in log.scan(folder.reader.topic, partition, end):
                    mine = records if belongs is None else [r for r in records if belongs(r)]
                    folder.fold(folder.judge.envelopes(mine), view)
                    digest = sha256(records[-1].value or b"").digest()
                    done += len(mine)
                    tell(Progress(done, total))
                await _copy(connection, folder.reader, into, partition, view)
            await _place(connection, folder.reader, into, partition, Position(0, end, digest))


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


async def _place(connection: Connection, reader: Reader, into: Generation, partition: int, position: Position) -> None:
    await connection.execute(
        f"insert into {into.schema}.position_{reader.name} values ($1, $2, $3, $4)",
        partition,
        position.epoch,
        position.next_offset,
        position.digest,
    )
