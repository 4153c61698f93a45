"""Working time on the calendars of the shipped plan, against `workclock`: one deadline, one further off, a million.

Both answer the same questions, and every answer is compared. Half of the instants fall anywhere to the microsecond, the
others on openings and closings, and up to a second beside them. Costs are seconds a deadline.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from libs.plan import working_calendar
from libs.stack.wait import machine_seconds
from libs.workcal import WorkingCalendar, add_working_time
from libs.workcal.many import Instants, deadlines_over
from libs.workcal.zones import EPOCH
from services.contract.plan import read_plan
from tests.bench.fetched import fetched
from tests.bench.rounds import Bar, Competitor, Part, alternate, compare
from tests.bench.stage import Stage

ONE, ONE_THERE = "one deadline", "one deadline, workclock"
LOCAL, LOCAL_THERE = "one deadline in local time", "one deadline in local time, workclock"
FAR = "one deadline 40 hours ahead"
MANY, MANY_THERE = "a million at once", "a million with add_many"
BARS = (
    Bar("one deadline, asked in UTC, against workclock", ONE, ONE_THERE, 2, 4),
    Bar("one deadline, asked in the centre's time, against workclock", LOCAL, LOCAL_THERE, 2, 4),
    Bar("one deadline 40 hours ahead against one 4 hours ahead", FAR, ONE, 0.91),
    Bar("a million deadlines over eight calendars against add_many", MANY, MANY_THERE, 8, 20),
)
NEAR, FAR_AHEAD = timedelta(hours=4), timedelta(hours=40)
ITEMS, ALONE, PASSES = 1_000_000, 5_000, 20
SECOND = 1_000_000
MICROSECOND = timedelta.resolution
MARGIN = timedelta(days=60)  # a calendar that ends sooner than this gives no deadline


async def measure(stage: Stage) -> Part:
    """Ask both in turn; no server is needed."""
    race = Race()
    costs = await alternate(stage.rounds, race.competitors())
    figures = {name: f"{min(of) * 1e6:.3f} to {max(of) * 1e6:.3f} µs a deadline" for name, of in costs.items()}
    equal = f"{ITEMS:,} at once and {3 * ALONE:,} alone, on {len(race.calendars)} calendars"
    return Part("working time", compare(costs, BARS), {**figures, "equal answers": equal, "against": race.library})


class Race:
    """The competitors, and what they are asked."""

    def __init__(self) -> None:
        sys.path.append(str(fetched()))
        self._workclock, self.library = import_module("workclock"), f"workclock {version('workclock')}"
        self.calendars = [working_calendar(centre) for centre in read_plan().centres]
        self._schedules = [self._schedule(calendar) for calendar in self.calendars]
        random = np.random.default_rng(20261124)
        self._which = random.integers(0, len(self.calendars), ITEMS)
        self._starts = np.empty(ITEMS, "datetime64[us]")
        for place, calendar in enumerate(self.calendars):
            mine = self._which == place
            self._starts[mine] = instants(random, calendar, int(np.count_nonzero(mine)))
        self._targets = random.choice(np.array([2, 4, 40], "timedelta64[h]"), ITEMS).astype("timedelta64[us]")

    def competitors(self) -> dict[str, Competitor]:
        """Give them in the order of the first round."""
        here = [self.calendars[place] for place in self._which[:ALONE]]
        there = [self._schedules[place] for place in self._which[:ALONE]]
        starts = [start.replace(tzinfo=UTC) for start in self._starts[:ALONE].tolist()]
        local = [start.astimezone(calendar.civil) for start, calendar in zip(starts, here, strict=True)]
        add = self._workclock.Schedule.add
        near, far = (list(map(add, there, starts, [target] * ALONE)) for target in (NEAR, FAR_AHEAD))
        return {
            ONE: alone(add_working_time, here, starts, NEAR, near),
            ONE_THERE: alone(add, there, starts, NEAR, near),
            FAR: alone(add_working_time, here, starts, FAR_AHEAD, far),
            LOCAL: alone(add_working_time, here, local, NEAR, near),
            LOCAL_THERE: alone(add, there, local, NEAR, near),
            **self._at_once(),
        }

    def _at_once(self) -> dict[str, Competitor]:
        """Ours takes the items as they come; theirs, which knows one calendar a call, has them sorted before."""
        shares = [np.flatnonzero(self._which == place) for place in range(len(self.calendars))]
        in_shares, pairs = np.concatenate(shares), zip(self._schedules, shares, strict=True)
        asked = [(schedule, self._starts[mine], self._targets[mine]) for schedule, mine in pairs]
        expected = np.concatenate([schedule.add_many(starts, targets) for schedule, starts, targets in asked])

        async def here() -> float:
            began = machine_seconds()
            due = deadlines_over(self.calendars, self._which, self._starts, self._targets)
            cost = machine_seconds() - began
            check(self._starts[in_shares], due[in_shares], expected)
            return cost / ITEMS

        async def there() -> float:
            began = machine_seconds()
            due = [schedule.add_many(starts, targets) for schedule, starts, targets in asked]
            cost = machine_seconds() - began
            check(self._starts[in_shares], np.concatenate(due), expected)
            return cost / ITEMS

        return {MANY: here, MANY_THERE: there}

    def _schedule(self, calendar: WorkingCalendar) -> Any:
        if calendar.openings or any(closure.hours for closure in calendar.closures):
            raise ValueError(f"{calendar.name} has extra openings or closures of some hours: workclock knows neither")
        days = [(day, hours) for day, of_day in enumerate(calendar.week) for hours in of_day]
        weekly = [self._workclock.WorkDay(hours.opens, hours.closes, [day]) for day, hours in days]
        holidays = self._workclock.Holidays(closure.day for closure in calendar.closures)
        return self._workclock.Schedule([*weekly, holidays], time_zone=calendar.zone)


def instants(random: np.random.Generator, calendar: WorkingCalendar, items: int) -> Instants:
    """Draw half of them anywhere, to the microsecond, and half next to an opening or a closing."""
    line, ends_at = calendar.timeline, calendar.ends_at - MARGIN
    edges = [edge.replace(tzinfo=None) for edge in (*line.opens, *line.closes) if edge < ends_at]
    beside = random.choice(np.array([-SECOND, -1, 0, 0, 1, SECOND], "timedelta64[us]"), items)
    near = random.choice(np.array(edges, "datetime64[us]"), items) + beside
    begins_us, ends_us = ((each - EPOCH) // MICROSECOND for each in (calendar.begins_at, ends_at))
    anywhere = random.integers(begins_us, ends_us, items).view("datetime64[us]")
    found: Instants = np.where(random.integers(0, 2, items) == 0, near, anywhere)
    return found


def alone(
    add: Callable[[Any, datetime, timedelta], datetime],
    calendars: Sequence[Any],
    starts: Sequence[datetime],
    target: timedelta,
    expected: Sequence[datetime],
) -> Competitor:
    """Ask one after the other, some times over; the quickest time counts, on both sides."""
    asked = list(zip(calendars, starts, strict=True))

    async def run() -> float:
        took = []
        for _ in range(PASSES):
            began = machine_seconds()
            due = [add(calendar, start, target) for calendar, start in asked]
            took.append(machine_seconds() - began)
            if due != expected:
                raise ValueError("the answers are not equal")
        return min(took) / len(asked)

    return run


def check(starts: Instants, found: Instants, expected: Instants) -> None:
    """Raise ValueError, with the first difference, where the answers are not equal."""
    other = np.flatnonzero(found != expected)
    if other.size:
        item = other[0]
        raise ValueError(f"{other.size} answers differ; from {starts[item]} to {found[item]}, or {expected[item]}")
