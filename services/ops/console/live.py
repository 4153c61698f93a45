"""Pages that stay up to date: one producer looks for all who watch the same page, and each is sent what has changed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import structlog

from libs.eventlog.ports import Clock
from services.ops.console.fragments import Fragments, changed, out_of_band

LEAST = 0.5
"""Machine seconds between two looks: nobody is sent changes more than twice a second."""
SHARE = 4
"""A look that takes long is followed by a rest of so many times as long."""
SILENCE = 15.0
"""Machine seconds after which a stream says that it is still there."""
Look = Callable[[], Awaitable[Fragments]]

_log = structlog.get_logger("olcare.console")


class Producer:
    """Looks at one page as long as somebody watches."""

    def __init__(self, look: Look, clock: Clock) -> None:
        self._look, self._clock = look, clock
        self._latest = Fragments()
        self._round = 0
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

    async def watch(self) -> AsyncGenerator[str, None]:
        """Server-sent events, each with all that has changed since the one before; the first one has everything."""
        self._watching += 1
        self._task = self._task or asyncio.create_task(self._run())
        try:
            seen, heard = Fragments(), 0
            yield "retry: 2000\n\n"
            while True:
                heard = await self._next(heard)
                if self._over:
                    return  # whoever watches asks again
                latest = self._latest
                parts = [out_of_band(html) for html in changed(seen, latest)]
                seen = latest
                yield event_of(parts) if parts else ": still here\n\n"
        finally:
            self._watching -= 1
            if not self._watching:
                self._task.cancel()

    async def _next(self, heard: int) -> int:
        """Wait for a look that differs from the last one, or for SILENCE; returns its number."""
        async with self._moved:
            try:
                await asyncio.wait_for(self._moved.wait_for(lambda: self._round > heard), SILENCE)
            except TimeoutError:
                return heard
            return self._round

    async def _run(self) -> None:
        try:
            await self._go_on()
        except Exception:  # noqa: BLE001 - nobody waits for the task: it is logged here, and whoever watches asks again
            _log.exception("a live page could not be looked at")
        finally:
            self._over = True
            self._round += 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _go_on(self) -> None:
        while True:
            began = self._clock.monotonic()
            found = await self._look()
            if found != self._latest:
                self._latest, self._round = found, self._round + 1
                await self._tell()
            await self._clock.sleep(max(LEAST, SHARE * (self._clock.monotonic() - began)))


class Live:
    """The producers, by what is watched."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._producers: dict[tuple[str, ...], Producer] = {}

    def watching(self) -> int:
        """How many watch, all pages together."""
        return sum(producer.watching for producer in self._producers.values())

    async def watch(self, what: tuple[str, ...], look: Look) -> AsyncGenerator[str, None]:
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


def event_of(parts: list[str]) -> str:
    """One server-sent event named `changes`."""
    lines = "".join(parts).splitlines() or [""]
    return "event: changes\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
