"""A great many deadlines at once are those of one after the other, the errors too."""

import csv
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages.tickets import Channel
from libs.plan import target_of, working_calendar
from libs.workcal import CalendarEnds, Hours, Opening, TooFarAhead, WorkingCalendar, add_working_time, axis, many
from libs.workcal.many import deadlines, deadlines_over
from services.contract.plan import read_plan
from tests.unit.workcal.calendars import HOUR, MICROSECOND, calendar, every_day, hours, microseconds, utc, workdays

PLAN = read_plan()
CENTRES = [working_calendar(centre) for centre in PLAN.centres]
OFFICE = calendar(workdays("09:00-17:00"), "UTC")
ALWAYS = calendar(every_day("00:00-24:00"), "Europe/Paris", first_day=date(2027, 1, 1))
BLINK = calendar(every_day("12:00:00-12:00:01", "12:00:02-12:00:03"), "America/New_York", last_day=date(2028, 6, 1))
SELDOM = calendar(
    every_day(),
    "Australia/Lord_Howe",
    *[Opening(date(year, 1, 1), *hours("23:00-24:00")) for year in (2026, 2027)],
    Opening(date(2028, 1, 3), *hours("00:00-01:00")),
)
CALENDARS = [OFFICE, ALWAYS, BLINK, SELDOM]
TUESDAY_9H = utc("2026-11-24 09:00")
with (Path(__file__).parents[2] / "cases" / "deadlines.csv").open(encoding="utf-8") as rows:
    DEADLINES = list(csv.DictReader(rows))


def instants(*moments: datetime) -> many.Instants:
    return np.array(microseconds(moments), "datetime64[us]")


def spans(*targets: timedelta) -> many.Spans:
    return np.array(targets, "timedelta64[us]")


def test_all_deadlines_of_the_cases_at_once() -> None:
    names = [centre.name for centre in CENTRES]
    which = np.array([names.index(row["centre"]) for row in DEADLINES])
    promised = [target_of(PLAN.targets, Channel(row["channel"])) for row in DEADLINES]
    targets = spans(*[target for target in promised if target])
    starts = instants(*[datetime.fromisoformat(row["opened_at"]) for row in DEADLINES])
    due = dict(zip([row["id"] for row in DEADLINES], deadlines_over(CENTRES, which, starts, targets), strict=True))
    assert due == {row["id"]: np.datetime64(row["due_at"].removesuffix("Z"), "us") for row in DEADLINES}


SECOND = timedelta(seconds=1)
Item = tuple[int, datetime, timedelta]
Answer = list[datetime] | tuple[type[Exception], str]
somewhere = st.tuples(
    st.sampled_from(range(len(CALENDARS))),
    st.one_of(
        st.integers(-2 * 86_400, 1100 * 86_400).map(lambda second: utc("2026-01-01 00:00") + second * SECOND),
        st.sampled_from([each for made in CALENDARS for each in (*made.timeline.opens, *made.timeline.closes)]),
    ),
    st.one_of(st.timedeltas(-MICROSECOND, 9000 * HOUR), st.sampled_from([timedelta(0), HOUR, 8 * HOUR])),
)


def one_by_one(items: Sequence[Item]) -> Answer:
    """The deadlines without their zone, or what the first error says of its item."""
    due = []
    for number, (which, start, target) in enumerate(items):
        try:
            due.append(add_working_time(CALENDARS[which], start, target))
        except ValueError as error:
            return type(error), f"item {number}: {error}"
    return microseconds(due)


def at_once(items: Sequence[Item]) -> Answer:
    which, starts, targets = zip(*items, strict=True)
    try:
        due: list[datetime] = deadlines_over(CALENDARS, np.array(which), instants(*starts), spans(*targets)).tolist()
    except ValueError as error:
        return type(error), str(error)
    return due


@settings(max_examples=300, deadline=None)
@given(st.lists(somewhere, min_size=1, max_size=8))
def test_at_once_is_one_by_one(items: Sequence[Item]) -> None:
    assert at_once(items) == one_by_one(items)


@pytest.mark.parametrize("made", CENTRES, ids=lambda made: made.name)
def test_on_every_edge_of_a_real_calendar_at_once_is_one_by_one(made: WorkingCalendar) -> None:
    edges = [edge for pair in zip(made.timeline.opens, made.timeline.closes, strict=True) for edge in pair][:1200]
    starts = [edge + near for edge in edges for near in (-MICROSECOND, timedelta(0), MICROSECOND)]
    due = [add_working_time(made, start, 4 * HOUR) for start in starts]
    assert deadlines(made, instants(*starts), 4 * HOUR).tolist() == microseconds(due)


def test_edges_too_close_for_a_table_are_searched() -> None:
    assert not many._axis((BLINK,))._by_instant._guided
    assert many._axis((OFFICE,))._by_instant._guided
    assert not axis.Places(np.array([1, 1, 5]), 9)._shift


def test_the_first_of_several_errors_is_named_even_far_into_the_row() -> None:
    starts = np.full(3 * many.CHUNK, np.datetime64("2026-11-24T09:00", "us"))
    targets = np.full(3 * many.CHUNK, np.timedelta64(3600, "s"), "timedelta64[us]")
    targets[2 * many.CHUNK + 7] = -1
    starts[2 * many.CHUNK + 9] = np.datetime64("2031-01-01", "us")
    with pytest.raises(ValueError, match=f"item {2 * many.CHUNK + 7}: .*cannot be added"):
        deadlines(OFFICE, starts, targets)


def test_a_calendar_that_ends_says_so_with_the_place_of_the_item() -> None:
    with pytest.raises(CalendarEnds, match=r"item 1: synthetic, version 1, .* not for 2029-01-01") as caught:
        deadlines(OFFICE, instants(TUESDAY_9H, utc("2028-12-29 16:00")), HOUR + MICROSECOND)
    assert caught.value.day == date(2029, 1, 1)


def test_an_answer_too_far_ahead_is_refused_with_the_place_of_the_item() -> None:
    only = calendar(every_day(), "UTC", Opening(date(2027, 1, 3), Hours.parse("23:00-24:00")))
    with pytest.raises(TooFarAhead, match="item 1: "):
        deadlines(only, instants(utc("2026-01-02 00:00"), utc("2026-01-01 23:59")), HOUR)


@pytest.mark.parametrize("target", [timedelta.max, timedelta(days=10**8), timedelta(microseconds=1 << 64) + HOUR])
def test_a_target_beyond_all_numbers_is_beyond_the_calendar(target: timedelta) -> None:
    with pytest.raises(CalendarEnds):
        deadlines(OFFICE, instants(utc("2028-11-24 09:00")), target)
    with pytest.raises(TooFarAhead):
        deadlines(OFFICE, instants(utc("2026-11-24 09:00")), target)


def test_the_greatest_target_of_its_own_is_beyond_the_calendar() -> None:
    with pytest.raises(TooFarAhead):
        deadlines(OFFICE, instants(TUESDAY_9H), np.array([np.iinfo(np.int64).max]).view("timedelta64[us]"))


def test_even_no_working_time_needs_a_published_start() -> None:
    with pytest.raises(CalendarEnds, match="item 1: "):
        deadlines(OFFICE, instants(OFFICE.ends_at - MICROSECOND, OFFICE.ends_at), timedelta(0))


def test_a_target_before_all_numbers_is_refused_as_it_was_said() -> None:
    with pytest.raises(ValueError, match="item 0: -999999999 days, 0:00:00 of working time cannot be added"):
        deadlines(OFFICE, instants(TUESDAY_9H), timedelta.min)


@pytest.mark.parametrize("start", ["NaT", "12026-11-24", "-9000-01-01"])
def test_what_is_no_instant_is_refused(start: str) -> None:
    starts = np.array(["2026-11-24", start], "datetime64[us]")
    with pytest.raises(ValueError, match="item 1: not a time"):
        deadlines(OFFICE, starts, HOUR)


def test_a_target_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="item 0: not a time"):
        deadlines(OFFICE, instants(TUESDAY_9H), np.array(["NaT"], "timedelta64[us]"))


@pytest.mark.parametrize("unit", ["datetime64[ns]", "datetime64[s]", "int64"])
def test_other_units_than_microseconds_are_refused(unit: str) -> None:
    with pytest.raises(TypeError, match=r"datetime64\[us\]"):
        deadlines(OFFICE, instants(TUESDAY_9H).astype(unit), HOUR)


@pytest.mark.parametrize("targets", [spans(HOUR), spans(HOUR, HOUR, HOUR)])
def test_rows_of_different_lengths_are_refused(targets: many.Spans) -> None:
    with pytest.raises(ValueError, match="one row"):
        deadlines(OFFICE, instants(TUESDAY_9H, TUESDAY_9H), targets)


@pytest.mark.parametrize("place", [-1, 1])
def test_a_calendar_that_is_not_there_is_refused(place: int) -> None:
    with pytest.raises(IndexError, match=f"item 1: there is no calendar {place}"):
        deadlines_over([OFFICE], np.array([0, place]), instants(TUESDAY_9H, TUESDAY_9H), HOUR)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.uint64])
def test_places_may_be_numbers_of_any_width(kind: type[np.integer]) -> None:
    which = np.array([0, 2], kind)
    due = deadlines_over(CALENDARS, which, instants(TUESDAY_9H, TUESDAY_9H), timedelta(seconds=1))
    assert due.tolist() == microseconds([utc("2026-11-24 09:00:01"), utc("2026-11-24 17:00:01")])


def test_nothing_asked_is_nothing_answered() -> None:
    assert deadlines(OFFICE, instants(), HOUR).tolist() == []


def test_what_is_asked_stays_as_it_was() -> None:
    starts, targets = instants(TUESDAY_9H, TUESDAY_9H)[::2], spans(HOUR)
    deadlines(OFFICE, starts, targets)
    assert (starts.tolist(), targets.tolist()) == (microseconds([TUESDAY_9H]), [HOUR])


def test_who_asks_one_by_one_does_not_load_numpy() -> None:
    program = "import sys, libs.workcal, libs.plan; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
