"""What a door has read and not answered yet. A busy stream lets the others go by: each batch takes so many of it.

A message that is left waits with all that it may rest on or be rested on by, so that outcomes are the same as if every
message were decided in its order (fact_waves.py).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.wire.record import Record

DEPTH = 20  # messages of one stream in a batch: each is a round trip of its own
RECORDS, BYTES = 20_000, 1 << 26  # at most so much is read ahead

RestingOf = Callable[[Record], Resting | None]
"""What a record says and rests on; None where that can not be told: then nothing goes by it, either way."""


class UnansweredRecord(NamedTuple):
    """A record that was read and not answered."""

    record: Record
    resting: Resting | None


class Backlog:
    """The records that wait, in the order in which they were read."""

    def __init__(self, resting: RestingOf, depth: int = DEPTH) -> None:
        self._resting, self._depth = resting, depth
        self._waiting: list[UnansweredRecord] = []
        self._read_to: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def room(self, most: int) -> int:
        """How many records to read now, at most; at least one, since a door that asks for none leaves its group."""
        held = sum(len(record.value or b"") for record, _ in self._waiting)
        return max(1, min(most, RECORDS - len(self))) if held < BYTES else 1

    def add(self, records: Iterable[Record]) -> None:
        """Put records at the end."""
        for record in records:
            self._waiting.append(UnansweredRecord(record, self._resting(record)))
            self._read_to[record.partition] = record.offset + 1

    def keep(self, partitions: frozenset[int]) -> None:
        """Drop the records of all other partitions: they are another process's, or are read anew."""
        self._waiting = [each for each in self._waiting if each.record.partition in partitions]
        self._read_to = {p: at for p, at in self._read_to.items() if p in partitions}

    def drop(self, partitions: frozenset[int]) -> None:
        """Drop the records of some partitions: they are read anew."""
        self.keep(frozenset(self._read_to) - partitions)

    def take(self, most: int) -> Sequence[Record]:
        """Take the next batch out: of each stream `depth` messages at most, and nothing that must wait for others.

        The first record is always among them.
        """
        taken: list[Record] = []
        left: list[UnansweredRecord] = []
        depth: Counter[str] = Counter()
        says, about = set[str](), set[str]()
        for at, each in enumerate(self._waiting):
            resting = each.resting
            if len(taken) == most or (resting is None and left):
                left += self._waiting[at:]
                break
            if resting is not None:
                deep = any(depth[name] == self._depth for name in resting.says)
                if deep or not about.isdisjoint(resting.says) or not says.isdisjoint(resting.rests_on):
                    left.append(each)
                    says |= resting.says
                    about |= resting.says | resting.rests_on
                    continue
                depth.update(resting.says)
            taken.append(each.record)
        self._waiting = left
        return taken

    def answered_to(self) -> Mapping[int, int]:
        """By partition the offset up to which nothing waits."""
        first: dict[int, int] = {}
        for record, _ in self._waiting:
            first.setdefault(record.partition, record.offset)
        return {**self._read_to, **first}
