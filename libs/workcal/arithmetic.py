"""Questions about working time. Instants are aware, answers in UTC, working time is exact to the microsecond."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.workcal.calendar import WorkingCalendar
from libs.workcal.hours import ONE_DAY
from libs.workcal.timeline import NOTHING, Interval
from libs.workcal.zones import in_utc

LOOK_AHEAD = 366
"""An answer lies at most so many local days ahead."""
SURELY_WITHIN = timedelta(days=LOOK_AHEAD - 2)
"""A span up to this length lies within them for certain, whatever clock changes there are."""


class CalendarEnds(ValueError):  # noqa: N818
    """The answer needs a local date that the calendar is not published for."""

    def __init__(self, calendar: WorkingCalendar, day: date) -> None:
        super().__init__(
            f"{calendar.name}, version {calendar.version}, is published from {calendar.first_day} "
            f"to {calendar.last_day}, not for {day}"
        )
        self.calendar, self.day = calendar.name, day


class TooFarAhead(ValueError):  # noqa: N818
    """The answer lies more than 366 local days ahead."""


@dataclass(frozen=True)
class Deadline:
    """When the clock started, when the target is used up, and the working time used, cut at both."""

    started_at: datetime
    due_at: datetime
    intervals: tuple[Interval, ...]


def add_working_time(calendar: WorkingCalendar, start: datetime, target: timedelta) -> datetime:
    """Earliest instant at which so much working time has passed since `start`; at a closing rather than an opening.

    Raises `NaiveInstant`, `CalendarEnds`, `TooFarAhead`, and ValueError for a negative target.
    """
    instant = _published(calendar, start)
    if target <= NOTHING:
        return _no_time(instant, target)
    line = calendar.timeline
    worked = line.worked(instant)
    if target > line.until_closing[-1] - worked:
        raise _beyond(calendar, instant)
    due = line.reached(worked + target)
    if due - instant > SURELY_WITHIN:
        _check_near(calendar, instant, due - timedelta.resolution)
    return due


def deadline(calendar: WorkingCalendar, start: datetime, target: timedelta) -> Deadline:
    """The deadline by `add_working_time` and the working time used; ValueError unless the target is positive."""
    if target <= NOTHING:
        raise ValueError(f"{target} is no working time to wait for")
    due = add_working_time(calendar, start, target)
    intervals = calendar.timeline.between(in_utc(start), due)
    return Deadline(intervals[0].opens_at, due, intervals)


def working_time_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Working time from one instant to another, negative where `end` is earlier.

    Raises `NaiveInstant` and `CalendarEnds`.
    """
    line = calendar.timeline
    return line.worked(_published_end(calendar, end)) - line.worked(_published_end(calendar, start))


def is_open(calendar: WorkingCalendar, instant: datetime) -> bool:
    """Whether an instant is working time. Raises `NaiveInstant` and `CalendarEnds`."""
    moment = _published(calendar, instant)
    line = calendar.timeline
    index = line.index(moment)
    return index < len(line.opens) and line.opens[index] <= moment


def next_opening(calendar: WorkingCalendar, instant: datetime) -> datetime:
    """The instant itself if it is working time, else the next that is.

    Raises `NaiveInstant`, `CalendarEnds` and `TooFarAhead`.
    """
    start = _published(calendar, instant)
    line = calendar.timeline
    index = line.index(start)
    if index == len(line.opens):
        raise _beyond(calendar, start)
    opening = max(start, line.opens[index])
    if opening - start > SURELY_WITHIN:
        _check_near(calendar, start, opening)
    return opening


def last_closing(calendar: WorkingCalendar, instant: datetime) -> datetime:
    """The last closing by an instant; where there is none, the first instant that is published.

    Raises `NaiveInstant` and `CalendarEnds`.
    """
    moment = _published(calendar, instant)
    line = calendar.timeline
    index = line.index(moment)
    return line.closes[index - 1] if index else calendar.begins_at


def windows(calendar: WorkingCalendar, first_day: date, last_day: date) -> tuple[Interval, ...]:
    """Opening hours of local dates, both included, in order and without overlap. Raises `CalendarEnds`."""
    for day in (first_day, last_day):
        if not calendar.first_day <= day <= calendar.last_day:
            raise CalendarEnds(calendar, day)
    return tuple(calendar.of_days(first_day, last_day))


def _no_time(instant: datetime, target: timedelta) -> datetime:
    if target < NOTHING:
        raise ValueError(f"{target} of working time cannot be added")
    return instant


def _published(calendar: WorkingCalendar, instant: datetime) -> datetime:
    moment = in_utc(instant)
    if not calendar.begins_at <= moment < calendar.ends_at:
        raise CalendarEnds(calendar, _local_day(calendar, moment))
    return moment


def _published_end(calendar: WorkingCalendar, instant: datetime) -> datetime:
    moment = in_utc(instant)
    return moment if moment == calendar.ends_at else _published(calendar, moment)


def _local_day(calendar: WorkingCalendar, moment: datetime) -> date:
    try:
        return moment.astimezone(calendar.civil).date()
    except OverflowError:  # in the first hours of the year 1, or the last of 9999
        return moment.date()


def _days_after_first(calendar: WorkingCalendar, moment: datetime) -> int:
    return bisect_right(calendar.day_starts, moment) - 1


def _check_near(calendar: WorkingCalendar, start: datetime, moment: datetime) -> None:
    ahead = _days_after_first(calendar, moment) - _days_after_first(calendar, start)
    if ahead > LOOK_AHEAD:
        raise TooFarAhead(f"{calendar.name}: {moment} is {ahead} local days after {start}")


def _beyond(calendar: WorkingCalendar, start: datetime) -> CalendarEnds | TooFarAhead:
    if _days_after_first(calendar, start) + LOOK_AHEAD >= len(calendar.day_starts):
        return CalendarEnds(calendar, calendar.last_day + ONE_DAY)
    return TooFarAhead(f"{calendar.name}: not within {LOOK_AHEAD} local days after {start}")
