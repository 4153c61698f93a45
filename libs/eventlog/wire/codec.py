"""The decoder of log records, the same live and in rebuilds."""

import re
import reprlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from libs.eventlog.errors import Halted
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.eventlog.wire.unvalidated import decoder_without_validation
from libs.messages.base import LAST_SEQUENCE, LONGEST_STREAM, Event, event_type
from libs.messages.streams import partition_of

_envelope = msgspec.json.Decoder(RecordedEvent)


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoders raise: at JSON of another form, at text that is not UTF-8, and at lists in lists without end."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Codec:
    """Reads the records of one log topic: `known` are all event types that may stand there."""

    def __init__(self, topic: str, known: Iterable[type[Event]], partitions: int) -> None:
        self._topic, self._partitions = topic, partitions
        self._models = {event_type(model): model for model in known}
        self._decoders: dict[str, Callable[[Any], Event]] = {}

    def envelope(self, record: Record) -> RecordedEvent:
        """Read the envelope, `data` left undecoded; Halted where it can not be read or its type is unknown."""
        event = self.outline(record)
        if event.type not in self._models:
            raise self._halted(record, f"type {event.type} is not known here; deploy readers before writers")
        return event

    def outline(self, record: Record) -> RecordedEvent:
        """Read the envelope, of whatever type; Halted where it holds what can not be read, reckoned with or stored."""
        try:
            event = _envelope.decode(record.value or b"")
        except UNREADABLE as error:
            raise self._halted(record, f"the envelope can not be read ({error})") from error
        if sentence := _problem(record, event):
            raise self._halted(record, sentence)
        event.partition, event.offset, event.data = record.partition, record.offset, None
        return event

    def check_partition(self, event: RecordedEvent) -> None:
        """Raise Halted where the stream does not belong to the partition; called for streams without a head there."""
        if not self.belongs(event):
            raise Halted(self._topic, event.partition, event.offset, f"{event.stream} belongs to another partition")

    def belongs(self, event: RecordedEvent) -> bool:
        """Whether the record stands in its stream's partition."""
        return partition_of(event.stream, self._partitions) == event.partition

    def open(self, event: RecordedEvent) -> RecordedEvent:
        """Decode `data` in place; Halted where it does not fit its type."""
        if event.data is None:
            try:
                event.data = (self._decoders.get(event.type) or self._decoder(event.type))(event.raw)
            except UNREADABLE as error:
                sentence = f"the data of {event.type} can not be read ({error})"
                raise Halted(self._topic, event.partition, event.offset, sentence) from error
        return event

    def _decoder(self, kind: str) -> Callable[[Any], Event]:
        """Derive a decoder when it is first asked for."""
        self._decoders[kind] = decoder = decoder_without_validation(self._models[kind])
        return decoder

    def _halted(self, record: Record, sentence: str) -> Halted:
        return Halted(record.topic, record.partition, record.offset, sentence)


def _problem(record: Record, event: RecordedEvent) -> str | None:
    """Why an envelope that can be decoded can not be taken; None where it can."""
    if not 1 <= event.sequence <= LAST_SEQUENCE:
        return f"sequence {reprlib.repr(event.sequence_text)} is below 1 or above {LAST_SEQUENCE}"
    if record.key != event.stream.encode():
        return f"key {reprlib.repr(record.key)} is not the subject {reprlib.repr(event.stream)}"
    if len(record.key) > LONGEST_STREAM:
        return f"the subject has {len(record.key)} bytes, more than {LONGEST_STREAM}"
    if not (_in_calendar(event.time) and _in_calendar(event.recordedtime)):
        return "an instant lies in no year of UTC from 1 to 9999"
    if b"\\u0000" in (record.value or b"") and _NUL.search(record.value or b""):
        return "it holds the character NUL, which no table holds"
    return None


def _in_calendar(instant: datetime) -> bool:
    if instant.tzinfo is UTC:
        return True
    try:
        instant.astimezone(UTC)
    except OverflowError:
        return False
    return True
