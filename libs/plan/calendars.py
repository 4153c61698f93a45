"""From a published centre calendar to the working calendar that deadlines are reckoned on."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache

from libs.messages import plan
from libs.workcal import Closure, Hours, Interval, Opening, WorkingCalendar, joined, without

WEEKDAYS = range(1, 8)
ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def working_calendar(published: plan.CentreCalendar) -> WorkingCalendar:
    """The calendar under its centre's name; cached, since laying it out takes some milliseconds.

    Raises `UnknownZone`, `BadHours` or `EmptyCalendar`, but never for a published calendar.
    """
    return WorkingCalendar(
        name=published.centre,
        zone=published.zone,
        week=tuple(_windows(published.weekly, weekday) for weekday in WEEKDAYS),
        version=published.version,
        first_day=published.first_day,
        last_day=published.last_day,
        closures=tuple(_closure(closure) for closure in published.closures),
        openings=tuple(Opening(extra.day, _hours(extra.opens, extra.closes)) for extra in published.extra_openings),
    )


def changed_hours(before: plan.CentreCalendar, after: plan.CentreCalendar) -> tuple[Interval, ...]:
    """When one of two calendars is open and the other is not, on the local days that both are published for."""
    old, new = working_calendar(before), working_calendar(after)
    first, last = max(old.first_day, new.first_day), min(old.last_day, new.last_day)
    hours = (
        (old.of_day(day), new.of_day(day)) for day in (first + ONE_DAY * n for n in range((last - first).days + 1))
    )
    changed = (one for was, now in hours if was != now for one in (*_outside(was, now), *_outside(now, was)))
    return tuple(joined(changed))


def _outside(hours: Iterable[Interval], others: Sequence[Interval]) -> Iterator[Interval]:
    return (left for each in hours for left in without(each, others))


def _windows(weekly: Iterable[plan.WeeklyWindow], weekday: int) -> tuple[Hours, ...]:
    return tuple(_hours(window.opens, window.closes) for window in weekly if window.weekday == weekday)


def _closure(closure: plan.Closure) -> Closure:
    if closure.closed_from is None and closure.closed_to is None:
        return Closure(closure.day, closure.name)
    hours = _hours(closure.closed_from or "00:00", closure.closed_to or "24:00")
    return Closure(closure.day, closure.name, hours)


def _hours(opens: str, closes: str) -> Hours:
    return Hours.parse(f"{opens}-{closes}")
