"""The plan as it stands in its files, read into the parts that are published one by one."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from libs.messages.plan import (
    CentreCalendar,
    Closure,
    PriceList,
    ProductVersions,
    ResponseTargets,
)

CENTRES, HOLIDAYS, TARGETS, PRICES, VERSIONS = FILES = (
    "centres.yaml",
    "holidays.csv",
    "targets.yaml",
    "prices.yaml",
    "versions.yaml",
)
HOLIDAY_COLUMNS = {"centre", "date", "name", "status"}
T = TypeVar("T")


class BadPlan(ValueError):  # noqa: N818 - named for what was given
    """Files that are no plan; the text names file and place."""


@dataclass(frozen=True)
class Plan:
    """Everything that is published, each part with a version of its own."""

    centres: tuple[CentreCalendar, ...]
    targets: ResponseTargets
    prices: tuple[PriceList, ...]
    products: tuple[ProductVersions, ...]


def parse_plan(texts: Mapping[str, str]) -> Plan:
    """Read the texts of `FILES`, by file name; raises `BadPlan`."""
    if missing := set(FILES) - set(texts):
        raise BadPlan(f"{', '.join(sorted(missing))}: missing")
    closures = _closures(texts[HOLIDAYS])
    centres = [
        {**centre, "closures": closures.pop(str(centre.get("centre")), [])}
        for centre in _load(CENTRES, texts[CENTRES], list[dict[str, object]])
    ]
    if closures:
        raise BadPlan(f"{HOLIDAYS}: {', '.join(closures)}: no centre of {CENTRES}")
    plan = Plan(
        _parsed(CENTRES, centres, tuple[CentreCalendar, ...]),
        _load(TARGETS, texts[TARGETS], ResponseTargets),
        _load(PRICES, texts[PRICES], tuple[PriceList, ...]),
        _load(VERSIONS, texts[VERSIONS], tuple[ProductVersions, ...]),
    )
    _check_distinct(plan)
    return plan


def _load(file: str, text: str, kind: type[T]) -> T:
    try:
        return _parsed(file, yaml.safe_load(text), kind)
    except yaml.YAMLError as error:
        raise BadPlan(f"{file}: {error}") from error


def _parsed(file: str, data: object, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_python(data, extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadPlan(f"{file}: {place}: {first['msg']}") from error


def _closures(text: str) -> dict[str, list[Closure]]:
    """Closures by centre; the columns `from` and `to`, where there are any, close a part of the day."""
    rows = csv.DictReader(StringIO(text), strict=True)
    if lacking := HOLIDAY_COLUMNS - set(rows.fieldnames or ()):
        raise BadPlan(f"{HOLIDAYS}: no column {', '.join(sorted(lacking))}")
    found: dict[str, list[Closure]] = {}
    for number, row in enumerate(rows, start=2):
        fields = {
            "day": row["date"],
            "name": row["name"],
            "status": row["status"],
            "closed_from": row.get("from") or None,
            "closed_to": row.get("to") or None,
        }
        found.setdefault(row["centre"], []).append(_parsed(f"{HOLIDAYS}, line {number}", fields, Closure))
    return found


def _check_distinct(plan: Plan) -> None:
    _no_repeat(CENTRES, "centre", (centre.centre for centre in plan.centres))
    _no_repeat(CENTRES, "country", (country for centre in plan.centres for country in centre.countries))
    _no_repeat(CENTRES, "number", (phone.number for centre in plan.centres for phone in centre.phones))
    _no_repeat(PRICES, "currency", (prices.currency for prices in plan.prices))
    _no_repeat(VERSIONS, "product", (product.product for product in plan.products))


def _no_repeat(file: str, what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadPlan(f"{file}: {what} {name} stands there twice")
        seen.add(name)
