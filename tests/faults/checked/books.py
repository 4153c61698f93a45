"""What the checker looks at: everything that was written, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Record(NamedTuple):
    """A record as the broker keeps it; `timestamp` is the broker's own, in ms."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 0

    @property
    def place(self) -> str:
        """Name it: topic, partition and offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Topic(NamedTuple):
    """All records of a topic, by partition and offset."""

    name: str
    partitions: int
    records: Sequence[Record]


class HeadRow(NamedTuple):
    """A row of a table of heads; `journal` holds 24 bytes a counted command: its id, the offset of its event."""

    stream: str
    partition: int
    sequence: int
    id: str
    journal: bytes


class Generation(NamedTuple):
    """The tables of one reader that are in use: every row as text, in order."""

    database: str
    reader: str
    tables: Mapping[str, tuple[str, ...]]
    positions: Mapping[int, int]
    heads: Sequence[HeadRow]
    voids: frozenset[tuple[int, int]]

    @property
    def name(self) -> str:
        """Name it as people do."""
        return f"{self.database}.{self.reader}"


class Turn(NamedTuple):
    """From the machine's instant `since` (ms) on, plan time is `at` and runs `rate` times as fast; 0 stands still."""

    since: float
    at: datetime
    rate: float = 0.0


class Timeline(tuple[Turn, ...]):
    """How the plan clock was turned, the earliest turn first."""

    __slots__ = ()

    def at(self, machine: float) -> datetime:
        """Give the plan time at an instant of the machine, in ms; before the first turn, that of the first."""
        turn = [t for t in self if t.since <= machine][-1:] or [self[0]._replace(since=machine)]
        return turn[0].at + timedelta(milliseconds=(machine - turn[0].since) * turn[0].rate)


@dataclass(frozen=True)
class Books:
    """Everything that was written, read when the services were quiet, and what plan time it was then."""

    topics: Mapping[str, Topic]
    mails: Sequence[str]
    """The `Message-ID` of every message that the mail server accepted."""
    now: datetime
    timeline: Timeline
    acknowledged: Mapping[str, float] = field(default_factory=dict)
    """Address of a door record → the machine's instant (ms) at which the broker had acknowledged it to who said it."""
    private: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Database → the table of the private topic: key → JSON."""
    live: Sequence[Generation] = ()
    rebuilt: Sequence[Generation] = ()

    def topic(self, name: str) -> Topic:
        """Give a topic, empty where there is none."""
        return self.topics.get(name, Topic(name, 1, ()))


def instant(text: str) -> datetime:
    """Read RFC 3339."""
    return datetime.fromisoformat(text).astimezone(UTC)
