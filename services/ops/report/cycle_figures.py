"""What is measured without a promise: cycles counted by measure and centre, from what is known of each ticket."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from libs.messages.cycles import Measure
from libs.plan.certificates import MICROSECOND
from services.ops.report.accounts import Days
from services.ops.report.attainment import Lengths, spread
from services.ops.sla.response_times import Length
from services.ops.sla.ticket_cycles import KnownCycles, Measured, length, measured

ORDER = tuple(Measure)


class CycleFigures(NamedTuple):
    """Cycles of a measure at a centre, or at all; met and missed are None where none of them has a target."""

    measure: Measure
    centre: str | None
    ended: int
    abandoned: int
    """Ended by something else than what they waited for."""
    running: int
    """Now, like the paused ones, whenever they began."""
    paused: int
    met: int | None
    missed: int | None
    """Of the ended and the abandoned ones."""
    missed_and_running: int | None
    """Of the running and the paused ones."""
    took: Lengths
    """From beginning to end, of the ended ones; no pause is working time."""


class Measures(NamedTuple):
    """Figures in order of measures and centres, and of each measure at all centres."""

    groups: tuple[CycleFigures, ...]
    totals: tuple[CycleFigures, ...]


@dataclass
class CycleTally:
    """What is counted so far, lengths in microseconds."""

    counts: Counter[str] = field(default_factory=Counter)
    working: "array[int]" = field(default_factory=lambda: array("q"))
    wall: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, one: Measured, took: Length | None) -> None:
        """Count one cycle; `took` where it ended and is not abandoned."""
        self.counts[one.stage] += 1
        self.counts["targeted"] += one.targeted is not None
        self.counts["met"] += one.is_met
        self.counts["missed" if one.cycle.ended_at else "missed and running"] += one.is_missed
        if took is not None:
            self.wall.append(took.wall // MICROSECOND)
        if took is not None and took.working is not None:
            self.working.append(took.working // MICROSECOND)

    def figures(self, measure: Measure, centre: str | None) -> CycleFigures:
        """What was counted."""
        counts, has_target = self.counts, self.counts["targeted"] > 0
        return CycleFigures(
            measure=measure,
            centre=centre,
            ended=counts["ended"],
            abandoned=counts["abandoned"],
            running=counts["running"],
            paused=counts["paused"],
            met=counts["met"] if has_target else None,
            missed=counts["missed"] if has_target else None,
            missed_and_running=counts["missed and running"] if has_target else None,
            took=Lengths(spread(self.working), spread(self.wall)),
        )


def together(tallies: Iterable[CycleTally]) -> CycleTally:
    """Add some up."""
    total = CycleTally()
    for tally in tallies:
        total.counts += tally.counts
        total.working.extend(tally.working)
        total.wall.extend(tally.wall)
    return total


class MeasureCount:
    """Counts the cycles of tickets one by one; it keeps two numbers of each ended one, so that a million fit."""

    def __init__(self, days: Days, now: datetime) -> None:
        self._days, self._now = days, now
        self._tallies: defaultdict[tuple[Measure, str], CycleTally] = defaultdict(CycleTally)

    def add(self, known: KnownCycles) -> None:
        """Count the cycles of a ticket that ended on these days of its centre, and those that run."""
        centre = known.story.centre
        for one in measured(known):
            if one.cycle.ended_at is None or self._days.hold(centre, one.cycle.ended_at):
                self._tallies[one.cycle.measure, centre].add(one, self._took(one, centre))

    def found(self) -> Measures:
        """What was counted."""
        ordered = sorted(self._tallies, key=lambda name: (ORDER.index(name[0]), name[1]))
        by_measure = {measure: [t for (of, _), t in self._tallies.items() if of is measure] for measure in ORDER}
        return Measures(
            groups=tuple(self._tallies[name].figures(*name) for name in ordered),
            totals=tuple(together(tallies).figures(measure, None) for measure, tallies in by_measure.items()),
        )

    def _took(self, one: Measured, centre: str) -> Length | None:
        return length(one.cycle, centre, self._days.grounds, self._now) if one.stage == "ended" else None


def measures(tickets: Iterable[KnownCycles], days: Days, now: datetime) -> Measures:
    """Count the cycles of some tickets."""
    count = MeasureCount(days, now)
    for known in tickets:
        count.add(known)
    return count.found()
