"""What a process measures of its engine: how long safe time was waited for, and the builds of its tables."""

from collections.abc import Callable, Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Gauge, Histogram

from libs.chassis.clock import Clock
from libs.chassis.levels import Levels
from libs.eventlog.engine import Engine
from libs.eventlog.loops.followers import Follower, SafeTime
from libs.eventlog.loops.held_back import Source
from libs.eventlog.ports import Log
from libs.eventlog.rebuild.build import Progress
from libs.eventlog.tables.generations import builds

WAITS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds: safe time gives up after some, and is waited for again."""
STATES = ("live", "kept", "building")


def safe_time_waits(registry: CollectorRegistry) -> Histogram:
    """Where the waits of all safe times of a process are counted."""
    return Histogram(
        "safe_time_wait_seconds",
        "How long was waited until all that was said before something was due had been read and answered",
        namespace="olcare",
        registry=registry,
        buckets=WAITS,
    )


class TimedSafeTime(SafeTime):
    """A safe time that tells how many machine seconds it was waited for, in vain too."""

    def __init__(
        self,
        tell: Callable[[float], None],
        log: Log,
        clock: Clock,
        stages: Sequence[Sequence[Follower]],
        inputs: Sequence[Source],
    ) -> None:
        super().__init__(log, clock, stages, inputs=inputs)
        self._tell, self._machine = tell, clock

    async def reached(self) -> None:
        """As every safe time."""
        began = self._machine.monotonic()
        try:
            await super().reached()
        finally:
            self._tell(self._machine.monotonic() - began)


class BuildMeasures:
    """The builds of the tables of a process: how far the one at the start is, and those that are there."""

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._records = Gauge(
            "build_records",
            "Records of the log for the tables that are built at the start: folded, and all; 0: none had to be",
            ["count"],
            namespace="olcare",
            registry=registry,
        )
        self.tell(Progress(0, 0))
        self._generations = Levels(
            registry,
            "generations",
            "Builds of a reader's tables: live, kept to go back to, or building",
            "reader state",
        )
        self._unfinished = Levels(
            registry, "build_age_seconds", "For how long a reader's tables have been building; 0: none are", "reader"
        )

    def tell(self, progress: Progress) -> None:
        """How far the tables are that are built at the start."""
        self._records.labels("folded").set(progress.done)
        self._records.labels("all").set(progress.total)

    async def look(self) -> None:
        """Raises Unavailable."""
        async with self._engine.database.connection() as connection:
            found = await builds(connection)
        names = [*self._engine.readers]
        self._generations.set({key: found.get(key, (0, 0))[0] for key in product(names, STATES)})
        self._unfinished.set({(name,): found.get((name, "building"), (0, 0))[1] for name in names})
