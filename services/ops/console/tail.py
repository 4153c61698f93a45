"""The newest records of a topic, followed while somebody looks, without a group; and a search backwards over it."""

import asyncio
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Clock
from libs.eventlog.wire.record import Record

KEPT = 500
"""Records of a topic that are kept for whoever follows it."""
FIRST = 50
"""Records of each partition that are read when nobody has followed the topic before."""
FORGOTTEN = 60.0
"""Machine seconds after which a topic that nobody asks for is forgotten."""
STRETCH = 500
"""Offsets of each partition that a search reads at once."""


def _newness(record: Record) -> tuple[int, int, int]:
    return record.timestamp, record.partition, record.offset


class Tail:
    """One topic's newest records."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._next: dict[int, int] = {}
        self._records: list[Record] = []
        self._one = asyncio.Lock()
        self.asked = 0.0

    async def newest(self, log: KafkaLog) -> Sequence[Record]:
        """What is kept, the newest first; raises Unavailable."""
        async with self._one:
            ends = await log.ends(self._topic)
            starts = {} if self._next else await log.starts(self._topic)
            moved = {p: end for p, end in ends.items() if self._next.get(p, starts.get(p, 0)) < end}
            fresh = await asyncio.gather(*(self._read(log, p, end, starts) for p, end in moved.items()))
            self._next |= ends
            if fresh:
                self._records = nlargest(KEPT, [*self._records, *(r for some in fresh for r in some)], key=_newness)
            return self._records

    async def _read(self, log: KafkaLog, partition: int, end: int, starts: Mapping[int, int]) -> list[Record]:
        first = max(starts.get(partition, 0), end - FIRST)
        start = max(self._next.get(partition, first), end - KEPT)
        return await read(log, self._topic, partition, start, end)


class Tails:
    """The topics that somebody follows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tails: dict[str, Tail] = {}

    async def newest(self, log: KafkaLog, topic: str) -> Sequence[Record]:
        """The newest records of a topic, the newest first; raises Unavailable."""
        now = self._clock.monotonic()
        self._tails = {name: one for name, one in self._tails.items() if now - one.asked < FORGOTTEN}
        tail = self._tails.setdefault(topic, Tail(topic))
        tail.asked = now
        return await tail.newest(log)


class SearchStretch(NamedTuple):
    """What a search read at once, the newest first, and before which offsets it goes on."""

    records: Sequence[Record]
    before: Mapping[int, int]
    scanned: int


async def backwards(log: KafkaLog, topic: str, before: Mapping[int, int], starts: Mapping[int, int]) -> SearchStretch:
    """Read the records before some offsets, a stretch of each partition; raises Unavailable."""
    spans = {p: (max(starts[p], end - STRETCH), end) for p, end in before.items() if end > starts[p]}
    found = await asyncio.gather(*(read(log, topic, p, start, end) for p, (start, end) in spans.items()))
    records = sorted((record for some in found for record in some), key=_newness, reverse=True)
    left = {p: start for p, (start, _) in spans.items() if start > starts[p]}
    return SearchStretch(records, left, sum(end - start for start, end in spans.values()))


async def read(log: KafkaLog, topic: str, partition: int, start: int, end: int) -> list[Record]:
    """The records of a partition from an offset to before another; raises Unavailable."""
    return [record async for records in log.scan(topic, partition, end, start) for record in records]
