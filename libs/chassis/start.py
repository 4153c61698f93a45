"""How a service's process begins and ends: where a setting is wrong, with a sentence on standard error and code 2."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from libs.chassis.clock import Clock
from libs.chassis.plan_clock import ClockError
from libs.chassis.setting_files import BadSettings
from libs.chassis.settings import ServiceSettings

SETTINGS_ARE_WRONG = 2
"""The exit code of a process for which nothing changes by being started again as it is."""


def started(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a service to its end; gives the exit code."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return SETTINGS_ARE_WRONG


def clock_of(settings: ServiceSettings) -> Clock:
    """The clock that is set; raises BadSettings."""
    clock = Clock(settings.clock)
    try:
        clock.now()
    except ClockError as error:
        raise BadSettings(f"OLCARE_CLOCK is not right: {error}; leave it out for real time") from None
    return clock
