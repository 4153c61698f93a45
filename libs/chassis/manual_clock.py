"""A clock for tests: plan time stands until stepped, and machine time passes by sleeping, at once."""

import asyncio
from datetime import datetime, timedelta

from libs.chassis.clock import Clock
from libs.chassis.plan_clock import ClockError


class ManualClock(Clock):
    """Nothing moves it but `step` and `sleep`; no test waits for it."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.movable = True
        self._now = at
        self._start = at
        self._seconds = 0.0
        self._steps = 0

    def step(self, to: datetime) -> None:
        """Let plan time stand at `to`. Raises ClockError where that would set it back."""
        if to < self._now:
            raise ClockError(f"plan time is {self._now} and does not go back to {to}")
        self._now, self._steps = to, self._steps + 1

    def now(self) -> datetime:
        """Plan time."""
        return self._now

    def wall(self) -> datetime:
        """Machine time: the first plan time and what was slept since."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Advance machine time, and let other tasks run once."""
        self._seconds += seconds
        await asyncio.sleep(0)

    def _version(self) -> int:
        return self._steps
