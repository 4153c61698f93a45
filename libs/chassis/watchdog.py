"""Ends a process whose offsets do not move although there are more records: a silent hang leads to a restart."""

from collections.abc import Callable, Mapping, Sequence

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import Follower, behind
from libs.eventlog.ports import Log

LOOK = 5.0  # machine seconds
PATIENCE = 60.0  # machine seconds


class StandsStill(Exception):  # noqa: N818 - it says what was seen
    """A loop makes no progress and reports no reason."""


class Watchdog:
    """Watches every follower; `rightly` tells whether the process itself reports a reason to wait."""

    def __init__(self, log: Log, clock: Clock, followers: Sequence[Follower], rightly: Callable[[], bool]) -> None:
        self._log, self._clock, self._followers, self._rightly = log, clock, followers, rightly
        self._seen: dict[str, tuple[Mapping[int, int], float]] = {}

    async def run(self) -> None:
        """Look for ever; raises StandsStill."""
        while True:
            await self._clock.sleep(LOOK)
            for follower in self._followers:
                try:
                    await self.look(follower)
                except Unavailable:
                    self._seen.pop(follower.name, None)  # the broker is unreachable: no follower could make progress

    async def look(self, follower: Follower) -> None:
        """Raises StandsStill where a follower has been behind at the same offsets for more than PATIENCE seconds."""
        now, offsets = self._clock.monotonic(), await follower.offsets()
        before, since = self._seen.get(follower.name, (None, now))
        late = await behind(self._log, follower, await self._log.ends(follower.topic))
        if not late or offsets != before or self._rightly():
            self._seen[follower.name] = (dict(offsets), now)
        elif now - since > PATIENCE:
            raise StandsStill(f"{follower.name} has stood still on {follower.topic} for {now - since:.0f} s")
