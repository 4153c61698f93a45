"""What a service has left aside, on its pages: `GET /stuck` lists it, `POST /stuck/retry` tries it again at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict

from faststream.asgi import AsgiResponse, get, post
from faststream.asgi.response import JSONResponse
from faststream.asgi.types import Scope

from libs.chassis.pages import Route
from libs.eventlog.loops.stuck import Stuck, StuckStreams
from libs.eventlog.ports import Clock


class StuckRow(TypedDict):
    """One stream, or one duty, that is left aside."""

    loop: str
    about: str
    error: str
    """The type of the error; the log line with the same reference says where it was raised."""
    reference: str
    tries: int
    since_seconds: float
    again_in_seconds: float


class StuckList:
    """All that the loops of a process have left aside."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: list[Callable[[], Iterable[StuckStreams]]] = []

    def add(self, source: Callable[[], Iterable[StuckStreams]]) -> None:
        """Look there as well."""
        self._sources.append(source)

    def rows(self) -> list[StuckRow]:
        """What is left aside now, the longest first."""
        found = [stuck for each in self._each() for stuck in each]
        return [self._row(stuck) for stuck in sorted(found, key=lambda stuck: stuck.since)]

    def sentences(self) -> list[str]:
        """One for each, for `/readyz`."""
        return [stuck.failure.text() for each in self._each() for stuck in each]

    def retry(self) -> int:
        """Try everything again at once; gives the number."""
        return sum(each.retry() for each in self._each())

    def routes(self) -> Sequence[Route]:
        """The two pages."""

        async def listed(_scope: Scope) -> AsgiResponse:
            return JSONResponse(self.rows())

        async def retried(_scope: Scope) -> AsgiResponse:
            return JSONResponse({"retried": self.retry()})

        return [("/stuck", get(listed)), ("/stuck/retry", post(retried))]

    def _each(self) -> Iterable[StuckStreams]:
        return (each for source in self._sources for each in source())

    def _row(self, stuck: Stuck) -> StuckRow:
        now, failure = self._clock.monotonic(), stuck.failure
        return StuckRow(
            loop=failure.loop,
            about=failure.about,
            error=failure.error,
            reference=failure.reference,
            tries=stuck.tries,
            since_seconds=round(now - stuck.since, 1),
            again_in_seconds=round(max(0.0, stuck.again_at - now), 1),
        )
