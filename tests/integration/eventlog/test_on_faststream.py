"""What FastStream fetches passes what the log on Kafka passes, and what it would keep to itself is said."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.faststream_subscription import FastStreamSubscription
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Subscribe
from tests.integration.eventlog.conftest import OnKafkaAndPostgres
from tests.model.story import TICKETS
from tests.unit.eventlog.environment import Environment, soon, write
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_log import LogSuite
from tests.unit.eventlog.suite_story import StorySuite

A = stream_in(0)


class OnFastStream(OnKafkaAndPostgres):
    def subscribe(self, log: KafkaLog) -> Subscribe:
        """Let FastStream fetch everything, not the doors alone."""
        return log.subscribe_by_faststream


@pytest.fixture
async def env(kafka: str, postgres: str, unique: str) -> AsyncIterator[Environment]:
    environment = OnFastStream(kafka, postgres, unique)
    await environment.create()
    yield environment
    await environment.delete()


class TestLogOnFastStream(LogSuite):
    pass


class TestStoryOnFastStream(StorySuite):
    pass


Write = Callable[[int], Awaitable[None]]


@pytest.fixture
def another(env: Environment) -> Write:
    """Write so many records more into the first partition."""
    history = History()

    async def written(count: int) -> None:
        async with env.log() as log:
            await write(log, *(history.next(A) for _ in range(count)))

    return written


@pytest.fixture
async def member(another: Write, kafka: str, unique: str) -> AsyncIterator[FastStreamSubscription]:
    """A member that has read the one record of the first partition."""
    await another(1)
    kafka_log = KafkaLog(KafkaSettings(kafka, "one"))
    await kafka_log.open()
    subscription = await kafka_log.subscribe_by_faststream(f"{unique}.{TICKETS}", f"{unique}.member", _from_the_start)
    assert isinstance(subscription, FastStreamSubscription)
    await soon(lambda: subscription.batch(10, 0.1))
    try:
        yield subscription
    finally:
        await subscription.close()
        await kafka_log.close()


async def test_several_addresses_are_several_brokers(another: Write, kafka: str, unique: str) -> None:
    await another(1)
    log = KafkaLog(KafkaSettings(f"127.0.0.1:9, {kafka},127.0.0.1:10", "one"))
    await log.open()
    subscription = await log.subscribe_by_faststream(f"{unique}.{TICKETS}", f"{unique}.member", _from_the_start)
    try:
        assert await soon(lambda: subscription.batch(10, 0.1))
    finally:
        await subscription.close()
        await log.close()


async def test_an_error_of_the_consumer_reaches_whoever_asks(
    member: FastStreamSubscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(**_: Any) -> Mapping[Any, Any]:
        raise KafkaError("refused")

    monkeypatch.setattr(member._consumer, "getmany", fails)
    with pytest.raises(Unavailable, match="refused"):
        await soon(lambda: member.batch(10, 0.1))


async def test_a_loop_of_faststream_that_ended_is_not_waited_for(
    member: FastStreamSubscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(**_: Any) -> Mapping[Any, Any]:
        raise ValueError("a bug")

    monkeypatch.setattr(member._consumer, "getmany", fails)
    for _ in range(2):  # FastStream tells the same error once an hour only
        with pytest.raises(Unavailable, match="a bug"):
            await soon(lambda: member.batch(10, 0.1))


async def test_between_the_consumer_and_our_note_of_take_overs_nothing_comes_in_between(
    member: FastStreamSubscription, another: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a batch of before a take-over could count as one of after it."""
    real, count, between, returned = member._consumer.getmany, type(member)._came, list[bool](), asyncio.Event()

    async def getmany(**asked: Any) -> Any:
        got = await real(**asked)
        returned.clear()
        asyncio.get_running_loop().call_soon(returned.set)
        return got

    async def came(batch: Any) -> Any:
        between.append(returned.is_set())
        return await count(member, batch)

    monkeypatch.setattr(member._consumer, "getmany", getmany)
    for call in member._subscriber.calls:
        monkeypatch.setattr(call, "parser", came)
    await member.batch(10, 0.2)
    await another(1)
    await soon(lambda: member.batch(10, 0.1))
    assert between == [False]


async def test_a_batch_of_before_a_take_over_is_not_returned_after_it(
    member: FastStreamSubscription, another: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_its_way, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Any) -> bool:
        on_its_way.set()
        await go_on.wait()
        return True

    for call in member._subscriber.calls:
        monkeypatch.setattr(call, "filter", slow)
    await member.batch(10, 0)
    await another(1)
    await on_its_way.wait()
    assert await member.passed() == {}
    member.again()
    assert await member.batch(10, 0) == {}
    go_on.set()
    found = await soon(lambda: member.batch(10, 0.1))
    assert [record.offset for record in found[0]] == [0, 1]


async def test_what_was_fetched_and_not_returned_is_not_passed(member: FastStreamSubscription, another: Write) -> None:
    await another(3)
    found = await soon(lambda: member.batch(1, 0.1))
    assert ([r.offset for r in found[0]], await member.passed()) == ([1], {})
    assert [r.offset for r in (await member.batch(1, 0.1))[0]] == [2]
    assert [r.offset for r in (await member.batch(1, 0.1))[0]] == [3]
    assert (await member.passed())[0] == 4


async def _from_the_start(partitions: frozenset[int]) -> Mapping[int, int]:
    return dict.fromkeys(partitions, 0)
