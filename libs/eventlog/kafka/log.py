"""The topics of one cluster: their ends, committed offsets, records read back, producers and subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from operator import is_not
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, LeaderNotAvailableError, ReplicaNotAvailableError, StaleMetadata
from aiokafka.errors import UnknownTopicOrPartitionError as UnknownTopic
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.answers import Tolerated
from libs.eventlog.kafka.appender import KafkaAppender, Stamp
from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.commits import NO_MEMBER, commit_of
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.decoder import install_decoder
from libs.eventlog.kafka.faststream_subscription import FastStreamSubscription
from libs.eventlog.kafka.repeated import Repeated
from libs.eventlog.kafka.scan import FETCH_BYTES, first_at, scan
from libs.eventlog.kafka.subscription import KafkaSubscription
from libs.eventlog.kafka.topic_id import TopicIdRequest, topic_ids
from libs.eventlog.kafka.topic_state import LogDirsRequest, Newest, NewestRequest, newest_of, sizes_of
from libs.eventlog.ports import Appender, BrokerTime, Commit, Identity, OnAssigned, PartitionOffset
from libs.eventlog.wire.record import Record

NEAR = 1000  # records; a fetch holds about so many
BYTES = 4096  # of a record, few of which are larger: what is fetched beyond those asked for costs time to decode
AT_ONCE = 8  # scans
QUESTIONS = 64  # for the offsets of topics, of which so many are kept
NOT_A_REPLICA = -1
READ_UNCOMMITTED, READ_COMMITTED = 0, 1
ID_ALL_THE_SAME: Tolerated = {
    "topics": frozenset({UnknownTopic.errno}),
    "partitions": frozenset({LeaderNotAvailableError.errno, ReplicaNotAvailableError.errno}),
}
"""A topic has its id though a partition has no leader now; one without a topic is said to have none."""


class KafkaLog:
    """The topics of one cluster; `open` before use, `close` after."""

    def __init__(self, settings: KafkaSettings) -> None:
        install_decoder()
        self._settings = settings
        self._client = KafkaClient(settings, "ask")
        self._heard: Stamp | None = None
        self._asked: dict[tuple[tuple[str, ...], int, int], _Offsets] = {}

    async def open(self) -> None:
        """Connect; raises Unavailable."""
        await self._client.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def partitions(self, topic: str) -> list[int]:
        """Name the partitions of a topic; raises Unavailable where there is no such topic."""
        return await self._client.partitions(topic)

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The last stable offset of each partition: what a reader can come to; a transaction still open is beyond."""
        return (await self.ends_of([topic]))[topic]

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """The ends of several topics, in one request of each broker."""
        return await self._offsets(topics, OffsetResetStrategy.LATEST, READ_COMMITTED)

    async def high_watermarks(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition, those of open transactions included."""
        return (await self._offsets([topic], OffsetResetStrategy.LATEST, READ_UNCOMMITTED))[topic]

    async def starts(self, topic: str) -> Mapping[int, int]:
        """The offset of the first record that is still there."""
        return (await self.starts_of([topic]))[topic]

    async def starts_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """The starts of several topics, in one request of each broker."""
        return await self._offsets(topics, OffsetResetStrategy.EARLIEST, READ_COMMITTED)

    async def since(self, topic: str, timestamp: int) -> Mapping[int, int]:
        """The first offset from a broker time (ms of the epoch) on; partitions without a later record are absent."""
        found = (await self._offsets([topic], timestamp, READ_COMMITTED))[topic]
        return {partition: offset for partition, offset in found.items() if offset >= 0}

    async def since_of(self, topics: Iterable[str], timestamp: int) -> Mapping[str, Mapping[int, int]]:
        """As `since`, of several topics in one request of each broker."""
        found = await self._offsets(topics, timestamp, READ_COMMITTED)
        return {topic: {p: at for p, at in offsets.items() if at >= 0} for topic, offsets in found.items()}

    async def newest(self, topics: Iterable[str]) -> Mapping[str, Newest]:
        """The newest record of each topic by the brokers' time; a topic without records is absent."""
        wanted = list(topics)
        return newest_of(await self._client.within(lambda: self._newest_now(wanted), "newest records"))

    async def _newest_now(self, topics: Sequence[str]) -> Sequence[Any]:
        wanted = {TopicPartition(topic, p) for topic in topics for p in await self._client.partitions_now(topic)}
        leaders = await self._client.by_leader(wanted)
        return await asyncio.gather(*(self._client.ask(node, NewestRequest(led)) for node, led in leaders.items()))

    async def sizes(self, topics: Iterable[str]) -> Mapping[str, int]:
        """The bytes that all brokers keep of each topic, copies included; nothing where we may not ask for them."""
        wanted = [TopicPartition(topic, p) for topic in topics for p in await self._client.partitions(topic)]
        try:
            return sizes_of(
                [await self._client.ask(node, LogDirsRequest(wanted)) for node in await self._client.nodes()]
            )
        except KafkaError:
            return {}

    async def members(self, groups: Iterable[str]) -> Mapping[str, int]:
        """How many members each group has; 0 also where there is no such group. Raises Unavailable."""
        wanted = list(groups)
        answers = await asyncio.gather(
            *(self._client.ask_coordinator(one, DescribeGroupsRequest([one]), f"members of {one}") for one in wanted)
        )
        return {group: len(answer.groups[0][5]) for group, answer in zip(wanted, answers, strict=True)}

    async def at(self, topic: str, place: PartitionOffset) -> Record | None:
        """The first record that stands at an offset or after it, by the smallest fetch that has it; None at the end."""
        return await first_at(self._client, TopicPartition(topic, place.partition), place.offset)

    async def _offsets(self, topics: Iterable[str], at: int, isolation: int) -> dict[str, dict[int, int]]:
        wanted = list(topics)
        return await self._client.within(lambda: self._offsets_now(wanted, at, isolation), "offsets")

    async def _offsets_now(self, topics: Sequence[str], at: int, isolation: int) -> dict[str, dict[int, int]]:
        """Ask the leaders of all partitions at once; raises KafkaError unless each is answered."""
        question = await self._question(tuple(topics), at, isolation)
        answers = await asyncio.gather(*(self._client.ask_again(*each) for each in question.requests.items()))
        if question.answers is None or any(map(is_not, answers, question.answers)):
            question.answers, question.found = None, _found(question.wanted, answers)
            question.answers = answers
        return {topic: dict(offsets) for topic, offsets in question.found.items()}

    async def _question(self, topics: tuple[str, ...], at: int, isolation: int) -> "_Offsets":
        """The question for the offsets of some topics as it was put before, unless leaders may be others now."""
        key, refreshed = (topics, at, isolation), await self._client.refreshed()
        known = self._asked.get(key)
        if known is None or known.refreshed != refreshed:
            wanted = {TopicPartition(topic, p) for topic in topics for p in await self._client.partitions_now(topic)}
            requests = {
                leader: Repeated(OffsetRequest(NOT_A_REPLICA, isolation, _by_topic(led, at)))
                for leader, led in (await self._client.by_leader(wanted)).items()
            }
            if len(self._asked) >= QUESTIONS:
                self._asked.clear()
            self._asked[key] = known = _Offsets(refreshed, wanted, requests)
        return known

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        """The committed offsets of a group; partitions without one are absent."""
        return {p: commit.offset for p, commit in (await self.commits(group, topic)).items()}

    async def commits(self, group: str, topic: str) -> Mapping[int, Commit]:
        """What a group has committed; raises Unavailable unless its coordinator answers for each partition."""
        what = f"offsets of {group}"
        wanted = await self._client.partitions(topic)
        answer = await self._client.ask_coordinator(group, OffsetFetchRequest(group, [(topic, wanted)]), what)
        found = {p: commit_of(at, metadata) for _, partitions in answer.topics for p, at, metadata, _ in partitions}
        if missing := set(wanted) - found.keys():
            raise Unavailable(f"{what}: its coordinator says nothing of {topic}{sorted(missing)}")
        return {p: commit for p, commit in found.items() if commit.offset >= 0}

    async def advise(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Commit offsets under a group that has no members, in one request; raises Unavailable."""
        places = [(partition, offset, "") for partition, offset in offsets.items()]
        request = OffsetCommitRequest(group, *NO_MEMBER, [(topic, places)])
        await self._client.ask_coordinator(group, request, f"offsets of {group}")

    async def records(self, topic: str, addresses: Iterable[PartitionOffset]) -> Mapping[PartitionOffset, Record]:
        """Read records back, nearby ones in one scan, some scans at once; Unavailable where one is not there."""
        wanted, found = set(addresses), dict[PartitionOffset, Record]()
        free = asyncio.Semaphore(AT_ONCE)

        async def read(first: PartitionOffset, last: PartitionOffset) -> None:
            tp, size = TopicPartition(topic, first.partition), BYTES * (last.offset + 1 - first.offset)
            async with free:
                async for records in scan(self._client, tp, first.offset, last.offset + 1, min(size, FETCH_BYTES)):
                    found.update({at: r for r in records if (at := PartitionOffset(r.partition, r.offset)) in wanted})

        scans = [asyncio.ensure_future(read(*each)) for each in _near(sorted(wanted))]
        try:
            await asyncio.gather(*scans)  # raises what one of them raised, not a group of errors
        finally:
            for each in scans:
                each.cancel()
            await asyncio.gather(*scans, return_exceptions=True)
        if missing := wanted - found.keys():
            raise Unavailable(f"{topic} has no record at {min(missing)}")
        return found

    async def identity(self, topic: str) -> Identity:
        """Name the cluster and the topic's incarnation; raises Unavailable."""
        what = f"id of {topic}"
        response = await self._client.ask_any(TopicIdRequest([topic]), what, ID_ALL_THE_SAME)
        ids = topic_ids(response)
        if topic not in ids:
            raise Unavailable(f"{topic} does not exist; `olcare topics create` makes it")
        return Identity(response.cluster_id, str(ids[topic]))

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """The records with offsets from `start` to below `until`, in order."""
        return scan(self._client, TopicPartition(topic, partition), start, until)

    def appender(self) -> Appender:
        """A new producer."""
        return KafkaAppender(self._settings, self._hear)

    def _hear(self, stamp: Stamp) -> None:
        self._heard = stamp

    def broker_time(self) -> BrokerTime | None:
        """The broker's time now, by its last acknowledgement; None before the first.

        It was stamped between our sending and our hearing of it: however late we hear, neither bound is wrong.
        """
        if self._heard is None:
            return None
        broker, sent, heard = self._heard
        now = asyncio.get_running_loop().time()
        return BrokerTime(broker + now - heard, broker + now - sent)

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> KafkaSubscription:
        """Join a group as a static member."""
        return await self._joined(KafkaSubscription, topic, group, on_assigned)

    async def subscribe_by_faststream(self, topic: str, group: str, on_assigned: OnAssigned) -> KafkaSubscription:
        """Join a group as a static member that FastStream fetches for, as doors do."""
        return await self._joined(FastStreamSubscription, topic, group, on_assigned)

    async def _joined(
        self, kind: type[KafkaSubscription], topic: str, group: str, on_assigned: OnAssigned
    ) -> KafkaSubscription:
        subscription = kind(self._settings, topic, group, on_assigned, partial(self.identity, topic))
        try:
            await subscription.open()
        except BaseException:  # cancellation included: nobody else would close this consumer
            await subscription.close()
            raise
        return subscription


@dataclass
class _Offsets:
    """A question for the offsets of partitions, to each of their leaders, and what was found the last time."""

    refreshed: int
    wanted: AbstractSet[TopicPartition]
    requests: Mapping[int, Repeated]
    answers: Sequence[Any] | None = None
    found: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


def _found(wanted: AbstractSet[TopicPartition], answers: Iterable[Any]) -> dict[str, dict[int, int]]:
    """The offsets by topic and partition; raises StaleMetadata where one is missing."""
    found: dict[str, dict[int, int]] = {tp.topic: {} for tp in wanted}
    for answer in answers:
        for topic, partitions in answer.topics:
            found[topic].update({partition: offset for partition, _, _, offset in partitions})
    _all_there(wanted, found)
    return found


def _by_topic(partitions: Iterable[TopicPartition], at: int) -> list[tuple[str, list[tuple[int, int]]]]:
    by_topic: dict[str, list[tuple[int, int]]] = {}
    for tp in partitions:
        by_topic.setdefault(tp.topic, []).append((tp.partition, at))
    return list(by_topic.items())


def _all_there(wanted: Iterable[TopicPartition], found: Mapping[str, Mapping[int, int]]) -> None:
    """Raise StaleMetadata where a leader passed over a partition that it was asked about."""
    if missing := [tp for tp in wanted if tp.partition not in found[tp.topic]]:
        raise StaleMetadata(f"no answer about {missing[0]}")


def _near(addresses: Sequence[PartitionOffset]) -> Iterator[tuple[PartitionOffset, PartitionOffset]]:
    """The first and the last address of each group of nearby records in a partition."""
    first: PartitionOffset | None = None
    for address, after in zip_longest(addresses, addresses[1:]):
        first = first or address
        if after is None or after.partition != address.partition or after.offset - address.offset > NEAR:
            yield first, address
            first = None
