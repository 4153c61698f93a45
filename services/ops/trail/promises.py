"""Promises as they were known at an instant: as they stand, where nothing was recorded since; the others folded.

So few records are read, however long the log is: those of the promises that ran then, or were judged anew since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from services.ops.trail.as_of import Cut, in_place_of, moved_since, rows_then, values_of, without
from services.ops.trail.links import Chain
from services.sla_timer.projections import STATES
from services.sla_timer.promise.rows import PROMISES

MOVED = "moved"
PROJECTIONS = (PROMISES, STATES)
INSTEAD: Mapping[str, str] = {**in_place_of(PROJECTIONS, MOVED), "away_sla": without("away_sla", MOVED)}


@dataclass(frozen=True)
class PromisesThen:
    """What queries of promises see in place of the tables (`Queries`), and which calendars were known."""

    instead: Mapping[str, str]
    values: Mapping[str, object]
    calendars: frozenset[tuple[str, int]]
    """Stream and sequence of each."""


async def promises_then(chain: Chain, log: Log, cards: Mapping[str, Card], known_at: datetime) -> PromisesThen:
    """What was known of promises at an instant; raises Unavailable."""
    moved = await moved_since(chain, "promise", known_at)
    rows = await rows_then(log, cards, moved.links, Cut(known_at=known_at), PROJECTIONS)
    published = await chain.plan_recorded_by("calendar", known_at)
    values = {MOVED: list(moved.streams), **values_of(rows, PROJECTIONS)}
    return PromisesThen(INSTEAD, values, frozenset((link.stream, link.sequence) for link in published))
