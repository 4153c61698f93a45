"""How far every reader, door and reaction has come: in records, in seconds, and whether it gains or loses ground."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.followers import Follower
from libs.eventlog.loops.unread import Standings
from libs.eventlog.tables.database import Database
from services.ops.cli.output import Refused
from services.ops.watch.lag import groups, positions_in, readers
from services.ops.watch.services import SERVICES, WatchedService

EVERY, SELDOM = 5.0, 20.0
"""Machine seconds between two looks while somebody has asked within HISTORY, and while nobody has."""
FRESH = 0.9
"""Machine seconds for which a look is as good as a new one."""
HISTORY = 60.0
"""Machine seconds of looks that a trend is made of."""
STUCK_AFTER = 15.0
"""Machine seconds without a step, with records to read, after which a follower is stuck."""

GiveLog = Callable[[], Awaitable[KafkaLog]]
GiveDatabase = Callable[[str], Awaitable[Database]]
"""Of a service, by its name."""


class Trend(StrEnum):
    """What becomes of a follower's lag."""

    CAUGHT_UP = "caught up"
    CATCHING_UP = "catching up"
    FALLING_BEHIND = "falling behind"
    BEHIND = "behind"
    """Too little is known yet to say more."""
    STUCK = "stuck"
    NOBODY_READS = "nobody reads"
    UNKNOWN = "not known"


class Sample(NamedTuple):
    """One look at a follower: at which machine second, how many records behind, and the sum of its offsets."""

    at: float
    behind: int
    passed: int


class FollowerState(NamedTuple):
    """A follower now; what is not known is None, and `problem` says why."""

    name: str
    kind: str
    topic: str
    members: int | None
    behind: int | None
    seconds: float | None
    """The age of the oldest record that it has not read."""
    trend: Trend
    problem: str | None = None


class WatchedReader(NamedTuple):
    """A follower and the group by which its processes divide the partitions."""

    kind: str
    follower: Follower
    group: str


def trend(samples: Sequence[Sample], members: int | None) -> Trend:
    """What becomes of the lag, by the looks of the last while, the newest last."""
    last = samples[-1]
    if members == 0:
        return Trend.NOBODY_READS
    if last.behind == 0:
        return Trend.CAUGHT_UP
    stood = next((one for one in reversed(samples) if one.passed != last.passed or one.behind == 0), None)
    still_since = next(one.at for one in samples if stood is None or one.at > stood.at)
    if last.at - still_since >= STUCK_AFTER:
        return Trend.STUCK
    earlier = [one for one in samples[:-1] if one.behind]
    if not earlier or stood is None:
        return Trend.BEHIND
    first = earlier[0]
    if last.behind == first.behind:
        return Trend.BEHIND
    return Trend.CATCHING_UP if last.behind < first.behind else Trend.FALLING_BEHIND


class FollowerWatch:
    """Looks at all followers now and then, and keeps the looks of the last minute."""

    def __init__(self, clock: Clock, log: GiveLog, database: GiveDatabase, topics: Callable[[], Iterable[str]]) -> None:
        self._clock, self._log, self._database, self._topics = clock, log, database, topics
        self._samples: dict[tuple[str, str], deque[Sample]] = {}
        self._standings = Standings()
        self._states: list[FollowerState] = []
        self._looked: float | None = None
        self._asked = -HISTORY
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Look until cancelled, so that a trend is known when somebody asks."""
        while True:
            try:
                await self._fresh()
            except (Refused, Unavailable):
                self._samples.clear()  # what was is no history of what will be; whoever asks is told the reason
            asked = self._clock.monotonic() - self._asked < HISTORY
            await self._clock.sleep(EVERY if asked else SELDOM)

    async def states(self) -> Sequence[FollowerState]:
        """All followers; raises Refused and Unavailable where Kafka can not be asked."""
        self._asked = self._clock.monotonic()
        return await self._fresh()

    async def _fresh(self) -> Sequence[FollowerState]:
        async with self._one:
            now = self._clock.monotonic()
            if self._looked is None or now - self._looked > FRESH:
                self._states = await self._look()
                self._looked = self._clock.monotonic()
            return self._states

    async def _look(self) -> list[FollowerState]:
        log = await self._log()
        found = [one async for one in self._every(log)]
        watched = [one for one in found if isinstance(one, WatchedReader)]
        ends = await log.ends_of({one.follower.topic for one in watched})
        members = await log.members({one.group for one in watched})
        states = await asyncio.gather(
            *(self._state(log, one, ends[one.follower.topic], members[one.group]) for one in watched)
        )
        return [*states, *(one for one in found if isinstance(one, FollowerState))]

    async def _every(self, log: KafkaLog) -> AsyncIterator[WatchedReader | FollowerState]:
        for service in SERVICES.values():
            for kind, follower in groups(service, log, self._topics()):
                yield WatchedReader(kind, follower, follower.name)
            try:
                database = await self._database(service.name)
            except (Refused, Unavailable) as error:
                yield FollowerState(service.name, "reader", "", None, None, None, Trend.UNKNOWN, str(error))
                continue
            for kind, follower in readers(service, partial(positions_in, database)):
                yield WatchedReader(kind, follower, group_of(service, follower.name))

    async def _state(self, log: KafkaLog, one: WatchedReader, ends: Mapping[int, int], members: int) -> FollowerState:
        name, topic = one.follower.name, one.follower.topic
        try:
            standing = await self._standings.of(log, one.follower, ends)
        except Unavailable as error:
            return FollowerState(name, one.kind, topic, members, None, None, Trend.UNKNOWN, str(error))
        now, lag = self._clock.monotonic(), standing.records
        seconds = standing.seconds(self._clock.wall().timestamp())
        samples = self._samples.setdefault((name, topic), deque())
        samples.append(Sample(now, lag, sum(standing.offsets.values())))
        while now - samples[0].at > HISTORY:
            samples.popleft()
        return FollowerState(name, one.kind, topic, members, lag, seconds, trend(list(samples), members))


def group_of(service: WatchedService, follower: str) -> str:
    """Name the group of what keeps its position in a table."""
    version = next((reader.version for reader in service.readers if follower == f"{service.name}.{reader.name}"), 1)
    return f"{follower}.v{version}"


def by_topic(states: Iterable[FollowerState]) -> Mapping[str, list[FollowerState]]:
    """Sort followers by the topic that they follow."""
    found: dict[str, list[FollowerState]] = {}
    for one in states:
        found.setdefault(one.topic, []).append(one)
    return found
