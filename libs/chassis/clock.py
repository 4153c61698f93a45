"""The only place that reads the time or draws an id.

Plan time is for every instant in an event or a rule; machine time is for time limits, back-off and measurements.
"""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from libs.chassis import plan_clock
from libs.chassis.plan_clock import PlanClock

SKEW = 2.0
"""Machine seconds by which clocks may differ: more is a jump, or a clock that is wrong."""
_SKEW = timedelta(seconds=SKEW)
_GLANCE = 0.02
"""Machine seconds between two looks at a plan clock that another process steps."""


class Clock:
    """Plan time and machine time of one process; without a file, plan time is real time."""

    def __init__(self, path: Path | None = None) -> None:
        self._plan = PlanClock(path) if path else None
        self.movable = self._plan is not None
        """Whether plan time is stepped, or runs, apart from real time."""
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._believed: tuple[datetime, float] | None = None
        """An instant that the brokers agreed with, and when that was by `monotonic`."""
        self.process_id = draw_id()
        """Identifies this run of the process; a restart gets another one."""

    def now(self) -> datetime:
        """Plan time: aware, UTC, to the microsecond. Raises ClockError.

        It does not go back where the machine's clock does, with one exception: to take back a jump forward that was
        wrong.
        """
        wall = self.wall()
        if self._plan:
            self._latest = max(self._latest, self._plan.now(wall))
            return self._latest
        now = self._real(wall)
        self._latest = now if self._latest - now > _SKEW else max(self._latest, now)
        return self._latest

    def _real(self, wall: datetime) -> datetime:
        """The machine's time, unless it has jumped since the brokers agreed with it: then what it would be."""
        if self._believed is None:
            return wall
        at, then = self._believed
        expected = at + timedelta(seconds=self.monotonic() - then)
        if abs(wall - expected) > _SKEW:
            return expected
        self._believed = wall, self.monotonic()
        return wall

    def compare(self, earliest: float, latest: float) -> None:
        """Believe the machine's clock where it agrees with the broker's time (seconds of the epoch, two bounds)."""
        wall = self.wall()
        if earliest - SKEW <= wall.timestamp() <= latest + SKEW:
            self._believed = wall, self.monotonic()

    def appended(self, timestamp: int) -> datetime:
        """Plan time when a broker appended a record that it has stamped (ms of the epoch).

        A clock that is moved apart from real time knows its present time alone.
        """
        return self.now() if self.movable else datetime.fromtimestamp(timestamp / 1000, UTC)

    def wall(self) -> datetime:
        """Machine time as an instant in UTC, for journals and limits that outlive the process."""
        return _wall()

    def monotonic(self) -> float:
        """Machine time in seconds, for differences alone."""
        return time.monotonic()  # noqa: TID251 - this is that place

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of the machine."""
        await asyncio.sleep(seconds)

    async def reached(self, instant: datetime, within: float) -> bool:
        """Wait until plan time has reached the instant (True) or `within` machine seconds have passed (False)."""
        end = self.monotonic() + within
        while (now := self.now()) < instant:
            if (left := end - self.monotonic()) <= 0:
                return False
            await self.sleep(min(left, _GLANCE if self.movable else (instant - now).total_seconds()))
        return True

    async def moved(self, within: float) -> bool:
        """Wait until plan time is stepped or set running (True) or `within` machine seconds have passed (False).

        A step before the call is not seen: to wait for a known instant, use `reached`.
        """
        seen, end = self._version(), self.monotonic() + within
        while self._version() == seen:
            if (left := end - self.monotonic()) <= 0:
                return False
            await self.sleep(min(left, _GLANCE) if self.movable else left)
        return True

    def _version(self) -> int:
        return self._plan.version() if self._plan else 0


def draw_id() -> uuid.UUID:
    """Draw a random id, for what has no content to be named by."""
    return uuid.uuid4()  # noqa: TID251 - this is that place


def start(path: Path, at: datetime) -> None:
    """Begin a plan clock that stands at `at`. Raises ClockError where one is there already."""
    plan_clock.create(path, at)


def step(path: Path, to: datetime) -> None:
    """Let plan time stand at `to`, for all who share the clock. Raises ClockError where that would set it back."""
    plan_clock.step(path, to, _wall())


def run(path: Path, rate: float) -> None:
    """Let plan time run on, `rate` times as fast as the machine's, for all who share the clock."""
    plan_clock.run(path, rate, _wall())


def _wall() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this is that place
