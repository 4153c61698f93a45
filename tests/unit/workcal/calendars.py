"""Synthetic calendars, said in one line."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from libs.workcal import Closure, Hours, Opening, Week, WorkingCalendar, zone

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


def hours(*texts: str) -> tuple[Hours, ...]:
    return tuple(Hours.parse(text) for text in texts)


def workdays(*texts: str) -> Week:
    return (*[hours(*texts)] * 5, (), ())


def every_day(*texts: str) -> Week:
    return (hours(*texts),) * 7


def sundays(*texts: str) -> Week:
    return (*[()] * 6, hours(*texts))


def calendar(
    week: Week,
    civil: str = "Europe/Paris",
    *extra: Closure | Opening,
    first_day: date = date(2026, 1, 1),
    last_day: date = date(2028, 12, 31),
) -> WorkingCalendar:
    return WorkingCalendar(
        name="synthetic",
        zone=civil,
        week=week,
        version=1,
        first_day=first_day,
        last_day=last_day,
        closures=tuple(each for each in extra if isinstance(each, Closure)),
        openings=tuple(each for each in extra if isinstance(each, Opening)),
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paris(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone("Europe/Paris"), fold=fold)


def microseconds(instants: Iterable[datetime]) -> list[datetime]:
    """What NumPy gives for instants in UTC: without a zone."""
    return [instant.replace(tzinfo=None) for instant in instants]
