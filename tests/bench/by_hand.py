"""One event per transaction, exactly once, as one writes it by hand with asyncpg: the row, and the place read to."""

import json
from collections.abc import Sequence
from typing import Any

import asyncpg

from tests.bench import plain
from tests.bench.rows import ROWS

TABLES = f"""
    drop table if exists by_hand, place;
    create table by_hand ({ROWS.columns}, primary key (stream));
    create table place (partition int primary key, next_offset bigint not null)"""
OPENED = f"insert into by_hand values ({', '.join(f'${n}' for n in range(1, len(ROWS.row._fields) + 1))})"  # noqa: S608 - numbers
RESPONDED = """
    update by_hand set responses = responses + 1, first_responded_at = least(first_responded_at, $2)
    where stream = $1"""
MOVED = "update place set next_offset = $2 + 1 where partition = $1 and next_offset = $2"


async def begin(connection: asyncpg.Connection, partitions: int) -> None:
    """Make the tables anew."""
    await connection.execute(TABLES)
    await connection.copy_records_to_table("place", records=[(partition, 0) for partition in range(partitions)])


async def project(connection: asyncpg.Connection, messages: Sequence[Any]) -> None:
    """Take one message after the other."""
    for message in messages:
        event = json.loads(message.value)
        async with connection.transaction():
            if await connection.execute(MOVED, message.partition, message.offset) == "UPDATE 1":
                await _apply(connection, event)


async def _apply(connection: asyncpg.Connection, event: dict[str, Any]) -> None:
    data = event["data"]
    if event["type"] == "olcare.TicketOpened.v1":
        await connection.execute(OPENED, *plain.opened(event))
    elif data["by"] == "person":
        await connection.execute(RESPONDED, event["subject"], plain.instant(data["responded_at"]))
