"""Duties: what follows from our own state, found by a query until its event counts. Nothing else is remembered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Clock

BATCH = 5000  # what goes with every look, the wait for safe time above all, is then little for each


@dataclass(frozen=True)
class Duty:
    """One named query: `find` gives the commands of the rows that match at an instant of plan time, at most so many.

    With `safe`, a duty fires only when everything said before has been read and answered, and is looked up again then.
    """

    name: str
    find: Callable[[datetime, int], Awaitable[Sequence[IssuedCommand]]]
    safe: SafeTime | None = None


class DutyLoop:
    """Looks again and again, each time plan time or our own state may have moved."""

    def __init__(
        self,
        clock: Clock,
        gate: Callable[[], Awaitable[None]],
        duties: Sequence[Duty],
        answer: Callable[[Sequence[IssuedCommand]], Awaitable[Sequence[Answer]]],
        rest: Callable[[], Awaitable[None]],
    ) -> None:
        self._clock, self._gate, self._duties, self._answer, self._rest = clock, gate, duties, answer, rest
        self.waiting: dict[str, str] = {}

    async def run(self) -> None:
        """Do what is due until cancelled; after a look that found nothing, `rest` waits until something may be due."""
        while True:
            done = 0
            for duty in self._duties:
                done += await self.round(duty)
            if not done:
                await self._rest()

    async def round(self, duty: Duty) -> int:
        """Do what one duty finds now; gives the number of events that it led to."""
        try:
            done = await self._do(duty)
        except Unavailable as error:
            self.waiting[duty.name] = str(error)
            return 0
        self.waiting.pop(duty.name, None)
        return done

    async def due(self) -> list[str]:
        """Name the duties that have something to do now."""
        now = self._clock.now()
        return [duty.name for duty in self._duties if await duty.find(now, 1)]

    async def _do(self, duty: Duty) -> int:
        await self._gate()  # what is found, and the facts with it, must not be older than it allows
        now = self._clock.now()
        if duty.safe and await duty.find(now, 1):
            await duty.safe.reached()
        elif duty.safe:
            return 0
        commands = await duty.find(now, BATCH)
        answers = await self._answer(commands) if commands else ()
        return sum(1 for answer in answers if answer.event is not None)
