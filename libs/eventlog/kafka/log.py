"""The topics of one cluster: their ends, committed offsets, records read back, producers and subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.appender import KafkaAppender
from libs.eventlog.kafka.connection import LARGEST_REQUEST, KafkaSettings, begun, ended, within
from libs.eventlog.kafka.decoder import install_decoder
from libs.eventlog.kafka.scan import scan
from libs.eventlog.kafka.subscription import KafkaSubscription
from libs.eventlog.kafka.topic_id import TopicIdRequest, topic_ids
from libs.eventlog.ports import Appender, Identity, OnAssigned, PartitionOffset
from libs.eventlog.wire.record import Record

NEAR = 1000  # records; a fetch holds about so many


class KafkaLog:
    """The topics of one cluster; `open` before use, `close` after."""

    def __init__(self, settings: KafkaSettings) -> None:
        install_decoder()
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            client_id=f"{settings.instance}-look",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=LARGEST_REQUEST,
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap, client_id=f"{settings.instance}-ask")
        self._coordinators: dict[str, int] = {}
        self._heard: tuple[float, float] | None = None

    async def open(self) -> None:
        """Connect; raises Unavailable."""
        await within(self._settings.patience, partial(begun, self._consumer.start), "connecting")
        await within(self._settings.patience, partial(begun, self._admin.start), "connecting")

    async def close(self) -> None:
        """Disconnect."""
        await ended(self._consumer.stop)
        await self._admin.close()

    async def partitions(self, topic: str) -> list[int]:
        """Name the partitions of a topic; raises Unavailable where there is no such topic."""
        client = self._consumer._client  # noqa: SLF001 - the public call does not fetch metadata
        await within(self._settings.patience, lambda: client._wait_on_metadata(topic), topic)  # noqa: SLF001
        return sorted(self._consumer.partitions_for_topic(topic) or ())

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition."""
        return (await self.ends_of([topic]))[topic]

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """The ends of several topics, in one request."""
        return await self._offsets(topics, self._consumer.end_offsets)

    async def starts(self, topic: str) -> Mapping[int, int]:
        """The offset of the first record that is still there."""
        return (await self._offsets([topic], self._consumer.beginning_offsets))[topic]

    async def _offsets(self, topics: Iterable[str], ask: Any) -> Mapping[str, Mapping[int, int]]:
        wanted = [TopicPartition(topic, p) for topic in topics for p in await self.partitions(topic)]
        found = await within(self._settings.patience, lambda: ask(wanted), "offsets")
        by_topic: dict[str, dict[int, int]] = {}
        for tp, offset in found.items():
            by_topic.setdefault(tp.topic, {})[tp.partition] = offset
        return by_topic

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        """The committed offsets of a group."""
        found = await within(self._settings.patience, lambda: self._committed(group), f"offsets of {group}")
        return {tp.partition: at.offset for tp, at in found.items() if tp.topic == topic and at.offset >= 0}

    async def committed_notes(self, group: str, topic: str) -> Mapping[int, str]:
        """The notes that were committed with the offsets of a group, where there are any."""
        found = await within(self._settings.patience, lambda: self._committed(group), f"offsets of {group}")
        return {tp.partition: at.metadata for tp, at in found.items() if tp.topic == topic and at.metadata}

    async def _committed(self, group: str) -> Mapping[TopicPartition, Any]:
        """Ask the group's coordinator, whose id is cached until a call to it fails."""
        if group not in self._coordinators:
            self._coordinators[group] = await self._admin.find_coordinator(group)
        try:
            found: Mapping[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(
                group, self._coordinators[group]
            )
        except (KafkaError, ValueError):
            del self._coordinators[group]
            raise
        return found

    async def records(self, topic: str, addresses: Iterable[PartitionOffset]) -> Mapping[PartitionOffset, Record]:
        """Read records back, nearby ones in one scan; raises Unavailable where one is not there."""
        wanted, found = set(addresses), dict[PartitionOffset, Record]()
        for first, last in _near(sorted(wanted)):
            async for records in self.scan(topic, first.partition, last.offset + 1, first.offset):
                found.update({at: r for r in records if (at := PartitionOffset(r.partition, r.offset)) in wanted})
        if missing := wanted - found.keys():
            raise Unavailable(f"{topic} has no record at {min(missing)}")
        return found

    async def identity(self, topic: str) -> Identity:
        """Name the cluster and the topic's incarnation; raises Unavailable."""
        client = self._admin._client  # noqa: SLF001 - the admin client has no call for topic ids
        request = TopicIdRequest([topic])
        ask = partial(client.send, client.get_random_node(), request)
        response = await within(self._settings.patience, ask, f"id of {topic}")
        ids = topic_ids(response)
        if topic not in ids:
            raise Unavailable(f"{topic} does not exist; `olcare topics create` makes it")
        return Identity(response.cluster_id, str(ids[topic]))

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """The records with offsets from `start` to below `until`, in order."""
        tp = TopicPartition(topic, partition)
        ask = partial(within, self._settings.patience, what=f"reading {tp}")
        return scan(self._consumer._client, tp, start, until, ask)  # noqa: SLF001 - the public API is slower

    def appender(self) -> Appender:
        """A new producer."""
        return KafkaAppender(self._settings, self._hear)

    def _hear(self, broker: float) -> None:
        self._heard = (broker, asyncio.get_running_loop().time())

    def broker_time(self) -> float | None:
        """The broker's time in seconds of the epoch, by its last acknowledgement; None before the first."""
        if self._heard is None:
            return None
        broker, at = self._heard
        return broker + asyncio.get_running_loop().time() - at

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> "KafkaSubscription":
        """Join a group as a static member."""
        subscription = KafkaSubscription(self._settings, topic, group, on_assigned)
        try:
            await subscription.open()
        except BaseException:  # cancellation included: nobody else would close this consumer
            await subscription.close()
            raise
        return subscription


def _near(addresses: Sequence[PartitionOffset]) -> Iterator[tuple[PartitionOffset, PartitionOffset]]:
    """The first and the last address of each group of nearby records in a partition."""
    first: PartitionOffset | None = None
    for address, after in zip_longest(addresses, addresses[1:]):
        first = first or address
        if after is None or after.partition != address.partition or after.offset - address.offset > NEAR:
            yield first, address
            first = None
