"""Read the books: Kafka with a plain consumer, PostgreSQL with plain queries, the mail server's journal as a file."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.faults.checked.books import Books, Generation, HeadRow, Record, Timeline, Topic

_PREFIX = "olcare"
_STATE_TABLE = "private_records"


async def read_books(
    kafka: str,
    postgres: str,
    journal: Path,
    *,
    now: datetime,
    timeline: Timeline,
    acknowledged: Mapping[str, float],
    rebuilt: Sequence[Generation],
) -> Books:
    """Read everything; `postgres` is the server's address without a database."""
    return Books(
        topics=await read_topics(kafka),
        mails=read_journal(journal),
        now=now,
        timeline=timeline,
        acknowledged=acknowledged,
        private=await read_private(postgres),
        live=await read_generations(postgres),
        rebuilt=rebuilt,
    )


async def read_topics(kafka: str) -> dict[str, Topic]:
    """Read every topic of ours from its beginning to its present end."""
    partitions = await _partitions(kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return {name: await _read_topic(consumer, name, number) for name, number in partitions.items()}
    finally:
        await consumer.stop()


async def _partitions(kafka: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        names = sorted(name for name in await admin.list_topics() if name.startswith(_PREFIX))
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(names)}
    finally:
        await admin.close()


async def _read_topic(consumer: Any, name: str, partitions: int) -> Topic:
    places = [TopicPartition(name, partition) for partition in range(partitions)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    records: list[Record] = []
    for place in places:
        while await consumer.position(place) < ends[place]:
            for messages in (await consumer.getmany(place, timeout_ms=1000)).values():
                records += [_record(message) for message in messages if message.offset < ends[place]]
    return Topic(name, partitions, records)


def _record(message: Any) -> Record:
    headers = tuple(message.headers)
    return Record(
        message.topic, message.partition, message.offset, message.key, message.value, headers, message.timestamp
    )


def read_journal(journal: Path) -> list[str]:
    """Give the `Message-ID` of every accepted message."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [json.loads(line)["message_id"] for line in lines]


async def _databases(postgres: str) -> list[str]:
    connection = await asyncpg.connect(f"{postgres}/postgres")
    try:
        rows = await connection.fetch("select datname from pg_database where datname like $1", f"{_PREFIX}\\_%")
    finally:
        await connection.close()
    return sorted(row["datname"] for row in rows)


async def read_private(postgres: str) -> dict[str, dict[str, str]]:
    """Give the table of the private topic of every database that has one."""
    found = {}
    for database in await _databases(postgres):
        connection = await asyncpg.connect(f"{postgres}/{database}")
        try:
            if await connection.fetchval("select to_regclass($1)", f"{_STATE_TABLE}.{_STATE_TABLE}"):
                rows = await connection.fetch(f"select key, value::text as value from {_STATE_TABLE}.{_STATE_TABLE}")  # noqa: S608 - a name of our own
                found[database] = {row["key"]: row["value"] for row in rows}
        finally:
            await connection.close()
    return found


async def read_generations(postgres: str) -> list[Generation]:
    """Dump the tables that are in use of every reader of every database."""
    found = []
    for database in await _databases(postgres):
        connection = await asyncpg.connect(f"{postgres}/{database}")
        try:
            rows = await connection.fetch(
                "select g.reader, g.schema from olcare.pointer p join olcare.generation g"
                " using (reader, version, generation) order by g.reader"
            )
            found += [await _generation(connection, database, row["reader"], row["schema"]) for row in rows]
        finally:
            await connection.close()
    return found


async def _generation(connection: Any, database: str, reader: str, schema: str) -> Generation:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        names = await connection.fetch("select tablename from pg_tables where schemaname = $1", schema)
        positions = await connection.fetch(f"select partition, next_offset from {schema}.position_{reader}")  # noqa: S608
        kept = {n["tablename"] for n in names}
        columns, table = ("commands", "streams") if f"away_{reader}" in kept else ("journal", "heads")
        heads = await connection.fetch(
            f"select stream, partition, sequence, id, {columns} from {schema}.{table}_{reader} order by stream"  # noqa: S608
        )
        voids = await connection.fetch(f'select partition, "offset" from {schema}.voids_{reader}')  # noqa: S608
        return Generation(
            database=database,
            reader=reader,
            tables={n["tablename"]: await _dump(connection, schema, n["tablename"]) for n in names},
            positions={row["partition"]: row["next_offset"] for row in positions},
            heads=[HeadRow(*row) for row in heads],
            voids=frozenset((row["partition"], row["offset"]) for row in voids),
        )


async def _dump(connection: Any, schema: str, table: str) -> tuple[str, ...]:
    """Every row as text, in order; of a position all but the epoch, which counts the owners there were."""
    columns = "partition, next_offset, digest" if table.startswith("position_") else "*"
    rows = await connection.fetch(f"select t::text as row from (select {columns} from {schema}.{table}) t")  # noqa: S608
    return tuple(sorted(row["row"] for row in rows))
