"""Who follows a topic, and how far it has come: for the gate, for safe time and for `/quiet`."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.held_back import Numbered, Source, held_back
from libs.eventlog.ports import Clock, Log, Store

LOOK = 0.01  # machine seconds between two looks
LAG = 2.0  # machine seconds: how old a foreign fact may be when something is decided on it


@dataclass(frozen=True)
class Follower:
    """A reader (its positions) or a door or reaction (the committed offsets of its group) on a topic."""

    name: str
    topic: str
    offsets: Callable[[], Awaitable[Mapping[int, int]]]


def reader_follower(name: str, topic: str, store: Store) -> Follower:
    """Follow a topic by the positions of a reader."""
    return Follower(name, topic, store.positions)


def group_follower(group: str, topic: str, log: Log) -> Follower:
    """Follow a topic by the committed offsets of a group, its own or another service's."""
    return Follower(group, topic, lambda: log.committed_offsets(group, topic))


async def behind(log: Log, follower: Follower, ends: Mapping[int, int]) -> dict[int, int]:
    """A follower's lag in records, by partition that has any; an empty partition has none, even without an offset.

    Raises Unavailable where the follower stands beyond the end of a partition: what it has read was another one.
    """
    offsets = await follower.offsets()
    if ahead := {p: at for p, at in offsets.items() if p in ends and at > ends[p]}:
        await _check_end(log, follower, ahead)
    late = {p: end - offsets.get(p, 0) for p, end in ends.items() if offsets.get(p, 0) < end}
    if late and any(p not in offsets for p in late):
        starts = await log.starts(follower.topic)
        late = {p: n for p, n in late.items() if p in offsets or starts[p] < ends[p]}
    return late


async def _check_end(log: Log, follower: Follower, ahead: Mapping[int, int]) -> None:
    """Compare with the ends as they are now: the follower may have moved since those at hand were asked for."""
    ends = await log.high_watermarks(follower.topic)
    for partition, offset in ahead.items():
        if offset > ends[partition]:
            where = f"{follower.topic}[{partition}], which ends at {ends[partition]}"
            raise Unavailable(f"{follower.name} stands at {offset} of {where}: the topic was cut or made anew")


async def reached(log: Log, clock: Clock, followers: Iterable[Follower], patience: float) -> None:
    """Ask for the ends now, and wait until every follower has reached them; raises Unavailable after `patience` s."""
    asked = [(follower, await log.ends(follower.topic)) for follower in followers]
    until = clock.monotonic() + patience
    for follower, ends in asked:
        while late := await behind(log, follower, ends):
            if clock.monotonic() > until:
                raise Unavailable(f"{follower.name} is {sum(late.values())} records behind the end of {follower.topic}")
            await clock.sleep(LOOK)


class SafeTime:
    """Knows when everything said before now has been read and answered (docs/architecture.md, deadlines).

    `stages` are waited for one after the other; the ends of each are queried only when the stage before has reached its
    own: first the door of the input, then the reactions to its topic and the foreign readers, at last our own reader.
    `inputs` are the groups among them that may leave a stream aside: what has its number is held back meanwhile.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        stages: Sequence[Sequence[Follower]],
        patience: float = 5.0,
        inputs: Sequence[Source] = (),
    ) -> None:
        self._log, self._clock, self._stages, self._patience = log, clock, stages, patience
        self._inputs = inputs

    async def reached(self) -> None:
        """Return when it is safe to fire what was due when this was called; raises Unavailable while it is not."""
        for stage in self._stages:
            await reached(self._log, self._clock, stage, self._patience)

    async def held(self) -> frozenset[Numbered]:
        """The numbers with an input that is left aside: nothing is fired of them; raises Unavailable."""
        return await held_back(self._log, self._inputs)


STARTING = "the projections have not caught up yet"


class Gate:
    """Blocks decisions until our own and our foreign readers have passed the ends queried at start, and while one lags.

    A switch to other tables counts as a start, and so does a failed query for the ends. A reader lags when it has not
    reached an end that was queried more than LAG seconds ago. The gate is also closed while a partition is halted:
    `halted` then returns the reason in a sentence.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        followers: Sequence[Follower],
        lag: float = LAG,
        halted: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._log, self._clock, self._followers, self._lag, self._halted = log, clock, followers, lag, halted
        self._asked: deque[tuple[float, Mapping[str, Mapping[int, int]]]] = deque()
        self._closed: str | None = STARTING
        self._reached: Mapping[str, Mapping[int, int]] | None = None
        """Ends that every follower was seen to have reached, of the tables in use."""

    @property
    def closed_because(self) -> str | None:
        """One sentence on why nothing may be decided; None while the gate is open."""
        return self._halted() or self._closed

    def again(self, because: str = STARTING) -> None:
        """Close the gate; it opens again under the same condition as at start."""
        self._asked.clear()
        self._reached = None
        self._closed = because

    async def run(self) -> None:
        """Watch the lag for ever; the gate is closed while the lag is unknown."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                self.again(str(error))
            await self._clock.sleep(self._lag / 2)

    async def look(self) -> None:
        """Query the ends, and judge by the newest ends that are at least LAG seconds old, or else by the first ones."""
        now = self._clock.monotonic()
        self._asked.append((now, await self._log.ends_of({follower.topic for follower in self._followers})))
        while len(self._asked) > 1 and self._asked[1][0] <= now - self._lag:
            self._asked.popleft()
        await self._judge()

    async def passed(self) -> None:
        """Return when decisions may be made; raises Unavailable after some seconds."""
        until = self._clock.monotonic() + 4 * self._lag
        while self.closed_because is not None:
            if self._clock.monotonic() > until:
                raise Unavailable(f"the gate is closed: {self.closed_because}")
            await self._clock.sleep(LOOK)
            await self._judge()

    async def _judge(self) -> None:
        """Judge by the oldest ends that are kept; the result is dropped if those ends were discarded meanwhile."""
        if not self._asked:
            return
        asked = self._asked[0]
        because = None if asked[1] == self._reached else await self._late(asked[1])
        if asked in self._asked:
            self._closed = because
            self._reached = asked[1] if because is None else self._reached

    async def _late(self, ends: Mapping[str, Mapping[int, int]]) -> str | None:
        for follower in self._followers:
            if late := await behind(self._log, follower, ends[follower.topic]):
                return f"{follower.name} is {sum(late.values())} records behind on {follower.topic}"
        return None
