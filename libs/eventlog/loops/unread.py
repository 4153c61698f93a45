"""How far a follower is behind: in records, and since when it has something to read."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from libs.eventlog.loops.followers import Follower, behind
from libs.eventlog.ports import Log, PartitionOffset

KEPT = 4096
"""So many instants of first unread records are remembered."""


class FollowerStanding(NamedTuple):
    """Where a follower stands, and by how many records it is behind there, by partition that has any."""

    offsets: Mapping[int, int]
    late: Mapping[int, int]
    since: float | None
    """When the oldest of the first unread records was written, by the brokers' time in seconds of the epoch."""

    @property
    def records(self) -> int:
        """How many it has not read."""
        return sum(self.late.values())

    def seconds(self, now: float) -> float:
        """The age of the oldest record that it has not read; 0 where there is none. Clocks may differ a little."""
        return 0.0 if self.since is None else max(0.0, now - self.since)


class Standings:
    """Looks at followers; asks the log for a record's instant once, however often it is looked at."""

    def __init__(self) -> None:
        self._stamps: dict[tuple[str, PartitionOffset], float] = {}

    async def of(self, log: Log, follower: Follower, ends: Mapping[int, int]) -> FollowerStanding:
        """Where it stands before some ends; raises Unavailable."""
        offsets = await follower.offsets()
        late = await behind(log, replace(follower, offsets=partial(_known, offsets)), ends)
        unread = [PartitionOffset(partition, offsets.get(partition, 0)) for partition in late]
        return FollowerStanding(offsets, late, await self._since(log, follower.topic, unread))

    async def _since(self, log: Log, topic: str, unread: Iterable[PartitionOffset]) -> float | None:
        stamps = await asyncio.gather(*(self._stamp(log, topic, place) for place in unread))
        return min((stamp for stamp in stamps if stamp is not None), default=None)

    async def _stamp(self, log: Log, topic: str, place: PartitionOffset) -> float | None:
        if (topic, place) not in self._stamps:
            record = await log.at(topic, place)
            if record is None:
                return None  # the end of a transaction stands there
            if len(self._stamps) >= KEPT:
                self._stamps.clear()
            self._stamps[topic, place] = record.timestamp / 1000
        return self._stamps[topic, place]


async def _known(offsets: Mapping[int, int]) -> Mapping[int, int]:
    return offsets
