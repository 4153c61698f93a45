from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from libs.workcal import (
    ALL_DAY,
    CalendarEnds,
    Closure,
    EmptyCalendar,
    Hours,
    Week,
    WorkingCalendar,
    add_working_time,
    deadline,
    is_open,
    next_opening,
    working_time_between,
    zone,
)
from libs.workcal.zones import zone_names
from tests.unit.workcal.calendars import MICROSECOND, calendar, every_day
from tests.unit.workcal.clocks import changes
from tests.unit.workcal.walk import Walk

MINUTE, SECOND, ONE_DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ZONES = sorted(zone_names())


@st.composite
def hours_of_a_day(draw: st.DrawFn, step: int = 1) -> tuple[Hours, ...]:
    """Up to three stretches of hours on a clock that moves in steps of so many seconds."""
    ticks = 86_400 // step
    edges = sorted(draw(st.sets(st.integers(0, ticks), min_size=0, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Hours(at(opens * step), at(closes * step)) for opens, closes in pairs)


def at(second: int) -> time:
    return time(second // 3600 % 24, second // 60 % 60, second % 60)


def weeks(step: int = 1) -> st.SearchStrategy[Week]:
    return st.one_of(
        st.tuples(*[hours_of_a_day(step)] * 7),
        st.just(every_day("00:00-24:00")),
        st.just(every_day("18:00-24:00")),
    )


def closures(first_day: date, last_day: date, step: int = 1) -> st.SearchStrategy[list[Closure]]:
    part = hours_of_a_day(step).map(lambda hours: hours[0] if hours else ALL_DAY)
    days = st.dates(first_day, last_day)
    return st.lists(st.builds(Closure, day=days, hours=st.one_of(st.none(), part)), max_size=4)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    """Forty days of some zone, somewhere in ten years."""
    first_day = draw(st.dates(date(2025, 1, 1), date(2035, 11, 1)))
    last_day = first_day + 40 * ONE_DAY
    dated = draw(closures(first_day, last_day))
    try:
        return calendar(draw(weeks()), draw(st.sampled_from(ZONES)), *dated, first_day=first_day, last_day=last_day)
    except EmptyCalendar:
        assume(False)  # noqa: FBT003 - hypothesis's own way to say that this one is none
        raise


@st.composite
def instants(draw: st.DrawFn, of: WorkingCalendar) -> datetime:
    return of.begins_at + draw(st.integers(0, (of.ends_at - of.begins_at) // MICROSECOND - 1)) * MICROSECOND


@st.composite
def promises(draw: st.DrawFn) -> tuple[WorkingCalendar, datetime, timedelta]:
    """A calendar, a start on it and a target that it can keep."""
    made = draw(calendars())
    start = draw(instants(made))
    ahead = working_time_between(made, start, made.ends_at)
    assume(ahead)
    return made, start, draw(st.integers(1, ahead // MICROSECOND)) * MICROSECOND


@few
@given(promises())
def test_the_working_time_until_a_deadline_is_the_target(promise: tuple[WorkingCalendar, datetime, timedelta]) -> None:
    made, start, target = promise
    assert working_time_between(made, start, add_working_time(made, start, target)) == target


@few
@given(promises())
def test_a_deadline_is_the_earliest_instant_that_uses_the_target_up(
    promise: tuple[WorkingCalendar, datetime, timedelta],
) -> None:
    made, start, target = promise
    just_before = add_working_time(made, start, target) - MICROSECOND
    assert is_open(made, just_before)
    assert working_time_between(made, start, just_before) == target - MICROSECOND


@few
@given(promises(), st.data())
def test_a_shorter_target_is_never_due_later(
    promise: tuple[WorkingCalendar, datetime, timedelta], data: st.DataObject
) -> None:
    made, start, target = promise
    shorter = data.draw(st.integers(0, target // MICROSECOND)) * MICROSECOND
    assert add_working_time(made, start, shorter) <= add_working_time(made, start, target)


@few
@given(promises(), st.data())
def test_a_ticket_opened_earlier_is_never_due_later(
    promise: tuple[WorkingCalendar, datetime, timedelta], data: st.DataObject
) -> None:
    made, start, target = promise
    earlier = min(start, data.draw(instants(made)))
    assert add_working_time(made, earlier, target) <= add_working_time(made, start, target)


@few
@given(promises(), st.data())
def test_two_targets_one_after_the_other_are_due_as_their_sum(
    promise: tuple[WorkingCalendar, datetime, timedelta], data: st.DataObject
) -> None:
    made, start, target = promise
    first = data.draw(st.integers(1, target // MICROSECOND)) * MICROSECOND
    after_both = add_working_time(made, start, target)
    halfway = add_working_time(made, start, first)
    assert halfway == after_both or add_working_time(made, halfway, target - first) == after_both


@few
@given(calendars(), st.data())
def test_working_time_adds_up(made: WorkingCalendar, data: st.DataObject) -> None:
    one, two, three = (data.draw(instants(made)) for _ in range(3))
    parts = working_time_between(made, one, two) + working_time_between(made, two, three)
    assert working_time_between(made, one, three) == parts


@few
@given(promises(), st.data())
def test_a_closure_never_makes_a_deadline_earlier(
    promise: tuple[WorkingCalendar, datetime, timedelta], data: st.DataObject
) -> None:
    made, start, target = promise
    more = data.draw(closures(made.first_day, made.last_day))
    due = add_working_time(made, start, target)
    try:
        closed = replace(made, closures=(*made.closures, *more))
        assert add_working_time(closed, start, target) >= due
    except (CalendarEnds, EmptyCalendar):
        pass  # later than all that is published


@few
@given(promises())
def test_the_intervals_of_a_deadline_are_its_target(promise: tuple[WorkingCalendar, datetime, timedelta]) -> None:
    made, start, target = promise
    due = deadline(made, start, target)
    assert sum((closes - opens for opens, closes in due.intervals), timedelta(0)) == target
    assert due.intervals[0].opens_at == due.started_at == next_opening(made, start)
    assert due.intervals[-1].closes_at == due.due_at


@st.composite
def weeks_of_a_change(draw: st.DrawFn, step: timedelta) -> tuple[WorkingCalendar, Walk]:
    """Some days around a change of clocks, in steps, and a walk through the days next to it."""
    name, change, _ = draw(st.sampled_from(changes()))
    today = change.astimezone(zone(name)).date()
    near = today - ONE_DAY, today + ONE_DAY
    seconds = step // SECOND
    try:
        made = calendar(
            draw(weeks(seconds)),
            name,
            *draw(closures(*near, seconds)),
            first_day=today - 9 * ONE_DAY,
            last_day=today + 9 * ONE_DAY,
        )
    except EmptyCalendar:
        assume(False)  # noqa: FBT003
        raise
    return made, Walk(made, zone(name), change - 4 * ONE_DAY, change + 5 * ONE_DAY, step)


@few
@given(weeks_of_a_change(15 * MINUTE), st.integers(0, 300), st.integers(1, 200))
def test_around_every_change_of_clocks_it_equals_a_walk(
    made: tuple[WorkingCalendar, Walk], start: int, target: int
) -> None:
    worked, walk = made
    begin = walk.first + 2 * ONE_DAY + start * walk.step
    due = walk.due(begin, target * walk.step)
    assume(due is not None and due < walk.last - 2 * ONE_DAY)
    assert add_working_time(worked, begin, target * walk.step) == due


@few
@given(weeks_of_a_change(15 * MINUTE))
def test_around_every_change_of_clocks_the_same_instants_are_open(made: tuple[WorkingCalendar, Walk]) -> None:
    worked, walk = made
    inside = [each for each in walk.instants(walk.first + 2 * ONE_DAY) if each < walk.last - 2 * ONE_DAY]
    assert [is_open(worked, each) for each in inside] == [walk.works(each) for each in inside]
