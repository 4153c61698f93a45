"""What of a record may be shown to everybody: of what may hold something about a person, the shape alone.

Log topics hold nothing personal, a test sees to that; doors, dead letters and the private topic do, and a receipt
repeats the key and the id that somebody wrote.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from libs.eventlog.wire.record import Record
from libs.messages.catalogue import UPSTREAM

OPEN = frozenset({"log", "clock"})
"""Kinds of topics whose records are shown as they are."""
MASK = "\N{BULLET}\N{BULLET}\N{BULLET}"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TYPES = frozenset(name for messages in UPSTREAM.values() for name in messages)
"""What may be said at doors: any other type may be whatever somebody wrote."""
_DEEPEST = 20


class Shape(NamedTuple):
    """A record as it may be shown: its attributes and its content; `masked` where something is hidden."""

    type: str | None
    stream: str | None
    attributes: Mapping[str, str]
    data: Any
    masked: bool


def shape(record: Record, *, is_open: bool) -> Shape:
    """Read a record as far as it can be read; what can not be read has no type and no data."""
    attributes, data = _parts(record)
    kind = attributes.get("type")
    if is_open:
        return Shape(kind, attributes.get("subject") or _text(record.key), attributes, data, masked=False)
    return Shape(kind if kind in _TYPES else None, None, {}, masked(data), masked=True)


def _parts(record: Record) -> tuple[dict[str, str], Any]:
    """The CloudEvents attributes and the data, in either mode."""
    try:
        content = json.loads(record.value or b"null")
    except ValueError:
        content = None
    in_headers = {name[3:]: _text(value) or "" for name, value in record.headers if name.startswith("ce_")}
    if in_headers:
        return in_headers, content
    if isinstance(content, dict) and "specversion" in content:
        return {name: str(value) for name, value in content.items() if name != "data"}, content.get("data")
    return {}, content


def masked(value: Any, depth: int = 0) -> Any:
    """The same shape with every value hidden, and every name that is no name of ours."""
    if depth > _DEEPEST:
        return MASK
    match value:
        case dict():
            return {(n if _NAME.fullmatch(n) else MASK): masked(inner, depth + 1) for n, inner in value.items()}
        case list():
            return [masked(inner, depth + 1) for inner in value]
        case None:
            return None
        case _:
            return MASK


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
