"""The plan as a folder of files: what stands where, read from their texts."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import NamedTuple

import yaml

from libs.plan.problems import BadPlan, NoPlan, Problem
from libs.plan.published import Plan, validated

CENTRES, HOLIDAYS, TARGETS, PRICES, VERSIONS, NOTICES = FILES = (
    "centres.yaml",
    "holidays.csv",
    "targets.yaml",
    "prices.yaml",
    "versions.yaml",
    "notices.yaml",
)
PARTS = {"centres": CENTRES, "targets": TARGETS, "prices": PRICES, "products": VERSIONS, "notices": NOTICES}
NEEDED = ("centre", "date", "name", "status")
COLUMNS = (*NEEDED, "note", "from", "to")
"""Of holidays; the columns `from` and `to`, where there are any, close a part of the day."""


class Row(NamedTuple):
    """A line of holidays."""

    line: int
    fields: dict[str, str]

    def closure(self) -> dict[str, str]:
        """The line with the field names of a closure."""
        words = {"date": "day", "from": "closed_from", "to": "closed_to"}
        given = {column: text for column, text in self.fields.items() if text or column in NEEDED}
        return {words.get(column, column): text for column, text in given.items() if column != "centre"}


def parse_plan(texts: Mapping[str, str]) -> Plan:
    """Read the texts of `FILES`, by file name; raises `BadPlan` with every problem of a kind, or `NoPlan`."""
    if missing := [Problem(name, "", "missing") for name in FILES if name not in texts]:
        raise NoPlan(*missing)
    problems = list[Problem]()
    parts = {part: _yaml(file, texts[file], problems) for part, file in PARTS.items()}
    rows = _rows(texts[HOLIDAYS], problems)
    lines = _put_closures(parts["centres"], rows, problems)
    if problems:
        raise BadPlan(*problems)
    return validated(parts, lambda steps: _where(steps, lines))


def _yaml(file: str, text: str, problems: list[Problem]) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        problems.append(Problem(file, "", " ".join(str(error).split())))
        return None


def _rows(text: str, problems: list[Problem]) -> list[Row]:
    reader = csv.DictReader(StringIO(text), strict=True)
    try:
        wrong = list(_wrong_columns(reader.fieldnames or ()))
        rows = [] if wrong else [Row(reader.line_num, fields) for fields in reader]
    except csv.Error as error:
        wrong, rows = [Problem(HOLIDAYS, f"line {reader.line_num}", str(error))], []
    long = (row.line for row in rows if None in row.fields)
    problems += [*wrong, *(Problem(HOLIDAYS, f"line {n}", "too many fields; quote what holds a comma") for n in long)]
    return rows


def _wrong_columns(columns: Iterable[str]) -> Iterator[Problem]:
    """A column of another name would be ignored, and a closure of part of a day would then close all of it."""
    given = set(columns)
    for what, names in {"no column": set(NEEDED) - given, "not a column of holidays:": given - set(COLUMNS)}.items():
        if names:
            yield Problem(HOLIDAYS, "line 1", f"{what} {', '.join(sorted(names))}")


def _put_closures(centres: object, rows: Iterable[Row], problems: list[Problem]) -> dict[tuple[str, str], int]:
    """Add its closures to every centre; returns the line of the n-th closure of each centre."""
    if not isinstance(centres, list):
        return {}
    closures = dict[str, list[dict[str, str]]]()
    for centre in (centre for centre in centres if isinstance(centre, dict)):
        name = str(centre.get("centre"))
        if "closures" in centre:
            problems.append(Problem(CENTRES, name, f"closures stand in {HOLIDAYS}"))
        centre["closures"] = closures.setdefault(name, [])
    lines = dict[tuple[str, str], int]()
    for row in rows:
        if (name := row.fields["centre"]) in closures:
            lines[name, str(len(closures[name]))] = row.line
            closures[name].append(row.closure())
        else:
            problems.append(Problem(HOLIDAYS, f"line {row.line}", f"{name} is no centre of {CENTRES}"))
    return lines


def _where(steps: tuple[str, ...], lines: Mapping[tuple[str, str], int]) -> tuple[str, str]:
    match steps:
        case ("centres", centre, "closures", number, *rest):
            return HOLIDAYS, f"line {lines[centre, number]}{''.join(f': {step}' for step in rest)}"
        case ("closures",):
            return HOLIDAYS, ""
        case (part, *rest):
            return PARTS.get(part, part), ".".join(rest)
        case _:
            return "", ""
