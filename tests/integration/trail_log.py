"""A log that is written by hand, event by event with its cause, and folded by audit's readers into real tables."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from libs.eventlog.fold import Projector
from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.projection import Reader
from libs.eventlog.rule import Judge
from libs.eventlog.tables.database import Database
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Cause, Head, Outgoing, Record, encode
from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE, EVENTS, topic_of
from libs.messages.ids import name_id
from libs.messages.places import RecordAddress
from libs.messages.streams import partition_of
from libs.stack.databases import drop_database
from libs.stack.run import PROJECT
from services.ops.audit.projections import READERS
from services.ops.trail.links import Chain, trail_queries
from tests.contracts.asyncapi import examples
from tests.integration.folded import tables_in_use

CARDS = load_cards(PROJECT / "contracts/topics")
PARTITIONS = 12
NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)


def example(name: str, **other: object) -> Event:
    """The example of an event, with other values for some of its fields."""
    kind = f"olcare.{name}.v1"
    data = json.loads(examples(kind)[0].read_text())["data"]
    return EVENT_OF_TYPE[kind].model_validate({**data, **other})


class HandWritten:
    """A log in memory, to which one event after the other is appended; `minute` is when it is recorded, after nine."""

    def __init__(self) -> None:
        self.log = MemoryLog(PARTITIONS)
        self._heads: dict[str, Head] = {}
        self._appended = 0

    def says(self, door: str, key: str, value: bytes = b"?") -> str:
        """Append a record at a door; gives its address."""
        partition = partition_of(key, PARTITIONS)
        return f"{door}/{partition}/{self.log.write(Outgoing(door, partition, key.encode(), value))}"

    def event(self, stream: str, event: Event, minute: int, caused_by: str | None = None, **more: Any) -> str:
        """Append the next event of a stream; gives its id."""
        self._appended += 1
        head = self._heads.get(stream)
        at = NINE + timedelta(minutes=minute)
        occurred = more.get("occurred", at)
        command = more.get("command") or str(name_id(f"command {self._appended}"))
        cause = Cause(command, more.get("correlation", command), occurred, None, more.get("fingerprint"), caused_by)
        written = encode("olcare/test", stream, head, event, cause, at)
        self._heads[stream] = written.head
        self.append(stream, written.value)
        return written.head.id

    def after(self, stream: str, event: Event, minute: int, **more: Any) -> str:
        """Append what a duty writes: it is caused by the head of its stream."""
        return self.event(stream, event, minute, self._heads[stream].id, **more)

    def loses(self, stream: str, event: Event, minute: int) -> RecordAddress:
        """Append another event for the place of the last one, which is void."""
        last = self._heads.pop(stream)
        self._heads.update({stream: Head(last.sequence - 1, last.id)} if last.sequence > 1 else {})
        self.event(stream, event, minute)
        self._heads[stream] = last
        return self.last(stream)

    def append(self, stream: str, value: bytes) -> None:
        topic = topic_of(stream)
        self.log.write(Outgoing(topic, partition_of(stream, PARTITIONS), stream.encode(), value))

    def last(self, stream: str) -> RecordAddress:
        """Where the last record of a stream's partition stands."""
        topic, partition = topic_of(stream), partition_of(stream, PARTITIONS)
        return RecordAddress(topic=topic, partition=partition, offset=len(self.log.kept[topic, partition]) - 1)

    def again(self, stream: str) -> RecordAddress:
        """Append the last record of a stream's partition once more."""
        record = self.log.kept[topic_of(stream), partition_of(stream, PARTITIONS)][-1]
        self.append(stream, record.value or b"")
        return self.last(stream)

    def known_at(self, instant: datetime) -> "HandWritten":
        """The same log as it would be if nothing had been recorded after an instant."""
        cut = HandWritten()
        for (topic, partition), records in list(self.log.kept.items()):
            for record in records:
                if topic not in EVENTS or _recorded_at(record) <= instant:
                    cut.log.write(Outgoing(topic, partition, record.key, record.value))
        return cut


def _recorded_at(record: Record) -> datetime:
    return datetime.fromisoformat(json.loads(record.value or b"")["recordedtime"])


@asynccontextmanager
async def folded(written: HandWritten, postgres: str, name: str) -> AsyncIterator[Chain]:
    """Read the log into audit's tables."""
    async with read_into(written, postgres, name, READERS) as database:
        yield Chain(trail_queries(database))


@asynccontextmanager
async def read_into(
    written: HandWritten, postgres: str, name: str, readers: Sequence[Reader]
) -> AsyncIterator[Database]:
    """Read the log into the tables of some readers."""
    database = Database(postgres, name)
    await database.open()
    try:
        for reader in readers:
            store = await tables_in_use(database, reader, PARTITIONS)
            judge = Judge(Codec(reader.topic, EVENTS[reader.topic], PARTITIONS))
            loop = ReaderLoop(written.log, store, Projector(reader, judge), "reader")
            await loop.round(await written.log.subscribe(reader.topic, reader.name, loop.assigned))
            assert not loop.halted
        yield database
    finally:
        await database.close()
        await drop_database(postgres, name)
