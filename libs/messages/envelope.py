"""The envelopes: CloudEvents 1.0 on Kafka. We write structured mode; a door takes binary mode as well."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import StringConstraints, WithJsonSchema

from libs.messages.base import INVISIBLE, CorrelationId, Event, EventId, Instant, MessageType, Number, StreamId, Value
from libs.messages.upstream import Upstream

_DAY, _CLOCK = "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", "([01][0-9]|2[0-3]):[0-5][0-9]"
UpstreamTime = Annotated[
    Instant,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": rf"^{_DAY}[Tt]{_CLOCK}:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]{_CLOCK})$",
        }
    ),
]
"""An instant of RFC 3339 in the years 2000 to 2099; second 60 is the first one of the next day in UTC."""
JsonMediaType = Annotated[
    str,
    StringConstraints(
        pattern=r"^\s*([aA][pP][pP][lL][iI][cC][aA][tT][iI][oO][nN]/[jJ][sS][oO][nN]|[^;]*\+[jJ][sS][oO][nN])\s*(;|$)"
    ),
]
D = TypeVar("D", bound=Event)
U = TypeVar("U", bound=Upstream)

Source = Annotated[str, StringConstraints(pattern=rf"^[^\s@{INVISIBLE}]+$", max_length=128)]
"""Who says it, a URI reference; with no `@` in it, so that no address enters a stream id."""
MessageName = Annotated[str, StringConstraints(pattern=rf"^[^{INVISIBLE}]+$", max_length=200)]
"""An upstream's `id` of a message; with the source it names the command."""
SchemaUri = Annotated[str, StringConstraints(pattern=r"^urn:olcare:schema:olcare\.[A-Z][A-Za-z0-9]*\.v[1-9][0-9]*$")]
SequenceText = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{32}$")]
"""Which key it is under, and the digest of type and data of an upstream message under that key."""
CausedBy = Annotated[
    str,
    StringConstraints(
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9][A-Za-z0-9._-]*/[0-9]+/[0-9]+)$",
        max_length=300,
    ),
]
"""The id of the event that was reacted to, or after which a duty was due; or the address of the record at a door,
`topic/partition/offset`."""
Traceparent = Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]


class CloudEvent(Value, Generic[D]):
    """An event with its place in the stream; the record's key equals `subject`."""

    specversion: Literal["1.0"]
    id: EventId
    """Follows from stream, cause, history, type, time and data."""
    source: Source
    type: MessageType
    subject: StreamId
    time: Instant
    """When it happened in the world."""
    datacontenttype: Literal["application/json"]
    dataschema: SchemaUri
    sequence: SequenceText
    """The place in the stream: ten digits, from `0000000001`."""
    sequencetype: Literal["Integer"]
    recordedtime: Instant
    """The writer's clock when it appended."""
    previousid: EventId | None = None
    """The event before it in the stream; absent on the first."""
    causationid: EventId
    """The command that asked for it."""
    correlationid: CorrelationId
    traceparent: Traceparent | None = None
    fingerprint: Fingerprint | None = None
    """Of the upstream message that caused it: tells a repeat from another message under a used id."""
    causedby: CausedBy | None = None
    """What asked for the command; none where a duty found it on a stream without events, and in what was written
    before."""
    data: D


class UpstreamCloudEvent(Value, Generic[U]):
    """What a door takes; (`source`, `id`) names the command.

    The same type and data again are a repeat, whatever `time` says; another type or other data are refused.
    """

    specversion: Literal["1.0"]
    id: MessageName
    source: Source
    type: MessageType
    subject: Number
    time: UpstreamTime
    """The instant in the world that the message is about."""
    datacontenttype: JsonMediaType | None = None
    """Without one the data are taken as JSON."""
    traceparent: Annotated[Any, WithJsonSchema({})] = None
    """W3C Trace Context; one that is not valid is ignored."""
    data: U
    """Or `data_base64`, and not both."""
