"""Streams that were put away, in PostgreSQL: packing those whose time has come, and reading them back.

Both happen within the transaction of a batch, under the lock of its position row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from libs.eventlog.projection import Reader
from libs.eventlog.put_away import can_be_put_away
from libs.eventlog.tables.database import Connection
from libs.eventlog.wire.record import Head

AT_ONCE = 5000  # streams held in memory
MOST = 10_000
"""Streams that a reader puts away in one transaction, so that its length is bounded whatever was recorded before."""


class AwayRow(NamedTuple):
    """A stream that was put away, as it is stored: the head's id and sequence, its whole command index, its state."""

    id: str
    sequence: int
    partition: int
    hour: int
    stream: str
    commands: bytes
    state: bytes | None

    @property
    def head(self) -> Head:
        """Its last counted event."""
        return Head(self.sequence, self.id)


async def put_away(
    connection: Connection, reader: Reader, partitions: Sequence[int], schema: str = "", most: int | None = None
) -> int:
    """Put away the streams of some partitions whose time has come, at most so many; returns how many it did.

    `schema` ends with a dot.
    """
    moved = 0
    quiet = await connection.cursor(_quiet(reader, schema), partitions, reader.put_away.after, most)
    while found := await quiet.fetch(AT_ONCE):
        ours = [row for row in found if can_be_put_away(row["id"])]
        await _move(connection, reader, schema, ours)
        moved += len(ours)
    return moved


def _quiet(reader: Reader, schema: str) -> str:
    heads, commands = f"{schema}heads_{reader.name}", f"{schema}commands_{reader.name}"
    state = f"left join {schema}{reader.state.table} using (stream)" if reader.state else ""
    return (
        "with quiet as (select found.* from unnest($1::int[]) as mine (partition) cross join lateral ("
        f" select stream, h.partition, sequence, id, hour, journal from {heads} h where h.partition = mine.partition"
        f" and hour < (select max(hour) from {heads} n where n.partition = mine.partition) - $2::int"
        " order by hour limit $3) as found limit $3),"
        ' older as (select stream, string_agg(command || int8send("offset"), \'\' order by "offset") as older'
        f" from {commands} where stream in (select stream from quiet) group by stream)"
        " select stream, partition, sequence, id, hour, coalesce(older, '') || journal as commands,"
        f" {'state' if reader.state else 'null'} as state from quiet left join older using (stream) {state}"
    )


async def _move(connection: Connection, reader: Reader, schema: str, found: Sequence[asyncpg.Record]) -> None:
    streams, pack = [row["stream"] for row in found], reader.put_away.packed
    rows = [
        AwayRow(r["id"], r["sequence"], r["partition"], r["hour"], r["stream"], r["commands"], pack(r["state"]))
        for r in found
    ]
    states = [reader.state.table] if reader.state else []
    for table in (f"heads_{reader.name}", f"commands_{reader.name}", *states):
        await connection.execute(f"delete from {schema}{table} where stream = any($1)", streams)
    await copy_away(connection, reader, rows, schema.rstrip("."))


async def copy_away(connection: Connection, reader: Reader, rows: Iterable[AwayRow], schema: str = "") -> None:
    """Store rows of streams that are put away."""
    await connection.copy_records_to_table(f"away_{reader.name}", schema_name=schema or None, records=rows)


async def away(connection: Connection, reader: Reader, asked: Mapping[int, Collection[str]]) -> Sequence[AwayRow]:
    """Those of some streams of each partition that are put away."""
    streams = [stream for each in asked.values() for stream in each]
    if not reader.writes or not streams:
        return []
    found = await connection.fetch(
        f"select * from away_{reader.name} where stream = any($1) and partition = any($2)", streams, list(asked)
    )
    rows = [AwayRow(str(row["id"]), *tuple(row)[1:]) for row in found]
    return [row for row in rows if row.stream in asked[row.partition]]


async def take_back(connection: Connection, reader: Reader, streams: Sequence[str]) -> None:
    """Delete the rows of streams that are kept as others again."""
    if streams:
        await connection.execute(f"delete from away_{reader.name} where stream = any($1)", streams)


def stored_state(reader: Reader, row: AwayRow) -> Any:
    """The row of its state, as the fold knows it; None where it has none."""
    state = reader.put_away.unpacked(row.state)
    return reader.state.loaded((row.stream, state)) if reader.state and state is not None else None
