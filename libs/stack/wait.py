"""Waiting on the machine's own clock, which no plan clock moves."""

import time
from collections.abc import Callable

from libs.stack.errors import StackError


def machine_seconds() -> float:
    """Seconds of a clock that only goes forward; for differences alone."""
    return time.monotonic()  # noqa: TID251 - processes start and end in machine time, below every service's clock


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return once the condition holds; a StackError names `what` if it does not within so many seconds."""
    end = machine_seconds() + seconds
    while not condition():
        if machine_seconds() > end:
            raise StackError(f"{what} took longer than {seconds:g} s")
        time.sleep(0.02)
