"""What every message is made of: the base of events, instants, ids and codes.

A log is kept for ever, so an event has no field that could hold a name, an address or free text:
each string is one of the constrained types below.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Self

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_MAJOR = re.compile(r"(?P<name>[A-Z]\w*?)(?:V(?P<major>[1-9]\d*))?")
_NUMBER = re.compile(r"\s*[+-]?[0-9_.]*\s*")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Percent-encoded, without controls, blanks and `@`, so that no line of text and no address fits.
_PART = r"(?:[A-Za-z0-9._~-]|%(?:[35-9A-F][0-9A-F]|[24][1-9A-F]))+"
YEARS = range(1970, 2200)
"""Of every day: near the years 1 and 9999 its instants would leave the calendar."""
INT32, INT64 = 2**31 - 1, 2**63 - 1
"""The largest numbers that a column of PostgreSQL holds: `integer` and `bigint`."""
EXACT_IN_JSON = 2**53 - 1
"""The largest number that every reader of JSON takes as it stands (RFC 8259, section 6)."""
INVISIBLE = r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
"""Of a class in a pattern: control characters, ends of lines, and what shows nothing or turns the direction of text."""


class Value(BaseModel):
    """A frozen part of a message; fields that it does not know are ignored, so that old readers live on."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


def type_name(prefix: str, class_name: str) -> str:
    """`TicketOpened` → `<prefix>.TicketOpened.v1`; a trailing `V2` is the major version; other names: ValueError."""
    match = _MAJOR.fullmatch(class_name)
    if match is None:
        raise ValueError(f"{class_name} is no name of a message")
    return f"{prefix}.{match['name']}.v{match['major'] or 1}"


class Event(Value):
    """A fact in the past tense, the `data` of a CloudEvent; one class per major version, kept for ever."""


@cache
def event_type(event: type[Event]) -> str:
    """The CloudEvents attribute `type`: `olcare.TicketOpened.v1`."""
    return type_name("olcare", event.__name__)


def schema_uri(kind: str) -> str:
    """The CloudEvents attribute `dataschema` of a type: the `$id` of its file in `contracts/schemas`."""
    return f"urn:olcare:schema:{kind}"


def _refuse_numbers(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("a number is no date and no instant")
    return value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC")
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant lies in the years 1 to 9999, in UTC too") from None


_encode = msgspec.json.Encoder().encode


def rfc3339(value: datetime) -> str:
    """An aware instant as text: UTC, microseconds, `Z`."""
    text = _encode(value if value.tzinfo is UTC else value.astimezone(UTC))
    return (text[1:-1] if b"." in text else text[1:-2] + b".000000Z").decode()


Instant = Annotated[
    datetime,
    BeforeValidator(_refuse_numbers),
    AfterValidator(_in_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
"""An instant in UTC with microseconds; naive times and bare numbers are refused."""


def _in_calendar(value: date) -> date:
    if value.year not in YEARS:
        raise ValueError(f"a day lies in the years {YEARS.start} to {YEARS.stop - 1}")
    return value


Day = Annotated[
    date,
    BeforeValidator(_refuse_numbers),
    AfterValidator(_in_calendar),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        }
    ),
]
"""A local date, `2026-11-24`; whose, says the field."""

LONGEST_CODE = 60
Code = Annotated[str, StringConstraints(pattern=f"^{_CODE.pattern}$", max_length=LONGEST_CODE)]
"""A word of ours in lower case with hyphens: a centre, a product, a reason, a template."""

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]*$", max_length=64)]
"""An identifier given by somebody else; no blank and no `@`, so no name and no address fits."""

LONGEST_STREAM = 1700
StreamId = Annotated[str, StringConstraints(pattern=rf"^[a-z]+/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
"""`kind/source/number`; source and number are percent-encoded, without blanks and `@`."""

TicketId = Annotated[str, StringConstraints(pattern=rf"^ticket/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
CustomerId = Annotated[str, StringConstraints(pattern=rf"^customer/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
ContractId = Annotated[str, StringConstraints(pattern=rf"^contract/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
LicenceId = Annotated[str, StringConstraints(pattern=rf"^licence/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
NoticeId = Annotated[str, StringConstraints(pattern=rf"^notice/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]

PersonId = Annotated[str, StringConstraints(pattern=rf"^person/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
"""`person/source/number`: a person by number; who that is stands in the private topic alone."""

ShownId = Annotated[str, StringConstraints(pattern=rf"^[a-z][a-z0-9.-]*/{_PART}/{_PART}$", max_length=LONGEST_STREAM)]
"""What somebody was shown: the stream id of a ticket, or topic/partition/offset of a dead letter."""

EventId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""The id of an event or a command: a UUID in lower case."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a content in its canonical form."""

TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=249)]
MessageType = Annotated[str, StringConstraints(pattern=r"^olcare(\.upstream)?\.[A-Z][A-Za-z0-9]*\.v[1-9][0-9]*$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
"""`fr`, `en`, or with a country `fr-CA`."""
Number = Annotated[str, StringConstraints(pattern=rf"^[^\s@{INVISIBLE}]+$", max_length=64)]
"""The number by which the source knows a ticket, a customer or a contract."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", max_length=40)]
"""A name of the IANA time zone database."""
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$")]
"""E.164. On a log topic only a number of a centre, never one of a customer."""
ProductVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9A-Za-z-]+)*$", max_length=40)]
"""`2024.1`, `8.6.2`; what stands before the first point is the major version."""

CorrelationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:/%-]+$", max_length=200)]
"""What all events that go back to one message have in common: the id of the first command."""


def _refuse_others(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("true, false and a text are no numbers")  # noqa: TRY004 - pydantic takes it as a finding
    return value


ONLY_NUMBERS = BeforeValidator(_refuse_others)
"""Of a whole number as JSON Schema knows it: `7200` and `7200.0`, and nothing that only looks like one."""
Seconds = Annotated[int, Field(ge=0, le=INT32), ONLY_NUMBERS]
Microseconds = Annotated[int, Field(ge=0, le=EXACT_IN_JSON), ONLY_NUMBERS]
Count = Annotated[int, Field(ge=1, le=INT32), ONLY_NUMBERS]
"""A number of things, or which of them it is."""
LAST_SEQUENCE = 9_999_999_999
Sequence = Annotated[int, Field(ge=1, le=LAST_SEQUENCE), ONLY_NUMBERS]
"""The place of an event in its stream, from 1."""
PlanVersion = Annotated[int, Field(ge=1, le=INT32), ONLY_NUMBERS]
"""The number of a publication of a plan part; a later one is greater."""
TzVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}[a-z]$")]
"""A release of the IANA time zone database, `2026f`; a later one is greater as text."""
Attempt = Count


PartitionNumber = Annotated[int, Field(ge=0, le=INT32)]
Offset = Annotated[int, Field(ge=0, le=INT64)]


class OpenCode(StrEnum):
    """A list of codes that may grow: a reader older than a code keeps it as it stands, so it has no `assert_never`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Keep a well-formed code that is not in the list."""
        if not isinstance(value, str) or len(value) > LONGEST_CODE or not _CODE.fullmatch(value):
            return None
        newer = str.__new__(cls, value)
        newer._name_ = newer._value_ = value
        return newer

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say to other programs that codes may come."""
        known = handler.resolve_ref_schema(handler(core))
        known["anyOf"] = [{"enum": known.pop("enum")}, {"pattern": f"^{_CODE.pattern}$", "maxLength": LONGEST_CODE}]
        return known


class PrivateKey(Value):
    """Where the personal data of one door record stand in the private topic."""

    person: PersonId
    topic: TopicName
    """The door topic of the record."""
    partition: PartitionNumber
    offset: Offset

    def text(self) -> str:
        """The record's key in the private topic: `person/source/number/topic/partition/offset`."""
        return f"{self.person}/{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "PrivateKey":
        """Read what `text` gives; raises pydantic's ValidationError where it is no such key."""
        person, topic, partition, offset = ["", "", "", *text.rsplit("/", 3)][-4:]
        return cls.model_validate({"person": person, "topic": topic, "partition": partition, "offset": offset})


class FactVersion(Value):
    """A foreign fact that a decision rests on: a stream, and how far it had been read."""

    stream: StreamId
    sequence: Sequence
