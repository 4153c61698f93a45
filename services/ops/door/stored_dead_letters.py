"""The dead letters of all doors with the markers beside them, and the records that go in again for them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter

from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.kafka.topics import Card
from libs.eventlog.wire.receipts import dead_letters_of, in_dead_letters
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing, Record
from libs.messages.catalogue import UPSTREAM
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded
from services.ops.cli.output import Refused
from services.ops.door.dead_letter_groups import event_of
from services.ops.door.dead_letter_selection import source_of, too_large

_ENTRY: TypeAdapter[DeadLetter | DeadLetterDiscarded] = TypeAdapter(
    Annotated[DeadLetter | DeadLetterDiscarded, Field(discriminator="kind")]
)


class StoredDeadLetter(NamedTuple):
    """A dead letter, when the broker took it, and the marker that somebody left."""

    letter: DeadLetter
    written_at: datetime
    marker: DeadLetterDiscarded | None = None

    def row(self) -> dict[str, object]:
        """A row of a table, without what the record holds."""
        return {
            "place": self.letter.place.text(),
            "written_at": self.written_at,
            "reason": str(self.letter.reason),
            "source": source_of(self.letter),
            "where": self.letter.where,
            "message": self.letter.message,
            "done_by": self.marker.by if self.marker else None,
            "done_why": self.marker.why if self.marker else None,
        }


def entry_of(value: bytes) -> DeadLetter | DeadLetterDiscarded:
    """Read a record of dead letters; raises ValidationError."""
    return _ENTRY.validate_json(value)


def written_at(record: Record) -> datetime:
    """When the broker took it."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


async def letters(kafka: Address, log: KafkaLog) -> list[StoredDeadLetter]:
    """Read all dead letters with their markers, the oldest first; raises Unavailable."""
    found: dict[RecordAddress, StoredDeadLetter] = {}
    markers: dict[RecordAddress, DeadLetterDiscarded] = {}
    for door in UPSTREAM:
        async for record in records(kafka, log, dead_letters_of(door)):
            read = entry_of(record.value or b"")
            if isinstance(read, DeadLetter):
                found.setdefault(read.place, StoredDeadLetter(read, written_at(record)))
            else:
                markers[read.place] = read
    marked_too = (letter._replace(marker=markers.get(place)) for place, letter in found.items())
    return sorted(marked_too, key=in_order)


def in_order(one: StoredDeadLetter) -> tuple[datetime, str, int, int]:
    """By when they were written, those of one partition as they came at its door."""
    place = one.letter.place
    return one.written_at, place.topic, place.partition, place.offset


def again(letter: DeadLetter) -> Outgoing:
    """The door's record as it came, for the same partition, so that its key keeps its order.

    Raises Refused where it was too large to be kept: there is nothing to send in.
    """
    if too_large(letter):
        raise Refused(f"{letter.place.text()} was too large to be kept; only its sender can say it again")
    place, headers = letter.place, [(h.name, h.value) for h in letter.headers]
    return Outgoing(place.topic, place.partition, letter.key, letter.value, headers)  # type: ignore[arg-type] # a header may have no value


def draft(letter: DeadLetter) -> str:
    """What somebody edits: the event in structured mode, as far as it can be read; else the text of the record."""
    event = event_of(letter)
    if event is None:
        return (letter.value or b"").decode(errors="backslashreplace")
    return json.dumps(event, ensure_ascii=False, indent=2)


def edited(letter: DeadLetter, text: str) -> Outgoing:
    """A mended copy in structured mode, under the key and for the partition of the one that came."""
    return Outgoing(letter.place.topic, letter.place.partition, letter.key, text.encode(), CONTENT_TYPE)


def marked(place: RecordAddress, by: str, why: str, partitions: int) -> tuple[DeadLetterDiscarded, Outgoing]:
    """Make a marker and its record."""
    marker = DeadLetterDiscarded(place=place, by=by, why=why)
    return marker, in_dead_letters(place.topic, place, marker, partitions)


def marker_of(cards: Mapping[str, Card], place: RecordAddress, by: str, why: str) -> Outgoing:
    """The record of a marker."""
    return marked(place, by, why, cards[dead_letters_of(place.topic)].partitions)[1]
