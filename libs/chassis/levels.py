"""How many there are of each kind now, asked of the tables now and then: never at a scrape, never row by row."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Report, failure_of

EVERY = 15.0
"""Machine seconds between two looks."""
SHARE = 20
"""A look that takes long is followed by a rest of so many times as long, but never more than LONGEST."""
LONGEST = 300.0
Look = Callable[[], Awaitable[None]]
"""Asks and sets; raises Unavailable, and what was known stays."""


class Levels:
    """A gauge by kind; of a kind that was found before and is not any more there are 0."""

    def __init__(self, registry: CollectorRegistry, name: str, what: str, labels: str) -> None:
        self._gauge = Gauge(name, what, labels.split(), namespace="olcare", registry=registry)
        self._known: set[tuple[str, ...]] = set()

    def set(self, found: Mapping[tuple[str, ...], float]) -> None:
        """Set all, by the values of the labels."""
        for kind in self._known - found.keys():
            self._gauge.labels(*kind).set(0)
        for kind, number in found.items():
            self._gauge.labels(*kind).set(number)
        self._known |= found.keys()


async def keep_looking(clock: Clock, looks: Sequence[Look], report: Report) -> None:
    """Look until cancelled; what fails by a fault of ours is reported, and ends nobody's work."""
    while True:
        began = clock.monotonic()
        for look in looks:
            try:
                await look()
            except Unavailable:
                continue  # looked at again soon
            except Exception as error:  # noqa: BLE001 - of whatever kind: it is reported, and the next look may succeed
                report(failure_of("measures", look.__qualname__, error))
        await clock.sleep(min(max(EVERY, SHARE * (clock.monotonic() - began)), LONGEST))
