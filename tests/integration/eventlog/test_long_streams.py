"""What one more event of a stream costs does not depend on how many there are."""

from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from libs.eventlog.ports import PartitionOffset, Position, Store
from libs.eventlog.wire.record import Record
from services.ops.ticket.history import places_of
from tests.integration.eventlog.conftest import PostgresTables
from tests.model.story import DESK_TICKETS
from tests.unit.eventlog.environment import Environment
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_tables import apply

LONG, SHORT = stream_in(0, 0), stream_in(0, 1)
BEFORE, MEASURED = 10_000, 64
READER = replace(DESK_TICKETS, projections=tuple(p for p in DESK_TICKETS.projections if not p.is_state))
"""Without the states of the story, which hold all that was ever said."""


async def written(postgres: str, store: Store, at: Position, records: Sequence[Record]) -> tuple[int, Position]:
    """Bytes of the write-ahead log for records that come one by one."""
    connection = await asyncpg.connect(f"{postgres}/postgres")
    try:
        await connection.execute("checkpoint")
        before = await connection.fetchval("select pg_current_wal_insert_lsn()")
        for record in records:
            at = await apply(store, READER, at, [record])
        size: int = await connection.fetchval("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::bigint", before)
    finally:
        await connection.close()
    return size // len(records), at


async def test_an_event_of_a_long_stream_writes_no_more_than_one_of_a_short(env: Environment, postgres: str) -> None:
    history = History()
    async with env.tables(READER) as tables:
        store = tables.stores[READER.name]
        at = await apply(store, READER, (await store.claim({0, 1}))[0], [history.next(LONG) for _ in range(BEFORE)])
        short, at = await written(postgres, store, at, [history.next(SHORT) for _ in range(MEASURED)])
        long, at = await written(postgres, store, at, [history.next(LONG) for _ in range(MEASURED)])
    assert long < 2 * short, f"{short} bytes an event of a stream of {MEASURED}, {long} of one of {BEFORE}"


async def test_all_places_of_a_long_stream_are_found_in_order(env: Environment) -> None:
    history = History()
    records = [history.next((LONG, SHORT)[n % 10 == 0]) for n in range(100)]
    async with env.tables(READER) as tables:
        assert isinstance(tables, PostgresTables)
        store = tables.stores[READER.name]
        at = (await store.claim({0, 1}))[0]
        for begin in range(0, len(records), 7):
            at = await apply(store, READER, at, records[begin : begin + 7])
        found = await places_of(tables.database, READER.name, [LONG, SHORT])
    wanted = [n for stream in sorted((LONG, SHORT)) for n, r in enumerate(records) if r.key == stream.encode()]
    assert found == [PartitionOffset(0, n) for n in wanted]
