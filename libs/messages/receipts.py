"""Answers of a door: a receipt for every record, and a dead letter for one that can never be taken.

Neither holds anything of the moment it was written, so that a second one is identical.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Base64Bytes, Field

from libs.messages.base import Code, EventId, MessageType, OpenCode, Reference, StreamId, TopicName, Value
from libs.messages.clauses import Clause
from libs.messages.private import Line


class Place(Value):
    """A record on a door topic."""

    topic: TopicName
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class Outcome(StrEnum):
    """What became of a door record."""

    ACCEPTED = "accepted"
    HELD = "held"
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


class Receipt(Value):
    """What became of one door record; keyed like the record."""

    place: Place
    outcome: Outcome
    command: EventId | None = None
    """None where the record names no command."""
    stream: StreamId | None = None
    event: EventId | None = None
    """The counting event that is the answer; none for an unreadable record."""
    event_type: MessageType | None = None
    reason: Code | None = None
    clause: Clause | None = None
    where: Line | None = None
    """The attribute or field that could not be read."""
    message: Line | None = None
    """One sentence: what is wrong and what to do."""


class Header(Value):
    """A Kafka header; the value in base64."""

    name: str
    value: Base64Bytes | None


class DeadLetter(Value):
    """A door record that can never be taken, kept whole."""

    place: Place
    key: Base64Bytes | None
    value: Base64Bytes | None
    headers: tuple[Header, ...]
    reason: Unreadability
    where: Line
    """The attribute or field, `envelope` or `data` for the whole."""
    message: Line
    """One sentence: what is wrong and what to do."""


class DeadLetterDiscarded(Value):
    """A marker: somebody decided that the dead letter at this place needs nothing more."""

    place: Place
    by: Reference
    why: Line
