"""Local hours of a day, and of a week."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from libs.workcal.timeline import Interval
from libs.workcal.zones import MIDNIGHT, instant_of

ONE_DAY = timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class BadHours(ValueError):  # noqa: N818
    """Hours, days or dates that contradict themselves."""


@dataclass(frozen=True)
class Hours:
    """Local hours within one day, half-open `[opens, closes)`, to the second; closing at 00:00 means the day's end."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if any(clock.microsecond or clock.tzinfo or clock.fold for clock in (self.opens, self.closes)):
            raise BadHours(f"{self.opens}-{self.closes}: local hours have whole seconds, no zone and no fold")
        if not self.opens_before(self.closes):
            raise BadHours(f"{self}: closes before it opens")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `09:00-17:00` or `18:30:15-24:00`; raises `BadHours`."""
        opens, _, closes = text.partition("-")
        try:
            return cls(time.fromisoformat(opens), MIDNIGHT if closes == "24:00" else time.fromisoformat(closes))
        except ValueError as error:
            raise BadHours(f"{text!r} are no hours like 09:00-17:00") from error

    def __str__(self) -> str:
        return f"{_shown(self.opens)}-{'24:00' if self.closes == MIDNIGHT else _shown(self.closes)}"

    def opens_before(self, closes: time) -> bool:
        """Whether these hours begin before a closing time."""
        return closes == MIDNIGHT or self.opens < closes

    def overlaps(self, other: "Hours") -> bool:
        """Whether a moment of the clock lies in both."""
        return self.opens_before(other.closes) and other.opens_before(self.closes)

    def on(self, day: date, civil: ZoneInfo) -> Interval | None:
        """These hours of a date as instants; None where a change of clocks leaves nothing of them."""
        closing_day = day + ONE_DAY if self.closes == MIDNIGHT else day
        interval = Interval(instant_of(day, self.opens, civil), instant_of(closing_day, self.closes, civil))
        return interval if interval.opens_at < interval.closes_at else None


def _shown(clock: time) -> str:
    return clock.isoformat("seconds" if clock.second else "minutes")


ALL_DAY = Hours(MIDNIGHT, MIDNIGHT)
Week = tuple[tuple[Hours, ...], ...]
"""The hours of Monday, Tuesday … Sunday."""
