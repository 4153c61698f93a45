"""The days of a promise at its centre: the opening hours that it used, and why it used none on other days."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from libs.messages.certificates import Certificate
from libs.messages.plan import CentreCalendar, Closure, Status
from libs.plan.certificates import MICROSECOND, legs, used_between
from libs.workcal import Hours, Interval, start_of_day, zone
from libs.workcal.hours import ALL_DAY, ONE_DAY
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech

SATURDAY = 6  # ISO 8601, like Sunday after it
STATUSES = {
    Status.CONFIRMED: N_("confirmed"),
    Status.ESTIMATED: N_("estimated"),
    Status.ASSUMPTION: N_("assumption"),
}


class DayLineKind(StrEnum):
    """What a line tells of a day."""

    USED = "used"
    CLOSED = "closed"
    """By a closure, wholly or for some hours."""
    WEEKEND = "weekend"
    NO_HOURS = "no-hours"
    """Neither weekly hours nor extra ones, on another day than Saturday and Sunday."""
    NOT_NEEDED = "not-needed"
    """It has hours, but none between the opening of the ticket and the deadline."""


class DayLine(NamedTuple):
    """A stretch of a local day, or all of it; instants are in the centre's civil time."""

    day: date
    kind: DayLineKind
    calendar_version: int
    says: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    used: timedelta | None = None
    total: timedelta | None = None
    """What is used of the target by the end of the line, counted anew after a telephone call."""
    closure: Closure | None = None


class HeldLeg(NamedTuple):
    """A leg of a promise, with the calendar in force in it."""

    begins_at: datetime
    ends_at: datetime
    counts_from: datetime
    calendar: CentreCalendar


Calendars = Mapping[int, CentreCalendar]
"""Those of one centre, by version."""


def days_of(certificate: Certificate, calendars: Calendars, speech: Speech = IN_ENGLISH) -> list[DayLine]:
    """Every day from the opening to the deadline; raises LookupError for a calendar that is not there."""
    civil, held = zone(certificate.zone), list(_held(certificate, calendars))
    first = certificate.opened_at.astimezone(civil).date()
    last = (certificate.due_at - MICROSECOND).astimezone(civil).date()
    days = (first + ONE_DAY * n for n in range(max(0, (last - first).days) + 1))
    return [line for day in days for line in _day(certificate, held, day, speech)]


def _held(certificate: Certificate, calendars: Calendars) -> Iterator[HeldLeg]:
    every = legs(certificate)
    versions = [certificate.calendar_version, *(change.calendar_version for change in certificate.changes)]
    begins = [*(leg.begins_at for leg in every), certificate.due_at]
    for leg, ends, version in zip(every, pairwise(begins), versions, strict=True):
        if version not in calendars:
            raise LookupError(f"version {version} of the calendar of {certificate.centre} is not there")
        yield HeldLeg(*ends, leg.counts_from, calendars[version])


def _day(certificate: Certificate, held: Sequence[HeldLeg], day: date, speech: Speech) -> list[DayLine]:
    civil = zone(certificate.zone)
    whole = Interval(start_of_day(day, civil), start_of_day(day + ONE_DAY, civil))
    concerned = [one for one in held if one.begins_at < whole.closes_at and one.ends_at > whole.opens_at] or [held[-1]]
    used = list(_used(certificate, held, day, whole, speech))
    closed = list(_closed(concerned, day, whole, certificate.zone, speech))
    found = sorted([*used, *closed], key=lambda line: line.opens_at or whole.closes_at)
    return found or [_unused(concerned[-1].calendar, day, certificate, speech)]


def _used(
    certificate: Certificate, held: Sequence[HeldLeg], day: date, whole: Interval, speech: Speech
) -> Iterator[DayLine]:
    civil = zone(certificate.zone)
    for interval in certificate.intervals:
        opens, closes = max(interval.opens_at, whole.opens_at), min(interval.closes_at, whole.closes_at)
        if opens < closes:
            leg = [one for one in held if one.begins_at <= opens][-1]
            total = used_between(certificate.intervals, leg.counts_from, closes) * MICROSECOND
            local, version = (opens.astimezone(civil), closes.astimezone(civil)), leg.calendar.version
            says = speech.say(N_("working time"))
            yield DayLine(day, DayLineKind.USED, version, says, *local, used=closes - opens, total=total)


def _closed(concerned: Sequence[HeldLeg], day: date, whole: Interval, name: str, speech: Speech) -> Iterator[DayLine]:
    """Each closure that took hours of that day from the promise, once."""
    civil, told = zone(name), set[tuple[str, Interval]]()
    for one in concerned:
        span = Interval(max(one.begins_at, whole.opens_at), min(one.ends_at, whole.closes_at))
        for closure in one.calendar.closures:
            at = hours_of(closure).on(day, civil) if closure.day == day and has_hours(one.calendar, day) else None
            if at and at.opens_at < span.closes_at and at.closes_at > span.opens_at and (closure.name, at) not in told:
                told.add((closure.name, at))
                status = speech.say(STATUSES[closure.status])
                says = speech.say(N_("{closure} ({status})"), closure=closure.name, status=status)
                line = DayLine(day, DayLineKind.CLOSED, one.calendar.version, says, closure=closure)
                opens, closes = at.opens_at.astimezone(civil), at.closes_at.astimezone(civil)
                yield line._replace(opens_at=opens, closes_at=closes) if hours_of(closure) != ALL_DAY else line


def hours_of(closure: Closure) -> Hours:
    """The local hours that a closure takes away."""
    if closure.closed_from is None and closure.closed_to is None:
        return ALL_DAY
    return Hours.parse(f"{closure.closed_from or '00:00'}-{closure.closed_to or '24:00'}")


def has_hours(calendar: CentreCalendar, day: date) -> bool:
    """Whether a day has opening hours before closures."""
    is_weekly = any(window.weekday == day.isoweekday() for window in calendar.weekly)
    return is_weekly or any(extra.day == day for extra in calendar.extra_openings)


def _unused(calendar: CentreCalendar, day: date, certificate: Certificate, speech: Speech) -> DayLine:
    if not has_hours(calendar, day):
        kind = DayLineKind.WEEKEND if day.isoweekday() >= SATURDAY else DayLineKind.NO_HOURS
        says = speech.say(N_("no opening hours on {weekday}"), weekday=speech.weekday(day))
        return DayLine(day, kind, calendar.version, says)
    opened = certificate.opened_at.astimezone(zone(certificate.zone))
    if opened.date() == day:
        says = speech.say(N_("the ticket was opened after closing"))
        return DayLine(day, DayLineKind.NOT_NEEDED, calendar.version, says)
    return DayLine(day, DayLineKind.NOT_NEEDED, calendar.version, speech.say(N_("no hours were needed")))
