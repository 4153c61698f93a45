"""Lines of JSON on standard input, each answered at once by one line on standard output, whatever it is.

Only one line is held at a time. What is written is UTF-8, with instants in UTC and `Z`.
"""

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import typer

from services.ops.cli.output import json_of

LONGEST_LINE = 1 << 20  # bytes
LONGEST_ID = 200  # characters
SAFE_NUMBERS = range(-(2**53) + 1, 2**53)
"""Whole numbers that every reader of JSON can hold."""
SHOWN = 60  # characters of what was given that an answer repeats

Fields = Mapping[str, Any]
Identity = str | int


class BadLine(Exception):  # noqa: N818 - named for what was given
    """A line that can not be answered as asked: a code for programs, the field, and a sentence."""

    def __init__(self, code: str, field: str | None, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message


class InputLine(NamedTuple):
    """A line as it came, counted from 1; of one that is too long, only the beginning."""

    number: int
    raw: bytes


class Reply(NamedTuple):
    """The answer to a line, and whether the line was good."""

    said: Mapping[str, Any]
    is_good: bool


def answer_lines(answer: Callable[[InputLine], Reply]) -> None:
    """Answer every line of standard input in order, before the next is read; exit code 1 where one was bad."""
    answer_many(lambda some: map(answer, some), at_once=1)


def answer_many(answer: Callable[[Sequence[InputLine]], Iterable[Reply]], at_once: int) -> None:
    """Answer the lines of standard input in order, so many together; raises Exit with code 1 where one was bad."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    all_good, source = True, lines(sys.stdin.buffer)
    while some := list(islice(source, at_once)):
        for said, is_good in answer(some):
            all_good = all_good and is_good
            sys.stdout.write(f"{json_of(said)}\n")
        sys.stdout.flush()
    if not all_good:
        raise typer.Exit(1)


def lines(source: BinaryIO) -> Iterator[InputLine]:
    """Lines as they come in."""
    number = 0
    while raw := source.readline(LONGEST_LINE):
        number += 1
        rest = raw
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = source.readline(LONGEST_LINE)
        yield InputLine(number, raw if rest is raw else raw + rest[:1])


def fields_of(raw: bytes, decoder: json.JSONDecoder | None = None) -> Fields:
    """Read a line as one JSON object, by a decoder of its own if need be; raises BadLine."""
    found = _json(_text(raw), decoder or _DECODER)
    if not isinstance(found, dict):
        raise BadLine("not_an_object", None, f"a line holds one JSON object, not {_kind(found)}")
    return found


def text_in(fields: Fields, name: str) -> str:
    """A field that must be there and be a text; raises BadLine."""
    value = _given(fields, name)
    if not isinstance(value, str):
        raise BadLine("wrong_type", name, f"{name} is a text, not {_kind(value)}")
    return value


def identity_in(fields: Fields) -> Identity:
    """The id by which the sender knows the line, a text or a whole number; raises BadLine."""
    value = _given(fields, "id")
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise BadLine("wrong_type", "id", f"id is a text or a whole number, not {_kind(value)}")
    if len(value) > LONGEST_ID if isinstance(value, str) else value not in SAFE_NUMBERS:
        raise BadLine("too_long", "id", f"an id has at most {LONGEST_ID} characters, as a number at most 53 bits")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadLine("not_utf8", "id", "id holds half a character")
    return value


def shown(value: str) -> str:
    """Repeat something that was given, in quotes, shortened and in ASCII."""
    text = ascii(value[:SHOWN])
    return text if len(value) <= SHOWN and len(text) <= 2 * SHOWN else f"{text[:SHOWN]}..."


def first_twice(pairs: Sequence[tuple[str, Any]]) -> str:
    """The first of the names that stand in an object more than once; StopIteration where none does."""
    often = Counter(name for name, _ in pairs)
    return next(name for name, times in often.items() if times > 1)


def _given(fields: Fields, name: str) -> Any:
    if name not in fields:
        raise BadLine("missing", name, f"there is no {name}")
    return fields[name]


def _text(raw: bytes) -> str:
    if len(raw) > LONGEST_LINE:
        raise BadLine("too_long", None, f"a line has at most {LONGEST_LINE} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLine("not_utf8", None, f"byte {error.start + 1} is no UTF-8") from error
    if not text.strip():
        raise BadLine("empty_line", None, "there is nothing in the line")
    return text


def _json(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise BadLine("not_json", None, f"no JSON at character {error.pos + 1}: {error.msg}") from error
    except RecursionError as error:
        raise BadLine("not_json", None, "it is nested too deeply") from error
    except ValueError as error:
        raise BadLine("not_json", None, "a number has too many digits") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadLine("duplicate_key", None, f"{shown(first_twice(pairs))} stands there twice: which one is meant?")
    return found


def _no_number(name: str) -> None:
    raise BadLine("not_json", None, f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
