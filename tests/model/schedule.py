"""One task at a time, chosen by the seed: every `await` that would wait for somebody else parks here.

The loops under test use no event loop, so that coroutines are driven by hand: the same seed is the same run.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from datetime import datetime
from math import inf
from random import Random
from typing import Protocol

A_WHILE = 0.1  # machine seconds


class Park:
    """Where a task waits: until machine time `until`, or before that for `ready`."""

    __slots__ = ("ready", "until")

    def __init__(self, until: float = 0.0, ready: Callable[[], bool] | None = None) -> None:
        self.until, self.ready = until, ready

    def __await__(self) -> Generator["Park", None, None]:
        yield self


class Owner(Protocol):
    """A process: it may stand still, and is told how each of its tasks ended."""

    frozen_until: float

    def ended(self, error: BaseException | None) -> None: ...


class Task:
    def __init__(self, coroutine: Coroutine[Park, None, None], owner: Owner) -> None:
        self.coroutine, self.owner, self.park = coroutine, owner, Park()

    def cancel(self) -> None:
        """Let the process end here; what the task still does on its way out takes no turn."""
        self.coroutine.close()


class Schedule:
    """Machine time, and everybody who is parked."""

    def __init__(self, rng: Random, plan: datetime) -> None:
        self.rng, self.plan, self.machine = rng, plan, 0.0
        self.tasks: list[Task] = []

    def spawn(self, coroutine: Awaitable[None], owner: Owner) -> None:
        assert isinstance(coroutine, Coroutine)
        self.tasks.append(Task(coroutine, owner))

    def remove(self, owner: Owner) -> None:
        mine = [task for task in self.tasks if task.owner is owner]
        self.tasks = [task for task in self.tasks if task.owner is not owner]
        for task in mine:
            task.cancel()

    def runnable(self) -> list[Task]:
        now = self.machine
        return [
            task
            for task in self.tasks
            if (task.park.until <= now or (task.park.ready is not None and task.park.ready()))
            and task.owner.frozen_until <= now
        ]

    def resume(self, task: Task) -> None:
        try:
            task.park = task.coroutine.send(None)
        except StopIteration:
            self.tasks.remove(task)
            task.owner.ended(None)
        except Exception as error:  # noqa: BLE001 - its owner says which ones may end a process
            self.tasks.remove(task)
            task.owner.ended(error)

    def skip(self) -> None:
        """Let machine time pass to where somebody can go on."""
        self.machine = min((max(t.park.until, t.owner.frozen_until) for t in self.tasks), default=inf)

    async def turn(self) -> None:
        """Let anything happen."""
        await Park()

    async def until(self, ready: Callable[[], bool], seconds: float) -> None:
        await Park(self.machine + seconds, ready)

    # the clock of everybody

    def now(self) -> datetime:
        return self.plan

    def monotonic(self) -> float:
        return self.machine

    async def sleep(self, seconds: float) -> None:
        """Wait, and never for a few turns only: that makes runs longer, not harder."""
        await Park(self.machine + max(seconds, A_WHILE))


class Latch:
    """A lock that is waited for in turns."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, self._held = schedule, False

    async def __aenter__(self) -> None:
        while self._held:
            await Park(inf, lambda: not self._held)
        self._held = True

    async def __aexit__(self, *_: object) -> None:
        self._held = False


def chance(rng: Random, *shares: float) -> Iterator[bool]:
    """Draw once among shares of 1: at most one is true."""
    draw = rng.random()
    for share in shares:
        yield 0 <= draw < share
        draw -= share
