"""From a published centre calendar to the working calendar that deadlines are reckoned on."""

from collections.abc import Iterable
from functools import lru_cache

from libs.messages import plan
from libs.workcal import Closure, Hours, Opening, WorkingCalendar

WEEKDAYS = range(1, 8)


@lru_cache(maxsize=64)
def working_calendar(published: plan.CentreCalendar) -> WorkingCalendar:
    """Give the calendar under its centre's name; kept, since laying it out takes some milliseconds.

    Raises `UnknownZone`, `BadHours` or `EmptyCalendar`; of what was published, none.
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


def _windows(weekly: Iterable[plan.WeeklyWindow], weekday: int) -> tuple[Hours, ...]:
    return tuple(_hours(window.opens, window.closes) for window in weekly if window.weekday == weekday)


def _closure(closure: plan.Closure) -> Closure:
    if closure.closed_from is None and closure.closed_to is None:
        return Closure(closure.day, closure.name)
    hours = _hours(closure.closed_from or "00:00", closure.closed_to or "24:00")
    return Closure(closure.day, closure.name, hours)


def _hours(opens: str, closes: str) -> Hours:
    return Hours.parse(f"{opens}-{closes}")
