"""Ends a process whose offsets do not move although there are more records: a silent hang leads to a restart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import Follower, behind
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


class Watchdog:
    """Watches the followers of a process."""

    def __init__(self, log: Log, clock: Clock, watched: Sequence[Watched]) -> None:
        self._log, self._clock, self._watched = log, clock, watched
        self._seen: dict[str, tuple[Mapping[int, int], float]] = {}
        self.lag: dict[Follower, int] = {}
        """How many records each follower was behind, in our partitions, when it was looked at last."""

    async def run(self) -> None:
        """Look for ever; raises StandsStill."""
        while True:
            await self._clock.sleep(LOOK)
            for watched in self._watched:
                try:
                    await self.look(watched)
                except Unavailable:
                    self._seen.pop(watched.follower.name, None)  # the broker is unreachable: nobody could make progress

    async def look(self, watched: Watched) -> None:
        """Raises StandsStill where a follower has been behind at the same offsets for more than PATIENCE seconds."""
        follower, ours, now = watched.follower, watched.partitions(), self._clock.monotonic()
        offsets = {p: at for p, at in (await follower.offsets()).items() if ours is None or p in ours}
        ends = {p: at for p, at in (await self._log.ends(follower.topic)).items() if ours is None or p in ours}
        before, since = self._seen.get(follower.name, (None, now))
        late = await behind(self._log, follower, ends)
        self.lag[follower] = sum(late.values())
        if not late or offsets != before or watched.reason():
            self._seen[follower.name] = (offsets, now)
        elif now - since > PATIENCE:
            raise StandsStill(f"{follower.name} has stood still on {follower.topic} for {now - since:.0f} s")
