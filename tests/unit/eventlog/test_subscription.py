"""What a member of a group does while its partitions change hands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from libs.eventlog.kafka import subscription
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.subscription import KafkaSubscription
from libs.eventlog.ports import Identity
from tests.support import PATIENCE

TOPIC = "door"
PARTITION = TopicPartition(TOPIC, 0)
_FIELDS = ("topic", "partition", "offset", "key", "value", "headers", "timestamp")


class HandedOver:
    """A consumer that was assigned a partition this very moment: nobody has said yet where it begins."""

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

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
    assert await asyncio.wait_for(member.passed(), PATIENCE) == {}


class Changing:
    """A consumer whose partition is handed over while it fetches, `meanwhile` alone knows how."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing
        self.sought: list[int] = []

    async def getmany(self, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, list[Any]]:  # noqa: ARG002
        await self.meanwhile()
        return {PARTITION: [SimpleNamespace(**{**dict.fromkeys(_FIELDS), "offset": 7})]}

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch no more of them."""

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetch them again."""

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.sought.append(offset)

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}


@pytest.mark.parametrize("how", ["assigned", "again"])
async def test_what_was_fetched_before_a_hand_over_is_not_given_out_after_it(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    begun: list[frozenset[int]] = []

    async def begin(partitions: frozenset[int]) -> Mapping[int, int]:
        begun.append(partitions)
        return {0: 5}

    member = KafkaSubscription(KafkaSettings("nowhere:1", "test"), TOPIC, "group", begin, _some_topic)
    await member.close()
    monkeypatch.setattr(member, "_consumer", consumer := Changing())

    async def hand_over() -> None:
        if how == "again":
            member.again()
        else:
            await member.on_partitions_assigned([PARTITION])

    consumer.meanwhile = hand_over
    assert (await member.batch(10, 0), begun) == ({}, [])
    consumer.meanwhile = _nothing
    assert [record.offset for record in (await member.batch(10, 0))[0]] == [7]
    assert (begun, consumer.sought) == ([frozenset({0})], [5])


async def _nothing() -> None:
    """Nothing happens meanwhile."""


async def _nowhere(partitions: frozenset[int]) -> Mapping[int, int]:  # noqa: ARG001 - none is read
    return {}


async def _some_topic() -> Identity:
    return Identity("cluster", "topic")
