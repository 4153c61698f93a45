"""What a process says about itself: alive, ready, quiet."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from libs.chassis.build import build
from libs.chassis.clock import Clock
from libs.messages.base import rfc3339

Check = Callable[[], str | None]
"""Returns in one sentence what is waited for; None where nothing is."""

Busy = Callable[[], Awaitable[str | None]]
"""Returns in one sentence what is still to be read or answered; None where nothing is."""

NextDue = Callable[[], Awaitable[datetime | None]]
"""Returns the first instant of plan time, past ones included, at which a duty will act; None where none will."""


class ClockState(TypedDict):
    """Whether plan time is apart from real time, and what it is."""

    movable: bool
    now: str


class Readiness(TypedDict):
    """The body of `/readyz`; `waiting` has a sentence for each thing that is not there.

    `degraded` has one for each thing that is left aside while the service goes on. `sources` is the fingerprint of the
    policy of sources, None where there is none.
    """

    ready: bool
    build: str
    clock: ClockState
    waiting: list[str]
    degraded: list[str]
    sources: str | None


class Quietness(TypedDict):
    """The body of `/quiet`, true of the plan time `now`; instants are in RFC 3339."""

    quiet: bool
    now: str
    next_due: str | None
    busy: list[str]


@dataclass(frozen=True)
class Health:
    """The checks of a service by name, called at every request: they use what is known and never wait."""

    clock: Clock
    checks: dict[str, Check] = field(default_factory=dict)
    degraded: Callable[[], list[str]] = list
    sources: str | None = None

    def ready(self) -> Readiness:
        """Ready when no check waits for anything."""
        waiting = [f"{name}: {sentence}" for name, check in self.checks.items() if (sentence := check())]
        state = ClockState(movable=self.clock.movable, now=rfc3339(self.clock.now()))
        return Readiness(
            ready=not waiting,
            build=build(),
            clock=state,
            waiting=waiting,
            degraded=self.degraded(),
            sources=self.sources,
        )


@dataclass(frozen=True)
class Quiet:
    """Whether anything is left to do before plan time may be stepped; the answers may ask the broker and wait."""

    clock: Clock
    busy: Sequence[Busy] = ()
    next_due: Sequence[NextDue] = ()

    async def ask(self) -> Quietness:
        """Quiet when nothing is left to read or to answer and no duty is due.

        What is due is asked last, so that a deadline made by what was just read is not overlooked.
        """
        now = self.clock.now()
        busy = [sentence for ask in self.busy if (sentence := await ask())]
        due = min([instant for ask in self.next_due if (instant := await ask())], default=None)
        return Quietness(
            quiet=not busy and (due is None or due > now),
            now=rfc3339(now),
            next_due=rfc3339(due) if due else None,
            busy=busy,
        )
