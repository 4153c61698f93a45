"""Working time laid end to end, so that every question about it is a binary search."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, Self

NOTHING = timedelta(0)


class Interval(NamedTuple):
    """Half-open `[opens_at, closes_at)` in UTC."""

    opens_at: datetime
    closes_at: datetime


def joined(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """The same instants in order and without overlap; what merely touches stays apart."""
    pending: Interval | None = None
    for interval in sorted(intervals):
        if pending is None or interval.opens_at >= pending.closes_at:
            if pending is not None:
                yield pending
            pending = interval
        else:
            pending = pending._replace(closes_at=max(pending.closes_at, interval.closes_at))
    if pending is not None:
        yield pending


def without(interval: Interval, closed: Iterable[Interval]) -> Iterator[Interval]:
    """The parts of an interval outside others."""
    opens_at, closes_at = interval
    for gap in joined(closed):
        if opens_at < min(gap.opens_at, closes_at):
            yield Interval(opens_at, min(gap.opens_at, closes_at))
        opens_at = max(opens_at, gap.closes_at)
    if opens_at < closes_at:
        yield Interval(opens_at, closes_at)


@dataclass(frozen=True)
class Timeline:
    """Intervals in order, and the working time up to each opening and each closing."""

    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]
    until_opening: tuple[timedelta, ...]
    until_closing: tuple[timedelta, ...]

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> Self:
        """Lay out intervals that are in order and do not overlap."""
        opens, closes = zip(*intervals, strict=True)
        lengths = (end - start for start, end in zip(opens, closes, strict=True))
        worked = tuple(accumulate(lengths, initial=NOTHING))
        return cls(opens, closes, worked[:-1], worked[1:])

    def index(self, instant: datetime) -> int:
        """Index of the interval that holds the instant, or else of the next; how many there are when none follows."""
        return bisect_right(self.closes, instant)

    def worked(self, instant: datetime) -> timedelta:
        """Working time before an instant."""
        index = bisect_right(self.closes, instant)
        if index == len(self.opens):
            return self.until_closing[-1]
        opens_at = self.opens[index]
        return self.until_opening[index] + (instant - opens_at) if instant > opens_at else self.until_opening[index]

    def reached(self, worked: timedelta) -> datetime:
        """Earliest instant before which there is so much working time; `worked` is at most all there is."""
        index = bisect_left(self.until_closing, worked)
        return self.opens[index] + (worked - self.until_opening[index])

    def between(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """Intervals from `start` to `end`, cut at both."""
        span = range(self.index(start), bisect_left(self.opens, end))
        return tuple(Interval(max(self.opens[i], start), min(self.closes[i], end)) for i in span)
