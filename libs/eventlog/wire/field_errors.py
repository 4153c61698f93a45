"""Which field of a message is wrong and what is expected, without repeating its value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from libs.eventlog.errors import Unreadable
from libs.messages.receipts import Unreadability

MAX_TEXT = 200  # characters: what a receipt can hold

# pydantic's own messages sometimes repeat the input (a tag, a part of a date), so each error type has one of ours;
# our validators (`value_error`) bring their own
_RULES: Mapping[str, str] = {
    "missing": "is missing",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must say in {discriminator} which it is: {expected_tags}",
    "union_tag_not_found": "must say in {discriminator} which it is",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or greater",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "value_error": "does not fit: {error}",
    "string_pattern_mismatch": "must have the form {pattern}",
}
_DATES = frozenset({"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"})


WHOLE, DATA = "", "/data"
"""The whole event and its data, as JSON Pointers."""


def pointer(*parts: str | int) -> str:
    """A JSON Pointer (RFC 6901) into the event as structured mode writes it."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def field_error(error: ValidationError, data: bytes) -> Unreadable:
    """Turn a validation error of the data, as they came, into the answer for its first field."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Unreadable(Unreadability.NOT_JSON, DATA, f"this is not JSON: {first['ctx']['error']}"[:MAX_TEXT])
    where = pointer("data", *_path(first["loc"], from_json(data)))
    text = f"{where} {_rule(first['type'], first.get('ctx', {}))}"
    reason = Unreadability.NOT_AN_OBJECT if where == DATA else Unreadability.BAD_FIELD
    return Unreadable(reason, where, text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…")


def _path(location: Sequence[str | int], data: Any) -> Iterator[str | int]:
    """The path to the error within the data.

    In the location that pydantic gives, the chosen member of a union is a step as well: it is left out.
    """
    at = data
    for index, part in enumerate(location):
        match at:
            case dict() if part in at:
                at = at[part]
                yield part
            case list() if isinstance(part, int) and part < len(at):
                at = at[part]
                yield part
            case dict() if index == len(location) - 1:
                yield part


def _rule(kind: str, context: Mapping[str, Any]) -> str:
    if kind in _DATES:
        return "must be a date, YYYY-MM-DD"
    return _RULES.get(kind, "does not fit the schema of its type").format_map(context)
