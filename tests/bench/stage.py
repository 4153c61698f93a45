"""The servers that the benchmarks run on, and the logs that they read."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card, TopicAdmin
from libs.eventlog.ports import Identity
from libs.eventlog.projection import Reader
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import begin, indexes
from libs.eventlog.tables.store import PostgresStore
from libs.eventlog.wire.record import Cause, Head, Outgoing, encode
from libs.messages.streams import partition_of
from libs.stack.databases import create_database, drop_database
from tests.bench.history import Said, waves

PARTITIONS = 12
SOURCE = "olcare/intake"


@dataclass(frozen=True)
class Stage:
    """Kafka's bootstrap servers, PostgreSQL's address without a database, and how much is asked for."""

    kafka: str
    postgres: str
    events: int
    rounds: int
    armed: int = 1_000_000

    @asynccontextmanager
    async def log(self) -> AsyncIterator[KafkaLog]:
        """Lend the log."""
        log = KafkaLog(self.settings)
        await log.open()
        try:
            yield log
        finally:
            await log.close()

    @property
    def settings(self) -> KafkaSettings:
        """Say how the log is reached."""
        return KafkaSettings(self.kafka, "bench")

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Lend an empty database; gives its name."""
        name = f"bench_{secrets.token_hex(4)}"
        await create_database(self.postgres, name)
        try:
            yield name
        finally:
            await drop_database(self.postgres, name)

    @asynccontextmanager
    async def connection(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection."""
        connection = await asyncpg.connect(f"{self.postgres}/{database}")
        try:
            yield connection
        finally:
            await connection.close()

    async def topic(self, partitions: int = PARTITIONS) -> str:
        """Make an empty log topic; gives its name."""
        name = f"bench.{secrets.token_hex(4)}"
        config = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}
        async with TopicAdmin(self.kafka) as admin:
            await admin.create([Card(name, "log", partitions, config, 1, {}, (), (), ())])
        return name

    async def filled(self, events: int, partitions: int = PARTITIONS) -> str:
        """Make a log topic with so many events; gives its name."""
        name, heads = await self.topic(partitions), dict[str, Head]()
        async with self.log() as log:
            appender = log.appender()
            for wave in waves(events):
                offsets = await appender.append([outgoing(name, partitions, said, heads) for said in wave])
                if min(offsets) < 0:
                    raise ValueError(f"{name} could not be filled")
            await appender.close()
        return name


async def empty_store(database: Database, reader: Reader) -> PostgresStore:
    """Make and use the tables of a reader that has read nothing."""
    async with database.connection() as connection:
        into = await begin(connection, reader, Identity("bench", reader.topic), "none")
        for statement in indexes(reader, into.schema):
            await connection.execute(statement)
        places = [(partition, 0, 0, None) for partition in range(PARTITIONS)]
        await connection.copy_records_to_table(f"position_{reader.name}", schema_name=into.schema, records=places)
    database.use(reader.name, into.schema)
    return PostgresStore(database, reader)


def outgoing(topic: str, partitions: int, said: Said, heads: dict[str, Head]) -> Outgoing:
    """Check an event, and make it ready for its place in the log; the head of its stream moves."""
    cause = Cause(said.command, said.command, said.at)
    event = said.model.model_validate(said.fields)
    written = encode(SOURCE, said.stream, heads.get(said.stream), event, cause, said.at)
    heads[said.stream] = written.head
    return Outgoing(topic, partition_of(said.stream, partitions), said.stream.encode(), written.value)
