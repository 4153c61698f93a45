"""Civil time by the IANA database of the `tzdata` package, never by that of the machine."""

from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped] # the package ships no types

MIDNIGHT = time(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownZone(ValueError):  # noqa: N818 - named for what was given, like every error of this package
    """A name that the database does not hold."""


class NaiveInstant(ValueError):  # noqa: N818
    """A time without an offset: twice a year it would be two instants, or none."""


def tz_version() -> str:
    """Release of the database in use, as IANA names it: `2026f`."""
    return str(tzdata.IANA_VERSION)


@cache
def zone_names() -> frozenset[str]:
    """Every name that `zone` knows."""
    return frozenset(files(tzdata).joinpath("zones").read_text(encoding="ascii").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Civil time of an IANA zone; raises `UnknownZone`."""
    if name not in zone_names():
        raise UnknownZone(f"{name!r} is no zone of IANA {tz_version()}")
    with files(tzdata).joinpath("zoneinfo", *name.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source, key=name)


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC; raises `NaiveInstant`, and ValueError outside the years 1 to 9999.

    Python subtracts two aware datetimes of one zone by their local clocks, even where the offset changed between them;
    in UTC every difference is elapsed time.
    """
    if instant.tzinfo is UTC:
        return instant
    try:
        return EPOCH + (instant - EPOCH)  # asks for the offset once, where `astimezone` asks again
    except TypeError as error:
        raise NaiveInstant(f"{instant.isoformat()} has no offset from UTC") from error
    except OverflowError as error:
        raise ValueError(f"{instant.isoformat()} is not within the years 1 to 9999 in UTC") from error


def instant_of(day: date, clock: time, civil: ZoneInfo) -> datetime:
    """The UTC instant of a local time of day.

    Of a time that occurs twice, the first; a time that is skipped is counted on by the offset before the jump, so that
    02:30 becomes 03:30 (PEP 495, fold 0).
    """
    return datetime.combine(day, clock, civil).astimezone(UTC)


def start_of_day(day: date, civil: ZoneInfo) -> datetime:
    """The UTC instant at which a local date begins."""
    return instant_of(day, MIDNIGHT, civil)
