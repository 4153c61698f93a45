"""A working calendar as a value: the hours of a week, dated closures and extra openings of one place."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import combinations
from zoneinfo import ZoneInfo

from libs.workcal.hours import ALL_DAY, ONE_DAY, WEEKDAYS, BadHours, Hours, Week
from libs.workcal.timeline import Interval, Timeline, joined, without
from libs.workcal.zones import start_of_day, zone


class EmptyCalendar(ValueError):  # noqa: N818
    """A calendar that never opens: no deadline would ever come."""


@dataclass(frozen=True)
class Closure:
    """A local date on which the place is closed, wholly or for some hours."""

    day: date
    name: str = ""
    hours: Hours | None = None


@dataclass(frozen=True)
class Opening:
    """Hours on one local date beyond those of the week."""

    day: date
    hours: Hours


@dataclass(frozen=True)
class WorkingCalendar:
    """When one place works, from one local date to another, both included; `version` is that of its publication.

    Raises `UnknownZone`, `BadHours` or `EmptyCalendar`.
    """

    name: str
    zone: str
    week: Week
    version: int
    first_day: date
    last_day: date
    closures: tuple[Closure, ...] = ()
    openings: tuple[Opening, ...] = ()

    def __post_init__(self) -> None:
        _check_week(self.week)
        _check_openings(self.openings, self.closures)
        if self.first_day > self.last_day:
            raise BadHours(f"{self.name}: published from {self.first_day} to {self.last_day}")
        if not any(self.of_day(day) for day in _days(self.first_day, self.last_day)):
            raise EmptyCalendar(f"{self.name} never opens from {self.first_day} to {self.last_day}")

    @cached_property
    def civil(self) -> ZoneInfo:
        """Civil time of the place."""
        return zone(self.zone)

    @cached_property
    def begins_at(self) -> datetime:
        """The first published instant."""
        return start_of_day(self.first_day, self.civil)

    @cached_property
    def day_starts(self) -> tuple[datetime, ...]:
        """The instants at which the published local dates begin."""
        return tuple(start_of_day(day, self.civil) for day in _days(self.first_day, self.last_day))

    @cached_property
    def ends_at(self) -> datetime:
        """The instant before which everything is published."""
        return start_of_day(self.last_day + ONE_DAY, self.civil)

    @cached_property
    def timeline(self) -> Timeline:
        """All working time that is published; computed on first use, in some milliseconds."""
        return Timeline.of(self.of_days(self.first_day, self.last_day))

    def of_days(self, first_day: date, last_day: date) -> Iterator[Interval]:
        """Opening hours of local dates, in order and without overlap.

        Where clocks jump over a closing time, hours may overlap those that follow, even those of the next date.
        """
        return joined(interval for day in _days(first_day, last_day) for interval in self.of_day(day))

    def of_day(self, day: date) -> list[Interval]:
        """Opening hours of a local date as instants: those of the week and extra ones, less what is closed.

        Hours that a clock jump moves into the next date obey that date's closures, and end with the last date.
        """
        hours = (*self.week[day.weekday()], *self._extra_hours.get(day, ()))
        if not hours or ALL_DAY in self._closed_hours.get(day, ()) or not self._instants(day, [ALL_DAY]):
            return []
        near = (day - ONE_DAY, day, day + ONE_DAY)
        gaps = [gap for each in near for gap in self._instants(each, self._closed_hours.get(each, ()))]
        return [left for interval in self._instants(day, hours) for left in without(interval, gaps)]

    def _instants(self, day: date, hours: Iterable[Hours]) -> list[Interval]:
        return [interval for each in hours if (interval := each.on(day, self.civil))]

    @cached_property
    def _closed_hours(self) -> Mapping[date, list[Hours]]:
        unpublished = Closure(self.last_day + ONE_DAY)
        return _hours_by_day((*self.closures, unpublished))

    @cached_property
    def _extra_hours(self) -> Mapping[date, list[Hours]]:
        return _hours_by_day(self.openings)


def _hours_by_day(dated: Iterable[Closure | Opening]) -> Mapping[date, list[Hours]]:
    found: dict[date, list[Hours]] = defaultdict(list)
    for each in dated:
        found[each.day].append(each.hours or ALL_DAY)
    return dict(found)


def _days(first_day: date, last_day: date) -> Iterator[date]:
    return (first_day + n * ONE_DAY for n in range((last_day - first_day).days + 1))


def _check_week(week: Week) -> None:
    if len(week) != len(WEEKDAYS):
        raise BadHours(f"a week has seven days, not {len(week)}")
    for name, day in zip(WEEKDAYS, week, strict=True):
        for one, other in combinations(day, 2):
            if one.overlaps(other):
                raise BadHours(f"{name}: {one} and {other} overlap")


def _check_openings(openings: Iterable[Opening], closures: Iterable[Closure]) -> None:
    closed = _hours_by_day(closures)
    for opening in openings:
        for hours in closed.get(opening.day, ()):
            if hours.overlaps(opening.hours):
                raise BadHours(f"{opening.day}: {opening.hours} is an extra opening and closed; close only a part")
