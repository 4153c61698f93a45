"""Figures of cycles laid out: as rows of a table for people, as flat rows for CSV, whole for other programs."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from services.ops.report.attainment import Lengths
from services.ops.report.cycle_figures import CycleFigures, Measures
from services.ops.report.layout import both, rank_seconds

RUNNING = ("running", "paused")
COUNTS = ("ended", "abandoned", *RUNNING, "met", "missed", "missed_and_running")
RANKS = ("median", "p95")
CYCLE_COLUMNS = ("measure", "centre", "ended", "abandoned", "running now", "paused now", *RANKS, *COUNTS[-3:])
"""A length is working time / wall time."""
FLAT_CYCLES = (
    "measure",
    "centre",
    *COUNTS,
    *(f"took_{time}_{rank}_seconds" for time in Lengths._fields for rank in RANKS),
    "working_unknown",
)
"""The columns in CSV."""


def lines_of(found: Measures) -> Iterator[CycleFigures]:
    """Each measure at its centres, and then at all of them."""
    of_measure = {measure: list(groups) for measure, groups in groupby(found.groups, key=attrgetter("measure"))}
    for total in found.totals:
        yield from of_measure.get(total.measure, ())
        yield total


def cycles_data(found: Measures) -> dict[str, Any]:
    """Everything as data for other programs."""
    return {"groups": list(map(_data, found.groups)), "totals": list(map(_data, found.totals))}


def shown_cycles(one: CycleFigures) -> Mapping[str, object]:
    """Lay a line out for people."""
    working, wall = one.took
    return {
        **_counted(one),
        **{f"{name} now": getattr(one, name) for name in RUNNING},
        "median": both(working.median, wall.median),
        "p95": both(working.p95, wall.p95),
    }


def flat_cycles(one: CycleFigures) -> Mapping[str, object]:
    """Lay a line out for CSV; lengths in seconds."""
    lengths = {
        f"took_{time}_{rank}_seconds": rank_seconds(getattr(one.took, time), rank)
        for time in Lengths._fields
        for rank in RANKS
    }
    return {**_counted(one), **lengths, "working_unknown": one.took.unknown}


def _counted(one: CycleFigures) -> dict[str, object]:
    counts = {name: getattr(one, name) for name in COUNTS}
    return {"measure": one.measure, "centre": one.centre or "all", **counts}


def _data(one: CycleFigures) -> dict[str, Any]:
    return {**one._asdict(), "took": one.took.data()}
