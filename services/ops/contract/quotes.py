"""A line of `olcare contract quote`: what it asks, and its answer."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from libs.messages.plan import PriceList
from libs.plan import NoPrice, Quote, quote
from services.ops.sla.json_lines import (
    SHOWN,
    BadLine,
    Fields,
    Identity,
    InputLine,
    Reply,
    fields_of,
    first_twice,
    identity_in,
    shown,
    text_in,
)

FIELDS = ("id", "licence_value", "currency", "kind", "on")
WHOLE = 10_000
"""Basis points in a whole."""
BEYOND = 1_000_000_000
"""An exponent whose digits no licence has; prices are the same by every one beyond it."""
ENOUGH = 20
"""Digits of a whole number by which it is seen to be too long for an id."""
_NUMBER = re.compile(r"(?P<sign>-?)(?P<digits>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE](?P<exponent>[+-]?[0-9]+))?")
_NOT_FINITE = re.compile(r"[+-]?(?:inf|infinity|s?nan)", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Literal:
    """A number as JSON has it, digit by digit."""

    text: str

    def plain(self) -> int | float:
        """A number of the same kind, for what takes no fraction and has its bounds."""
        return int(self.text[:ENOUGH]) if _WHOLE.fullmatch(self.text) else 0.5


class Object(dict[str, Any]):
    """An object of JSON; `twice` is a name that stands in it more than once."""

    twice: str | None = None


def quote_of(lists: Sequence[PriceList], line: InputLine) -> Reply:
    """Answer a line by all price lists."""
    identity: Identity | None = None
    try:
        fields = fields_of(line.raw, _DECODER)
        if _twice(fields) != "id":
            identity = identity_in(_plain(fields))
        _check_names(fields)
        found = _quoted(lists, fields)
    except BadLine as bad:
        error = {"code": bad.code, "field": bad.field, "message": bad.message}
        return Reply({"id": identity, "line": line.number, "error": error}, is_good=False)
    return Reply({"id": identity, **_said(found)}, is_good=True)


def _check_names(fields: Fields) -> None:
    if twice := _twice(fields):
        raise BadLine("duplicate_key", _name(twice), f"{shown(twice)} stands there twice: which one is meant?")
    if unknown := next((name for name in fields if name not in FIELDS), None):
        what = f"{shown(unknown)} is none of {', '.join(FIELDS)}"
        raise BadLine("unknown_field", _name(unknown), what)
    if missing := next((name for name in FIELDS if name not in fields), None):
        raise BadLine("missing", missing, f"there is no {missing}")


def _name(name: str) -> str | None:
    return name if name.isprintable() and len(name) <= SHOWN else None


def _quoted(lists: Sequence[PriceList], fields: Fields) -> Quote:
    texts = _plain(fields)
    currency, kind = text_in(texts, "currency"), text_in(texts, "kind")
    on, value = _day(text_in(texts, "on")), _value(fields["licence_value"])
    try:
        return quote(lists, currency, kind, value, on)
    except NoPrice as none:
        field = "licence_value" if none.field == "value" else none.field
        raise BadLine(none.code, field, none.message) from none


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise BadLine("bad_date", "on", f"{shown(text)} is no date: there is no such day") from error
    raise BadLine("bad_date", "on", f"{shown(text)} is no date like 2026-11-24")


def _value(given: object) -> Decimal:
    match given:
        case str(text) | Literal(text):
            return _number(text)
        case _:
            raise BadLine("wrong_type", "licence_value", "licence_value is a number, or a text that says one")


def _number(text: str) -> Decimal:
    if _NOT_FINITE.fullmatch(text):
        return Decimal("NaN")
    if (found := _NUMBER.fullmatch(text)) is None:
        raise BadLine("bad_value", "licence_value", f"{shown(text)} is no number like 12345.67")
    try:
        return Decimal(text)
    except InvalidOperation:
        return _beyond(found)


def _beyond(found: re.Match[str]) -> Decimal:
    """Stand in for a number whose exponent is beyond what can be held."""
    if not found["digits"].strip("0."):
        return Decimal(0)
    return Decimal(f"{found['sign']}1E{'-' if found['exponent'].startswith('-') else ''}{BEYOND}")


def _said(found: Quote) -> Mapping[str, Any]:
    return {
        "price": {"amount": f"{found.amount:f}", "currency": found.currency},
        "rate": _rate(found.rate),
        "price_list": {
            "version": found.price_list,
            "applies_from": found.applies_from,
            "status": found.status,
        },
        "adjusted": found.adjusted,
    }


def _rate(basis_points: int) -> str:
    """Say a rate as a fraction with two digits after the point at least: 0.20, 0.2525."""
    whole, rest = divmod(basis_points, WHOLE)
    return f"{whole}.{f'{rest:04}'.rstrip('0'):0<2}"


def _plain(fields: Fields) -> Fields:
    return {name: value.plain() if isinstance(value, Literal) else value for name, value in fields.items()}


def _twice(fields: Fields) -> str | None:
    return fields.twice if isinstance(fields, Object) else None


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = Object(pairs)
    if len(found) < len(pairs):
        found.twice = first_twice(pairs)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=Literal, parse_float=Literal, parse_constant=Literal)
