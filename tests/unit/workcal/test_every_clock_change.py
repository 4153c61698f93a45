"""Every zone around each kind of change that its clocks make from 2025 to 2035, against the slow walk."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

import numpy as np
import pytest

from libs.workcal import Closure, Hours, WorkingCalendar, add_working_time, is_open, working_time_between, zone
from libs.workcal.many import deadlines
from tests.unit.workcal.calendars import calendar, every_day, microseconds
from tests.unit.workcal.clocks import Change, kinds_of_zones, names, odd_kinds
from tests.unit.workcal.walk import Walk

pytestmark = pytest.mark.thorough

ONE_DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
QUARTER = timedelta(minutes=15)
DAY_OF_QUARTERS = 96


def said(edge: timedelta) -> str:
    hours, seconds = divmod(edge // SECOND, 3600)
    return f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}".removesuffix(":00")


def hours(opens: timedelta, closes: timedelta) -> str:
    return f"{said(opens)}-{said(closes)}"


def near(random: Random, change: Change) -> list[str]:
    """Two stretches of hours that open and close within two hours of the change, or at midnight."""
    _, at = change.kind
    around = {(at // QUARTER + quarters) % DAY_OF_QUARTERS for quarters in range(-8, 9)}
    edges = sorted(random.sample(sorted({*around, 0, DAY_OF_QUARTERS}), 4))
    return [hours(opens * QUARTER, closes * QUARTER) for opens, closes in (edges[:2], edges[2:])]


def calendars(change: Change) -> Iterator[WorkingCalendar]:
    """Hours, part-day closures, round the clock, and up to midnight, each with edges near the change."""
    random = Random(f"{change.zone} {change.kind}")
    today = change.shown.date()
    span = (change.zone, today - 9 * ONE_DAY, today + 9 * ONE_DAY)
    yield of(every_day(*near(random, change)), span)
    yield of(every_day(*near(random, change)), span, *parts(random, change))
    yield of(every_day("00:00-24:00"), span, *parts(random, change))
    yield of(every_day("00:00-01:30", "22:15-24:00"), span, Closure(today + random.randint(-1, 1) * ONE_DAY))


def of(week: tuple[tuple[Hours, ...], ...], span: tuple[str, date, date], *closures: Closure) -> WorkingCalendar:
    name, first_day, last_day = span
    return calendar(week, name, *closures, first_day=first_day, last_day=last_day)


def parts(random: Random, change: Change) -> list[Closure]:
    days = [change.shown.date() + days * ONE_DAY for days in (-1, 0, 1)]
    return [Closure(day, "", Hours.parse(each)) for day in days for each in near(random, change)[:1]]


@pytest.mark.parametrize("name", kinds_of_zones())
def test_around_a_change_of_clocks_working_time_equals_a_walk(name: str) -> None:
    for change in kinds_of_zones()[name]:
        for made in calendars(change):
            walk = Walk(made, zone(name), change.at - 4 * ONE_DAY, change.at + 4 * ONE_DAY, QUARTER)
            inside = [change.at - 2 * ONE_DAY + n * QUARTER for n in range(4 * DAY_OF_QUARTERS)]
            worked = [walk.works(instant) for instant in inside]
            assert [is_open(made, instant) for instant in inside] == worked
            agree(made, [instant for instant, works in zip(inside, worked, strict=True) if works], QUARTER, inside[0])


def agree(made: WorkingCalendar, worked: Sequence[datetime], step: timedelta, begin: datetime) -> None:
    """Say that each step worked through ends a deadline, asked one by one, at once, and backwards."""
    targets = [n * step for n in range(1, len(worked) + 1)]
    due = [instant + step for instant in worked]
    starts = np.full(len(due), begin.replace(tzinfo=None), "datetime64[us]")
    assert deadlines(made, starts, np.array(targets, "timedelta64[us]")).tolist() == microseconds(due)
    for n in range(0, len(due), max(len(due) // 12, 1)):
        assert add_working_time(made, begin, targets[n]) == due[n]
        assert working_time_between(made, begin, due[n]) == targets[n]


@pytest.mark.parametrize("change", odd_kinds(), ids=str)
def test_around_each_kind_of_change_working_time_equals_a_walk_second_by_second(change: Change) -> None:
    shift, at = change.kind
    low = min(at, at + shift) % ONE_DAY
    high, middle = min(low + abs(shift), ONE_DAY - SECOND), low + abs(shift) / 2
    week = every_day(
        hours(max(low - 2 * SECOND, 0 * SECOND), middle + 3 * SECOND), hours(middle + 7 * SECOND, high + SECOND)
    )
    closed = Closure(change.shown.date(), "", Hours.parse(hours(middle - 9 * SECOND, middle + 8 * SECOND)))
    today = change.shown.date()
    made = of(week, (change.zone, today - 9 * ONE_DAY, today + 9 * ONE_DAY), closed)
    walk = Walk(made, zone(change.zone), change.at - 27 * HOUR, change.at + 27 * HOUR, SECOND)
    begin = change.at - 2 * HOUR
    inside = [begin + n * SECOND for n in range(4 * 3600)]
    agree(made, [instant for instant in inside if walk.works(instant)], SECOND, begin)


def test_every_zone_that_changes_its_clocks_is_there() -> None:
    there = {name for one in kinds_of_zones() for name in names()[one]}
    assert len(there) > 190
    assert {"Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "US/Eastern"} <= there
    assert {change.shift for change in odd_kinds()} == {quarters * QUARTER for quarters in (-8, -4, -2, 2, 4, 8)}
