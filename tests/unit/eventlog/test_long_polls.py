"""Fetches that wait at a broker are given up where they are in the way, and nothing else is."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from libs.eventlog.kafka.long_polls import FETCHES, NOTHING, LongPolls

FIRST, SECOND = TopicPartition("tickets", 0), TopicPartition("tickets", 1)
FETCH = FetchRequest(10_000, 1, 1, 0, [])


class Connection:
    """Answers nothing until it is closed."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        self.answer.set_exception(KafkaConnectionError("closed"))


class Client:
    """A client whose brokers answer nothing."""

    def __init__(self) -> None:
        self._conns: dict[tuple[int, int], Connection] = {}
        self.cluster = SimpleNamespace(add_listener=self._listen, leader_for_partition=lambda tp: self.leaders[tp])
        self.leaders: dict[TopicPartition, int] = {FIRST: 1, SECOND: 2}

    def _listen(self, listener: Callable[[object], None]) -> None:
        self._listener = listener

    def metadata_comes(self) -> None:
        self._listener(self.cluster)

    async def ready(self, node: int, *, group: int) -> bool:
        self._conns.setdefault((node, group), Connection())
        return True

    async def send(self, node: int, _: object, *, group: int = 0) -> object:
        await self.ready(node, group=group)
        return await self._conns[node, group].answer


class Scene:
    """A consumer of two partitions that fetches from two brokers, and asks one of them for something else."""

    def __init__(self) -> None:
        self.client = Client()
        self.ours = {FIRST}
        consumer = SimpleNamespace(
            _client=self.client, _fetcher=SimpleNamespace(_prefetch_backoff=0.1), assignment=lambda: self.ours
        )
        self.polls = LongPolls(consumer)

    async def asks(self) -> "list[asyncio.Task[object]]":
        asked: tuple[tuple[int, Any], ...] = ((1, FETCH), (2, FETCH), (1, MetadataRequest([])))
        tasks = [asyncio.create_task(self.client.send(node, request)) for node, request in asked]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_only_fetches_go_by_a_connection_of_their_own_and_are_given_up(scene: Scene) -> None:
    *fetches, other = await scene.asks()
    assert set(scene.client._conns) == {(1, FETCHES), (2, FETCHES), (1, 0)}
    scene.polls.give_up()
    assert [await fetch for fetch in fetches] == [NOTHING, NOTHING]
    assert not other.done()
    other.cancel()


async def test_a_connection_that_breaks_by_itself_is_an_error(scene: Scene) -> None:
    fetch, *others = await scene.asks()
    scene.client._conns[1, FETCHES].close()
    with pytest.raises(KafkaConnectionError):
        await fetch
    for other in others:
        other.cancel()


async def test_fetches_are_made_anew_where_a_partition_of_ours_has_another_leader(scene: Scene) -> None:
    scene.client.metadata_comes()
    fetches = await scene.asks()
    scene.client.metadata_comes()
    scene.client.leaders[SECOND] = 1  # of which we have nothing
    scene.client.metadata_comes()
    await asyncio.sleep(0)
    assert not any(fetch.done() for fetch in fetches)
    scene.client.leaders[FIRST] = 2
    scene.client.metadata_comes()
    assert [await fetch for fetch in fetches[:2]] == [NOTHING, NOTHING]
    fetches[2].cancel()
