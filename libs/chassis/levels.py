"""How many there are of each kind now, asked of the tables now and then: never at a scrape, never row by row."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Report, failure_of

EVERY = 15.0
"""Machine seconds between two looks."""
SHARE = 20
"""A look that takes long is followed by a rest of so many times as long, but never more than LONGEST."""
LONGEST = 120.0
"""Alert rules ask what grew within five minutes, in which there have to be two looks."""
Look = Callable[[], Awaitable[None]]
"""Asks and sets; raises Unavailable where not all could be asked, and is looked at again soon."""


class Levels:
    """A gauge by kind."""

    def __init__(self, registry: CollectorRegistry, name: str, what: str, labels: str) -> None:
        self._gauge = Gauge(name, what, labels.split(), namespace="olcare", registry=registry)
        self._known: set[tuple[str, ...]] = set()

    def set(self, found: Mapping[tuple[str, ...], float]) -> None:
        """Set all, by the values of the labels; of a kind that was found before and is not any more there are 0."""
        self._set({**dict.fromkeys(self._known - found.keys(), 0.0), **found})

    def set_known(self, found: Mapping[tuple[str, ...], float]) -> None:
        """Set what is known; of a kind that is not known any more nothing is said, neither 0 nor what it was."""
        for kind in self._known - found.keys():
            self._gauge.remove(*kind)
        self._known &= found.keys()
        self._set(found)

    def _set(self, found: Mapping[tuple[str, ...], float]) -> None:
        for kind, number in found.items():
            self._gauge.labels(*kind).set(number)
        self._known |= found.keys()


class _Paced:
    """A look, and when it is due again."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._took = deque([0.0], maxlen=2)
        self.due = 0.0

    async def go(self, clock: Clock, report: Report) -> None:
        began = clock.monotonic()
        failed = await self._failed(report)
        now = clock.monotonic()
        rest = now - began if failed else self._rest(now - began)
        self.due = now + min(max(EVERY, rest), LONGEST)

    async def _failed(self, report: Report) -> bool:
        try:
            await self._look()
        except Unavailable:
            return True
        except Exception as error:  # noqa: BLE001 - what one look gets wrong ends neither the others nor the work
            report(failure_of("measures", self._look.__qualname__, error))
            return True
        return False

    def _rest(self, took: float) -> float:
        """By the quicker of the last two: a slow one alone, as the first of a process, is none that takes long."""
        self._took.append(took)
        return SHARE * min(self._took)


async def keep_looking(clock: Clock, looks: Sequence[Look], report: Report) -> None:
    """Look until cancelled, each at its pace; what fails by a fault of ours is reported, and ends nobody's work."""
    paced = [_Paced(look) for look in looks]
    while True:
        for one in paced:
            if one.due <= clock.monotonic():
                await one.go(clock, report)
        await clock.sleep(max(0.0, min(one.due for one in paced) - clock.monotonic()))
