"""Working time of a cycle: only running time counts, so pauses use nothing of a target."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from libs.workcal import WorkingCalendar, add_working_time, working_time_between
from services.sla_timer.cycles.model import Cycle

NOTHING = timedelta(0)


class Stretch(NamedTuple):
    """A time in which a cycle runs; `until` is None while it does."""

    since: datetime
    until: datetime | None


def stretches(cycle: Cycle) -> Iterator[Stretch]:
    """The times in which a cycle runs, in order."""
    since: datetime | None = cycle.started_at
    for pause in cycle.pauses:
        if since is not None and since < pause.paused_at:
            yield Stretch(since, pause.paused_at)
        since = pause.resumed_at
    if since is not None and (cycle.ended_at is None or since < cycle.ended_at or since == cycle.started_at):
        yield Stretch(since, cycle.ended_at)


def working_time(cycle: Cycle, calendar: WorkingCalendar, now: datetime) -> timedelta:
    """The working time of a cycle until its end, or until now; raises `CalendarEnds`."""
    spans = ((stretch.since, now if stretch.until is None else stretch.until) for stretch in stretches(cycle))
    return sum((working_time_between(calendar, since, until) for since, until in spans), NOTHING)


def wall_time(cycle: Cycle, now: datetime) -> timedelta:
    """The time of a cycle by the clock on the wall, pauses included."""
    return (cycle.ended_at or now) - cycle.started_at


def used(cycle: Cycle, calendar: WorkingCalendar) -> timedelta:
    """The working time of a cycle without the stretch that still runs; raises `CalendarEnds`."""
    done = ((stretch.since, stretch.until) for stretch in stretches(cycle) if stretch.until is not None)
    return sum((working_time_between(calendar, since, until) for since, until in done), NOTHING)


def used_up_at(cycle: Cycle, calendar: WorkingCalendar, target: timedelta) -> datetime | None:
    """The deadline: when the running time uses up the target, or would have if the cycle had not ended.

    None where it is paused, or ended in a pause, before that. Raises `CalendarEnds` and `TooFarAhead`.
    """
    left = target
    for stretch in stretches(cycle):
        due_at = add_working_time(calendar, stretch.since, left)
        if stretch.until is None or due_at <= stretch.until or stretch.until == cycle.ended_at:
            return due_at
        left -= working_time_between(calendar, stretch.since, stretch.until)
    return None


def is_met(cycle: Cycle, due_at: datetime | None) -> bool | None:
    """Whether a cycle came to its end in time, None where it runs or is abandoned.

    `due_at` is None where it ended in a pause with time left.
    """
    if cycle.ended_at is None or cycle.is_abandoned:
        return None
    return due_at is None or cycle.ended_at <= due_at
