"""How long a first response took, and how far it came after its deadline or before it: working time and wall time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from libs.messages.certificates import WorkingInterval
from libs.plan.certificates import MICROSECOND, used_between
from libs.workcal import CalendarEnds, Interval, WorkingCalendar, working_time_between
from services.ops.sla.grounds import Grounds
from services.ops.speech.speech import IN_ENGLISH, Speech

NOTHING = timedelta(0)
SOON = timedelta(minutes=1)
"""What is noticed or recorded within this time counts as done at once."""


class Length(NamedTuple):
    """The time between two instants; `working` is None where the calendar is not published that far."""

    working: timedelta | None
    wall: timedelta


class TimedAnswer(NamedTuple):
    """An answer to a promise, and what its working time is reckoned on.

    `since` is the opening of the ticket whose promise runs, `intervals` are those of the certificate, `centre` is the
    one whose calendar it stands on.
    """

    at: datetime
    since: datetime
    due_at: datetime
    centre: str
    intervals: Sequence[WorkingInterval | Interval]


class Times(NamedTuple):
    """How long an answer took, and how late it was: negative where it came before the deadline."""

    taken: Length
    late: Length


def as_promised(answer: TimedAnswer, grounds: Grounds) -> Times:
    """Reckon on what the promise stood on, and after its deadline on the calendar in force at the answer."""
    end = min(answer.at, answer.due_at)
    used = used_between(answer.intervals, answer.since, end) * MICROSECOND
    if answer.at <= answer.due_at:
        early = used_between(answer.intervals, answer.at, answer.due_at) * MICROSECOND
        return _times(answer, answer.due_at, used, -early)
    late = _working(grounds.calendar_at(answer.centre, answer.at), answer.due_at, answer.at)
    return _times(answer, answer.due_at, None if late is None else used + late, late)


def as_restated(answer: TimedAnswer, due_at: datetime, grounds: Grounds) -> Times:
    """Reckon from the opening on by the newest calendar, as the restated deadline was."""
    calendar = grounds.newest(answer.centre)
    late = _working(calendar, due_at, answer.at)
    return _times(answer, due_at, _working(calendar, answer.since, answer.at), late)


def _times(answer: TimedAnswer, due_at: datetime, taken: timedelta | None, late: timedelta | None) -> Times:
    return Times(Length(taken, answer.at - answer.since), Length(late, answer.at - due_at))


def _working(calendar: WorkingCalendar, since: datetime, until: datetime) -> timedelta | None:
    try:
        return working_time_between(calendar, since, until)
    except CalendarEnds:
        return None


def spoken(length: timedelta, speech: Speech = IN_ENGLISH) -> str:
    """A length in words, without its sign: `1 h 30 min`, `0 s`, `0.000001 s`."""
    return speech.length(length)


def seconds(length: timedelta | None) -> float | None:
    """Seconds for other programs: a whole number where it is one."""
    if length is None:
        return None
    whole, rest = divmod(length, timedelta(seconds=1))
    return whole if not rest else length.total_seconds()
