"""Clock changes on synthetic calendars: the D rows of tests/cases/lifecycle.md, and what Python does by itself."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from libs.workcal import (
    ALL_DAY,
    Closure,
    Hours,
    NaiveInstant,
    WorkingCalendar,
    add_working_time,
    in_utc,
    start_of_day,
    windows,
    working_time_between,
    zone,
)
from tests.unit.workcal.calendars import HOUR, calendar, every_day, hours, paris, sundays, utc, workdays

SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)
NIGHT = calendar(sundays("00:00-06:00"))
EVE = date(2027, 3, 27)
ALWAYS = calendar(every_day("00:00-24:00"))
LIFECYCLE = Path(__file__).parents[2] / "cases" / "lifecycle.md"


def test_every_row_of_the_clock_changes_is_a_test() -> None:
    rows = re.findall(r"^\| (D\d+) ", LIFECYCLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == ["D1", "D2", "D3", "D4"]
    assert all(any(name.startswith(f"test_{row.lower()}_") for name in globals()) for row in rows)


def test_d1_a_window_over_the_hour_that_is_skipped_is_shorter() -> None:
    assert add_working_time(NIGHT, paris("2027-03-28 01:00"), 2 * HOUR) == utc("2027-03-28 02:00")
    [(opens_at, closes_at)] = windows(NIGHT, SPRING, SPRING)
    assert closes_at - opens_at == 5 * HOUR


def test_d2_a_window_over_the_hour_that_comes_twice_is_longer() -> None:
    due = add_working_time(NIGHT, paris("2026-10-25 01:30"), 2 * HOUR)
    assert due == utc("2026-10-25 01:30") == in_utc(paris("2026-10-25 02:30", fold=1))
    [(opens_at, closes_at)] = windows(NIGHT, AUTUMN, AUTUMN)
    assert closes_at - opens_at == 7 * HOUR


def test_d3_an_opening_in_the_skipped_hour_is_counted_on_from_before_the_jump() -> None:
    late = calendar(sundays("02:30-06:00"))
    assert windows(late, SPRING, SPRING)[0].opens_at == utc("2027-03-28 01:30")
    assert add_working_time(late, paris("2027-03-28 00:00"), HOUR) == utc("2027-03-28 02:30")


def test_d4_a_time_without_an_offset_may_be_two_instants_and_is_refused() -> None:
    assert [in_utc(paris("2026-10-25 02:30", fold=fold)).hour for fold in (0, 1)] == [0, 1]
    with pytest.raises(NaiveInstant):
        add_working_time(NIGHT, datetime(2026, 10, 25, 2, 30), HOUR)  # noqa: DTZ001 - that is what is refused


def test_a_closing_that_comes_twice_is_the_first() -> None:
    early = calendar(sundays("00:00-02:30"))
    assert windows(early, AUTUMN, AUTUMN)[0].closes_at == utc("2026-10-25 00:30")


def test_hours_within_the_skipped_hour_keep_their_length() -> None:
    within = calendar(sundays("02:15-02:45"))
    assert windows(within, SPRING, SPRING) == ((utc("2027-03-28 01:15"), utc("2027-03-28 01:45")),)


def test_hours_that_a_jump_turns_round_do_not_open() -> None:
    turned = calendar(sundays("02:59-03:01"))
    assert windows(turned, SPRING, SPRING) == ()


def test_hours_that_a_jump_pushes_over_the_next_are_counted_once() -> None:
    pushed = calendar(sundays("01:00-02:30", "03:00-06:00"))
    assert windows(pushed, SPRING, SPRING) == ((utc("2027-03-28 00:00"), utc("2027-03-28 04:00")),)


def test_a_closure_that_ends_in_the_skipped_hour_takes_no_more_than_its_own_time() -> None:
    short = Closure(SPRING, "", Hours.parse("01:00-02:30"))
    closed = calendar(sundays("00:00-06:00"), "Europe/Paris", short)
    opens = [(opens.hour, opens.minute) for opens, _ in windows(closed, SPRING, SPRING)]
    assert opens == [(23, 0), (1, 30)]


def test_a_closure_never_adds_time_beside_the_skipped_hour() -> None:
    week, closure = sundays("01:00-03:15"), Closure(SPRING, "", Hours.parse("02:30-03:10"))
    closed = calendar(week, "Europe/Paris", closure)
    assert windows(closed, SPRING, SPRING) == windows(calendar(week), SPRING, SPRING)


def test_a_jump_over_midnight_does_not_count_an_hour_twice() -> None:
    next_day = date(2027, 3, 28)
    both = calendar((*[()] * 5, hours("20:00-23:30"), hours("00:00-08:00")), "America/Nuuk")
    assert start_of_day(next_day, zone("America/Nuuk")) == utc("2027-03-28 01:00")
    assert windows(both, EVE, next_day) == ((utc("2027-03-27 22:00"), utc("2027-03-28 09:00")),)


def nuuk(*closures: Closure, last_day: date = date(2027, 12, 31)) -> WorkingCalendar:
    """Its clocks jump from 23:00 on Saturday to Sunday, so that Saturday's hours reach into Sunday."""
    return calendar((*[()] * 5, hours("20:00-23:30"), ()), "America/Nuuk", *closures, last_day=last_day)


def test_hours_that_a_jump_pushes_into_a_closed_date_end_with_their_own() -> None:
    sunday = date(2027, 3, 28)
    assert windows(nuuk(), EVE, sunday) == ((utc("2027-03-27 22:00"), utc("2027-03-28 01:30")),)
    for closure in (Closure(sunday), Closure(sunday, "", Hours.parse("00:00-09:00"))):
        assert windows(nuuk(closure), EVE, sunday) == ((utc("2027-03-27 22:00"), utc("2027-03-28 01:00")),)


def test_a_closed_date_has_no_hours_that_a_jump_could_push_out_of_it() -> None:
    assert windows(nuuk(Closure(EVE)), EVE, date(2027, 3, 28)) == ()


def test_nothing_is_pushed_out_of_the_published_days() -> None:
    made = nuuk(last_day=EVE)
    assert windows(made, EVE, EVE) == ((utc("2027-03-27 22:00"), made.ends_at),)


def test_a_date_that_the_clocks_skip_has_no_hours() -> None:
    friday, saturday = date(2011, 12, 30), date(2011, 12, 31)
    apia = calendar(workdays("09:00-17:00"), "Pacific/Apia", first_day=date(2011, 12, 1), last_day=saturday)
    assert windows(apia, friday, saturday) == ()


@pytest.mark.parametrize("name", ["Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Beirut", "America/Nuuk"])
def test_round_the_clock_stays_so_where_clocks_change_at_midnight(name: str) -> None:
    always = calendar(every_day("00:00-24:00"), name)
    assert working_time_between(always, always.begins_at, always.ends_at) == always.ends_at - always.begins_at


def test_aware_subtraction_within_a_zone_forgets_the_change_and_working_time_does_not() -> None:
    friday, monday = paris("2026-10-23 17:00"), paris("2026-10-26 09:00")
    assert monday - friday == timedelta(days=2, hours=16)
    assert working_time_between(ALWAYS, friday, monday) == timedelta(days=2, hours=17)


def test_aware_addition_moves_the_hands_and_working_time_passes() -> None:
    saturday = paris("2026-10-24 15:00")
    assert saturday + 24 * HOUR == paris("2026-10-25 15:00")
    assert add_working_time(ALWAYS, saturday, 24 * HOUR) == paris("2026-10-25 14:00")


def test_all_day_is_as_long_as_the_day() -> None:
    [(opens_at, closes_at)] = windows(calendar((*[()] * 6, (ALL_DAY,))), AUTUMN, AUTUMN)
    assert closes_at - opens_at == 25 * HOUR
