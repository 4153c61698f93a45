"""The decoder of log records, the same live and in rebuilds."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from libs.eventlog.errors import Halted
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.eventlog.wire.unvalidated import decoder_without_validation
from libs.messages.base import Event, event_type
from libs.messages.streams import partition_of

_envelope = msgspec.json.Decoder(RecordedEvent)


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
        """Read the envelope, of whatever type."""
        try:
            event = _envelope.decode(record.value or b"")
        except msgspec.MsgspecError as error:
            raise self._halted(record, f"the envelope can not be read ({error})") from error
        if event.sequence < 1:
            raise self._halted(record, f"sequence {event.sequence_text} is below 1")
        if record.key != event.stream.encode():
            raise self._halted(record, f"key {record.key!r} is not the subject {event.stream}")
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
            except msgspec.MsgspecError as error:
                sentence = f"the data of {event.type} can not be read ({error})"
                raise Halted(self._topic, event.partition, event.offset, sentence) from error
        return event

    def _decoder(self, kind: str) -> Callable[[Any], Event]:
        """Derive a decoder when it is first asked for."""
        self._decoders[kind] = decoder = decoder_without_validation(self._models[kind])
        return decoder

    def _halted(self, record: Record, sentence: str) -> Halted:
        return Halted(record.topic, record.partition, record.offset, sentence)
