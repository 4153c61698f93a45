"""Working time found by looking at a clock on the wall, step by step. Knows nothing of how the calendar reckons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from libs.workcal import Hours, WorkingCalendar

ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Walk:
    """Instants from `first` to `last`, a step apart, which every opening and closing falls on.

    Local dates that do not lie wholly within are taken to be closed.
    """

    calendar: WorkingCalendar
    civil: ZoneInfo
    first: datetime
    last: datetime
    step: timedelta

    def instants(self, start: datetime) -> Iterator[datetime]:
        while start < self.last:
            yield start
            start += self.step

    @cached_property
    def first_shown(self) -> dict[datetime, datetime]:
        """What the wall shows → the first instant at which it does."""
        shown: dict[datetime, datetime] = {}
        for instant in self.instants(self.first):
            shown.setdefault(instant.astimezone(self.civil).replace(tzinfo=None), instant)
        return shown

    @cached_property
    def days(self) -> dict[date, tuple[list[Span], list[Span]]]:
        """Local date → when it is open by the hours of the week, and when closed."""
        local = [instant.astimezone(self.civil).date() for instant in (self.first, self.last)]
        days = [local[0] + n * ONE_DAY for n in range(1, (local[1] - local[0]).days)]
        return {day: (self.open_on(day), self.closed_on(day)) for day in days}

    def open_on(self, day: date) -> list[Span]:
        if any(closure.day == day and closure.hours is None for closure in self.calendar.closures):
            return []
        return [self.span(day, hours) for hours in self.calendar.week[day.weekday()]]

    def closed_on(self, day: date) -> list[Span]:
        return [self.span(day, each.hours) for each in self.calendar.closures if each.day == day and each.hours]

    def span(self, day: date, hours: Hours) -> Span:
        wall = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a clock on the wall knows no zone
        seconds = [each.hour * 3600 + each.minute * 60 + each.second for each in (hours.opens, hours.closes)]
        opens, closes = (wall + timedelta(seconds=each) for each in seconds)
        return self.instant_of(opens), self.instant_of(closes if seconds[1] else wall + ONE_DAY)

    def instant_of(self, wall: datetime) -> datetime:
        """A time that is never shown counts on from the last one that was."""
        before = wall
        while before not in self.first_shown:
            before -= self.step
        return self.first_shown[before] + (wall - before)

    def works(self, instant: datetime) -> bool:
        today = instant.astimezone(self.civil).date()
        for days in (-1, 0, 1):
            opened, closed = self.days.get(today + days * ONE_DAY, ([], []))
            if holds(opened, instant) and not holds(closed, instant):
                return True
        return False

    def due(self, start: datetime, target: timedelta) -> datetime | None:
        left = target
        for instant in self.instants(start):
            if self.works(instant):
                left -= self.step
                if not left:
                    return instant + self.step
        return None


def holds(spans: list[Span], instant: datetime) -> bool:
    return any(opens <= instant < closes for opens, closes in spans)


def changes_of_clocks(civil: ZoneInfo, first_year: int, last_year: int) -> Iterator[datetime]:
    """The instants at which a zone changes its offset, to the second."""
    instant = datetime(first_year, 1, 1, tzinfo=UTC)
    while instant.year <= last_year:
        following = instant + timedelta(days=7)
        if _offset(instant, civil) != _offset(following, civil):
            yield _first_after(instant, following, civil)
        instant = following


def _first_after(before: datetime, after: datetime, civil: ZoneInfo) -> datetime:
    seconds = timedelta(seconds=1)
    while after - before > seconds:
        middle = before + (after - before) // 2 // seconds * seconds
        before, after = (middle, after) if _offset(middle, civil) == _offset(before, civil) else (before, middle)
    return after


def _offset(instant: datetime, civil: ZoneInfo) -> timedelta | None:
    return instant.astimezone(civil).utcoffset()
