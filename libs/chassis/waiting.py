"""Waiting for something that is not there yet, in growing steps, up to a limit."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from libs.chassis.clock import Clock

T = TypeVar("T")


def rest(now: datetime, soonest: datetime | None, most: float) -> float:
    """Seconds of rest, at most so many: until the soonest instant at which something is due, where that is ahead.

    What is due and can not be done yet is no reason for haste.
    """
    ahead = (soonest - now).total_seconds() if soonest else most
    return ahead if 0 < ahead < most else most


_FIRST = 0.05
_LONGEST = 2.0


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    within: float,
    clock: Clock,
) -> T:
    """Attempt until it succeeds; an error of the kind `on` is met with a pause until `within` seconds are used up.

    The pauses double from 0.05 s to 2 s, each at random between its half and its whole, so that processes which lost
    the same thing do not all come back at once. The last error is raised when no time is left.
    """
    end, pause = clock.monotonic() + within, _FIRST
    while True:
        try:
            return await attempt()
        except on:
            if clock.monotonic() + pause > end:
                raise
        await clock.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load, hides nothing
        pause = min(2 * pause, _LONGEST)
