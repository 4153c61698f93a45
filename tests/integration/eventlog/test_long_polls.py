"""A fetch waits at the broker for as long as nothing comes, and holds up nobody who wants something else meanwhile.

A broker answers here after an hour that there is nothing: whatever must wait for that would never come.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count

import pytest

from libs.eventlog.kafka import faststream_subscription, subscription
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.subscription import KafkaSubscription
from libs.eventlog.wire.record import Outgoing
from libs.stack.wait import machine_seconds
from tests.integration.eventlog.conftest import OnKafkaAndPostgres
from tests.model.story import TICKETS
from tests.support import PATIENCE, eventually

HOUR = 3600.0
FETCHED_AHEAD = 0.3  # machine seconds after which aiokafka fetches other partitions beside what is to be consumed


class Member:
    """A member that reads both partitions from where it is told."""

    def __init__(self, log: KafkaLog, topic: str) -> None:
        self._log, self.topic, self._appender = log, topic, log.appender()
        self.start = {0: 0, 1: 0}
        self._names = count()

    async def join(self, *, by_faststream: bool) -> None:
        subscribe = self._log.subscribe_by_faststream if by_faststream else self._log.subscribe
        self.inner: KafkaSubscription = await subscribe(self.topic, f"{self.topic}.member", self._begin)

    async def _begin(self, partitions: frozenset[int]) -> Mapping[int, int]:
        return {p: at for p, at in self.start.items() if p in partitions}

    async def write(self, partition: int) -> None:
        await self._appender.append([Outgoing(self.topic, partition, b"key", b"%d" % next(self._names))])

    async def hear(self, wait: float = HOUR) -> Sequence[tuple[int, int]]:
        """The partitions and offsets of what comes next."""
        async with asyncio.timeout(PATIENCE):
            while not (got := await self.inner.batch(10, wait)):
                pass
        return sorted((record.partition, record.offset) for records in got.values() for record in records)

    async def leave(self) -> None:
        await self.inner.close()
        await self._appender.close()
        await self._log.close()


@pytest.fixture(params=[False, True], ids=["by ourselves", "by FastStream"])
async def member(
    request: pytest.FixtureRequest, kafka: str, postgres: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Member]:
    for module in (subscription, faststream_subscription):
        monkeypatch.setattr(module, "WAIT", HOUR)
    environment = OnKafkaAndPostgres(kafka, postgres, unique)
    await environment.create()
    log = KafkaLog(KafkaSettings(kafka, "one"))
    await log.open()
    member = Member(log, f"{unique}.{TICKETS}")
    await member.join(by_faststream=request.param)
    await member.write(0)
    assert await member.hear() == [(0, 0)]
    yield member
    await member.leave()
    await environment.delete()


async def waiting(member: Member) -> "asyncio.Future[Sequence[tuple[int, int]]]":
    """Listen, and come to where a fetch waits at the broker."""
    heard = asyncio.ensure_future(member.hear())
    await eventually(lambda: member.inner._consumer._fetcher._in_flight)
    assert not heard.done()
    return heard


async def is_fetched(member: Member) -> None:
    """Let what was written be fetched, and be there for so long that aiokafka would go on to the other partition."""
    fetcher, given = member.inner._consumer._fetcher, getattr(member.inner, "_given", asyncio.Queue[object]())
    await eventually(lambda: fetcher._records or not given.empty())
    until = machine_seconds() + FETCHED_AHEAD
    await eventually(lambda: machine_seconds() > until)


async def test_what_comes_is_given_out_at_once(member: Member) -> None:
    for partition, offset in ((0, 1), (1, 0), (1, 1)):
        heard = await waiting(member)
        await member.write(partition)
        assert await heard == [(partition, offset)]


async def test_a_place_to_be_read_from_anew_is_not_waited_for(member: Member) -> None:
    heard = await waiting(member)
    member.inner.again()
    assert await heard == [(0, 0)]
    member.start = {0: 1, 1: 0}
    heard = await waiting(member)
    member.inner.again()
    await member.write(0)
    assert await heard == [(0, 1)]


async def test_a_partition_is_fetched_again_though_it_was_not_consumed_while_others_were(member: Member) -> None:
    for offset in (1, 2, 3):
        await member.write(0)
        await is_fetched(member)
        assert await member.hear() == [(0, offset)]


async def test_who_waits_can_commit_meanwhile(member: Member) -> None:
    heard = await waiting(member)
    async with asyncio.timeout(PATIENCE):
        await member.inner.commit({0: 1})
    await member.write(1)
    assert await heard == [(1, 0)]


async def test_brokers_are_asked_who_leads_what_meanwhile(member: Member) -> None:
    heard = await waiting(member)
    async with asyncio.timeout(PATIENCE):
        assert await member.inner._consumer._client.force_metadata_update()
    await member.write(1)
    assert await heard == [(1, 0)]


async def test_a_member_that_comes_and_goes_is_not_waited_for(member: Member, kafka: str) -> None:
    log = KafkaLog(KafkaSettings(kafka, "two"))
    await log.open()
    other = Member(log, member.topic)
    joining = asyncio.ensure_future(other.join(by_faststream=False))
    ours = member.inner
    async with asyncio.timeout(PATIENCE):
        while len(ours.assigned()) == 2:
            await ours.batch(10, 1)
        await joining
    member.start = {0: 1, 1: 0}
    await member.write(min(ours.assigned()))
    assert [partition for partition, _ in await member.hear()] == [min(ours.assigned())]
    await other.leave()
