"""Answers of a door: a receipt for every record, and a dead letter for one that can never be taken.

Neither holds anything of the moment it was written, so that another one is identical. A record whose message was held
gets a second receipt when it is decided.
"""

from base64 import b64decode, b64encode
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from libs.messages.base import (
    Code,
    EventId,
    Instant,
    MessageType,
    OpenCode,
    Reference,
    StreamId,
    Value,
)
from libs.messages.clauses import Clause
from libs.messages.doubts import Doubt
from libs.messages.envelope import MessageName, Source
from libs.messages.places import RecordAddress
from libs.messages.private import Line


def _from_base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _to_base64(value: bytes) -> str:
    return b64encode(value).decode()


OriginalBytes = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(_to_base64, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]
"""Bytes as they came; base64 in JSON."""


class Outcome(StrEnum):
    """What became of a door record."""

    ACCEPTED = "accepted"
    HELD = "held"
    """Not decided yet; the only outcome that a second receipt follows."""
    REFUSED = "refused"
    UNREADABLE = "unreadable"


class Unreadability(OpenCode):
    """Why a door record can never be taken."""

    NO_VALUE = "no-value"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    NOT_A_CLOUDEVENT = "not-a-cloudevent"
    UNKNOWN_CONTENT_TYPE = "unknown-content-type"
    MISSING_ATTRIBUTE = "missing-attribute"
    BAD_ATTRIBUTE = "bad-attribute"
    UNKNOWN_TYPE = "unknown-type"
    BAD_FIELD = "bad-field"
    SOURCE_NOT_ALLOWED = "source-not-allowed"
    """It can be read, but whoever says it may not, by the policy of this installation; once it may, it is sent in again
    (`olcare dlq retry`)."""
    NOT_PROCESSED = "not-processed"
    """It failed here by a fault of ours; it is sent in again (`olcare dlq retry`) once that is mended."""


class Receipt(Value):
    """What became of one door record; keyed like the record."""

    place: RecordAddress
    source: Source | None = None
    """Of the message, as its `id`; None where they could not be read."""
    id: MessageName | None = None
    outcome: Outcome
    command: EventId | None = None
    """None where the record names no command."""
    stream: StreamId | None = None
    event: EventId | None = None
    """The counting event that is the answer; none for an unreadable record."""
    event_type: MessageType | None = None
    reason: Code | None = None
    acts_from: Instant | None = None
    """Of a part of the plan that is dated in the past: it acts from this instant on, at which it was recorded."""
    clause: Clause | None = None
    doubts: tuple[Doubt, ...] | None = None
    """What describes something and could not be taken as it came; None where nothing is doubtful."""
    where: Line | None = None
    """What could not be read: a JSON Pointer (RFC 6901) into the event in structured mode, "" for the whole."""
    message: Line | None = None
    """One sentence: what is wrong and what to do."""


class Header(Value):
    """A Kafka header; the value in base64."""

    name: str
    value: OriginalBytes | None


class DeadLetter(Value):
    """A door record that can never be taken, kept whole; keyed by its place."""

    kind: Literal["dead-letter"] = "dead-letter"
    place: RecordAddress
    key: OriginalBytes | None
    value: OriginalBytes | None
    headers: tuple[Header, ...]
    reason: Unreadability
    where: Line
    """As in the receipt; before, names with dots, and `envelope` for the whole."""
    message: Line
    """One sentence: what is wrong and what to do."""


class DeadLetterDiscarded(Value):
    """A marker: somebody decided that the dead letter at this place needs nothing more; keyed by it."""

    kind: Literal["discarded"] = "discarded"
    place: RecordAddress
    by: Reference
    why: Line
