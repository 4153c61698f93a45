"""A partition as it is stored, for a copy of it: every record that readers are given, with the offset that it has.

What a transaction took back, and what compaction removed, is left out: there the offsets have a gap.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from libs.eventlog.errors import Unavailable, unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.decoder import install_decoder
from libs.eventlog.kafka.reading import fetched, reading

WAIT = 5  # machine milliseconds: a fetch at the end of a partition would hold up the next one
PATIENCE = 60  # fetches without anything


class StoredRecord(NamedTuple):
    """A record with its place; `timestamp` is in ms of the epoch, the broker's own where it was `appended` so."""

    offset: int
    timestamp: int
    appended: bool
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    """Bytes of a name that are not UTF-8 are surrogates."""


class StoredPartitions:
    """Reads partitions one after the other."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Sequence[StoredRecord]]:
        """The records with offsets from `start` to below `end`, a stable one; raises Unavailable."""
        tp, silent = TopicPartition(topic, partition), 0
        self._consumer.assign([tp])
        self._consumer.seek(tp, start)
        while (at := await self._position(tp)) < end:
            got = (await fetched(self._consumer, tp)).get(tp, ())
            if records := [_stored(message) for message in got if message.offset < end]:
                yield records
            silent = 0 if got or await self._position(tp) > at else silent + 1
            if silent > PATIENCE:
                raise Unavailable(f"{topic}[{partition}] gives nothing from {at} on, though it ends at {end}")

    async def _position(self, tp: TopicPartition) -> int:
        try:
            return int(await self._consumer.position(tp))
        except KafkaError as error:
            raise unavailable(f"reading {tp}", error) from error


@asynccontextmanager
async def stored_partitions(kafka: Address) -> AsyncIterator[StoredPartitions]:
    """Connect to read; raises Unavailable."""
    install_decoder()
    async with reading(kafka, {}, "read_committed", WAIT) as consumer:
        yield StoredPartitions(consumer)


def _stored(message: Any) -> StoredRecord:
    appended = message.timestamp_type == 1
    return StoredRecord(message.offset, message.timestamp, appended, message.key, message.value, tuple(message.headers))
