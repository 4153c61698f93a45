"""What tests of all kinds share."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from libs.stack.wait import machine_seconds

T = TypeVar("T")
LOOK = 0.02  # machine seconds between two looks
PATIENCE = 180.0
"""Machine seconds for what comes sooner or later: a machine that stands still for a minute fails no test."""


@overload
async def eventually(check: Callable[[], Awaitable[T]], seconds: float = PATIENCE, look: float = LOOK) -> T: ...


@overload
async def eventually(check: Callable[[], T], seconds: float = PATIENCE, look: float = LOOK) -> T: ...


async def eventually(check: Callable[[], Any], seconds: float = PATIENCE, look: float = LOOK) -> Any:
    """Ask again until the answer is true and asserts hold; the answer, or an AssertionError with the last one."""
    end = machine_seconds() + seconds
    while True:
        try:
            answer = check()
            found = await answer if inspect.isawaitable(answer) else answer
            if found:
                return found
            raise AssertionError(f"still {found!r} after {seconds:g} s")  # noqa: TRY301 - an assert of the check's own is treated alike
        except AssertionError:
            if machine_seconds() > end:
                raise
        await asyncio.sleep(look)
