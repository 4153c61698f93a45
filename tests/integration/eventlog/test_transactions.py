"""An upstream system that writes in transactions is answered for what it committed, and keeps nobody waiting."""

from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer

from libs.chassis.manual_clock import ManualClock
from libs.chassis.watchdog import PATIENCE, Watchdog, Watched
from libs.eventlog.kafka import faststream_subscription, subscription
from libs.eventlog.loops import door as door_loop
from libs.eventlog.loops.followers import behind, group_follower, reached
from libs.messages.receipts import Outcome
from tests.integration.eventlog.open_door import OpenDoor, open_door
from tests.integration.eventlog.test_poison import GOOD

HOUR = 3600.0
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HEADERS = [("content-type", b"application/cloudevents+json")]


async def test_the_end_of_a_transaction_is_passed_though_it_is_no_record(kafka: str, unique: str) -> None:
    async with open_door(kafka, unique) as door, _upstream(kafka, unique) as upstream:
        async with upstream.transaction():
            await _say(upstream, door)
        assert await door.committed(2) == 2
        [receipt] = await door.receipts(1)
        assert (receipt.place.offset, receipt.outcome) == (0, Outcome.ACCEPTED)


async def test_what_was_taken_back_is_not_answered_and_what_follows_it_is(kafka: str, unique: str) -> None:
    async with open_door(kafka, unique) as door, _upstream(kafka, unique) as upstream:
        await upstream.begin_transaction()
        await _say(upstream, door)
        await upstream.abort_transaction()
        async with upstream.transaction():
            await _say(upstream, door)
        assert await door.committed(4) == 4
        assert [receipt.place.offset for receipt in await door.receipts(1)] == [2]


async def test_the_end_of_a_transaction_is_passed_soon_after_it_came(
    kafka: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (door_loop, subscription, faststream_subscription):
        monkeypatch.setattr(module, "WAIT", HOUR)
    async with open_door(kafka, unique) as door, _upstream(kafka, unique) as upstream:
        async with upstream.transaction():
            await _say(upstream, door)
        assert await door.committed(2) == 2


async def test_a_transaction_left_open_leaves_nothing_to_read_and_nobody_is_behind(kafka: str, unique: str) -> None:
    async with open_door(kafka, unique) as door, _upstream(kafka, unique) as upstream:
        await upstream.begin_transaction()
        await _say(upstream, door)
        await _say(upstream, door)
        follower = group_follower(door.group, door.topic, door.log)
        assert (await door.log.ends(door.topic), await door.log.high_watermarks(door.topic)) == ({0: 0}, {0: 2})
        clock = ManualClock(MONDAY)
        watched = Watched(follower, lambda: None)
        dog = Watchdog(door.log, clock, [watched])
        for _ in range(3):
            await dog.look(watched, await door.log.ends(door.topic))
            await clock.sleep(PATIENCE)
        await reached(door.log, clock, [follower], patience=0)
        await upstream.commit_transaction()
        assert await door.committed(3) == 3
        assert await behind(door.log, follower, await door.log.ends(door.topic)) == {}


def _upstream(kafka: str, unique: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=unique)


async def _say(upstream: AIOKafkaProducer, door: OpenDoor) -> None:
    await upstream.send_and_wait(door.topic, GOOD, b"4711", headers=HEADERS)
