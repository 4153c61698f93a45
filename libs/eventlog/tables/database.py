"""A service's own database: it may be dropped at any moment, so every start makes what is missing.

Each reader's tables stand in a schema of their own, one for every generation built; the row in `olcare.pointer` says
which one a version of the code uses.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from libs.eventlog.errors import NotAdmitted, Unavailable, unavailable
from libs.eventlog.tables.address import database_at
from libs.eventlog.tables.admission import DENIED, refusal
from libs.eventlog.tables.locks import Lock

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that was cut in the middle of an answer
    asyncpg.InvalidCatalogNameError,
    OSError,
)
LATER = (
    asyncpg.OperatorInterventionError,  # the server shuts down, starts up, or has dropped the database
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a lock; a database that takes no connections, or is half dropped
    asyncpg.TransactionRollbackError,  # a deadlock among them
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.SnapshotTooOldError,
    asyncpg.PostgresSystemError,  # a file that is lost, a disk that fails
    asyncpg.InternalServerError,  # a damaged index or table: drop the database, and the log has it all
    *LOST,
)
"""What the server says where it can not do now what it could before (PostgreSQL, Appendix A, error codes)."""
GONE = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)
NO_ROW = (UnicodeDecodeError, asyncpg.DataError, asyncpg.ProgramLimitExceededError)
"""What a record raises that can not be a row: its key is no text, its value no JSON, or either is too large."""

LOOK = 0.2  # machine seconds between two tries to take a name
SAFETY = {"idle_in_transaction_session_timeout": "10s", "lock_timeout": "5s"}
"""Without these, a process frozen inside a transaction would lock the position row for ever."""
SHORT = {"jit": "off"}
"""Our queries touch few rows: compiling one whose cost the planner overestimates took half a second, each time."""
BY_INDEX = {
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
}
"""What a service looks for stands in an index, and nothing goes through a table, whatever the planner expects of rows
that it saw last when there were others: shared among workers, even that seems cheap to it once there are very many. So
a query is planned once, whatever its values: to plan the duties' question anew took longer than to answer it. Who only
reads may go through tables: reports do."""
UNHURRIED = {"synchronous_commit": "off"}
"""A commit does not wait for the disk: what a crash of the server takes back is read again from the log (ADR 0013)."""

REGISTRY = """
create schema if not exists olcare;
create table if not exists olcare.generation (
    reader text not null, version int not null, generation int not null, schema text not null,
    cluster text not null, topic text not null, set_aside text not null, state text not null,
    proof jsonb, primary key (reader, version, generation));
create table if not exists olcare.pointer (
    reader text not null, version int not null, generation int not null, primary key (reader, version));
alter table olcare.generation add column if not exists begun_at timestamptz not null default now();
alter table olcare.generation add column if not exists begun_by int not null default pg_backend_pid();
"""


Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


@asynccontextmanager
async def reachable(what: str) -> AsyncIterator[None]:
    """Raise Unavailable where the server, the database or a table is gone: a restart creates what is missing.

    Raises NotAdmitted where the server does not let us in, or not do it.
    """
    try:
        yield
    except DENIED as error:
        if sentence := refusal(what, error):
            raise NotAdmitted(sentence) from error
        raise unavailable(what, error) from error
    except (*LATER, *GONE) as error:
        raise unavailable(what, error) from error


class Database:
    """A pool of connections whose search path names the generations in use."""

    def __init__(self, server: str, name: str) -> None:
        self._server, self.name = server, name
        self._pool: asyncpg.Pool | None = None
        self._path: dict[str, str] = {}
        self._moved = False
        self._reading = False

    async def open_to_read(self, connections: int = 2) -> None:
        """Connect to what is there; nothing can be changed by these connections. Raises Unavailable."""
        self._reading = True
        async with reachable(f"database {self.name}"):
            await self._connect(connections)

    async def open(self, connections: int = 8) -> None:
        """Create the database and its registry where they are missing, and connect; raises Unavailable."""
        async with reachable(f"database {self.name}"):
            try:
                await self._connect(connections)
            except asyncpg.InvalidCatalogNameError:
                await self._create()
                await self._connect(connections)
            async with self.connection() as connection, connection.transaction():
                await connection.execute(f"select pg_advisory_xact_lock({Lock.REGISTRY})")
                await connection.execute(REGISTRY)

    async def close(self) -> None:
        """Disconnect at once."""
        if self._pool is not None:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; raises Unavailable where the server or the database fails."""
        if self._pool is None:
            raise Unavailable(f"database {self.name} is not open")
        if self._moved:
            self._moved = False
            self._pool.set_connect_args(self.address, server_settings=self._settings())
            await self._pool.expire_connections()
        async with reachable(f"database {self.name}"), self._pool.acquire(timeout=10) as connection:
            yield connection

    @asynccontextmanager
    async def only_one_named(self, instance: str, patience: float) -> AsyncIterator[None]:
        """Hold an instance's name on a connection of its own; raises Unavailable where another process keeps it.

        Two processes of one name would take the partitions of every group from each other for ever.
        """
        async with reachable(f"database {self.name}"):
            connection = await asyncpg.connect(self.address, timeout=10)
        try:
            async with reachable(f"database {self.name}"):
                await self._take_name(connection, instance, patience)
            yield
        finally:
            connection.terminate()

    async def _take_name(self, connection: asyncpg.Connection, instance: str, patience: float) -> None:
        take = "select pg_try_advisory_lock($1, hashtext($2))"
        for _ in range(int(patience / LOOK) + 1):
            if await connection.fetchval(take, Lock.INSTANCE, instance):
                return
            await asyncio.sleep(LOOK)  # a process that was killed may have its connection for a moment
        raise Unavailable(f"another process runs as {instance}: give each a name of its own (OLCARE_INSTANCE)")

    def use(self, reader: str, schema: str) -> None:
        """Resolve a reader's unqualified table names in this schema, on every connection lent from now on."""
        self._path[reader] = schema
        self._moved = True

    def schema_of(self, reader: str) -> str:
        """The schema in which a reader's unqualified table names are resolved."""
        return self._path[reader]

    @asynccontextmanager
    async def beside(self, reader: str, schema: str) -> AsyncIterator["Database"]:
        """A second pool on the same database, in which one reader uses another generation."""
        database = Database(self._server, self.name)
        try:
            await database.open(connections=2)
            database.use(reader, schema)
            yield database
        finally:
            await database.close()

    @property
    def address(self) -> str:
        """The address of the database, its name included."""
        return database_at(self._server, self.name)

    def _settings(self) -> dict[str, str]:
        own = {"default_transaction_read_only": "on"} if self._reading else {**BY_INDEX, **UNHURRIED}
        return {**SAFETY, **SHORT, **own, "search_path": ", ".join([*self._path.values(), "public"])}

    async def _connect(self, connections: int) -> None:
        self._pool = await asyncpg.create_pool(
            self.address, min_size=1, max_size=connections, server_settings=self._settings(), reset=_as_it_was
        )

    async def _create(self) -> None:
        connection = await asyncpg.connect(database_at(self._server, "postgres"), timeout=10)
        try:
            await connection.execute(f'create database "{self.name}"')
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return  # another instance created it first
        finally:
            await connection.close()


async def _as_it_was(connection: Connection) -> None:
    """Reset a returned connection only inside a transaction, to save a round trip: borrowers restore settings."""
    if connection.is_in_transaction():
        await connection.reset()
