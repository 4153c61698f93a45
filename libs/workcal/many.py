"""Many deadlines at once, each the same as by `add_working_time`. NumPy is imported only with this module."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from libs.workcal.arithmetic import add_working_time
from libs.workcal.axis import Axis
from libs.workcal.calendar import WorkingCalendar

Instants = NDArray[np.datetime64]
"""UTC, `datetime64[us]`, one dimension."""
Spans = NDArray[np.timedelta64]
"""Working time, `timedelta64[us]`, one dimension."""

CHUNK = 16_384
"""Items reckoned together: what they need stays in the processor's cache."""


def deadlines(calendar: WorkingCalendar, starts: Instants, targets: timedelta | Spans) -> Instants:
    """The deadline of every start, with one target for all or one each.

    The first item without a deadline raises what it would in `add_working_time`, with its index: `item 7: …`. Also
    raises ValueError for NaT and for arrays that do not match, TypeError for another unit.
    """
    return deadlines_over([calendar], np.broadcast_to(np.intp(0), starts.shape), starts, targets)


def deadlines_over(
    calendars: Sequence[WorkingCalendar], which: NDArray[np.integer], starts: Instants, targets: timedelta | Spans
) -> Instants:
    """Like `deadlines`, with several calendars: `which` holds for each item the index of its calendar.

    Also raises IndexError, for an index out of range.
    """
    axis = _axis(tuple(calendars))
    spans = _alike(targets, axis.longest, starts) if isinstance(targets, timedelta) else targets
    _check(which, starts, spans, len(calendars))
    due = np.empty_like(starts)
    for first in range(0, len(due), CHUNK):
        part = slice(first, first + CHUNK)
        reckoned, bad = axis.due(which[part], starts[part].view(np.int64), spans[part].view(np.int64))
        if bad.any():
            item = first + int(bad.argmax())
            target = targets if isinstance(targets, timedelta) else spans[item].item()
            _refuse(calendars[which[item]], starts[item].item(), target, item)
        due[part] = reckoned.view(due.dtype)
    return due


@lru_cache(maxsize=16)
def _axis(calendars: tuple[WorkingCalendar, ...]) -> Axis:
    return Axis(calendars)


def _alike(target: timedelta, longest: timedelta, starts: Instants) -> Spans:
    """One target for all; one that is longer than any calendar is clipped, to fit into 64 bits."""
    return np.broadcast_to(np.timedelta64(max(-longest, min(target, longest)), "us"), starts.shape)


def _check(which: NDArray[np.integer], starts: Instants, spans: Spans, calendars: int) -> None:
    if starts.dtype != np.dtype("datetime64[us]") or spans.dtype != np.dtype("timedelta64[us]"):
        raise TypeError(f"datetime64[us] and timedelta64[us] are reckoned with, not {starts.dtype} and {spans.dtype}")
    if starts.ndim != 1 or not starts.shape == spans.shape == which.shape:
        raise ValueError(f"{starts.shape} starts, {spans.shape} targets, {which.shape} calendars: no items of one row")
    wrong = (which < 0) | (which >= calendars)
    if wrong.any():
        item = int(wrong.argmax())
        raise IndexError(f"item {item}: there is no calendar {which[item]}")


def _refuse(calendar: WorkingCalendar, start: object, target: object, item: int) -> NoReturn:
    if not isinstance(start, datetime) or not isinstance(target, timedelta):
        raise ValueError(f"item {item}: not a time, or not within the years 1 to 9999")  # noqa: TRY004 - of the right type
    try:
        add_working_time(calendar, start.replace(tzinfo=UTC), target)
    except ValueError as error:
        error.args = (f"item {item}: {error}",)
        raise
    raise ArithmeticError(f"item {item}: {start} and {target} have a deadline one by one")
