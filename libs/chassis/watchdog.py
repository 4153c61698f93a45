"""Ends a process whose offsets do not move although there are more records: a silent hang leads to a restart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import Follower
from libs.eventlog.loops.unread import Standings
from libs.eventlog.ports import Log

LOOK = 5.0  # machine seconds
PATIENCE = 60.0  # machine seconds


class StandsStill(Exception):  # noqa: N818 - it says what was seen
    """A loop makes no progress and reports no reason."""


def everything() -> None:
    """All partitions: of a follower that has no group."""


@dataclass(frozen=True)
class Watched:
    """A follower with what the watchdog asks of its own loop.

    What one loop waits for is no reason for another: else a reader that hangs, and so closes the gate, would give
    everybody one.
    """

    follower: Follower
    reason: Callable[[], str | None]
    """In one sentence what the loop itself waits for; None where it waits for nothing."""
    partitions: Callable[[], frozenset[int] | None] = everything
    """The partitions that this process has now; those of others are theirs to watch.

    None for all: a process that is joining its group watches them, since it may be its own joining that hangs.
    """


class Lag(NamedTuple):
    """How far a follower is behind: in records, and how old the first one is that it has not read, in seconds."""

    records: int
    seconds: float


class Watchdog:
    """Watches the followers of a process."""

    def __init__(self, log: Log, clock: Clock, watched: Sequence[Watched]) -> None:
        self._log, self._clock, self._watched = log, clock, watched
        self._seen: dict[str, tuple[Mapping[int, int], float]] = {}
        self._reached: dict[Follower, Mapping[int, int] | None] = {}
        """The ends that a follower had reached when it was looked at last: it is there as long as they stand."""
        self._standings = Standings()
        self.lag: dict[Follower, Lag] = {}
        """How far each follower was behind, in our partitions, when it was looked at last."""

    async def run(self) -> None:
        """Look for ever; raises StandsStill."""
        topics = {watched.follower.topic for watched in self._watched}
        while True:
            try:
                ends = await self._log.ends_of(topics)
            except Unavailable:
                self._seen.clear()  # the broker is unreachable: nobody could make progress
            else:
                await self._look_at_all(ends)
            await self._clock.sleep(LOOK)

    async def _look_at_all(self, ends: Mapping[str, Mapping[int, int]]) -> None:
        for watched in self._watched:
            try:
                await self.look(watched, ends[watched.follower.topic])
            except Unavailable:
                self._seen.pop(watched.follower.name, None)

    async def look(self, watched: Watched, all_ends: Mapping[int, int]) -> None:
        """Raises StandsStill where a follower has been behind at the same offsets for more than PATIENCE seconds."""
        follower, ours, now = watched.follower, watched.partitions(), self._clock.monotonic()
        ends = {p: at for p, at in all_ends.items() if ours is None or p in ours}
        before, since = self._seen.get(follower.name, (None, now))
        if self._reached.get(follower) == ends and before is not None:
            self._seen[follower.name] = (before, now)
            return
        standing = await self._standings.of(self._log, follower, ends)
        offsets = {p: at for p, at in standing.offsets.items() if ours is None or p in ours}
        self.lag[follower] = Lag(standing.records, standing.seconds(self._clock.wall().timestamp()))
        self._reached[follower] = None if standing.late else ends
        if not standing.late or offsets != before or watched.reason():
            self._seen[follower.name] = (offsets, now)
        elif now - since > PATIENCE:
            raise StandsStill(f"{follower.name} has stood still on {follower.topic} for {now - since:.0f} s")
