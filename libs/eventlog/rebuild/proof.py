"""The equality of two builds of a reader's tables, shown by row counts and multiset hashes at one position.

The live build is read in one snapshot; the other one is folded to exactly that snapshot's positions. So neither writers
nor readers need to pause.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from libs.eventlog.projection import Reader
from libs.eventlog.put_away import CHECK
from libs.eventlog.tables.database import Connection
from libs.eventlog.tables.generations import Generation


class Fingerprint(NamedTuple):
    """A table's fingerprint: how many rows, and the sum of their 64-bit hashes (the order does not matter)."""

    rows: int
    hash: int


class Snapshot(NamedTuple):
    """What a generation holds at one position."""

    positions: Mapping[int, int]
    tables: Mapping[str, Fingerprint]


class Difference(NamedTuple):
    """A table whose fingerprints differ."""

    table: str
    live: Fingerprint
    rebuilt: Fingerprint


def compared(reader: Reader) -> list[str]:
    """Name the tables that two builds must agree on."""
    voids = [f"voids_{reader.name}"] if reader.reacts else []
    away = [f"away_{reader.name}"] if reader.writes else []
    return [f"heads_{reader.name}", f"commands_{reader.name}", *away, *voids, *reader.tables]


async def snapshot(connection: Connection, reader: Reader, generation: Generation) -> Snapshot:
    """Fingerprint every table of a generation in one snapshot, with its positions."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local enable_seqscan to on")  # all of every table is read
        rows = await connection.fetch(
            f"select partition, next_offset from {generation.schema}.position_{reader.name} order by partition"
        )
        tables = {
            table: await _fingerprint(connection, f"{generation.schema}.{table}", row)
            for table, row in _rows(reader).items()
        }
    return Snapshot({row["partition"]: row["next_offset"] for row in rows}, tables)


def _rows(reader: Reader) -> Mapping[str, str]:
    """What is compared of the rows of each table: all, but of a packed state what it says, not how it is packed."""
    packed = f"row(id, sequence, partition, hour, stream, commands, substring(state for {CHECK}))"
    return {table: packed if table == f"away_{reader.name}" else "t" for table in compared(reader)}


async def _fingerprint(connection: Connection, table: str, row: str) -> Fingerprint:
    found = await connection.fetchrow(
        f"select count(*) as rows, coalesce(sum(hashtextextended(({row})::text, 0)::numeric), 0) as hash from {table} t"
    )
    assert found is not None  # noqa: S101 - an aggregate always gives a row
    return Fingerprint(found["rows"], int(found["hash"]))


def differences(live: Snapshot, rebuilt: Snapshot) -> list[Difference]:
    """Compare two snapshots; raises ValueError where they are not at the same positions."""
    if live.positions != rebuilt.positions:
        raise ValueError(f"the builds stand at {live.positions} and {rebuilt.positions}")
    return [Difference(t, p, rebuilt.tables[t]) for t, p in live.tables.items() if p != rebuilt.tables[t]]


def stored(live: Snapshot, found: list[Difference]) -> dict[str, Any]:
    """The proof as it is stored with the generation."""
    return {
        "positions": {str(p): at for p, at in live.positions.items()},
        "tables": {table: {"rows": p.rows, "hash": str(p.hash)} for table, p in live.tables.items()},
        "equal": not found,
        "differences": [d.table for d in found],
    }
