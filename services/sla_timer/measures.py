"""What sla_timer says at `/metrics` of promises: how they stand, how soon they are due, how they were kept."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from libs.chassis.levels import Levels
from libs.chassis.service_host import ServiceHost

STANDINGS = ("in-time", "at-risk", "late", "without-promise")
MINUTES = (15, 60, 240, 1440)
VERDICTS = ("met", "breached")
WINDOWS = ("1h", "6h", "1d")


class PromiseMeasures:
    """Counted by the tables, by centre; a centre that was seen once stays, with 0."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock = host.queries, host.clock
        registry = host.metrics.registry
        self._standing = Levels(
            registry, "promises", "Tickets that nobody has answered yet, by how their promise stands", "centre state"
        )
        self._due = Levels(
            registry, "promises_due", "Promises that nobody has answered, due within so many minutes", "centre minutes"
        )
        self._verdicts = Levels(
            registry, "verdicts", "Promises that were due in a window of time, by verdict", "centre verdict window"
        )

    async def look(self) -> None:
        """Raises Unavailable."""
        now = self._clock.now()
        rows = await self._queries.rows("promises_measured", now=now)
        self._standing.set(standings(rows))
        self._due.set(due_within(rows))
        self._verdicts.set(verdicts(await self._queries.rows("verdicts_measured", now=now)))


def standings(rows: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, ...], float]:
    """By centre and standing; of a centre with any, each standing."""
    found = {(row["centre"], row["standing"]): row["promises"] for row in rows}
    return {key: found.get(key, 0) for key in product(sorted({centre for centre, _ in found}), STANDINGS)}


def due_within(rows: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, ...], float]:
    """By centre and minutes; who is due within 15 minutes is due within 60 as well."""
    found: dict[tuple[str, ...], float] = {}
    for row, minutes in product(rows, MINUTES):
        key = row["centre"], str(minutes)
        found[key] = found.get(key, 0) + row[f"within_{minutes}"]
    return found


def verdicts(rows: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, ...], float]:
    """By centre, verdict and window; of a centre with any, each of both."""
    found = {(row["centre"], row["verdict"], window): row[f"in_{window}"] for row, window in product(rows, WINDOWS)}
    centres = sorted({centre for centre, *_ in found})
    return {key: found.get(key, 0) for key in product(centres, VERDICTS, WINDOWS)}
