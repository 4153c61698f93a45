"""Read what comes in at a door: CloudEvents 1.0 on Kafka, in binary mode and in structured mode with JSON.

Whatever a record holds, reading it gives a message or `Unreadable`; no error repeats what the record says, so that an
error can be logged and answered without customer data. The record's key matters only for the order.
"""

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from typing_extensions import TypeVar

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire import record as wire
from libs.eventlog.wire.field_errors import DATA, WHOLE, field_error, pointer
from libs.eventlog.wire.fingerprint import canonical
from libs.eventlog.wire.record import Record, why_raw
from libs.messages.base import Number
from libs.messages.envelope import MessageName, Source, Traceparent
from libs.messages.receipts import Unreadability
from libs.messages.sources import objection
from libs.messages.streams import normal
from libs.messages.upstream import Upstream

MAX_VALUE = 512 * 1024  # bytes; holds the longest text that a message may carry, in any script
MAX_SOURCE = 400  # characters, percent-encoded: with the longest number it makes an id of less than `LONGEST_ID`
YEARS = range(2000, 2100)  # a time outside of them is a mistake, and local days must not leave the calendar

_STRUCTURED, _JSON = "application/cloudevents", "application/json"
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_LEAP_SECOND = re.compile(r":60(?=(\.[0-9]+)?[Z+-])")
_BOM = b"\xef\xbb\xbf"
_IN_STREAM_IDS = frozenset({"source", "subject"})
_SOURCE: TypeAdapter[str] = TypeAdapter(Source)
_NUMBER: TypeAdapter[str] = TypeAdapter(Number)
_NAME: TypeAdapter[str] = TypeAdapter(MessageName)
_TRACE: TypeAdapter[str] = TypeAdapter(Traceparent)


U = TypeVar("U", bound=Upstream, default=Any)


class Message(NamedTuple, Generic[U]):
    """What an upstream system says; (`source`, `id`) names it, `subject` is the number of what it is about."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime
    """The instant in the world, in UTC."""
    data: U
    """One of the union of its door."""
    traceparent: str | None = None
    said: bytes = b""
    """Type and data, in the one form that all their spellings have."""


def parse(
    value: bytes | None, headers: Sequence[tuple[str, bytes | None]], upstream: Mapping[str, type[Upstream]]
) -> Message[Any]:
    """Read a door record; `upstream` are the types that the door takes. Raises Unreadable."""
    if why := why_raw(headers):
        raise _not_decoded(why)
    if value is None or not value:
        raise Unreadable(Unreadability.NO_VALUE, WHOLE, "the record has no value; send the event in it")
    if len(value) > MAX_VALUE:
        raise Unreadable(Unreadability.TOO_LARGE, WHOLE, f"the value is larger than {MAX_VALUE} bytes")
    attributes, data = _attributes(value, headers)
    return _message(attributes, data, upstream)


def _not_decoded(why: bytes) -> Unreadable:
    match why:
        case wire.TOO_MANY_HEADERS:
            return Unreadable(Unreadability.NOT_A_CLOUDEVENT, WHOLE, "the record has more than 200 headers; send fewer")
        case wire.UNPACKS_TOO_LARGE:
            text = "its batch unpacks to more than 1 MiB a record; send smaller values"
            return Unreadable(Unreadability.TOO_LARGE, WHOLE, text)
        case _:
            text = "its batch can not be unpacked, or its records not be told apart: it is broken; send it again"
            return Unreadable(Unreadability.NOT_A_CLOUDEVENT, WHOLE, text)


def named(record: Record) -> tuple[str, str] | None:
    """The source and the subject of a door record, where they can be read, whatever else is wrong with it."""
    attributes = _readable(record)
    source, subject = attributes.get("source"), attributes.get("subject")
    return (normal(source), normal(subject)) if isinstance(source, str) and isinstance(subject, str) else None


def identity_of(record: Record) -> tuple[str | None, str | None]:
    """The source and the id of a door record, each None where it can not be read or is none."""
    attributes = _readable(record)
    return _if_valid(_SOURCE, attributes.get("source")), _if_valid(_NAME, attributes.get("id"))


def _readable(record: Record) -> Mapping[str, Any]:
    """The attributes of a door record, as far as they can be read: nothing is said of the data."""
    value = record.value or b""
    if why_raw(record.headers) or len(value) > MAX_VALUE:
        return {}
    try:
        named = _headers(record.headers)
    except Unreadable:
        return {}
    if _has_attributes(named):
        return {name.removeprefix("ce_"): text for name, text in named.items()}
    try:
        event = from_json(value.removeprefix(_BOM), allow_inf_nan=False)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _if_valid(kind: TypeAdapter[str], value: object) -> str | None:
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


def _attributes(value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> tuple[Mapping[str, Any], bytes]:
    """The attributes and the data of an event, in structured or in binary mode; raises Unreadable."""
    named = _headers(headers)
    media_type = _media_type(named.get("content-type", ""))
    if media_type.startswith(_STRUCTURED) or (media_type == _JSON and not _has_attributes(named) and _is_event(value)):
        return _structured(value, media_type)
    return _binary(value, media_type, named)


def _has_attributes(named: Mapping[str, str]) -> bool:
    return any(name.startswith("ce_") for name in named)


def _is_event(value: bytes) -> bool:
    """Whether a value is a whole event that is declared as plain JSON, as some libraries send it."""
    try:
        event = from_json(value.removeprefix(_BOM), allow_inf_nan=False)
    except ValueError:
        return False
    return isinstance(event, dict) and "specversion" in event


def _headers(headers: Sequence[tuple[str, bytes | None]]) -> Mapping[str, str]:
    """Decode the headers that concern us; names in lower case."""
    named: dict[str, str] = {}
    for raw_name, value in headers:
        name = raw_name.lower()
        if value is None or not (name.startswith("ce_") or name in {"content-type", "traceparent"}):
            continue
        _text(raw_name.encode(errors="surrogatepass"), WHOLE)  # bytes that are not UTF-8 came as surrogates
        is_attribute = name != "content-type" and name.isascii() and name.isprintable()
        where = pointer(name.removeprefix("ce_")) if is_attribute else WHOLE
        if name in named:
            text = f"{'its header' if where else 'a header'} is there more than once, in whatever case"
            raise Unreadable(Unreadability.BAD_ATTRIBUTE, where[:100], text)
        named[name] = _text(value, where[:100])
    return named


def _text(value: bytes, where: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unreadable(Unreadability.NOT_UTF8, where, "this is not UTF-8") from None


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _structured(value: bytes, media_type: str) -> tuple[Mapping[str, Any], bytes]:
    if media_type not in {f"{_STRUCTURED}+json", _JSON}:
        text = f"send one event a record as {_STRUCTURED}+json; batches and other formats are not taken"
        raise Unreadable(Unreadability.UNKNOWN_CONTENT_TYPE, WHOLE, text)
    event = _json(value, WHOLE)
    if not isinstance(event, dict):
        raise Unreadable(Unreadability.NOT_AN_OBJECT, WHOLE, "the event must be a JSON object")
    data_type = event.get("datacontenttype")
    _check_json(_media_type(data_type) if isinstance(data_type, str) else data_type)
    return event, _data(event)


def _json(value: bytes, where: str) -> Any:
    value = value.removeprefix(_BOM)
    _text(value, where)
    try:
        found = from_json(value, allow_inf_nan=False)
    except ValueError as error:  # its text has a rule and a place, and nothing of what stands there
        raise Unreadable(Unreadability.NOT_JSON, where, f"this is not JSON: {error}"[:200]) from None
    _check_names(value, where)
    return found


def _check_names(value: bytes, where: str) -> None:
    """Check that no object has a name twice: readers differ in which of the two they take (RFC 8259, section 4)."""
    try:
        json.loads(value, object_pairs_hook=_once)
    except _Twice:
        raise Unreadable(Unreadability.NOT_JSON, where, "an object has a name twice; say it once") from None
    except (ValueError, RecursionError):
        return  # who reads it next says what is wrong with it


class _Twice(Exception):  # noqa: N818 - it names what was found
    """A name stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Twice


def _data(event: Mapping[str, Any]) -> bytes:
    if "data" in event and "data_base64" in event:
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/data_base64", "send data or data_base64, not both")
    if "data" in event:
        return to_json(event["data"])
    encoded = event.get("data_base64")
    if encoded is None:
        raise Unreadable(Unreadability.MISSING_ATTRIBUTE, DATA, "the event has no data")
    try:
        data = b64decode(encoded, validate=True)
    except (TypeError, ValueError, NotBase64):
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/data_base64", "this is not base64") from None
    _check_names(data, "/data_base64")
    return data


def _binary(value: bytes, media_type: str, named: Mapping[str, str]) -> tuple[Mapping[str, Any], bytes]:
    attributes = {name.removeprefix("ce_"): text for name, text in named.items() if name != "content-type"}
    if not attributes.keys() - {"traceparent"}:
        text = f"say content-type: {_STRUCTURED}+json, or send the attributes as headers that begin with ce_"
        raise Unreadable(Unreadability.NOT_A_CLOUDEVENT, WHOLE, text)
    _check_json(media_type or None)
    data = value.removeprefix(_BOM)
    _check_names(data, DATA)
    return attributes, data


def _check_json(media_type: object) -> None:
    """Check that the data are declared as JSON; without a declaration they are taken as JSON."""
    if media_type is None or (isinstance(media_type, str) and (media_type == _JSON or media_type.endswith("+json"))):
        return
    raise Unreadable(Unreadability.UNKNOWN_CONTENT_TYPE, "/datacontenttype", f"the data must be {_JSON}")


def _message(attributes: Mapping[str, Any], data: bytes, upstream: Mapping[str, type[Upstream]]) -> Message[Any]:
    if _given(attributes, "specversion") != "1.0":
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/specversion", "only CloudEvents 1.0 are taken")
    identity = _fitting(attributes, "id", _NAME, "at most 200 characters, none of them a control character")
    source = _source(attributes)
    kind = _given(attributes, "type")
    model = upstream.get(kind)
    if model is None:
        raise Unreadable(Unreadability.UNKNOWN_TYPE, "/type", "this door takes no such type")
    if sentence := objection(source, model):
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/source", sentence)
    subject = _fitting(attributes, "subject", _NUMBER, "a number of at most 64 characters, no blanks, no @")
    time = _time(_given(attributes, "time"))
    content, trace = _content(data, model), _trace(attributes)
    return Message(source, identity, kind, subject, time, content, trace, canonical(kind, data))


def _given(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if value is None or value == "":
        raise Unreadable(Unreadability.MISSING_ATTRIBUTE, pointer(name), f"the attribute {name} is missing or empty")
    if not isinstance(value, str):
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, pointer(name), f"the attribute {name} must be text")
    return value


def _fitting(attributes: Mapping[str, Any], name: str, kind: TypeAdapter[str], rule: str) -> str:
    value = _given(attributes, name)
    try:
        return kind.validate_python(normal(value) if name in _IN_STREAM_IDS else value)
    except ValidationError:
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, pointer(name), f"the attribute {name} must be {rule}") from None


def _source(attributes: Mapping[str, Any]) -> str:
    source = _fitting(attributes, "source", _SOURCE, "a reference of at most 128 characters, no blanks, no @")
    if len(quote(source, safe="")) > MAX_SOURCE:
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/source", "the attribute source is too long once it is encoded")
    return source


def _time(text: str) -> datetime:
    text, leap = _LEAP_SECOND.subn(":59", text.upper())
    try:
        time = datetime.fromisoformat(text) if _RFC3339.fullmatch(text) else None
        if time and leap:
            time = _after_leap_second(time)
    except (ValueError, OverflowError):
        time = None
    if time is None or time.year not in YEARS:
        rule = f"time must be RFC 3339 with an offset or Z, in the years {YEARS.start} to {YEARS.stop - 1}"
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/time", rule)
    return time.astimezone(UTC)


def _after_leap_second(time: datetime) -> datetime | None:
    """The second 60 as the first one of the next day in UTC; None where there can be none (RFC 3339, section 5.7)."""
    after = time.astimezone(UTC) + timedelta(seconds=1)
    return after if (after.hour, after.minute) == (0, 0) else None


def _content(data: bytes, model: type[U]) -> U:
    _text(data, DATA)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise field_error(error, data) from None


def _trace(attributes: Mapping[str, Any]) -> str | None:
    """The `traceparent`; None where it is invalid, which is no reason to reject a message."""
    try:
        return _TRACE.validate_python(attributes.get("traceparent"))
    except ValidationError:
        return None
