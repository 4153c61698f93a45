"""Dead letters and what was done about them: read once from the beginning, then what has come since.

Nothing of what they hold is kept.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import ValidationError

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.receipts import dead_letters_of
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import UPSTREAM, split_door
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded
from services.ops.door.dead_letter_groups import KnownLetter, known
from services.ops.door.stored_dead_letters import StoredDeadLetter, entry_of, written_at


class Undone(NamedTuple):
    """Of one door, how many, and when the oldest was written."""

    letters: int
    since: datetime | None


class KeptLetter(NamedTuple):
    """A dead letter without what it holds, where it stands, and the marker that somebody left."""

    known: KnownLetter
    topic: str
    partition: int
    offset: int
    marker: DeadLetterDiscarded | None = None


class DeadLetterBook:
    """Follows the topics of dead letters from the beginning, without a group."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, int], int] = {}
        self._letters: dict[RecordAddress, KeptLetter] = {}
        self._markers: dict[RecordAddress, DeadLetterDiscarded] = {}
        self._unreadable: dict[tuple[str, int, int], datetime] = {}
        """Records among them that are no dead letters: they need somebody as well."""
        self._one = asyncio.Lock()

    async def undone(self, log: KafkaLog) -> Mapping[str, Undone]:
        """By door topic those that nobody is done with; raises Unavailable."""
        found = await self.waiting(log)
        return {door: _of(door, found, self._unreadable) for door in UPSTREAM}

    async def waiting(self, log: KafkaLog) -> list[KeptLetter]:
        """Those that nobody is done with, the oldest first; raises Unavailable."""
        await self._follow(log)
        left = (kept for place, kept in self._letters.items() if place not in self._markers)
        return sorted(left, key=lambda kept: kept.known.written_at)

    async def find(self, log: KafkaLog, place: RecordAddress) -> KeptLetter | None:
        """One, done with or not; raises Unavailable."""
        await self._follow(log)
        kept = self._letters.get(place)
        return kept and kept._replace(marker=self._markers.get(place))

    async def whole(self, log: KafkaLog, wanted: Sequence[KeptLetter]) -> list[StoredDeadLetter]:
        """With what they hold, read again, in the order given; raises Unavailable."""
        found: dict[RecordAddress, StoredDeadLetter] = {}
        by: dict[tuple[str, int], list[int]] = {}
        for one in wanted:
            by.setdefault((one.topic, one.partition), []).append(one.offset)
        for (topic, partition), offsets in by.items():
            async for records in log.scan(topic, partition, max(offsets) + 1, min(offsets)):
                found |= {held.letter.place: held for record in records if (held := _stored(record))}
        return [found[one.known.place] for one in wanted if one.known.place in found]

    async def _follow(self, log: KafkaLog) -> None:
        async with self._one:
            topics = [dead_letters_of(door) for door in UPSTREAM]
            ends = await log.ends_of(topics)
            for topic in topics:
                await self._read(log, topic, ends[topic])

    async def _read(self, log: KafkaLog, topic: str, ends: Mapping[int, int]) -> None:
        known_ends = {p: self._next.get((topic, p)) for p in ends}
        starts = await log.starts(topic) if None in known_ends.values() else {}
        for partition, end in ends.items():
            at = known_ends[partition]
            start = starts[partition] if at is None else at
            if start < end:
                async for records in log.scan(topic, partition, end, start):
                    for record in records:
                        self._take(record)
            self._next[topic, partition] = max(end, start)

    def _take(self, record: Record) -> None:
        try:
            entry = entry_of(record.value or b"")
        except ValidationError:
            self._unreadable[record.topic, record.partition, record.offset] = written_at(record)
            return
        if isinstance(entry, DeadLetter):
            kept = KeptLetter(known(entry, written_at(record)), record.topic, record.partition, record.offset)
            self._letters.setdefault(entry.place, kept)
        else:
            self._markers[entry.place] = entry


def _of(door: str, waiting: Sequence[KeptLetter], unreadable: Mapping[tuple[str, int, int], datetime]) -> Undone:
    left = [kept.known.written_at for kept in waiting if split_door(kept.known.place.topic)[0] == door]
    left += [at for (topic, *_), at in unreadable.items() if topic == dead_letters_of(door)]
    return Undone(len(left), min(left, default=None))


def _stored(record: Record) -> StoredDeadLetter | None:
    try:
        entry = entry_of(record.value or b"")
    except ValidationError:
        return None  # it is counted, and has no place to be asked for by
    when = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return StoredDeadLetter(entry, when) if isinstance(entry, DeadLetter) else None
