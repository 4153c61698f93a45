"""The working time of several calendars end to end on one axis, in whole microseconds.

Each has a stretch of the axis that is longer than all it publishes, so that one search serves items of every calendar.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from libs.workcal.arithmetic import LOOK_AHEAD, SURELY_WITHIN
from libs.workcal.calendar import WorkingCalendar
from libs.workcal.zones import EPOCH

Whole = NDArray[np.int64]

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
        """The number of edges at or below each value."""
        if not self._guided:
            return np.searchsorted(self._edges, values, "right")
        found = self._guide.take(values >> self._shift, mode="clip")
        found += self._edges.take(found) <= values
        return found


class Axis:
    """Calendars one after the other; made once for many batches.

    The stretch of each is twice as long as what the longest publishes, and ends with an opening at NEVER: an item whose
    target exceeds the working time of its calendar ends up there.
    """

    def __init__(self, calendars: Sequence[WorkingCalendar]) -> None:
        self._calendars, lines = calendars, [calendar.timeline for calendar in calendars]
        self._begins = _whole(calendar.begins_at - EPOCH for calendar in calendars)
        self._spans = _whole(calendar.ends_at - calendar.begins_at for calendar in calendars)
        self._longest = int(self._spans.max())
        self._stretch = 2 * self._longest + 1
        self._stretches = np.arange(len(calendars)) * self._stretch
        self._opens = self._laid(self._since_beginning((line.opens for line in lines), NEVER))
        worked = [(*line.until_opening, line.until_closing[-1]) for line in lines]
        self._until_opening = self._laid(map(_whole, worked))
        self._idle = self._opens - self._until_opening
        self._by_instant = self._places(self._since_beginning((line.closes for line in lines), self._stretch))
        self._by_work = self._places(_whole(line.until_closing, self._stretch) for line in lines)

    @property
    def longest(self) -> timedelta:
        """The longest time that a calendar publishes; none has more working time."""
        return timedelta(microseconds=self._longest)

    def due(self, which: NDArray[np.integer], starts: Whole, targets: Whole) -> tuple[Whole, NDArray[np.bool_]]:
        """The deadlines in microseconds since 1970, and a mask of the items that have none."""
        begins, spans, stretches = self._begins.take(which), self._spans.take(which), self._stretches.take(which)
        since, targets = starts - begins, np.minimum(targets, self._longest + 1)
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
        idle: Whole = self._idle.take(self._by_work.of(worked - 1))
        return worked + idle

    @cached_property
    def _local_days(self) -> Places:
        return self._places(self._since_beginning(calendar.day_starts for calendar in self._calendars))

    def _places(self, edges: Iterable[Whole]) -> Places:
        return Places(self._laid(edges), len(self._calendars) * self._stretch)

    def _since_beginning(self, of_each: Iterable[Sequence[datetime]], *last: int) -> Iterator[Whole]:
        for calendar, instants in zip(self._calendars, of_each, strict=True):
            yield _whole((instant - calendar.begins_at for instant in instants), *last)

    def _laid(self, of_each: Iterable[Whole]) -> Whole:
        return np.concatenate([each + stretch for each, stretch in zip(of_each, self._stretches, strict=True)])


def _whole(lengths: Iterable[timedelta], *last: int) -> Whole:
    """Lengths in microseconds, followed by `last`, which is in microseconds already."""
    return np.concatenate([np.array(list(lengths), "timedelta64[us]").view(np.int64), np.array(last, np.int64)])
