"""What a member of a group does while its partitions change hands."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka import TopicPartition

from libs.eventlog.kafka import subscription
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.subscription import KafkaSubscription
from libs.eventlog.ports import Identity

TOPIC = "door"


class HandedOver:
    """A consumer that was assigned a partition this very moment: nobody has said yet where it begins."""

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(TOPIC, 0)}

    async def position(self, _: TopicPartition) -> int:
        never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await never


async def test_a_member_does_not_wait_for_a_place_that_only_its_next_batch_sets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscription, "MOMENT", 0)
    member = KafkaSubscription(KafkaSettings("nowhere:1", "test"), TOPIC, "group", _nowhere, _some_topic)
    await member.close()
    monkeypatch.setattr(member, "_consumer", HandedOver())
    assert await asyncio.wait_for(member.passed(), 5) == {}


async def _nowhere(partitions: frozenset[int]) -> Mapping[int, int]:  # noqa: ARG001 - none is read
    return {}


async def _some_topic() -> Identity:
    return Identity("cluster", "topic")
