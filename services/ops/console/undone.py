"""Dead letters that nobody is done with, counted by door: read once from the beginning, then what has come since."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.receipts import dead_letters_of
from libs.messages.catalogue import UPSTREAM
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter
from services.ops.door.stored_dead_letters import entry_of


class Undone(NamedTuple):
    """Of one door, how many, and when the oldest was written."""

    letters: int
    since: datetime | None


class DeadLetterCount:
    """Follows the topics of dead letters from the beginning, without a group."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, int], int] = {}
        self._letters: dict[RecordAddress, datetime] = {}
        self._done: set[RecordAddress] = set()
        self._one = asyncio.Lock()

    async def undone(self, log: KafkaLog) -> Mapping[str, Undone]:
        """By door topic those that nobody is done with; raises Unavailable."""
        async with self._one:
            topics = [dead_letters_of(door) for door in UPSTREAM]
            ends = await log.ends_of(topics)
            for topic in topics:
                await self._read(log, topic, ends[topic])
        return {door: self._of(door) for door in UPSTREAM}

    async def _read(self, log: KafkaLog, topic: str, ends: Mapping[int, int]) -> None:
        known = {p: self._next.get((topic, p)) for p in ends}
        starts = await log.starts(topic) if None in known.values() else {}
        for partition, end in ends.items():
            start = known[partition] if known[partition] is not None else starts[partition]
            async for records in log.scan(topic, partition, end, start or 0):
                for record in records:
                    self._take(record.value or b"", datetime.fromtimestamp(record.timestamp / 1000, UTC))
            self._next[topic, partition] = max(end, start or 0)

    def _take(self, value: bytes, written_at: datetime) -> None:
        entry = entry_of(value)
        if isinstance(entry, DeadLetter):
            self._letters.setdefault(entry.place, written_at)
        else:
            self._done.add(entry.place)

    def _of(self, door: str) -> Undone:
        left = [at for place, at in self._letters.items() if place.topic == door and place not in self._done]
        return Undone(len(left), min(left, default=None))
