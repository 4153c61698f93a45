"""Duties: what follows from our own state, found by a query until its event counts. No other state is kept."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Clock

BATCH = 5000  # large, so that the cost of a round, above all the wait for safe time, is shared by many commands


@dataclass(frozen=True)
class Duty:
    """One named query: `find` returns the commands for the rows that match at an instant of plan time, up to a limit.

    With `safe`, a duty that finds something waits for safe time, then runs the query again and acts on its result.
    """

    name: str
    find: Callable[[datetime, int], Awaitable[Sequence[IssuedCommand]]]
    safe: SafeTime | None = None


class DutyLoop:
    """Runs the queries again whenever plan time or our own state may have changed."""

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
        """Do what is due until cancelled; after a round without events, `rest` waits until something may be due."""
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
        await self._gate()  # so that the rows found and their facts are not older than the gate allows
        now = self._clock.now()
        if duty.safe and await duty.find(now, 1):
            await duty.safe.reached()
        elif duty.safe:
            return 0
        commands = await duty.find(now, BATCH)
        answers = await self._answer(commands) if commands else ()
        return sum(1 for answer in answers if answer.event is not None)
