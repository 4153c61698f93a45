"""A service's own database: it may be dropped at any moment, so every start makes what is missing.

Each reader's tables stand in a schema of their own, one for every generation built; the row in `olcare.pointer` says
which one a version of the code uses.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg

from libs.eventlog.errors import Unavailable, unavailable
from libs.eventlog.ports import Identity
from libs.eventlog.projection import Reader

LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InvalidCatalogNameError, OSError)
LATER = (
    asyncpg.OperatorInterventionError,  # the server shuts down, starts up, or has dropped the database
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    *LOST,
)
GONE = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)

SAFETY = {"idle_in_transaction_session_timeout": "10s", "lock_timeout": "5s"}
"""An owner frozen in mid-transaction would hold the position row for ever."""

REGISTRY = """
create schema if not exists olcare;
create table if not exists olcare.generation (
    reader text not null, version int not null, generation int not null, schema text not null,
    cluster text not null, topic text not null, set_aside text not null, state text not null,
    proof jsonb, primary key (reader, version, generation));
create table if not exists olcare.pointer (
    reader text not null, version int not null, generation int not null, primary key (reader, version));
"""


Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class Generation(NamedTuple):
    """One physical build of a reader's tables; `state` is building, live or kept (the one to roll back to)."""

    reader: str
    version: int
    generation: int
    schema: str
    identity: Identity
    set_aside: str
    state: str


@asynccontextmanager
async def reachable(what: str) -> AsyncIterator[None]:
    """Turn the loss of the server, of the database or of a table into Unavailable: a restart makes them anew."""
    try:
        yield
    except (*LATER, *GONE) as error:
        raise unavailable(what, error) from error


class Database:
    """A pool of connections whose search path names the generations in use."""

    def __init__(self, server: str, name: str) -> None:
        self._server, self.name = server.rstrip("/"), name
        self._pool: asyncpg.Pool | None = None
        self._path: dict[str, str] = {}
        self._moved = False

    async def open(self, connections: int = 8) -> None:
        """Create the database and its registry where they are missing, and connect; raises Unavailable."""
        async with reachable(f"database {self.name}"):
            await self._create()
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=connections, server_settings=self._settings(), reset=_as_it_was
            )
            async with self.connection() as connection, connection.transaction():
                await connection.execute("select pg_advisory_xact_lock(4711)")
                await connection.execute(REGISTRY)

    async def close(self) -> None:
        """Disconnect at once."""
        if self._pool is not None:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; what the server or the database does to it comes out as Unavailable."""
        if self._pool is None:
            raise Unavailable(f"database {self.name} is not open")
        if self._moved:
            self._moved = False
            self._pool.set_connect_args(self._dsn, server_settings=self._settings())
            await self._pool.expire_connections()
        async with reachable(f"database {self.name}"), self._pool.acquire(timeout=10) as connection:
            yield connection

    def use(self, reader: str, schema: str) -> None:
        """Let plain table names of a reader mean this schema, on every connection that is lent from now on."""
        self._path[reader] = schema
        self._moved = True

    def schema_of(self, reader: str) -> str:
        """Name the schema that a reader's plain table names mean."""
        return self._path[reader]

    @property
    def _dsn(self) -> str:
        return f"{self._server}/{self.name}"

    def _settings(self) -> dict[str, str]:
        return {**SAFETY, "search_path": ", ".join([*self._path.values(), "public"])}

    async def _create(self) -> None:
        connection = await asyncpg.connect(f"{self._server}/postgres", timeout=10)
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", self.name):
                try:
                    await connection.execute(f'create database "{self.name}"')
                except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    return  # another instance was faster
        finally:
            await connection.close()


async def _as_it_was(connection: Connection) -> None:
    """Keep a returned connection as it is: whoever changed a setting of it has set it back; this saves a round trip."""
    if connection.is_in_transaction():
        await connection.reset()


async def current(connection: Connection, reader: Reader) -> Generation | None:
    """Give the generation that the pointer names for the version of the code, None where none is ready."""
    row = await connection.fetchrow(
        "select g.* from olcare.pointer p join olcare.generation g using (reader, version, generation)"
        " where p.reader = $1 and p.version = $2",
        reader.name,
        reader.version,
    )
    return _generation(row) if row else None


async def generations(connection: Connection) -> list[Generation]:
    """Name all that stand in the database."""
    rows = await connection.fetch("select * from olcare.generation order by reader, version, generation")
    return [_generation(row) for row in rows]


def _generation(row: asyncpg.Record) -> Generation:
    identity = Identity(row["cluster"], row["topic"])
    return Generation(
        row["reader"], row["version"], row["generation"], row["schema"], identity, row["set_aside"], row["state"]
    )


async def begin(connection: Connection, reader: Reader, identity: Identity, set_aside: str) -> Generation:
    """Make the empty tables of a new generation, without indexes.

    The schema's name holds the database's own number, so that whoever used these tables before the database was dropped
    can not take half-filled new ones for them.
    """
    database = await connection.fetchval("select oid from pg_database where datname = current_database()")
    number = await connection.fetchval(
        "select coalesce(max(generation), 0) + 1 from olcare.generation where reader = $1 and version = $2",
        reader.name,
        reader.version,
    )
    schema = f"{reader.name}_v{reader.version}_g{number}_{database}"
    await connection.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
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


async def switch(connection: Connection, to: Generation, proof: Mapping[str, Any] | None) -> None:
    """Let the pointer name a generation; the one before is kept, to go back to."""
    async with connection.transaction():
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


async def drop(connection: Connection, generation: Generation) -> None:
    """Remove the tables of a generation and its row."""
    await connection.execute(f"drop schema if exists {generation.schema} cascade")
    await connection.execute(
        "delete from olcare.generation where reader = $1 and version = $2 and generation = $3",
        generation.reader,
        generation.version,
        generation.generation,
    )


def tables(reader: Reader, schema: str) -> Iterable[str]:
    """Give the DDL of a reader's tables."""
    name = reader.name
    yield (
        f"create table {schema}.position_{name}"
        " (partition int primary key, epoch bigint not null, next_offset bigint not null, digest bytea)"
    )
    yield (
        f"create table {schema}.heads_{name} (stream text not null, partition int not null,"
        " sequence bigint not null, id text not null, journal bytea not null)"
    )
    yield f'create table {schema}.voids_{name} (partition int not null, "offset" bigint not null)'
    for projection in reader.projections:
        yield f"create table {schema}.{projection.table} ({projection.columns})"


def indexes(reader: Reader, schema: str) -> Iterable[str]:
    """Give the DDL of the keys and indexes, made when the rows stand."""
    name = reader.name
    yield f"alter table {schema}.heads_{name} add primary key (stream)"
    yield f'alter table {schema}.voids_{name} add primary key (partition, "offset")'
    for projection in reader.projections:
        yield f"alter table {schema}.{projection.table} add primary key ({', '.join(projection.key)})"
        for index in projection.indexes:
            yield f"create index on {schema}.{projection.table} {index}"
