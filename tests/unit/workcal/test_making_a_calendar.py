from datetime import UTC, date, time

import pytest
from pydantic import TypeAdapter

from libs.workcal import (
    ALL_DAY,
    BadHours,
    Closure,
    EmptyCalendar,
    Hours,
    Opening,
    UnknownZone,
    WorkingCalendar,
    is_open,
    windows,
)
from tests.unit.workcal.calendars import calendar, every_day, hours, paris, sundays, workdays

CHRISTMAS = date(2026, 12, 25)
SATURDAY = date(2026, 11, 28)
MORNING, AFTERNOON = hours("09:00-12:00", "13:00-17:00")


@pytest.mark.parametrize("text", ["09:00-17:00", "18:30:15-24:00", "00:00-24:00"])
def test_hours_are_printed_as_they_were_read(text: str) -> None:
    assert str(Hours.parse(text)) == text


def test_closing_at_midnight_ends_the_day() -> None:
    assert Hours.parse("00:00-24:00") == Hours.parse("00:00-00:00") == ALL_DAY


@pytest.mark.parametrize(
    "text", ["17:00-09:00", "09:00-09:00", "09:00", "nine-five", "09:00-25:00", "09:00:00.5-17:00", ""]
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadHours):
        Hours.parse(text)


def test_hours_with_a_zone_are_refused() -> None:
    with pytest.raises(BadHours, match="no zone"):
        Hours(time(9, tzinfo=UTC), time(17, tzinfo=UTC))


def test_hours_that_name_the_second_of_two_times_are_refused() -> None:
    with pytest.raises(BadHours, match="no fold"):
        Hours(time(2, 30, fold=1), time(5))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("09:00-12:00", "13:00-17:00", False),
        ("09:00-12:00", "12:00-17:00", False),
        ("09:00-12:00", "11:59:59-17:00", True),
        ("09:00-17:00", "10:00-11:00", True),
        ("22:00-24:00", "00:00-22:00", False),
        ("22:00-24:00", "23:00-24:00", True),
    ],
)
def test_hours_that_only_touch_do_not_overlap(one: str, other: str, *, overlap: bool) -> None:
    assert Hours.parse(one).overlaps(Hours.parse(other)) is overlap
    assert Hours.parse(other).overlaps(Hours.parse(one)) is overlap


def test_overlapping_hours_of_one_weekday_are_refused() -> None:
    with pytest.raises(BadHours, match="monday: 09:00-12:00 and 11:00-17:00 overlap"):
        calendar(workdays("09:00-12:00", "11:00-17:00"))


def test_a_week_has_seven_days() -> None:
    with pytest.raises(BadHours, match="seven"):
        calendar((hours("09:00-17:00"),) * 6)


def test_a_calendar_that_never_opens_cannot_be_made() -> None:
    with pytest.raises(EmptyCalendar):
        calendar(every_day())


def test_a_calendar_whose_only_days_are_closed_cannot_be_made() -> None:
    sunday = date(2026, 11, 29)
    with pytest.raises(EmptyCalendar):
        calendar(sundays("09:00-17:00"), "UTC", Closure(sunday), first_day=sunday, last_day=date(2026, 12, 5))


def test_a_calendar_that_opens_on_one_extra_day_only_can_be_made() -> None:
    made = calendar(every_day(), "Europe/Paris", Opening(SATURDAY, MORNING))
    assert is_open(made, paris("2026-11-28 09:00"))


def test_a_publication_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadHours):
        calendar(workdays("09:00-17:00"), first_day=date(2027, 1, 1), last_day=date(2026, 12, 31))


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", "", "europe/paris"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        calendar(workdays("09:00-17:00"), name)


def test_a_day_cannot_be_opened_and_closed_at_once() -> None:
    with pytest.raises(BadHours, match="2026-12-25"):
        calendar(workdays("09:00-17:00"), "Europe/Paris", Closure(CHRISTMAS), Opening(CHRISTMAS, MORNING))


def test_hours_cannot_be_opened_and_closed_at_once() -> None:
    late_morning = Hours.parse("11:00-13:00")
    with pytest.raises(BadHours, match="close only a part"):
        calendar(every_day(), "UTC", Closure(CHRISTMAS, "", late_morning), Opening(CHRISTMAS, MORNING))


def test_an_extra_opening_may_stand_beside_a_closure_of_other_hours() -> None:
    made = calendar(every_day(), "UTC", Closure(CHRISTMAS, "", AFTERNOON), Opening(CHRISTMAS, MORNING))
    assert [opens.hour for opens, _ in windows(made, CHRISTMAS, CHRISTMAS)] == [9]


def test_an_extra_opening_may_prolong_the_hours_of_the_week() -> None:
    made = calendar(workdays("09:00-17:00"), "UTC", Opening(CHRISTMAS, Hours.parse("16:00-19:00")))
    assert [(opens.hour, closes.hour) for opens, closes in windows(made, CHRISTMAS, CHRISTMAS)] == [(9, 19)]


def test_an_extra_opening_within_the_hours_of_the_week_adds_nothing() -> None:
    made = calendar(workdays("09:00-17:00"), "UTC", Opening(CHRISTMAS, MORNING))
    assert [(opens.hour, closes.hour) for opens, closes in windows(made, CHRISTMAS, CHRISTMAS)] == [(9, 17)]


def test_a_closure_of_some_hours_leaves_the_others() -> None:
    made = calendar(workdays("09:00-17:00"), "UTC", Closure(CHRISTMAS, "inventaire", Hours.parse("12:00-13:00")))
    assert [(opens.hour, closes.hour) for opens, closes in windows(made, CHRISTMAS, CHRISTMAS)] == [(9, 12), (13, 17)]


def test_closures_that_overlap_close_what_either_closes() -> None:
    closures = [
        Closure(CHRISTMAS, "", each) for each in hours("16:00-24:00", "11:00-14:00", "10:00-12:00", "11:30-11:45")
    ]
    made = calendar(workdays("09:00-17:00"), "UTC", *closures)
    assert [(opens.hour, closes.hour) for opens, closes in windows(made, CHRISTMAS, CHRISTMAS)] == [(9, 10), (14, 16)]


@pytest.mark.parametrize(
    ("closed", "left"), [("09:00-12:00", [(12, 17)]), ("12:00-17:00", [(9, 12)]), ("09:00-17:00", [])]
)
def test_a_closure_up_to_opening_or_closing_leaves_no_empty_hours(closed: str, left: list[tuple[int, int]]) -> None:
    made = calendar(workdays("09:00-17:00"), "UTC", Closure(CHRISTMAS, "", Hours.parse(closed)))
    assert [(opens.hour, closes.hour) for opens, closes in windows(made, CHRISTMAS, CHRISTMAS)] == left


def test_a_calendar_survives_being_written_down() -> None:
    made = calendar(workdays("09:00-12:00", "13:00-24:00"), "Asia/Tokyo", Closure(CHRISTMAS, "Noël", MORNING))
    adapter = TypeAdapter(WorkingCalendar)
    assert adapter.validate_json(adapter.dump_json(made)) == made
