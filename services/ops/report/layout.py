"""A report of attainment laid out: as rows of a table for people, as flat rows for CSV, whole for other programs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Attainment, Lengths, Miss, PromiseGroup, Spread
from services.ops.report.misses import data as miss_data
from services.ops.report.misses import why
from services.ops.sla.response_times import seconds, spoken

COUNTS = ("promised", "met", "breached", "attainment", "running", "cancelled", "not_promised", "unanswered")
COLUMNS = ("centre", "channel", *COUNTS, "first response: median", "p95", "late by: median", "p95 ", "max")
"""Of the groups; a length is working time / wall time."""
MISS_COLUMNS = ("ticket", "centre", "channel", "opened_at", "due_at", "responded_at", "late by", "why")
LENGTHS = {"to_first_response": ("median", "p95"), "late_by": ("median", "p95", "max"), "early_by": ("median", "p95")}
"""What is said of each length, and by which ranks."""
FLAT = (
    "centre",
    "channel",
    *COUNTS,
    *(
        f"{name}_{time}_{rank}_seconds"
        for name, ranks in LENGTHS.items()
        for time in ("working", "wall")
        for rank in ranks
    ),
    "working_unknown",
)
"""The columns in CSV."""
FLAT_MISS = (
    "ticket",
    "centre",
    "channel",
    "opened_at",
    "due_at",
    "responded_at",
    "late_by_working_seconds",
    "late_by_wall_seconds",
    "why",
)


def groups_of(found: Attainment) -> Sequence[PromiseGroup]:
    """The groups, and all of them together at the end."""
    return [*found.groups, found.total]


def data(found: Attainment, ledger: Ledger) -> dict[str, Any]:
    """Everything as data for other programs."""
    return {
        "ledger": ledger,
        "groups": [group.data() for group in found.groups],
        "total": found.total.data(),
        "verdicts_that_differ_in_the_other_ledger": found.differing,
        "misses": [miss_data(miss, ledger) for miss in found.misses],
    }


def shown(group: PromiseGroup) -> Mapping[str, object]:
    """Lay a group out for people."""
    first, late = group.to_first_response, group.late_by
    counts = {name: getattr(group, name) for name in COUNTS}
    return {
        **_named(group),
        **counts,
        "attainment": percentage(group.met, group.met + group.breached),
        "first response: median": both(first.working.median, first.wall.median),
        "p95": both(first.working.p95, first.wall.p95),
        "late by: median": both(late.working.median, late.wall.median),
        "p95 ": both(late.working.p95, late.wall.p95),
        "max": both(late.working.most, late.wall.most),
    }


def flat(group: PromiseGroup) -> Mapping[str, object]:
    """Lay a group out for CSV; lengths in seconds."""
    counts = {name: getattr(group, name) for name in COUNTS}
    lengths = {
        f"{name}_{time}_{rank}_seconds": rank_seconds(getattr(getattr(group, name), time), rank)
        for name, ranks in LENGTHS.items()
        for time in Lengths._fields
        for rank in ranks
    }
    return {**_named(group), **counts, **lengths, "working_unknown": group.to_first_response.unknown}


def shown_miss(miss: Miss, ledger: Ledger) -> Mapping[str, object]:
    """Lay a miss out for people."""
    late = miss.late if miss.late and miss.late.wall > timedelta(0) else None
    by = both(late.working, late.wall) if late else None
    return {**miss_data(miss, ledger), "late by": by, "why": why(miss, ledger)}


def percentage(met: int, judged: int) -> str | None:
    """A share in percent with one decimal, rounded down: 100 % is all of them."""
    if not judged:
        return None
    tenths = 1000 * met // judged
    return f"{tenths // 10}.{tenths % 10} %"


def _named(group: PromiseGroup) -> Mapping[str, object]:
    return {"centre": group.centre or "all", "channel": group.channel or "all"}


def both(working: timedelta | None, wall: timedelta | None) -> str | None:
    """A working time, which may be unknown, and a wall time as text; None without a wall time."""
    if wall is None:
        return None
    return f"{'unknown' if working is None else spoken(working)} / {spoken(wall)}"


def rank_seconds(of: Spread, rank: str) -> float | None:
    """The median, the p95 or the max."""
    return seconds({"median": of.median, "p95": of.p95, "max": of.most}[rank])
