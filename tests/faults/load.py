"""An upstream system: says what the script has it say when its plan time has come, until the broker has it."""

import asyncio
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from libs.chassis.clock import Clock
from libs.eventlog.kafka.appender import KafkaAppender
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.wire.record import Outgoing
from libs.messages.plan import CycleTargets
from libs.messages.streams import partition_of
from tests.faults.checked.books import Books, Record
from tests.faults.checked.reading import read_topics
from tests.faults.script import CONTRACTS_DOOR, CYCLES, Message, contracts, customers, the_plan
from tests.faults.system import System

_PARTITIONS = 12
_LOOK = 0.05  # machine seconds


class Upstream:
    """Says every message at least once, in order, and remembers what the broker acknowledged, where and when."""

    def __init__(self, kafka: str) -> None:
        self._appender = KafkaAppender(KafkaSettings(kafka, "upstream", patience=10))
        self.said: dict[str, Message] = {}
        self.acknowledged: dict[str, float] = {}

    async def play(self, script: Sequence[Message], clock: Clock) -> None:
        """Say each message as soon as plan time has reached it."""
        done = 0
        while done < len(script):
            due = bisect_right(script, clock.now(), key=lambda message: message.at)
            await self.say(script[done:due])
            done = due
            await asyncio.sleep(_LOOK)

    async def say(self, messages: Sequence[Message]) -> list[str]:
        """Say messages now, again and again until each is acknowledged; gives their places."""
        places: dict[int, str] = {}
        while left := [at for at in range(len(messages)) if at not in places]:
            offsets = await self._appender.append([_outgoing(messages[at]) for at in left])
            machine = datetime.now(UTC).timestamp() * 1000  # noqa: TID251 - the machine's own time
            for at, offset in zip(left, offsets, strict=True):
                if offset >= 0:
                    places[at] = _place(messages[at], offset)
                    self.said[places[at]] = messages[at]
                    self.acknowledged[places[at]] = machine
            if len(places) < len(messages):
                await asyncio.sleep(_LOOK)
        return [places[at] for at in range(len(messages))]

    async def close(self) -> None:
        """Let go of the broker."""
        await self._appender.close()

    async def move(self, kafka: str, ends: Mapping[str, Mapping[int, int]]) -> list[Message]:
        """Go over to other brokers, whose doors end there; gives the messages that were acknowledged and are lost."""
        await self._appender.close()
        self._appender = KafkaAppender(KafkaSettings(kafka, "upstream", patience=10))
        lost = [place for place in self.said if _is_beyond(place, ends)]
        for place in lost:
            del self.acknowledged[place]
        return [self.said.pop(place) for place in lost]

    def disagreements(self, books: Books) -> list[str]:
        """Say what was acknowledged and is not at the door, word for word."""
        records = {record.place: record for topic in books.topics.values() for record in topic.records}
        return [
            f"{place} was acknowledged and does not hold what was said"
            for place, message in self.said.items()
            if _words(records.get(place)) != (message.key, message.value, message.headers)
        ]


async def publish_the_plan(system: System, upstream: Upstream, cycles: CycleTargets | None = CYCLES) -> None:
    """Submit plan, customers and contracts, each when what it rests on is known; none may be refused."""
    for messages in (the_plan(cycles=cycles), customers(), contracts()):
        await upstream.say(messages)
        await system.quiet()
    receipts = (await read_topics(system.kafka.address))[CONTRACTS_DOOR.replace(".in.", ".receipts.")].records
    outcomes = {json.loads(record.value or b"")["outcome"] for record in receipts}
    assert outcomes == {"accepted"}, outcomes


def _words(record: Record | None) -> tuple[object, ...]:
    return (record.key, record.value, record.headers) if record else ()


def _outgoing(message: Message) -> Outgoing:
    return Outgoing(message.topic, _partition(message), message.key, message.value, message.headers)


def _place(message: Message, offset: int) -> str:
    return f"{message.topic}/{_partition(message)}/{offset}"


def _is_beyond(place: str, ends: Mapping[str, Mapping[int, int]]) -> bool:
    topic, partition, offset = place.split("/")
    return int(offset) >= ends[topic][int(partition)]


def _partition(message: Message) -> int:
    return partition_of((message.key or b"").decode(), _PARTITIONS)
