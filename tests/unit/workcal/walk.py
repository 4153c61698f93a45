"""Working time found by looking at a clock on the wall, step by step. Knows nothing of how the calendar reckons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
        backwards = reversed(list(self.instants(self.first)))
        return {instant.astimezone(self.civil).replace(tzinfo=None): instant for instant in backwards}

    @cached_property
    def days(self) -> dict[date, tuple[list[Span], list[Span]]]:
        """Local date → when it is open by the hours of the week, and when closed for some hours."""
        local = [instant.astimezone(self.civil).date() for instant in (self.first, self.last)]
        days = [local[0] + n * ONE_DAY for n in range(1, (local[1] - local[0]).days)]
        return {day: (self.open_on(day), self.closed_on(day)) for day in days}

    @cached_property
    def closed_dates(self) -> set[date]:
        return {closure.day for closure in self.calendar.closures if closure.hours is None}

    def open_on(self, day: date) -> list[Span]:
        if day in self.closed_dates:
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
        near = [self.days.get(today + days * ONE_DAY, ([], [])) for days in (-1, 0, 1)]
        opened = any(holds(spans, instant) for spans, _ in near)
        closed = today in self.closed_dates or any(holds(spans, instant) for _, spans in near)
        return opened and not closed

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
