"""What a door writes in answer: a receipt for every record, a dead letter for one that can never be taken.

Both depend on the record and on the counting event alone, so that a second one is identical.
"""

from libs.eventlog.errors import Unreadable
from libs.eventlog.record import Outgoing, Record, RecordedEvent
from libs.messages.base import PrivateKey, Value
from libs.messages.private import PrivateRecord
from libs.messages.receipts import DeadLetter, Header, Outcome, Place, Receipt, Unreadability
from libs.messages.streams import partition_of

JSON = (("content-type", b"application/json"),)


def receipts_of(door: str) -> str:
    """Name the topic with a door's receipts: `olcare.tickets.in.v1` → `olcare.tickets.receipts.v1`."""
    return door.replace(".in.", ".receipts.")


def dead_letters_of(door: str) -> str:
    """Name the topic with a door's dead letters."""
    return f"{door}.dlq"


def receipt(record: Record, outcome: Outcome, event: RecordedEvent) -> Outgoing:
    """Answer a record whose command has its counting event; the reason and the clause are the event's own."""
    data = event.data
    answer = Receipt(
        place=_place(record),
        outcome=outcome,
        command=event.causationid,
        stream=event.stream,
        event=event.id,
        event_type=event.type,
        reason=getattr(data, "reason", None),
        clause=getattr(data, "clause", None),
    )
    return _answer(record, answer)


def unreadable(record: Record, why: Unreadable, partitions: int) -> list[Outgoing]:
    """Keep a record whole in one of so many partitions of dead letters, and say in its receipt what, where and why."""
    place = _place(record)
    letter = DeadLetter(
        place=place,
        key=record.key,
        value=record.value,
        headers=tuple(Header(name=name, value=value) for name, value in record.headers),
        reason=Unreadability(why.reason),
        where=why.where,
        message=why.text,
    )
    answer = Receipt(place=place, outcome=Outcome.UNREADABLE, reason=str(why.reason), where=why.where, message=why.text)
    return [in_dead_letters(record.topic, place, letter, partitions), _answer(record, answer)]


def in_dead_letters(door: str, place: Place, letter: Value, partitions: int) -> Outgoing:
    """Write a dead letter, or a marker for one, under the place of the door's record."""
    key = place.text()
    return Outgoing(dead_letters_of(door), partition_of(key, partitions), key.encode(), _json(letter), JSON)


def private(topic: str, key: PrivateKey, content: PrivateRecord | None, partitions: int) -> Outgoing:
    """Write what is personal in a door record, or a tombstone where there is no content any more."""
    text = key.text()
    value = _json(content) if content else None
    return Outgoing(topic, partition_of(text, partitions), text.encode(), value, JSON)


def _answer(record: Record, answer: Receipt) -> Outgoing:
    return Outgoing(receipts_of(record.topic), record.partition, record.key, _json(answer), JSON)


def _json(value: Value) -> bytes:
    return value.model_dump_json(exclude_none=True).encode()


def _place(record: Record) -> Place:
    return Place(topic=record.topic, partition=record.partition, offset=record.offset)
