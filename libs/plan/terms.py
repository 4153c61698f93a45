"""The yearly term of a contract, in local days of its centre: « un programme annuel »."""

from calendar import isleap
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.workcal import in_utc, start_of_day, zone

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """A span of local days, both included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.first_day > self.last_day:
            raise ValueError(f"a term cannot last from {self.first_day} to {self.last_day}")


def yearly_term(anchor: date, number: int = 1) -> Term:
    """The n-th yearly term, from 1 (else ValueError), of a contract that first began on `anchor`.

    Each is counted from that day, so that a 29 February comes back in every leap year.
    """
    if number < 1:
        raise ValueError("terms are counted from 1")
    return Term(_anniversary(anchor, number - 1), _anniversary(anchor, number) - ONE_DAY)


def is_yearly(term: Term) -> bool:
    """Whether a term is one of the yearly terms of some contract, by the day on which that first began.

    One from a 28 February may be of a contract that first began on a 29th: before a leap year it ends on a 28th.
    """
    anchors = (term.first_day, _leap_day_before(term.first_day))
    return any(term == yearly_term(anchor, term.first_day.year - anchor.year + 1) for anchor in anchors)


def _leap_day_before(day: date) -> date:
    year = next(year for year in range(day.year - 1, day.year - 9, -1) if isleap(year))
    return date(year, 2, 29)


def covered_from(term: Term, zone_name: str) -> datetime:
    """The instant at which cover begins. Raises `UnknownZone`."""
    return start_of_day(term.first_day, zone(zone_name))


def covered_until(term: Term, zone_name: str) -> datetime:
    """The end of the last local day, an instant that is no longer covered. Raises `UnknownZone`."""
    return start_of_day(term.last_day + ONE_DAY, zone(zone_name))


def is_covered(term: Term, zone_name: str, instant: datetime) -> bool:
    """Whether a ticket opened at this instant is covered. Raises `NaiveInstant` and `UnknownZone`."""
    return covered_from(term, zone_name) <= in_utc(instant) < covered_until(term, zone_name)


def _anniversary(anchor: date, years: int) -> date:
    year = anchor.year + years
    try:
        return anchor.replace(year=year)
    except ValueError:  # 29 February of a year that has none
        return date(year, 2, 28)
