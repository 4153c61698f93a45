"""The suites' log on Kafka, with topics of the test's own, and their tables in PostgreSQL."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.eventlog.fold import Projector
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Appender, Commit, Identity, OnAssigned, PartitionOffset, Store, Subscribe, Subscription
from libs.eventlog.projection import Key, Projection, Reader
from libs.eventlog.rebuild.build import build
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import begin
from libs.eventlog.testing import Away
from libs.eventlog.wire.record import Head, Outgoing, Record
from libs.stack.databases import drop_database
from tests.integration.folded import tables_in_use
from tests.model.story import PARTITIONS, TOPICS
from tests.unit.eventlog.environment import Contents, Environment, ScanningLog, Tables, soon

SESSION = 6.0  # machine seconds


class Prefixed:
    """A log whose topics and groups carry the test's prefix on the broker, and plain names here."""

    def __init__(self, log: KafkaLog, prefix: str, groups: str, subscribe: Subscribe) -> None:
        self._log, self._prefix, self._groups, self._subscribe = log, prefix, groups, subscribe

    async def ends(self, topic: str) -> Mapping[int, int]:
        return await self._log.ends(self._at(topic))

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        asked = list(topics)
        found = await self._log.ends_of(map(self._at, asked))
        return {topic: found[self._at(topic)] for topic in asked}

    async def high_watermarks(self, topic: str) -> Mapping[int, int]:
        return await self._log.high_watermarks(self._at(topic))

    async def starts(self, topic: str) -> Mapping[int, int]:
        return await self._log.starts(self._at(topic))

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        return await self._log.committed_offsets(self._groups + group, self._at(topic))

    async def commits(self, group: str, topic: str) -> Mapping[int, Commit]:
        return await self._log.commits(self._groups + group, self._at(topic))

    async def records(self, topic: str, places: Iterable[PartitionOffset]) -> Mapping[PartitionOffset, Record]:
        found = await self._log.records(self._at(topic), places)
        return {place: record._replace(topic=topic) for place, record in found.items()}

    async def advise(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        await self._log.advise(self._groups + group, self._at(topic), offsets)

    async def at(self, topic: str, place: PartitionOffset) -> Record | None:
        found = await self._log.at(self._at(topic), place)
        return found and found._replace(topic=topic)

    async def identity(self, topic: str) -> Identity:
        return await self._log.identity(self._at(topic))

    async def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        async for records in self._log.scan(self._at(topic), partition, until, start):
            yield [record._replace(topic=topic) for record in records]

    def appender(self) -> Appender:
        return PrefixedAppender(self._log.appender(), self._prefix)

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> Subscription:
        inner = await self._subscribe(self._at(topic), self._groups + group, on_assigned)
        return PrefixedSubscription(inner, topic)

    def _at(self, name: str) -> str:
        return f"{self._prefix}.{name}"


class PrefixedAppender:
    def __init__(self, inner: Appender, prefix: str) -> None:
        self._inner, self._prefix = inner, prefix

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        return await self._inner.append([out._replace(topic=f"{self._prefix}.{out.topic}") for out in batch])

    async def close(self) -> None:
        await self._inner.close()


class PrefixedSubscription:
    def __init__(self, inner: Subscription, topic: str) -> None:
        self._inner, self._topic = inner, topic
        self.commit, self.passed, self.assigned = inner.commit, inner.passed, inner.assigned
        self.joined, self.again, self.close = inner.joined, inner.again, inner.close

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:
        got = await self._inner.batch(most, wait)
        return {p: [record._replace(topic=self._topic) for record in records] for p, records in got.items()}


class PostgresTables:
    """Generations without a build: empty tables, every position at the start of the log."""

    def __init__(self, database: Database, stores: Mapping[str, Store]) -> None:
        self.database, self.stores = database, stores

    async def rows(self, reader: str, table: str) -> Iterable[tuple[Any, ...]]:  # noqa: ARG002 - tables have their own names
        async with self.database.connection() as connection:
            return [tuple(row) for row in await connection.fetch(f"select * from {table}")]  # noqa: S608 - ours

    async def rebuilt(self, projector: Projector, log: ScanningLog) -> Contents:
        """Build another generation beside, to the end of the log, and read it."""
        reader, until = projector.reader, await log.ends(projector.reader.topic)
        async with self.database.connection() as connection:
            generation = await begin(connection, reader, Identity("test", reader.topic), "none")
            await build(connection, log, projector, generation, until)
        return await self.contents(reader, f"{generation.schema}.")

    async def contents(self, reader: Reader, schema: str = "") -> Contents:
        found = await self.rows(reader.name, f"{schema}heads_{reader.name}")
        heads = {stream: (sequence, id_, journal) for stream, _, sequence, id_, journal, *_ in found}
        indexes = {stream: b"" for stream, _, _, _, journal, *_ in found if journal}
        away = await self.rows(reader.name, f"{schema}away_{reader.name}") if reader.writes else ()
        commands = await self.rows(reader.name, f"{schema}commands_{reader.name}")
        for stream, command, offset in sorted(commands, key=lambda row: row[2]):
            indexes[stream] = indexes.get(stream, b"") + command + offset.to_bytes(8, "big")
        voids: dict[int, set[int]] = {}
        for partition, offset in await self.rows(reader.name, f"{schema}voids_{reader.name}"):
            voids.setdefault(partition, set()).add(offset)
        return Contents(
            positions={p: at for p, _, at, _ in await self.rows(reader.name, f"{schema}position_{reader.name}")},
            heads={stream: Head(sequence, id_) for stream, (sequence, id_, _) in heads.items()},
            command_indexes={stream: older + heads[stream][2] for stream, older in indexes.items()},
            voids=voids,
            rows={p.table: await self._loaded(p, f"{schema}{p.table}") for p in reader.projections},
            hours={stream: hour for stream, *_, hour in found} if reader.writes else {},
            away={
                stream: Away(Head(sequence, str(id_)), partition, hour, stream, commands, state)
                for id_, sequence, partition, hour, stream, commands, state in away
            },
            entered={e.table: sorted(await self.rows("", f"{schema}{e.table}")) for e in reader.entered},
        )

    async def _loaded(self, projection: Projection[Any], table: str) -> dict[Key, Any]:
        rows = await self.rows("", table)
        return {row[: len(projection.key)]: projection.loaded(row) for row in rows}


class OnKafkaAndPostgres:
    instances = 2

    def __init__(self, kafka: str, postgres: str, unique: str) -> None:
        self._kafka, self._postgres, self._unique = kafka, postgres, unique
        self._databases, self._forgotten = 0, 0

    @asynccontextmanager
    async def log(self, instance: str = "one") -> AsyncIterator[ScanningLog]:
        log = KafkaLog(KafkaSettings(self._kafka, instance, session=SESSION))
        await log.open()
        try:
            yield Prefixed(log, self._unique, self._groups, self.subscribe(log))
        finally:
            await log.close()

    @asynccontextmanager
    async def tables(self, *readers: Reader) -> AsyncIterator[Tables]:
        self._databases += 1
        name = f"{self._unique}_{self._databases}"
        database = Database(self._postgres, name)
        await database.open()
        try:
            yield PostgresTables(database, {r.name: await tables_in_use(database, r, PARTITIONS) for r in readers})
        finally:
            await database.close()
            await drop_database(self._postgres, name)

    def subscribe(self, log: KafkaLog) -> Subscribe:
        """Say how topics are subscribed to."""
        return log.subscribe

    async def create(self) -> None:
        await self._admin("create_topics", [NewTopic(self._at(topic), PARTITIONS, 1) for topic in TOPICS])
        await soon(self._all_known)

    async def forget_places(self) -> None:
        self._forgotten += 1

    @property
    def _groups(self) -> str:
        """Prefix the groups: those of before are left where they are."""
        return f"{self._unique}.{self._forgotten}."

    async def _all_known(self) -> bool:
        topics = await self._admin("describe_topics", [self._at(topic) for topic in TOPICS])
        return all(t["error_code"] == 0 and len(t["partitions"]) == PARTITIONS for t in topics)

    async def delete(self) -> None:
        await self._admin("delete_topics", [self._at(topic) for topic in TOPICS])

    async def recreate(self, topic: str) -> None:
        await self._admin("delete_topics", [self._at(topic)])
        await soon(lambda: self._created(topic))

    async def _created(self, topic: str) -> bool:
        """Say whether the topic was made just now: while the old one is being deleted it is refused."""
        response = await self._admin("create_topics", [NewTopic(self._at(topic), PARTITIONS, 1)])
        return all(error[1] == 0 for error in response.topic_errors)

    async def _admin(self, call: str, arguments: Sequence[Any]) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            return await getattr(admin, call)(arguments)
        finally:
            await admin.close()

    def _at(self, topic: str) -> str:
        return f"{self._unique}.{topic}"


@pytest.fixture
async def env(kafka: str, postgres: str, unique: str) -> AsyncIterator[Environment]:
    environment = OnKafkaAndPostgres(kafka, postgres, unique)
    await environment.create()
    yield environment
    await environment.delete()
