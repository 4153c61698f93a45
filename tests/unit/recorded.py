"""Events as a reader hands them to a projection."""

from datetime import UTC, datetime

from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import CONTENT_TYPE, Cause, Head, Record, RecordedEvent, encode
from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.messages.streams import partition_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTITIONS = 12
CODEC = Codec("log", EVENT_OF_TYPE.values(), PARTITIONS)


def recorded_event(stream: str, sequence: int, event: Event, occurred_at: datetime = NOON) -> RecordedEvent:
    """Write an event for a place in its stream and read it back, as from the log."""
    before = Head(sequence - 1, "00000000-0000-5000-8000-000000000000") if sequence > 1 else None
    cause = Cause("00000000-0000-5000-8000-000000000001", "test", occurred_at)
    written = encode("olcare/test", stream, before, event, cause, NOON)
    partition = partition_of(stream, PARTITIONS)
    record = Record("log", partition, 0, stream.encode(), written.value, CONTENT_TYPE, 0)
    return CODEC.open(CODEC.envelope(record))
