"""Waits until something may be due: our tables have moved, plan time was stepped, or an instant has come.

Nothing is asked for meanwhile but, now and then, how far the tables are where another instance may have moved them.
"""

import asyncio
from datetime import datetime
from typing import Protocol

from libs.chassis.waiting import rest
from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import Clock

GLANCE = 0.01  # machine seconds between two looks at a plan clock that is stepped by somebody else
LOOK = 0.5  # machine seconds between two looks at the tables; also after which what could not be done is tried again
IDLE = 5.0  # machine seconds after which it is time in any case


class Moving(Protocol):
    """What moves: the tables of a service, and the partitions that are ours."""

    @property
    def movable(self) -> bool:
        """Whether plan time is stepped by somebody else."""
        ...

    def here(self) -> object:
        """What this process knows of it: another value once it has moved."""
        ...

    def alone(self) -> bool:
        """Whether nobody else moves them: all partitions are ours."""
        ...

    async def anywhere(self) -> object:
        """The same, for all instances of the service; raises Unavailable."""
        ...

    async def soonest(self) -> datetime | None:
        """The next instant at which something becomes due; raises Unavailable."""
        ...


class Pulse:
    """Wakes whoever waits for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """Wake them."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, most: float) -> None:
        """Wait for it, so many machine seconds at most."""
        try:
            async with asyncio.timeout(most):
                await self._event.wait()
        except TimeoutError:
            return


class Waiter:
    """One who waits: it returns at once for what has moved since it returned the last time."""

    def __init__(self, clock: Clock, moving: Moving, pulse: Pulse) -> None:
        self._clock, self._moving, self._pulse = clock, moving, pulse
        self._here: object = None
        self._anywhere: object = None

    async def wait(self, *, soon: bool) -> None:
        """Return when something may be due; `soon` where something waits to be tried again."""
        until = self._clock.monotonic() + await self._most(soon=soon)
        looked = self._clock.monotonic()
        while (here := self._moving.here()) == self._here:
            now = self._clock.monotonic()
            look = until if self._moving.alone() else looked + LOOK
            if now >= until or (now >= look and await self._moved_elsewhere()):
                return
            if now >= look:
                looked, look = now, now + LOOK
            await self._pulse.wait(GLANCE if self._moving.movable else max(min(until, look) - now, 0))
        self._here, self._anywhere = here, None

    async def _most(self, *, soon: bool) -> float:
        if soon or self._moving.movable:
            return LOOK
        try:
            return rest(self._clock.now(), await self._moving.soonest(), IDLE)
        except Unavailable:  # the next round of the duties meets the same error and reports it
            return LOOK

    async def _moved_elsewhere(self) -> bool:
        try:
            before, self._anywhere = self._anywhere, await self._moving.anywhere()
        except Unavailable:
            return True
        return self._anywhere != before
