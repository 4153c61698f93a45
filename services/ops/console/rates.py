"""How many records a minute were written to each topic, by the brokers' time; exact, and known from the start."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise

from libs.eventlog.kafka.log import KafkaLog

MINUTE = 60_000  # ms
MINUTES = 30
"""So many whole minutes are shown, beside the one that runs."""
AT_ONCE = 8
"""Requests to the brokers."""

Boundary = Mapping[str, Mapping[int, int]]
"""By topic and partition the first offset from an instant on; a partition without a later record is absent."""


class Rates:
    """Keeps what stood at the beginning of each of the last minutes: that does not change any more."""

    def __init__(self) -> None:
        self._boundaries: dict[int, Mapping[str, int]] = {}
        self._one = asyncio.Lock()

    async def per_minute(self, log: KafkaLog, ends: Boundary, now: float) -> Mapping[str, Sequence[int]]:
        """By topic the records of each of the last minutes, the one that runs last; `now` is seconds of the epoch."""
        async with self._one:
            running = int(now * 1000) // MINUTE * MINUTE
            wanted = [running - back * MINUTE for back in range(MINUTES, -1, -1)]
            self._boundaries = {at: known for at, known in self._boundaries.items() if at in wanted}
            missing = [at for at in wanted if at not in self._boundaries]
            for first in range(0, len(missing), AT_ONCE):
                some = missing[first : first + AT_ONCE]
                found = await asyncio.gather(*(log.since_of(ends, at) for at in some))
                self._boundaries |= {at: totals(one, ends) for at, one in zip(some, found, strict=True)}
            known = [self._boundaries[at] for at in wanted]
        last = {topic: sum(offsets.values()) for topic, offsets in ends.items()}
        return {topic: counts([*(one.get(topic, last[topic]) for one in known), last[topic]]) for topic in ends}


def totals(boundary: Boundary, ends: Boundary) -> Mapping[str, int]:
    """By topic the sum of the offsets that stood at an instant; what has nothing since then stood at its end."""
    return {
        topic: sum(boundary.get(topic, {}).get(partition, end) for partition, end in every.items())
        for topic, every in ends.items()
    }


def counts(sums: Sequence[int]) -> Sequence[int]:
    """What came between two instants each, never less than nothing."""
    return [max(0, after - before) for before, after in pairwise(sums)]
