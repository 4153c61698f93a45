"""What the protocol needs from outside: a log, a store for each reader, a clock.

Kafka and PostgreSQL in production (`kafka/`, `tables/store.py`), memory in unit tests (`testing.py`); one test suite
runs on both.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from libs.eventlog.fold import View
from libs.eventlog.projection import Key
from libs.eventlog.wire.record import Head, Outgoing, Record

ACKNOWLEDGED = -1  # written, the broker did not say where
UNKNOWN = -2  # failed, or not known whether it was written
NO_REMARKS: Mapping[int, str] = MappingProxyType({})

OnAssigned = Callable[[frozenset[int]], Awaitable[Mapping[int, int]]]
"""Called with newly assigned partitions; returns the offset to read each from, and none for a partition that is not to
be read. An exception that it raises ends the process."""


def nobody() -> None:
    """The callback of a caller who does not want to be told."""


class Clock(Protocol):
    """Plan time for every instant of a rule, machine time for waiting."""

    def now(self) -> datetime:
        """Plan time: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Machine seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait machine seconds."""
        ...


class Appender(Protocol):
    """One producer, which is replaced by a new one after any failure."""

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        """Write, in order within a partition; give each record's offset, ACKNOWLEDGED or UNKNOWN; never raise."""
        ...

    async def close(self) -> None:
        """Disconnect from the broker."""
        ...


class PartitionOffset(NamedTuple):
    """Where a record of a topic stands."""

    partition: int
    offset: int


class Subscription(Protocol):
    """The partitions of one topic assigned to us in a group, read in order from where `on_assigned` said."""

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:
        """The records available within `wait` machine seconds, by partition; may be empty."""
        ...

    async def commit(self, offsets: Mapping[int, int], remarks: Mapping[int, str] = NO_REMARKS) -> None:
        """Commit the next offset of each partition for the group, with a remark (its metadata); raises Unavailable."""
        ...

    async def passed(self) -> Mapping[int, int]:
        """The next offset of each partition: after the last record returned, and after the ends of transactions."""
        ...

    def assigned(self) -> frozenset[int]:
        """Name the partitions that are ours now."""
        ...

    def joined(self) -> bool:
        """Whether the group has told us what is ours, though it may be nothing; not during a rebalance."""
        ...

    def again(self) -> None:
        """Call `on_assigned` again for all our partitions before the next batch."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


Subscribe = Callable[[str, str, OnAssigned], Awaitable[Subscription]]
"""Joins a group of a topic: (topic, group, on_assigned); raises Unavailable."""


class BrokerTime(NamedTuple):
    """What time it is at a broker: not before `earliest`, not after `latest`, in seconds of the epoch."""

    earliest: float
    latest: float

    def off(self, instant: float) -> float:
        """By how many seconds an instant is certainly before (negative) or after the broker's time; 0 if it may be."""
        return min(instant - self.earliest, 0) or max(instant - self.latest, 0)


class Identity(NamedTuple):
    """Which cluster and which incarnation of a topic an offset belongs to."""

    cluster: str
    topic: str


class Commit(NamedTuple):
    """What a group has committed of a partition: the next offset, the topic's id ("" if it is not known), a remark."""

    offset: int
    topic: str
    remark: str = ""


class Log(Protocol):
    """The topics of one cluster. Every call raises Unavailable where the broker can not be reached."""

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset of each partition that a reader can come to: what a transaction still open wrote is beyond it."""
        ...

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """The ends of several topics."""
        ...

    async def high_watermarks(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition, those of open transactions included."""
        ...

    async def starts(self, topic: str) -> Mapping[int, int]:
        """The offset of the first record that is still there."""
        ...

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        """The committed offsets of a group; partitions without one are absent."""
        ...

    async def commits(self, group: str, topic: str) -> Mapping[int, Commit]:
        """The committed offsets of a group, each with its remark and with the id of the topic that it belongs to."""
        ...

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """The records with offsets from `start` to below `until`, in order."""
        ...

    async def records(self, topic: str, addresses: Iterable[PartitionOffset]) -> Mapping[PartitionOffset, Record]:
        """Read records back; Unavailable where one is not there."""
        ...

    async def advise(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Commit offsets under a group without members, for whoever watches groups: nobody of ours reads them."""
        ...

    async def at(self, topic: str, place: PartitionOffset) -> Record | None:
        """The first record that stands at an offset or after it; None at the end."""
        ...

    async def identity(self, topic: str) -> Identity:
        """Name the cluster and the topic's incarnation."""
        ...

    def appender(self) -> Appender:
        """A new producer."""
        ...

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> Subscription:
        """Join a group."""
        ...


class Position(NamedTuple):
    """Where a reader stands in a partition: `epoch` names the owner, `digest` is the sha256 of the record before."""

    epoch: int
    next_offset: int
    digest: bytes | None


class Asked(NamedTuple):
    """A command of which a writer asks whether it counts on a stream."""

    stream: str
    command: str


class Span(NamedTuple):
    """Offsets of a partition, both ends included."""

    first: int
    last: int


class Loaded(NamedTuple):
    """What a writer decides on: of one stream the head, those of the commands asked for that count, and the state."""

    head: Head | None
    counted: Mapping[str, int]
    """By the id of a command the offset of the event that it caused."""
    state: Any


class Step(Protocol):
    """One batch of one partition, the position row locked first."""

    @property
    def more(self) -> bool:
        """Whether there are more streams to be put away than was done in this transaction, so that it did not last."""
        ...

    async def view(self, streams: Iterable[str], keys: Mapping[str, Iterable[Key]]) -> View:
        """Load the heads that the streams have in this partition, and the rows of the keys, by table."""
        ...

    async def save(self, view: View, position: Position) -> None:
        """Write what the fold made of the view, and the position after the batch; put away whose time has come."""
        ...

    async def put_away(self) -> None:
        """Put away more of the streams whose time has come."""
        ...


class Touched(NamedTuple):
    """What a batch may touch: streams, and keys of rows by table."""

    streams: AbstractSet[str]
    keys: Mapping[str, Iterable[Key]]


class Steps(Protocol):
    """A batch of each of several partitions in one transaction, the position rows locked first and in order."""

    more: bool
    """Whether there are more streams to be put away than was done in this transaction, so that it did not last."""

    async def views(self, touched: Mapping[int, Touched]) -> Mapping[int, View]:
        """Load for each partition the heads that the streams have there, and the rows of the keys, by table."""
        ...

    async def save(self, views: Mapping[int, View], positions: Mapping[int, Position]) -> None:
        """Write what the folds made of the views, and the positions after; put away whose time has come."""
        ...

    async def put_away(self) -> None:
        """Put away more of the streams whose time has come."""
        ...


class Store(Protocol):
    """The tables of one reader. Every call raises Unavailable where the database can not be reached."""

    async def claim(self, partitions: Iterable[int]) -> Mapping[int, Position]:
        """Become the owner: bump the epochs and read the positions, in one transaction."""
        ...

    async def positions(self) -> Mapping[int, int]:
        """The next offset of every partition."""
        ...

    def step(self, partition: int, expected: Position) -> AbstractAsyncContextManager[Step]:
        """Open one transaction; raises Fenced where the position row is not as expected."""
        ...

    def steps(self, expected: Mapping[int, Position]) -> AbstractAsyncContextManager[Steps]:
        """Open one transaction for several partitions; raises Fenced where a position row is not as expected."""
        ...

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> Mapping[str, Loaded]:
        """Heads, counted commands and states in one snapshot; every stream asked for is in the answer."""
        ...

    async def counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
        """Those of the commands that count, each with the offset of the event that it caused."""
        ...

    async def voids(self, spans: Mapping[int, Span]) -> Mapping[int, frozenset[int]]:
        """The offsets that the reader found void in a span of each of some partitions.

        Raises Unavailable until it has passed the last of each. Positions and voids are read in one snapshot: tables
        that are being filled again do not hold all voids yet.
        """
        ...

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        """Wait until the position of a partition is greater than `beyond`, for at most `wait` machine seconds."""
        ...
