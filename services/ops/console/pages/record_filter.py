"""Which records of a topic are wanted: by type, stream, key, a field of the content, a header and the time."""

import json
from datetime import datetime
from typing import Any

from pydantic import Field

from libs.eventlog.wire.record import Record
from services.ops.console.masking import Shape
from services.ops.console.pages.page import Query

NOT_THERE = object()


class RecordFilter(Query):
    """What is asked of records; it stands in the URL. Nothing is asked where all are None."""

    type: str | None = Field(default=None, description="A type, or a part of one")
    stream: str | None = Field(default=None, description="How the id of the stream begins")
    key: str | None = Field(default=None, description="A part of the key")
    field: str | None = Field(default=None, description="A field: `centre`, `requester/language`, or of the envelope")
    value: str | None = Field(default=None, description="What the field holds; without it, that it is there")
    header: str | None = Field(default=None, description="A header that is there, or name=value")
    since: datetime | None = Field(default=None, description="Written at this instant or later; UTC without an offset")
    until: datetime | None = Field(default=None, description="Written before this instant")

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return any(value is not None for name, value in self if name in RecordFilter.model_fields)

    def filters(self) -> dict[str, str]:
        """What is asked, as it stands in a URL."""
        said = self.model_dump(mode="json", include=set(RecordFilter.model_fields), exclude_none=True)
        return {name: str(value) for name, value in said.items()}


def wanted(asked: RecordFilter, record: Record, shape: Shape) -> bool:
    """Whether a record is asked for; what is masked can not be asked for either, or it could be guessed."""
    return (
        _is_in_time(asked, record)
        and (asked.type is None or asked.type.lower() in (shape.type or "").lower())
        and (asked.stream is None or (shape.stream or "").startswith(asked.stream))
        and (asked.key is None or (not shape.masked and asked.key.encode() in (record.key or b"")))
        and (asked.field is None or (not shape.masked and _has(asked, shape)))
        and (asked.header is None or (not shape.masked and _has_header(asked.header, record)))
    )


def _is_in_time(asked: RecordFilter, record: Record) -> bool:
    at = record.timestamp / 1000
    since, until = asked.since, asked.until
    return (since is None or at >= since.timestamp()) and (until is None or at < until.timestamp())


def _has(asked: RecordFilter, shape: Shape) -> bool:
    assert asked.field is not None  # noqa: S101 - whoever calls has looked
    found = value_at(shape.data, asked.field.removeprefix("data/"))
    if found is NOT_THERE:
        found = shape.attributes.get(asked.field, NOT_THERE)
    if found is NOT_THERE:
        return False
    return asked.value is None or asked.value == (found if isinstance(found, str) else json.dumps(found))


def value_at(data: Any, path: str) -> Any:
    """What stands at a path like `requester/language` or `certificate/intervals/0`; NOT_THERE where nothing does."""
    for step in path.split("/"):
        match data:
            case dict() if step in data:
                data = data[step]
            case list() if step.isascii() and step.isdecimal() and int(step) < len(data):
                data = data[int(step)]
            case _:
                return NOT_THERE
    return data


def _has_header(asked: str, record: Record) -> bool:
    name, given, value = asked.partition("=")
    return any(
        name == header and (not given or value.encode() == (content or b"")) for header, content in record.headers
    )
