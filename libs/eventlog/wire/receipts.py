"""What a door writes in answer: a receipt for every record, a dead letter for one that can never be taken.

Both depend on the record and on the counting event alone, so that another one is identical. A message that was held
gets a second receipt, of the event that decides it.
"""

from datetime import datetime

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import identity_of
from libs.eventlog.wire.record import JSON, Outgoing, Record, RecordedEvent
from libs.messages.base import Value
from libs.messages.catalogue import split_door
from libs.messages.doubts import Doubt
from libs.messages.places import DoorRecord, RecordAddress
from libs.messages.receipts import DeadLetter, Header, Outcome, Receipt, Unreadability
from libs.messages.streams import parse_stream, partition_of

MAX_KEY = 64 * 1024  # bytes; a receipt under a longer key might itself be too large
MAX_CONTENT = 1_900_000  # bytes in JSON; the topic of dead letters takes 2 MiB


def receipts_of(door: str) -> str:
    """Name the topic with a door's receipts: `olcare.tickets.in.v1` → `olcare.tickets.receipts.v1`, clients' alike."""
    return split_door(door)[0].replace(".in.", ".receipts.")


def dead_letters_of(door: str) -> str:
    """Name the topic with a door's dead letters, those of clients' own doors alike."""
    return f"{split_door(door)[0]}.dlq"


def receipt(record: Record, outcome: Outcome, event: RecordedEvent, doubts: tuple[Doubt, ...] = ()) -> Outgoing:
    """Answer a record whose command has its counting event; the reason and the clause are the event's own."""
    named = DoorRecord(place=place_of(record), command=event.causationid)
    return _answer(record.key, receipt_of(named, identity_of(record), outcome, event, doubts))


def second_receipt(
    held: DoorRecord, record: Record | None, outcome: Outcome, event: RecordedEvent, doubts: tuple[Doubt, ...] = ()
) -> Outgoing:
    """Answer a message that was held, with the event that decided it; its record is None where the door has it no more.

    Then the receipt lacks the record's key and the message's id.
    """
    identity = identity_of(record) if record else (parse_stream(event.stream).source, None)
    return _answer(record and record.key, receipt_of(held, identity, outcome, event, doubts))


def receipt_of(
    said: DoorRecord,
    identity: tuple[str | None, str | None],
    outcome: Outcome,
    event: RecordedEvent,
    doubts: tuple[Doubt, ...],
) -> Receipt:
    """What became of a message, known by its source and its id, from its counting event."""
    source, name = identity
    return Receipt(
        place=said.place,
        source=source,
        id=name,
        outcome=outcome,
        command=said.command,
        stream=event.stream,
        event=event.id,
        event_type=event.type,
        reason=getattr(event.data, "reason", None),
        acts_from=_acts_from(event),
        clause=getattr(event.data, "clause", None),
        doubts=doubts or None,
    )


def unreadable(record: Record, why: Unreadable, partitions: int) -> list[Outgoing]:
    """The dead letter of a record, whole, in one of so many partitions, and the receipt with what, where and why.

    Where the record is too large for that (a small batch may decompress to a large record), the dead letter leaves its
    content out and refers to its place at the door.
    """
    place = place_of(record)
    fits = _size(record) <= MAX_CONTENT
    kept = record if fits else record._replace(key=None, value=None, headers=())
    letter = DeadLetter(
        place=place,
        key=kept.key,
        value=kept.value,
        headers=tuple(Header(name=_name(name), value=value) for name, value in kept.headers),
        reason=Unreadability(why.reason),
        where=why.where,
        message=why.text if fits else f"too large to be kept here, look at its place; {why.text}"[:200],
    )
    source, identity = identity_of(record)
    answer = Receipt(
        place=place,
        source=source,
        id=identity,
        outcome=Outcome.UNREADABLE,
        reason=str(why.reason),
        where=why.where,
        message=why.text,
    )
    return [in_dead_letters(record.topic, place, letter, partitions), _answer(record.key, answer)]


def in_dead_letters(door: str, place: RecordAddress, letter: Value, partitions: int) -> Outgoing:
    """A dead letter, or a marker for one, keyed by the place of the door's record."""
    key = place.text()
    value = letter.model_dump_json().encode()  # a null stands for what the record did not have
    return Outgoing(dead_letters_of(door), partition_of(key, partitions), key.encode(), value, JSON)


def _answer(key: bytes | None, answer: Receipt) -> Outgoing:
    """Write a receipt under the key of its record, in the partition of the same number."""
    named = (("olcare_source", answer.source), ("olcare_id", answer.id))
    headers = [*JSON, *((name, value.encode()) for name, value in named if value is not None)]
    kept = key if len(key or b"") <= MAX_KEY else None
    return Outgoing(receipts_of(answer.place.topic), answer.place.partition, kept, _json(answer), headers)


def _acts_from(event: RecordedEvent) -> datetime | None:
    """From when a publication acts, where that is later than its own instant."""
    published_at: datetime | None = getattr(event.data, "published_at", None)
    return published_at if published_at and published_at > event.time else None


def _name(name: str) -> str:
    r"""Escape bytes that are not UTF-8 in a header's name as `\xff`: a JSON string can not hold them."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _size(record: Record) -> int:
    """An upper bound of a record's bytes in JSON: content in base64, each character of a header's name as six."""
    parts = [record.key, record.value, *(value for _, value in record.headers)]
    return sum(4 + len(part or b"") * 4 // 3 for part in parts) + sum(32 + 6 * len(name) for name, _ in record.headers)


def _json(value: Value) -> bytes:
    return value.model_dump_json(exclude_none=True).encode()


def place_of(record: Record) -> RecordAddress:
    """Where a record stands."""
    return RecordAddress(topic=record.topic, partition=record.partition, offset=record.offset)
