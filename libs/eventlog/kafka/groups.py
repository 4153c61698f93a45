"""What every group of a cluster has committed, and committing in place of a group that nobody is in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from aiokafka.protocol.admin import ListGroupsRequest
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.commits import NO_MEMBER
from libs.eventlog.kafka.connection import KafkaSettings

PATIENCE = 30.0  # machine seconds that one call may take


class GroupOffset(NamedTuple):
    """What a group has committed of one partition, its metadata as it stands."""

    group: str
    topic: str
    partition: int
    offset: int
    metadata: str


class KafkaGroups:
    """The groups of one cluster; every call raises Unavailable where the brokers do not say."""

    def __init__(self, kafka: Address) -> None:
        self._client = KafkaClient(KafkaSettings(kafka, "olcare", patience=PATIENCE), "groups")

    async def __aenter__(self) -> Self:
        """Connect; raises Unavailable."""
        try:
            await self._client.open_now()
        except Unavailable:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._client.close()

    async def committed(self, topics: Iterable[str]) -> Sequence[GroupOffset]:
        """What all groups that we may see have committed of some topics."""
        wanted = set(topics)
        found = [one for name in await self._names() for one in await self.committed_by(name)]
        return sorted(one for one in found if one.topic in wanted)

    async def committed_by(self, group: str) -> Sequence[GroupOffset]:
        """What a group has committed; nothing where there is no such group."""
        answer = await self._client.ask_coordinator(group, OffsetFetchRequest(group, None), f"offsets of {group}")
        return [
            GroupOffset(group, topic, partition, offset, metadata or "")
            for topic, partitions in answer.topics
            for partition, offset, metadata, _ in partitions
            if offset >= 0
        ]

    async def commit(self, group: str, offsets: Iterable[GroupOffset]) -> None:
        """Commit for a group that has no members."""
        by_topic: dict[str, list[tuple[int, int, str]]] = {}
        for one in offsets:
            by_topic.setdefault(one.topic, []).append((one.partition, one.offset, one.metadata))
        request = OffsetCommitRequest(group, *NO_MEMBER, [*by_topic.items()])
        await self._client.ask_coordinator(group, request, f"offsets of {group}")

    async def _names(self) -> Sequence[str]:
        answers = [
            await self._client.ask_broker(node, ListGroupsRequest(), "groups") for node in await self._client.nodes()
        ]
        return sorted({str(group) for answer in answers for group, _ in answer.groups})


def by_group(offsets: Iterable[GroupOffset]) -> Mapping[str, Sequence[GroupOffset]]:
    """Sort offsets by the group that committed them."""
    found: dict[str, list[GroupOffset]] = {}
    for one in offsets:
        found.setdefault(one.group, []).append(one)
    return found
