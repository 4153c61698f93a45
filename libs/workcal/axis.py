"""The working time of several calendars end to end on one axis, in whole microseconds.

Each has a stretch of the axis that is longer than all it publishes, so that one search serves items of every calendar.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from libs.workcal.arithmetic import LOOK_AHEAD, SURELY_WITHIN
from libs.workcal.calendar import WorkingCalendar

Whole = NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 1 << 61
LARGEST_GUIDE = 1 << 20
"""Places of a table that still fits into the processor's cache, or nearly."""


class Places:
    """`searchsorted(edges, values, "right")`, for values from -1 up to an end.

    No two edges share a bucket, so that a look into a table and one comparison find the place; edges too close for that
    are searched.
    """

    def __init__(self, edges: Whole, end: int) -> None:
        self._edges = np.append(edges, NEVER)
        self._shift = max(int(np.diff(self._edges).min()).bit_length() - 1, 0)
        buckets = (end >> self._shift) + 1
        self._guided = buckets <= LARGEST_GUIDE
        if self._guided:
            self._guide = np.searchsorted(edges, np.arange(buckets) << self._shift, "right")

    def of(self, values: Whole) -> NDArray[np.intp]:
        """Say how many edges are not above each value."""
        if not self._guided:
            return np.searchsorted(self._edges, values, "right")
        found = self._guide.take(values >> self._shift, mode="clip")
        found += self._edges.take(found) <= values
        return found


class Axis:
    """Calendars one after the other; made once for many batches."""

    def __init__(self, calendars: Sequence[WorkingCalendar]) -> None:
        self._calendars, lines = calendars, [calendar.timeline for calendar in calendars]
        self._begins = _whole(calendar.begins_at - EPOCH for calendar in calendars)
        self._spans = _whole(calendar.ends_at - calendar.begins_at for calendar in calendars)
        self.stretch = int(self._spans.max()) + 1
        self._stretches = np.arange(len(calendars)) * self.stretch
        self.longest = timedelta(microseconds=self.stretch)
        end = len(calendars) * self.stretch
        opens = self._instants(line.opens for line in lines)
        until_opening = self._laid(line.until_opening for line in lines)
        self._opens, self._until_opening = np.append(opens, NEVER), np.append(until_opening, end)
        self._idle = np.append(opens - until_opening, NEVER)
        self._by_instant = Places(self._instants(line.closes for line in lines), end)
        self._by_work = Places(self._laid(line.until_closing for line in lines), end)

    def due(self, which: NDArray[np.integer], starts: Whole, targets: Whole) -> tuple[Whole, NDArray[np.bool_]]:
        """Give the deadlines in microseconds since 1970, and which of them there are none of.

        A target over `stretch` is none that a calendar could keep, and taken for that.
        """
        begins, spans, stretches = self._begins.take(which), self._spans.take(which), self._stretches.take(which)
        since, targets = starts - begins, np.minimum(targets, self.stretch)
        bad = (since.view(np.uint64) >= spans.view(np.uint64)) | (targets < 0)
        if bad.any():
            since, targets = np.where(bad, 0, since), np.where(bad, 0, targets)
        start = since + stretches
        due = np.where(targets == 0, start, self._reached(self._worked(start) + targets))
        bad |= due - stretches > spans
        far = due - start > SURELY_WITHIN // timedelta.resolution
        if far.any():
            bad |= far & (self._local_days.of(due - 1) - self._local_days.of(start) > LOOK_AHEAD)
        return due - stretches + begins, bad

    def _worked(self, instants: Whole) -> Whole:
        places = self._by_instant.of(instants)
        worked: Whole = np.maximum(instants - self._opens.take(places), 0)
        worked += self._until_opening.take(places)
        return worked

    def _reached(self, worked: Whole) -> Whole:
        """Beyond the calendar's stretch where its working time does not suffice."""
        idle: Whole = self._idle.take(self._by_work.of(worked - 1))
        return worked + idle

    @cached_property
    def _local_days(self) -> Places:
        starts = self._instants(calendar.day_starts for calendar in self._calendars)
        return Places(starts, len(self._calendars) * self.stretch)

    def _instants(self, of_each: Iterable[Iterable[datetime]]) -> Whole:
        pairs = zip(of_each, self._calendars, strict=True)
        return self._laid([instant - calendar.begins_at for instant in instants] for instants, calendar in pairs)

    def _laid(self, of_each: Iterable[Iterable[timedelta]]) -> Whole:
        return np.concatenate([_whole(each) + place * self.stretch for place, each in enumerate(of_each)])


def _whole(lengths: Iterable[timedelta]) -> Whole:
    return np.array(list(lengths), "timedelta64[us]").view(np.int64)
