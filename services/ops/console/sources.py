"""What every page may ask: one log, one pool of connections for each service's database, the clock and the cards."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from libs.chassis.clock import Clock
from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topic_state import Newest
from libs.eventlog.kafka.topics import Card
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import in_use
from libs.eventlog.tables.queries import Queries, expressions_of
from services.ops.cli.environment import PATIENCE, Environment
from services.ops.cli.output import Refused
from services.ops.console.followers import FollowerWatch
from services.ops.console.grants import Grants
from services.ops.console.live import Live
from services.ops.console.lives import Lives
from services.ops.console.rates import Rates
from services.ops.console.service_states import ServiceStates
from services.ops.console.tail import Tails
from services.ops.console.undone import DeadLetterBook
from services.ops.console.works import Works
from services.ops.trail import links
from services.ops.trail.links import Chain
from services.ops.watch.services import SERVICES, WatchedService

CHAIN = Path(links.__file__).with_name("queries.sql")
CONNECTIONS = 4
"""At most so many to each database."""
LOOK = 2.0
"""Machine seconds after which it is asked again which tables are in use."""
SLOW = 5.0
"""Machine seconds for which sizes of topics, and where they begin, are as good as new."""
T = TypeVar("T")


class Tables:
    """One service's database, its plain table names meaning those in use; opened when first asked."""

    def __init__(self, here: Environment, service: WatchedService, clock: Clock) -> None:
        self._here, self._service, self._clock = here, service, clock
        self._database: Database | None = None
        self._looked: float | None = None
        self._schemas: dict[str, str] = {}
        self._one = asyncio.Lock()

    async def database(self) -> Database:
        """Give the database, to read; raises Refused and Unavailable."""
        async with self._one:
            database = self._database or await self._opened()
            now = self._clock.monotonic()
            if self._looked is None or now - self._looked > LOOK:
                await self._use_what_is_in_use(database)
                self._looked = now
            return database

    async def _opened(self) -> Database:
        database = Database(self._here.postgres_address(), self._service.database)
        await database.open_to_read(CONNECTIONS)
        self._database = database
        return database

    async def _use_what_is_in_use(self, database: Database) -> None:
        async with database.connection() as connection:
            found = await in_use(connection)
        for reader in self._service.readers:
            schema = found.get((reader.name, reader.version))
            if schema is None:
                raise Refused(f"{self._service.name} has no tables of {reader.name} yet: does it run?")
            self._use(database, reader.name, schema)
        if self._service.private:
            self._use(database, self._service.private, self._service.private)

    def _use(self, database: Database, reader: str, schema: str) -> None:
        if self._schemas.get(reader) != schema:
            self._schemas[reader] = schema
            database.use(reader, schema)

    async def close(self) -> None:
        """Disconnect."""
        if self._database:
            await self._database.close()


class Kept(Generic[T]):
    """An answer about topics that changes slowly: asked for again when it is some seconds old."""

    def __init__(self, clock: Clock, ask: Callable[[KafkaLog, Iterable[str]], Awaitable[T]]) -> None:
        self._clock, self._ask = clock, ask
        self._known: tuple[float, T] | None = None

    async def of(self, log: KafkaLog, topics: Iterable[str]) -> T:
        """Give it; raises Unavailable."""
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] > SLOW:
            self._known = now, await self._ask(log, topics)
        return self._known[1]


class Sources:
    """One for the whole process; nothing is opened before it is asked for."""

    def __init__(self, here: Environment, clock: Clock) -> None:
        self.here, self.clock = here, clock
        self.dead_letters, self.rates = DeadLetterBook(), Rates()
        self.works, self.grants = Works(clock), Grants(clock)
        self.starts = Kept(clock, KafkaLog.starts_of)
        self.sizes = Kept(clock, KafkaLog.sizes)
        self.followers = FollowerWatch(clock, self.log, self.database, lambda: self.cards)
        self.services = ServiceStates(clock, here.addresses)
        self.tails, self.lives, self.live = Tails(clock), Lives(), Live(clock)
        self.newest_types: dict[str, tuple[Newest, str | None]] = {}
        self._log: KafkaLog | None = None
        self._one = asyncio.Lock()
        self._tables = {name: Tables(here, service, clock) for name, service in SERVICES.items()}
        self._queries: dict[tuple[str, Path], tuple[Database, Queries]] = {}

    @cached_property
    def cards(self) -> Mapping[str, Card]:
        """The topics' cards, those of clients' own doors too."""
        return self.here.cards()

    async def log(self) -> KafkaLog:
        """Give the log; raises Refused and Unavailable."""
        async with self._one:
            if self._log is None:
                log = KafkaLog(KafkaSettings(self.here.kafka_address(), "olcare-console", patience=PATIENCE))
                try:
                    await log.open()
                except Unavailable as error:
                    await log.close()
                    raise Unavailable(f"Kafka at {self.here.kafka_address()} does not answer: {error}") from error
                self._log = log
            return self._log

    async def doors(self) -> DoorClient:
        """Give a client of the doors; raises Refused and Unavailable."""
        return DoorClient(self.here.kafka_address(), await self.log(), self.clock)

    async def database(self, service: str) -> Database:
        """Give a service's database, to read; raises Refused and Unavailable."""
        return await self._tables[service].database()

    async def queries(self, service: str, file: Path) -> Queries:
        """Give the named queries of a file on a service's tables; raises Refused and Unavailable."""
        database = await self.database(service)
        known = self._queries.get((service, file))
        if known is None or known[0] is not database:
            expressions = expressions_of(SERVICES[service].readers)
            known = database, Queries(database, file, expressions=expressions)
            self._queries[service, file] = known
        return known[1]

    async def chain(self) -> Chain:
        """Give what audit keeps of every event; raises Refused and Unavailable."""
        return Chain(await self.queries("audit", CHAIN))

    async def close(self) -> None:
        """End what was begun, and disconnect from everything."""
        await self.works.close()
        for tables in self._tables.values():
            await tables.close()
        if self._log:
            await self._log.close()
