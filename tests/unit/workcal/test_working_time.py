from datetime import UTC, date, datetime, timedelta

import pytest

from libs.workcal import (
    CalendarEnds,
    Closure,
    Hours,
    NaiveInstant,
    Opening,
    TooFarAhead,
    add_working_time,
    deadline,
    is_open,
    next_opening,
    windows,
    working_time_between,
)
from tests.unit.workcal.calendars import HOUR, MICROSECOND, calendar, every_day, hours, sundays, utc, workdays

OFFICE = calendar(workdays("09:00-17:00"), "UTC")
ALWAYS = calendar(every_day("00:00-24:00"), "Europe/Paris")
TUESDAY_9H, TUESDAY_17H = utc("2026-11-24 09:00"), utc("2026-11-24 17:00")
WEDNESDAY_9H = utc("2026-11-25 09:00")
NAIVE = datetime(2026, 11, 24, 9)  # noqa: DTZ001 - that is what is refused


def test_the_opening_instant_is_working_time() -> None:
    assert is_open(OFFICE, TUESDAY_9H)
    assert not is_open(OFFICE, TUESDAY_9H - MICROSECOND)


def test_the_closing_instant_is_not_working_time() -> None:
    assert is_open(OFFICE, TUESDAY_17H - MICROSECOND)
    assert not is_open(OFFICE, TUESDAY_17H)


def test_within_hours_the_next_opening_is_now() -> None:
    assert next_opening(OFFICE, TUESDAY_9H + MICROSECOND) == TUESDAY_9H + MICROSECOND


def test_at_closing_the_next_opening_is_tomorrow() -> None:
    assert next_opening(OFFICE, TUESDAY_17H) == WEDNESDAY_9H


def test_a_target_used_up_at_closing_is_due_at_closing() -> None:
    assert add_working_time(OFFICE, TUESDAY_9H, 8 * HOUR) == TUESDAY_17H


def test_one_microsecond_more_is_due_after_the_next_opening() -> None:
    assert add_working_time(OFFICE, TUESDAY_9H, 8 * HOUR + MICROSECOND) == WEDNESDAY_9H + MICROSECOND


def test_from_the_closing_instant_the_clock_starts_at_the_next_opening() -> None:
    assert add_working_time(OFFICE, TUESDAY_17H, HOUR) == WEDNESDAY_9H + HOUR


def test_touching_hours_are_one_stretch_of_work() -> None:
    shifts = calendar(every_day("00:00-08:00", "08:00-24:00"), "UTC")
    assert add_working_time(shifts, utc("2026-11-24 07:00"), 30 * HOUR) == utc("2026-11-25 13:00")


def test_no_working_time_is_used_up_at_once() -> None:
    assert add_working_time(OFFICE, TUESDAY_17H, timedelta(0)) == TUESDAY_17H


def test_negative_working_time_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        add_working_time(OFFICE, TUESDAY_9H, -MICROSECOND)


def test_a_deadline_needs_a_target() -> None:
    with pytest.raises(ValueError, match="no working time"):
        deadline(OFFICE, TUESDAY_9H, timedelta(0))


def test_a_deadline_names_the_working_time_it_used() -> None:
    due = deadline(OFFICE, utc("2026-11-24 16:00"), 2 * HOUR)
    assert due.started_at == utc("2026-11-24 16:00")
    assert due.due_at == utc("2026-11-25 10:00")
    assert due.intervals == ((due.started_at, TUESDAY_17H), (WEDNESDAY_9H, due.due_at))


def test_a_deadline_out_of_hours_starts_its_clock_at_the_next_opening() -> None:
    due = deadline(OFFICE, TUESDAY_17H, HOUR)
    assert due.started_at == WEDNESDAY_9H
    assert due.intervals == ((WEDNESDAY_9H, due.due_at),)


def test_a_deadline_at_closing_uses_nothing_of_the_next_day() -> None:
    assert deadline(OFFICE, TUESDAY_9H, 8 * HOUR).intervals == ((TUESDAY_9H, TUESDAY_17H),)


def test_a_deadline_where_two_shifts_touch_uses_nothing_of_the_second() -> None:
    shifts = calendar(every_day("00:00-08:00", "08:00-24:00"), "UTC")
    assert deadline(shifts, utc("2026-11-24 07:00"), HOUR).intervals == (
        (utc("2026-11-24 07:00"), utc("2026-11-24 08:00")),
    )


def test_working_time_between_leaves_the_night_out() -> None:
    assert working_time_between(OFFICE, utc("2026-11-24 16:00"), utc("2026-11-25 10:00")) == 2 * HOUR


def test_working_time_backwards_is_negative() -> None:
    assert working_time_between(OFFICE, utc("2026-11-25 10:00"), utc("2026-11-24 16:00")) == -2 * HOUR


def test_answers_are_in_utc_whatever_was_asked() -> None:
    tokyo = datetime.fromisoformat("2026-11-24T18:00:00+09:00")
    assert add_working_time(OFFICE, tokyo, HOUR).tzinfo is UTC


@pytest.mark.parametrize(
    "ask",
    [
        lambda: add_working_time(OFFICE, NAIVE, HOUR),
        lambda: deadline(OFFICE, NAIVE, HOUR),
        lambda: working_time_between(OFFICE, TUESDAY_9H, NAIVE),
        lambda: working_time_between(OFFICE, NAIVE, TUESDAY_9H),
        lambda: is_open(OFFICE, NAIVE),
        lambda: next_opening(OFFICE, NAIVE),
    ],
)
def test_a_time_without_an_offset_is_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(NaiveInstant):
        ask()


def test_holidays_are_looked_up_by_the_local_date() -> None:
    montreal = calendar(workdays("09:00-20:00"), "America/Toronto", Closure(date(2026, 12, 25)))
    assert is_open(montreal, utc("2026-12-25 00:30"))
    assert not is_open(montreal, utc("2026-12-25 15:00"))
    assert not is_open(montreal, utc("2026-12-26 00:30"))


def test_a_holiday_on_a_weekend_changes_nothing() -> None:
    closed = calendar(workdays("09:00-17:00"), "UTC", Closure(date(2026, 11, 28)))
    friday = utc("2026-11-27 16:00")
    assert add_working_time(closed, friday, 2 * HOUR) == add_working_time(OFFICE, friday, 2 * HOUR)


def test_nothing_is_guessed_before_the_published_days() -> None:
    with pytest.raises(CalendarEnds, match="2025-12-31"):
        is_open(OFFICE, utc("2025-12-31 23:59:59"))


def test_nothing_is_guessed_after_the_published_days() -> None:
    with pytest.raises(CalendarEnds, match="2029-01-01"):
        is_open(OFFICE, utc("2029-01-01 00:00"))


def test_the_published_days_end_in_local_time() -> None:
    assert not is_open(calendar(workdays("09:00-17:00"), "America/Toronto"), utc("2029-01-01 04:59"))
    with pytest.raises(CalendarEnds):
        is_open(calendar(workdays("09:00-17:00"), "Asia/Tokyo"), utc("2028-12-31 15:00"))


def test_a_deadline_on_the_last_published_day_stands() -> None:
    assert add_working_time(OFFICE, utc("2028-12-29 16:00"), HOUR) == utc("2028-12-29 17:00")


def test_a_deadline_that_needs_an_unpublished_day_is_refused() -> None:
    with pytest.raises(CalendarEnds, match="2029-01-01"):
        add_working_time(OFFICE, utc("2028-12-29 16:00"), HOUR + MICROSECOND)


def test_no_target_is_too_much_to_be_refused() -> None:
    with pytest.raises(CalendarEnds):
        add_working_time(OFFICE, utc("2028-12-29 16:00"), timedelta.max)


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_the_first_and_the_last_hours_that_can_be_said_are_not_published(instant: str) -> None:
    for name in ("America/Toronto", "Asia/Tokyo"):
        with pytest.raises(CalendarEnds):
            is_open(calendar(workdays("09:00-17:00"), name), datetime.fromisoformat(instant))


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-05:00"])
def test_an_instant_outside_the_years_that_can_be_said_is_refused(instant: str) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        is_open(OFFICE, datetime.fromisoformat(instant))


def test_an_opening_that_needs_an_unpublished_day_is_refused() -> None:
    with pytest.raises(CalendarEnds):
        next_opening(OFFICE, utc("2028-12-29 17:00"))


def test_working_time_may_be_counted_to_the_very_end_of_the_published_days() -> None:
    assert working_time_between(OFFICE, utc("2028-12-29 09:00"), utc("2029-01-01 00:00")) == 8 * HOUR
    with pytest.raises(CalendarEnds):
        working_time_between(OFFICE, utc("2028-12-29 09:00"), utc("2029-01-01 00:00") + MICROSECOND)


def test_windows_of_unpublished_days_are_refused() -> None:
    with pytest.raises(CalendarEnds):
        windows(OFFICE, date(2028, 12, 30), date(2029, 1, 1))


def test_windows_are_given_by_local_date_in_utc() -> None:
    tokyo = calendar(workdays("09:00-17:00"), "Asia/Tokyo")
    monday = (utc("2026-11-23 00:00"), utc("2026-11-23 08:00"))
    assert windows(tokyo, date(2026, 11, 21), date(2026, 11, 23)) == (monday,)


def opening_after(days: int) -> datetime:
    """Ask on 1 January 2026 for the only opening, so many days ahead."""
    only = Opening(date(2026, 1, 1) + timedelta(days=days), *hours("23:00-24:00"))
    return add_working_time(calendar(every_day(), "UTC", only), utc("2026-01-01 12:00"), HOUR)


def test_a_deadline_366_local_days_ahead_stands() -> None:
    assert opening_after(366) == utc("2027-01-03 00:00")


def test_a_deadline_367_local_days_ahead_is_refused() -> None:
    with pytest.raises(TooFarAhead):
        opening_after(367)


def test_an_opening_367_local_days_ahead_is_refused() -> None:
    only = Opening(date(2027, 1, 3), Hours.parse("09:00-17:00"))
    with pytest.raises(TooFarAhead):
        next_opening(calendar(every_day(), "UTC", only), utc("2026-01-01 12:00"))


def test_a_calendar_that_never_opens_again_is_too_far_ahead_rather_than_at_its_end() -> None:
    only = Opening(date(2026, 1, 1), Hours.parse("09:00-12:00"))
    with pytest.raises(TooFarAhead):
        next_opening(calendar(every_day(), "UTC", only), utc("2026-01-01 12:00"))


@pytest.mark.parametrize(("published", "error"), [(366, CalendarEnds), (367, TooFarAhead)])
def test_a_calendar_ends_where_a_day_that_could_be_looked_at_is_not_published(
    published: int, error: type[Exception]
) -> None:
    last_day = date(2026, 1, 1) + timedelta(days=published - 1)
    only = calendar(every_day(), "UTC", Opening(date(2026, 1, 1), Hours.parse("09:00-12:00")), last_day=last_day)
    with pytest.raises(error):
        add_working_time(only, utc("2026-01-01 11:00"), 2 * HOUR)


def test_a_week_of_one_second_still_comes_round() -> None:
    blink = calendar(sundays("12:00:00-12:00:01"), "UTC")
    assert add_working_time(blink, utc("2026-01-01 00:00"), timedelta(seconds=3)) == utc("2026-01-18 12:00:01")
