"""Working-calendar arithmetic: opening hours by local date, everything else on UTC instants.

`libs.workcal.many` reckons a great many deadlines at once; it is imported by its own name, since it needs NumPy.
"""

from libs.workcal.arithmetic import (
    CalendarEnds,
    Deadline,
    TooFarAhead,
    add_working_time,
    deadline,
    is_open,
    last_closing,
    next_opening,
    windows,
    working_time_between,
)
from libs.workcal.calendar import Closure, EmptyCalendar, Opening, WorkingCalendar
from libs.workcal.hours import ALL_DAY, BadHours, Hours, Week
from libs.workcal.offsets import offsets
from libs.workcal.timeline import Interval, joined, without
from libs.workcal.zones import NaiveInstant, UnknownZone, in_utc, start_of_day, tz_version, zone

__all__ = [
    "ALL_DAY",
    "BadHours",
    "CalendarEnds",
    "Closure",
    "Deadline",
    "EmptyCalendar",
    "Hours",
    "Interval",
    "NaiveInstant",
    "Opening",
    "TooFarAhead",
    "UnknownZone",
    "Week",
    "WorkingCalendar",
    "add_working_time",
    "deadline",
    "in_utc",
    "is_open",
    "joined",
    "last_closing",
    "next_opening",
    "offsets",
    "start_of_day",
    "tz_version",
    "windows",
    "without",
    "working_time_between",
    "zone",
]
