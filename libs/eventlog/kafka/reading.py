"""Read topics for which we commit no offsets: receipts and dead letters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from libs.eventlog.errors import unavailable
from libs.eventlog.kafka.brokers import Address, brokers_at
from libs.eventlog.kafka.connection import LARGEST_REQUEST, ended, within
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.subscription import record_of
from libs.eventlog.wire.record import Record

PATIENCE = 10.0  # machine seconds that one call may take
SILENCE = 500  # machine milliseconds to wait for more


@asynccontextmanager
async def reading(
    kafka: Address, starts: Mapping[TopicPartition, int], isolation: str = "read_uncommitted", wait: int = SILENCE
) -> AsyncIterator[AIOKafkaConsumer]:
    """Lend a consumer of some partitions, positioned at given offsets; raises Unavailable.

    A broker that has nothing more waits for `wait` machine milliseconds before it says so.
    """
    consumer = AIOKafkaConsumer(
        client_id="olcare-read",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=LARGEST_REQUEST,
        isolation_level=isolation,
        fetch_max_wait_ms=wait,
        **brokers_at(kafka).connection(),
    )
    try:
        await within(PATIENCE, consumer.start, "connecting")
        consumer.assign(list(starts))
        for tp, offset in starts.items():
            consumer.seek(tp, offset)
        yield consumer
    finally:
        await ended(consumer.stop)


async def records(kafka: Address, log: KafkaLog, topic: str, since: int = 0) -> AsyncIterator[Record]:
    """The records that a topic has now, in order within a partition, from broker time `since` (ms of the epoch) on.

    Not for compacted topics: records may be deleted only at the beginning.
    """
    ends = {TopicPartition(topic, p): end for p, end in (await log.ends(topic)).items()}
    starts = {TopicPartition(topic, p): start for p, start in (await log.starts(topic)).items()}
    if since:
        found = await log.since(topic, since)
        starts = {tp: found.get(tp.partition, end) for tp, end in ends.items()}
    left = {tp: end for tp, end in ends.items() if starts[tp] < end}
    async with reading(kafka, starts) as consumer:
        while left:
            for tp, messages in (await fetched(consumer, *left)).items():
                for message in messages:
                    if message.offset < left[tp]:
                        yield record_of(message)
                if messages[-1].offset + 1 >= left[tp]:
                    del left[tp]


async def fetched(consumer: AIOKafkaConsumer, *partitions: TopicPartition) -> Mapping[TopicPartition, Sequence[Any]]:
    """What has come within SILENCE, of these partitions or of all; raises Unavailable."""
    try:
        found: Mapping[TopicPartition, Sequence[Any]] = await consumer.getmany(*partitions, timeout_ms=SILENCE)
    except KafkaError as error:
        raise unavailable("reading", error) from error
    return found
