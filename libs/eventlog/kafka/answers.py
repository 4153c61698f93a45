"""Every answer of a broker is looked at for its error codes here, wherever in the answer they stand.

aiokafka leaves that to each caller, and its own calls pass some of them by: the code at the top of an answer about
committed offsets, after which an empty list would read as "nothing was committed".
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from aiokafka.errors import KafkaError, NoError, UnknownError, for_code
from aiokafka.protocol.api import Response
from aiokafka.protocol.types import Array, Schema

A = TypeVar("A", bound=Response)

Tolerated = Mapping[str, frozenset[int]]
"""Codes that the caller understands itself, by the list in which they stand."""
NOTHING: Tolerated = {}
_NAMING = {"topic", "name", "partition", "resource_name", "group", "error_message"}


class ErrorCode(NamedTuple):
    """A code other than 0: the list of the answer in which it stands ("" for the answer itself), and about what."""

    place: str
    code: int
    about: tuple[object, ...]


def checked(answer: A, tolerated: Tolerated = NOTHING) -> A:
    """Give the answer back where it has no error code but tolerated ones; raises the KafkaError of the first other."""
    for found in codes(answer):
        if found.code not in tolerated.get(found.place, ()):
            raise _error(answer, found)
    return answer


def codes(answer: Response) -> Iterator[ErrorCode]:
    """Every code in the answer that is not 0, those at its top first."""
    values = [answer.get_item(name) for name in answer.SCHEMA.names]
    yield from _in(answer.SCHEMA, values, "", ())


def _in(schema: Schema, values: Any, place: str, about: tuple[object, ...]) -> Iterator[ErrorCode]:
    code, naming, lists = _layout(schema)
    about = (*about, *(values[at] for at in naming if values[at] is not None))
    if code is not None and values[code] != NoError.errno:
        yield ErrorCode(place, values[code], about)
    for at, name, inner in lists:
        for entry in values[at] or ():
            yield from _in(inner, entry, name, about)


class _Layout(NamedTuple):
    """Where a part of an answer has its code, what names it, and the lists in which there are further codes."""

    code: int | None
    naming: tuple[int, ...]
    lists: tuple[tuple[int, str, Schema], ...]


@cache
def _layout(schema: Schema) -> _Layout:
    code = schema.names.index("error_code") if "error_code" in schema.names else None
    naming = tuple(at for at, name in enumerate(schema.names) if name in _NAMING)
    inner = (
        (at, name, _entries(kind)) for at, (name, kind) in enumerate(zip(schema.names, schema.fields, strict=True))
    )
    return _Layout(code, naming, tuple((at, name, entries) for at, name, entries in inner if entries))


def _entries(kind: Any) -> Schema | None:
    """What a list's entries look like, if there are codes in them."""
    entries = kind.array_of if isinstance(kind, Array) else None
    if not isinstance(entries, Schema):
        return None
    layout = _layout(entries)
    return entries if layout.code is not None or layout.lists else None


def _error(answer: Response, found: ErrorCode) -> KafkaError:
    kind = for_code(found.code)
    code = f"error code {found.code}, " if kind is UnknownError else ""
    return kind(f"{code}{type(answer).__name__} {' '.join(map(str, found.about))}".rstrip())
