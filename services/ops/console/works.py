"""What was begun on a page and takes time: how far it is, what came of it, and how it is ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from libs.chassis.clock import Clock, draw_id
from libs.eventlog.errors import Unavailable
from services.ops.cli.output import Refused

MOST = 100
"""So many that have ended are remembered."""
RUNNING, COMPLETE, STOPPED, CANCELLED, FAILED = "running", "complete", "stopped", "cancelled", "failed"


_log = structlog.get_logger("olcare.console")


@dataclass
class Work:
    """One thing; `kind` says what, `about` which."""

    id: str
    kind: str
    about: str
    who: str
    back: str
    """The page from which it was begun."""
    began: float
    began_at: datetime
    done: int = 0
    total: int | None = None
    state: str = RUNNING
    ended: float | None = None
    said: list[str] = field(default_factory=list)
    """Sentences for whoever watches."""
    result: dict[str, Any] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.state == RUNNING

    def seconds_left(self, now: float) -> float | None:
        """Machine seconds until it is done, at the speed so far; None where that is not known."""
        if not self.runs or not self.total or not self.done:
            return None
        return (now - self.began) / self.done * (self.total - self.done)


Run = Callable[[Work], Awaitable[str]]
"""Does it, and returns how it ended; it tells the work how far it is."""


class Works:
    """Those of this process; they end with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._works: dict[str, Work] = {}

    def start(self, kind: str, about: str, who: str, back: str, run: Run) -> Work:
        """Begin something; raises Refused where the same runs already."""
        for work in self._works.values():
            if work.runs and (work.kind, work.about) == (kind, about):
                raise Refused(f"{about}: {work.who} has begun this already; look at /works/{work.id}")
        work = Work(str(draw_id()), kind, about, who, back, self._clock.monotonic(), self._clock.now())
        self._works[work.id] = work
        work.task = asyncio.create_task(self._run(work, run))
        self._forget()
        return work

    def find(self, name: str) -> Work | None:
        """One by its id."""
        return self._works.get(name)

    def running(self, kind: str) -> list[Work]:
        """Those of a kind that have not ended."""
        return [work for work in self._works.values() if work.runs and work.kind == kind]

    def cancel(self, name: str) -> None:
        """Have one end as soon as it can."""
        work = self._works.get(name)
        if work and work.task and work.runs:
            work.task.cancel()

    async def close(self) -> None:
        """End all."""
        tasks = [work.task for work in self._works.values() if work.task and not work.task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, work: Work, run: Run) -> None:
        try:
            work.state = await run(work)
        except asyncio.CancelledError:
            work.state = CANCELLED
        except (Unavailable, Refused) as error:
            work.state = FAILED
            work.said.append(str(error))
        except Exception:  # noqa: BLE001 - nobody waits for the task: it is logged here, and said on the page
            _log.exception("what was begun on a page failed", kind=work.kind, about=work.about)
            work.state = FAILED
            work.said.append("a fault of ours; the log of the console says more")
        finally:
            work.ended = self._clock.monotonic()

    def _forget(self) -> None:
        over = [name for name, work in self._works.items() if not work.runs]
        for name in over[: max(0, len(over) - MOST)]:
            del self._works[name]
