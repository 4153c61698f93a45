"""A record of the log: raw as the broker gives it, and the event it carries.

An event is written as one JSON object (CloudEvents 1.0, Kafka binding, structured mode); the key is the stream id.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, NamedTuple

import msgspec
from typing_extensions import TypeVar

from libs.messages.base import Event, event_type, rfc3339, schema_uri
from libs.messages.ids import event_id

CONTENT_TYPE = (("content-type", b"application/cloudevents+json"),)
JSON = (("content-type", b"application/json"),)
RAW_BATCH = (("content-type", b"application/x-kafka-batch"),)
"""How the headers of a record begin that can not be decoded: its value is the raw bytes."""
TOO_MANY_HEADERS, UNPACKS_TOO_LARGE, BROKEN = b"too-many-headers", b"unpacks-too-large", b"broken"
"""Why it can not be decoded."""
_WHY_RAW = "olcare-why"


def raw_headers(why: bytes) -> Sequence[tuple[str, bytes]]:
    """The headers of a record that comes as raw bytes."""
    return (*RAW_BATCH, (_WHY_RAW, why))


def why_raw(headers: Sequence[tuple[str, bytes | None]]) -> bytes | None:
    """Why a record comes as raw bytes; None where it does not."""
    if tuple(headers[:1]) != RAW_BATCH:
        return None
    return next((value or BROKEN for name, value in headers[1:] if name == _WHY_RAW), BROKEN)


class Record(NamedTuple):
    """What the broker keeps: `offset` counts from 0 in its partition, `timestamp` is the broker's own, in ms."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


class Outgoing(NamedTuple):
    """What is to be appended."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = CONTENT_TYPE


class Head(NamedTuple):
    """The last counted event of a stream: its sequence (1, 2, 3 …) and its id."""

    sequence: int
    id: str


D = TypeVar("D", default=Any)
Aware = Annotated[datetime, msgspec.Meta(tz=True)]
_NAMES = {"stream": "subject", "sequence_text": "sequence", "sequence": "-", "raw": "data", "data": "--"}


class RecordedEvent(msgspec.Struct, Generic[D], rename=_NAMES):
    """An event, one of the union D, with its envelope; until it is opened (`Codec.open`) its data stand in `raw` alone.

    `sequence_text` is the sequence as it is written, ten digits; `partition` and `offset` say where the record stands.
    """

    id: str
    type: str
    stream: str
    time: Aware
    sequence_text: str
    recordedtime: Aware
    causationid: str
    correlationid: str
    source: str
    raw: msgspec.Raw
    data: D = None  # type: ignore[assignment] # until it is opened
    previousid: str | None = None
    traceparent: str | None = None
    fingerprint: str | None = None
    """Of what an upstream message said; none for any other cause."""
    causedby: str | None = None
    """The id of an event, or the address of a record at a door."""
    partition: int = -1
    offset: int = -1
    sequence: int = 0
    """Which event of its stream it is, from 1."""

    def __post_init__(self) -> None:
        self.sequence = int(self.sequence_text)

    @property
    def head(self) -> Head:
        """The head that the stream has once this event counts."""
        return Head(self.sequence, self.id)


class _Wire(msgspec.Struct, omit_defaults=True):
    """The attributes in the order in which they are written."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: str
    sequence: str
    sequencetype: str
    recordedtime: str
    causationid: str
    correlationid: str
    data: msgspec.Raw
    previousid: str | None = None
    traceparent: str | None = None
    fingerprint: str | None = None
    causedby: str | None = None


_encoder = msgspec.json.Encoder()


class Cause(NamedTuple):
    """Why an event is written: the command's id, the message that began it all, the trace it belongs to."""

    command: str
    correlation: str
    occurred_at: datetime
    traceparent: str | None = None
    fingerprint: str | None = None
    caused_by: str | None = None
    """The id of an event, or the address of a record at a door."""


def encode(source: str, stream: str, head: Head | None, event: Event, cause: Cause, recorded_at: datetime) -> "Written":
    """Encode an event as the next after `head`; its id is derived from the history, the command and the content."""
    data, time, kind = event.model_dump_json(), rfc3339(cause.occurred_at), event_type(type(event))
    previous = head.id if head else None
    sequence = head.sequence + 1 if head else 1
    identity = event_id(stream, cause.command, previous, kind, time, data)
    wire = _Wire(
        specversion="1.0",
        id=identity,
        source=source,
        type=kind,
        subject=stream,
        time=time,
        datacontenttype="application/json",
        dataschema=schema_uri(kind),
        sequence=f"{sequence:010}",
        sequencetype="Integer",
        recordedtime=rfc3339(recorded_at),
        causationid=cause.command,
        correlationid=cause.correlation,
        data=msgspec.Raw(data.encode()),
        previousid=previous,
        traceparent=cause.traceparent,
        fingerprint=cause.fingerprint,
        causedby=cause.caused_by,
    )
    recorded = RecordedEvent(
        id=identity,
        type=kind,
        stream=stream,
        time=cause.occurred_at.astimezone(UTC),
        sequence_text=wire.sequence,
        recordedtime=recorded_at.astimezone(UTC),
        causationid=cause.command,
        correlationid=cause.correlation,
        source=source,
        raw=wire.data,
        data=event,
        previousid=previous,
        traceparent=cause.traceparent,
        fingerprint=cause.fingerprint,
        causedby=cause.caused_by,
    )
    return Written(stream, recorded.head, event, cause.command, _encoder.encode(wire), recorded)


class Written(NamedTuple):
    """An event made ready for the log; it may still turn out void."""

    stream: str
    head: Head
    event: Event
    command: str
    value: bytes
    recorded: RecordedEvent
    """As it is read back, but for its place."""
