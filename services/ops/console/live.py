"""Pages that stay up to date: one producer looks for all who watch the same page, and each is sent what has changed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from time import process_time

import structlog

from libs.eventlog.ports import Clock
from services.ops.console.fragments import Fragments, changed, out_of_band

LEAST = 0.5
"""Machine seconds between two looks: nobody is sent changes more than twice a second."""
SHARE = 4
"""A look that takes long is followed by a rest of so many times as long."""
BUDGET = 0.1
"""Of a core: where the process needs more, all who look rest until it is no more, or for LONGEST."""
LONGEST = 5.0
"""Machine seconds that are rested for the sake of the budget."""
SILENCE = 15.0
"""Machine seconds after which a stream says that it is still there."""
OPENING, STILL_HERE = b"retry: 2000\n\n", b": still here\n\n"
Look = Callable[[], Awaitable[Fragments]]

_log = structlog.get_logger("olcare.console")


@dataclass(frozen=True)
class Round:
    """What a look found, and what of it differs from the look before: written once for all who watch."""

    number: int = 0
    found: Fragments = field(default_factory=Fragments)
    change: bytes = STILL_HERE

    def next(self, found: Fragments) -> "Round":
        """The round after this one."""
        return Round(self.number + 1, found, self._event(self.found, found))

    @cached_property
    def whole(self) -> bytes:
        """For who has seen nothing yet."""
        return self._event(Fragments(), self.found)

    def since(self, seen: "Round") -> bytes:
        """What has changed since another round."""
        if seen.number == self.number:
            return STILL_HERE
        if seen.number and seen.number == self.number - 1:
            return self.change
        return self._event(seen.found, self.found) if seen.number else self.whole

    @staticmethod
    def _event(before: Fragments, after: Fragments) -> bytes:
        parts = [out_of_band(html) for html in changed(before, after)]
        return event_of(parts) if parts else STILL_HERE


class Producer:
    """Looks at one page as long as somebody watches."""

    def __init__(self, look: Look, clock: Clock, spent: Callable[[], float] = process_time) -> None:
        self._look, self._clock, self._spent = look, clock, spent
        self._latest = Round()
        self._moved = asyncio.Condition()
        self._watching = 0
        self._over = False
        self._task: asyncio.Task[None] | None = None

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return self._watching > 0

    @property
    def watching(self) -> int:
        """How many watch."""
        return self._watching

    @property
    def over(self) -> bool:
        """Whether it has stopped looking."""
        return self._over

    async def watch(self) -> AsyncGenerator[bytes, None]:
        """Server-sent events, each with all that has changed since the one before; the first one has everything."""
        self._watching += 1
        self._task = self._task or asyncio.create_task(self._run())
        try:
            seen = Round()
            yield OPENING
            while True:
                latest = await self._next(seen)
                if self._over:
                    return  # whoever watches asks again
                said, seen = latest.since(seen), latest
                yield said
        finally:
            self._watching -= 1
            if not self._watching:
                self._task.cancel()

    async def _next(self, seen: Round) -> Round:
        """Wait for a look that differs from the last one, or for SILENCE."""
        async with self._moved:
            try:
                await asyncio.wait_for(
                    self._moved.wait_for(lambda: self._over or self._latest.number > seen.number), SILENCE
                )
            except TimeoutError:
                return seen
            return self._latest

    async def _run(self) -> None:
        try:
            await self._go_on()
        except Exception:  # noqa: BLE001 - nobody waits for the task: it is logged here, and whoever watches asks again
            _log.exception("a live page could not be looked at")
        finally:
            self._over = True
            await self._tell()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _go_on(self) -> None:
        before = self._spent()
        while True:
            began, spent = self._clock.monotonic(), self._spent()
            found = await self._look()
            if found != self._latest.found:
                self._latest = self._latest.next(found)
                await self._tell()
            took = self._clock.monotonic() - began
            await self._clock.sleep(max(LEAST, SHARE * took, min(LONGEST, (spent - before) / BUDGET - took)))
            before = spent


class Live:
    """The producers, by what is watched."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._producers: dict[tuple[str, ...], Producer] = {}

    def watching(self) -> int:
        """How many watch, all pages together."""
        return sum(producer.watching for producer in self._producers.values())

    async def watch(self, what: tuple[str, ...], look: Look) -> AsyncGenerator[bytes, None]:
        """Watch with all others who watch the same; `look` is used where nobody does yet."""
        producer = self._producers.get(what)
        if producer is None or producer.over:
            producer = self._producers[what] = Producer(look, self._clock)
        try:
            async with aclosing(producer.watch()) as events:
                async for event in events:
                    yield event
        finally:
            if not producer.watched and self._producers.get(what) is producer:
                del self._producers[what]


def event_of(parts: list[str]) -> bytes:
    """One server-sent event named `changes`."""
    lines = "".join(parts).splitlines() or [""]
    return ("event: changes\n" + "".join(f"data: {line}\n" for line in lines) + "\n").encode()
