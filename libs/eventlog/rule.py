"""The rule of the log, the same for every reader: a record counts if and only if it is the next of its stream."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from libs.eventlog.errors import Halted
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Head, Record, RecordedEvent


def is_next(event: RecordedEvent, head: Head | None) -> bool:
    """Whether the record is the next of its stream; raises Halted at a gap or a `previousid` other than the head."""
    last, previous = head or (0, None)
    if event.sequence == last + 1 and event.previousid == previous:
        return True
    if event.sequence <= last:
        return False
    where = f"{event.stream} is at {last}"
    if event.sequence > last + 1:
        raise _halted(event, f"{where}, so {last + 1} is missing before this {event.sequence}")
    raise _halted(event, f"{where} ({previous or 'nothing'}), this one follows {event.previousid}")


MISSING = "missing"
"""In place of a sha256: no record stands there, or one that no reader is given, as the end of a transaction."""


class SetAside(NamedTuple):
    """A record that a person has set aside in the topic's card: the only way past a stop."""

    partition: int
    offset: int
    sha256: str
    reason: str
    by: str


class Judge:
    """Applies the rule to the records of one partition, in order, and moves `heads`, the heads of its streams."""

    def __init__(self, codec: Codec, set_aside: tuple[SetAside, ...] = ()) -> None:
        self.codec = codec
        self._aside: Mapping[tuple[int, int], SetAside] = {(s.partition, s.offset): s for s in set_aside}

    def first_due(self, partition: int, expected: int, before: int) -> int:
        """The first offset from `expected` on, below `before`, at which a record must stand: it is not set aside."""
        while expected < before and (partition, expected) in self._aside:
            expected += 1
        return expected

    def check_dense(self, records: Sequence[Record], expected: int) -> None:
        """Check that offsets begin at `expected` and miss none but what is set aside; raises Halted at another one."""
        for record in records:
            expected = self.first_due(record.partition, expected, record.offset)
            if record.offset != expected:
                raise missing(record.topic, record.partition, expected, f"offset {record.offset} came")
            expected += 1

    def envelopes(self, records: Sequence[Record]) -> list["RecordedEvent | Aside"]:
        """Read the envelopes of a batch; a record set aside becomes an Aside."""
        return [*self.each(records)]

    def each(self, records: Iterable[Record]) -> Iterator["RecordedEvent | Aside"]:
        """Read one envelope after the other as it is asked for: dropped before the next, it never leaves the cache."""
        if not self._aside:
            return map(self.codec.envelope, records)
        return (
            self._aside_of(r) if (r.partition, r.offset) in self._aside else self.codec.envelope(r) for r in records
        )

    def counts(self, event: "RecordedEvent | Aside", heads: MutableMapping[str, Head]) -> bool:
        """Judge one record and move the head of its stream if it counts."""
        if isinstance(event, Aside):
            self._follow(event, heads)
            return False
        head = heads.get(event.stream)
        if head is None:
            self.codec.check_partition(event)
        if not is_next(event, head):
            return False
        heads[event.stream] = Head(event.sequence, event.id)
        return True

    def _aside_of(self, record: Record) -> "Aside":
        entry = self._aside[record.partition, record.offset]
        if entry.sha256 == MISSING:
            sentence = "the card says that no record stands here, but one does"
            raise Halted(record.topic, record.partition, record.offset, sentence)
        digest = sha256(record.value or b"").hexdigest()
        if digest != entry.sha256:
            sentence = f"the card sets aside sha256 {entry.sha256}, but this record has {digest}"
            raise Halted(record.topic, record.partition, record.offset, sentence)
        try:
            event = self.codec.outline(record)
        except Halted:
            return Aside(record.partition, record.offset, None)
        return Aside(record.partition, record.offset, event if self.codec.belongs(event) else None)

    def _follow(self, aside: "Aside", heads: MutableMapping[str, Head]) -> None:
        """A record set aside never counts; one beyond the head of its stream becomes the head, so others can follow."""
        event = aside.event
        if event and event.sequence > (heads[event.stream].sequence if event.stream in heads else 0):
            heads[event.stream] = event.head


class Aside(NamedTuple):
    """A record set aside; `event` is its envelope where that can be read and its stream belongs here."""

    partition: int
    offset: int
    event: RecordedEvent | None


def missing(topic: str, partition: int, offset: int, instead: str) -> Halted:
    """Make the error about a record that is not where one must stand."""
    return Halted(topic, partition, offset, f"a record is missing: offset {offset} was to come, {instead}")


def _halted(event: RecordedEvent, sentence: str) -> Halted:
    return Halted(f"stream {event.stream}", event.partition, event.offset, sentence)
