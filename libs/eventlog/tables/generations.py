"""The generations of a reader's tables: made beside each other, one in use, one kept to go back to."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import Identity
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.tables.bell import tell
from libs.eventlog.tables.database import Connection
from libs.eventlog.tables.locks import Lock


class Generation(NamedTuple):
    """One physical build of a reader's tables; `state` is building, live or kept (the standby, to roll back to)."""

    reader: str
    version: int
    generation: int
    schema: str
    identity: Identity
    set_aside: str
    state: str


async def current(connection: Connection, reader: Reader) -> Generation | None:
    """The generation that the pointer names for the version of the code, None where none is ready."""
    row = await connection.fetchrow(
        "select g.* from olcare.pointer p join olcare.generation g using (reader, version, generation)"
        " where p.reader = $1 and p.version = $2",
        reader.name,
        reader.version,
    )
    return _generation(row) if row else None


async def in_use(connection: Connection) -> Mapping[tuple[str, int], str]:
    """By reader and version the schema that the pointer names."""
    rows = await connection.fetch(
        "select p.reader, p.version, g.schema from olcare.pointer p"
        " join olcare.generation g using (reader, version, generation)"
    )
    return {(row["reader"], row["version"]): row["schema"] for row in rows}


async def generations(connection: Connection) -> list[Generation]:
    """All generations in the database."""
    rows = await connection.fetch("select * from olcare.generation order by reader, version, generation")
    return [_generation(row) for row in rows]


async def builds(connection: Connection) -> Mapping[tuple[str, str], tuple[int, float]]:
    """By reader and state how many there are, and for how many seconds the oldest has been there."""
    rows = await connection.fetch(
        "select reader, state, count(*) as builds,"
        " extract(epoch from clock_timestamp() - min(begun_at))::float as age from olcare.generation group by 1, 2"
    )
    return {(row["reader"], row["state"]): (row["builds"], row["age"]) for row in rows}


def _generation(row: asyncpg.Record) -> Generation:
    identity = Identity(row["cluster"], row["topic"])
    return Generation(
        row["reader"], row["version"], row["generation"], row["schema"], identity, row["set_aside"], row["state"]
    )


@asynccontextmanager
async def only_builder(connection: Connection, reader: Reader) -> AsyncIterator[None]:
    """Hold the lock of a reader's builder; raises Unavailable, with who builds since when, where another one has it."""
    if not await connection.fetchval("select pg_try_advisory_lock($1, hashtext($2))", Lock.BUILDER, reader.name):
        raise Unavailable(await _who_builds(connection, reader))
    try:
        yield
    finally:
        await connection.execute("select pg_advisory_unlock($1, hashtext($2))", Lock.BUILDER, reader.name)


async def _who_builds(connection: Connection, reader: Reader) -> str:
    row = await connection.fetchrow(
        "select begun_at, begun_by from olcare.generation where reader = $1 and state = 'building'"
        " order by begun_at desc limit 1",
        reader.name,
    )
    who = f", by the backend {row['begun_by']} since {row['begun_at'].isoformat()}" if row else ""
    return f"the tables of {reader.name} are being built already{who}"


async def begin(connection: Connection, reader: Reader, identity: Identity, set_aside: str) -> Generation:
    """Create the empty tables of a new generation, without indexes; its builder calls `finished` at the end.

    The builder is alone (`only_builder`), and its number was never used, so that nothing has to be dropped. The
    schema's name holds the database's oid, so that a process that used the tables of a dropped database can not mistake
    half-filled new ones for them. The connection holds a lock, which is released if the builder dies.
    """
    database = await connection.fetchval("select oid from pg_database where datname = current_database()")
    number = await _next_number(connection, reader)
    schema = f"{reader.name}_v{reader.version}_g{number}_{database}"
    await connection.execute("select pg_advisory_lock($1, hashtext($2))", Lock.GENERATION, schema)
    async with connection.transaction():
        await connection.execute(f"create schema {schema}")
        for statement in tables(reader, schema):
            await connection.execute(statement)
        await connection.execute(
            "insert into olcare.generation values ($1, $2, $3, $4, $5, $6, $7, 'building', null)",
            reader.name,
            reader.version,
            number,
            schema,
            identity.cluster,
            identity.topic,
            set_aside,
        )
    return Generation(reader.name, reader.version, number, schema, identity, set_aside, "building")


async def _next_number(connection: Connection, reader: Reader) -> int:
    """A number above those of all generations, and of all schemas that are there without being listed."""
    number: int = await connection.fetchval(
        "select greatest("
        " (select coalesce(max(generation), 0) from olcare.generation where reader = $1 and version = $2),"
        " (select coalesce(max(substring(nspname from $3)::int), 0) from pg_namespace where nspname ~ $3)) + 1",
        reader.name,
        reader.version,
        f"^{reader.name}_v{reader.version}_g([0-9]+)_",
    )
    return number


async def is_there(connection: Connection, generation: Generation) -> bool:
    """Whether a generation has position rows: without them nothing that the registry says of it can be believed."""
    table = f"{generation.schema}.position_{generation.reader}"
    if await connection.fetchval("select to_regclass($1)", table) is None:
        return False
    found: bool = await connection.fetchval(f"select exists (select from {table})")
    return found


async def finished(connection: Connection, generation: Generation) -> None:
    """Release the lock that `begin` took."""
    await connection.execute("select pg_advisory_unlock($1, hashtext($2))", Lock.GENERATION, generation.schema)


async def clear(connection: Connection, reader: Reader) -> None:
    """Drop unfinished generations whose builder has died: nobody holds their lock."""
    for left in await generations(connection):
        if (left.reader, left.state) == (reader.name, "building") and await connection.fetchval(
            "select pg_try_advisory_lock($1, hashtext($2))", Lock.GENERATION, left.schema
        ):
            await drop(connection, left)
            await finished(connection, left)


async def standbys(connection: Connection, reader: Reader) -> list[Generation]:
    """The kept generations of the code's version, to roll back to, the newest last."""
    return standbys_of(reader, await generations(connection))


def standbys_of(reader: Reader, known: Iterable[Generation]) -> list[Generation]:
    """Those of all generations that `standbys` gives."""
    mine = (reader.name, reader.version, "kept")
    return [g for g in known if (g.reader, g.version, g.state) == mine]


async def switch(connection: Connection, to: Generation, proof: Mapping[str, Any] | None) -> None:
    """Set the pointer to a generation; the one before is kept, to roll back to."""
    async with connection.transaction():
        await connection.execute("set local synchronous_commit to on")  # which tables are in use stands in no log
        await connection.execute(
            "update olcare.generation set state = 'kept' where reader = $1 and version = $2 and state = 'live'",
            to.reader,
            to.version,
        )
        await connection.execute(
            "update olcare.generation set state = 'live', proof = coalesce($4::jsonb, proof)"
            " where reader = $1 and version = $2 and generation = $3",
            to.reader,
            to.version,
            to.generation,
            json.dumps(proof) if proof else None,
        )
        await connection.execute(
            "insert into olcare.pointer values ($1, $2, $3)"
            " on conflict (reader, version) do update set generation = excluded.generation",
            to.reader,
            to.version,
            to.generation,
        )
        await tell(connection)


async def drop(connection: Connection, generation: Generation) -> None:
    """Remove the tables of a generation and its row."""
    await connection.execute(f"drop schema if exists {generation.schema} cascade")
    await connection.execute(
        "delete from olcare.generation where reader = $1 and version = $2 and generation = $3",
        generation.reader,
        generation.version,
        generation.generation,
    )
    await tell(connection)


async def discard(connection: Connection, left: Iterable[Generation]) -> None:
    """Drop generations, and the pointers that named them."""
    for generation in left:
        await connection.execute(
            "delete from olcare.pointer where reader = $1 and version = $2 and generation = $3",
            generation.reader,
            generation.version,
            generation.generation,
        )
        await drop(connection, generation)


SOON_VACUUMED = "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, vacuum_index_cleanup = on"
"""What was due and is over leaves dead entries in the indexes, in front of what will be due: every look goes through
them until they are vacuumed, which by default is when a fifth of all rows are dead."""


def tables(reader: Reader, schema: str) -> Iterable[str]:
    """The DDL of a reader's tables."""
    name = reader.name
    yield (
        f"create table {schema}.position_{name}"
        " (partition int primary key, epoch bigint not null, next_offset bigint not null, digest bytea)"
    )
    yield (
        f"create table {schema}.heads_{name} (stream text not null, partition int not null,"
        f" sequence bigint not null, id text not null, journal bytea not null{', hour int not null' * reader.writes})"
    )
    yield (
        f"create table {schema}.commands_{name}"
        ' (stream text not null, command bytea not null, "offset" bigint not null)'
    )
    yield f'create table {schema}.voids_{name} (partition int not null, "offset" bigint not null)'
    for projection in reader.projections:
        yield f"create table {schema}.{projection.table} ({projection.columns}) with ({SOON_VACUUMED})"
        yield f"alter table {schema}.{projection.table} {_without_statistics(projection)}"
    for each in reader.entered:
        yield f"create table {schema}.{each.table} ({each.ddl})"
    if reader.writes:
        yield from _put_away(name, schema)


def _without_statistics(projection: Projection[Any]) -> str:
    """Have the planner know nothing of the values of a table.

    Most rows of a table are of what is over, and those of which something may be due come and go: whatever the planner
    had seen of them last, it would take for what is there now, and go through all of them where none is due.
    """
    return ", ".join(f"alter column {name} set statistics 0" for name in projection.column_names)


def _put_away(name: str, schema: str) -> Iterable[str]:
    """The DDL of what is put away, one row a stream; and of a view of all streams, wherever they are kept."""
    yield (
        f"create table {schema}.away_{name} (id uuid not null, sequence bigint not null, partition int not null,"
        " hour int not null, stream text not null, commands bytea not null, state bytea)"
    )
    yield (
        f"create view {schema}.streams_{name} (stream, partition, sequence, id, commands) as"
        " select stream, partition, sequence, id, coalesce((select string_agg(command || int8send(\"offset\"), ''"
        f" order by \"offset\") from {schema}.commands_{name} c where c.stream = h.stream), '') || journal"
        f" from {schema}.heads_{name} h union all"
        f" select stream, partition, sequence, id::text, commands from {schema}.away_{name}"
    )


def indexes(reader: Reader, schema: str) -> Iterable[str]:
    """The DDL of the keys and indexes, created after the rows are loaded."""
    name = reader.name
    yield f"alter table {schema}.heads_{name} add primary key (stream)"
    yield f"create index on {schema}.commands_{name} (stream, command)"
    yield f'alter table {schema}.voids_{name} add primary key (partition, "offset")'
    if reader.writes:
        yield f"create index on {schema}.heads_{name} (partition, hour)"
        yield f"create index on {schema}.away_{name} using hash (stream)"
    for projection in reader.projections:
        yield f"alter table {schema}.{projection.table} add primary key ({', '.join(projection.key)})"
        for index in projection.indexes:
            yield f"create index on {schema}.{projection.table} {index}"
    for register in reader.registers:
        yield f"alter table {schema}.{register.table} add primary key ({', '.join(register.key)})"
        for index in register.indexes:
            yield f"create index on {schema}.{register.table} {index}"
    for tally in reader.tallies:
        yield f"alter table {schema}.{tally.table} add primary key (partition, {', '.join(tally.key)})"
