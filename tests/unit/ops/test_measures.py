"""Cycles counted by measure and centre from facts made by hand, with numbers worked out by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from libs.messages.cycles import Measure
from services.ops.report.accounts import Days
from services.ops.report.cycle_figures import CycleFigures, Measures, measures
from services.ops.report.cycle_layout import (
    CYCLE_COLUMNS,
    FLAT_CYCLES,
    cycles_data,
    flat_cycles,
    lines_of,
    shown_cycles,
)
from services.ops.sla.grounds import Grounds, grounds_of
from services.ops.sla.ticket_cycles import KnownCycles
from services.sla_timer.cycles.model import Kind, TicketHistory
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.ops.test_cycles import known
from tests.unit.sla_timer.examples import CALENDARS, MICROSECOND, PLAN
from tests.unit.sla_timer.test_cycles import NEXT, RESOLUTION, UPDATE, berlin, monday, story, tuesday

GROUNDS = grounds_of(PLAN)
DAY = timedelta(days=1)
MONDAY = date(2026, 11, 30)
NINE, NOW = monday("09:00"), tuesday("16:00")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def days(first: date = MONDAY, until: date | None = None, on: Grounds = GROUNDS) -> Days:
    return Days(first, until or first + DAY, on)


def counted(*tickets: KnownCycles | TicketHistory, of: Days | None = None) -> Measures:
    every = [one if isinstance(one, KnownCycles) else known(one) for one in tickets]
    return measures(every, of or days(), NOW)


def total(found: Measures, measure: Measure = RESOLUTION) -> CycleFigures:
    (one,) = [figures for figures in found.totals if figures.measure is measure]
    return one


def stages(one: CycleFigures) -> tuple[int, int, int, int]:
    return one.ended, one.abandoned, one.running, one.paused


def resolved(at: datetime, opened_at: datetime = NINE, centre: str = "germany") -> TicketHistory:
    return replace(story(opened_at, (at, Kind.RESOLVED)), centre=centre)


def test_median_and_p95_are_values_that_there_are_in_working_and_in_wall_time() -> None:
    night = resolved(tuesday("10:00"), monday("16:00"))  # 1 h and 1 h of 18 h
    found = counted(
        *(resolved(monday(at)) for at in ("10:00", "12:00", "16:00")), night, of=days(until=date(2026, 12, 2))
    )
    took = total(found).took
    assert took.working == (4, 2 * HOUR, 7 * HOUR, 7 * HOUR)
    assert took.wall == (4, 3 * HOUR, 18 * HOUR, 18 * HOUR)


def test_a_pause_is_wall_time_and_no_working_time() -> None:
    facts = ((monday("10:00"), Kind.PAUSED), (monday("13:30"), Kind.RESUMED), (monday("14:15"), Kind.RESOLVED))
    took = total(counted(story(monday("09:00"), *facts))).took
    assert (took.working.median, took.wall.median) == (HOUR + 45 * MINUTE, 5 * HOUR + 15 * MINUTE)


def test_a_pause_over_a_night_leaves_what_was_worked_on_both_sides() -> None:
    facts = ((monday("16:30"), Kind.PAUSED), (tuesday("09:30"), Kind.RESUMED), (tuesday("10:00"), Kind.RESOLVED))
    took = total(counted(story(monday("16:00"), *facts), of=days(date(2026, 12, 1)))).took
    assert (took.working.median, took.wall.median) == (HOUR, 18 * HOUR)


def test_every_measure_has_its_own_cycles() -> None:
    facts = (
        (monday("09:30"), Kind.ANSWERED),
        (monday("10:00"), Kind.ASKED),
        (monday("12:00"), Kind.ANSWERED),
        (monday("13:00"), Kind.ASKED),
        (monday("14:00"), Kind.RESOLVED),
    )
    found = counted(story(monday("09:00"), *facts))
    assert [stages(total(found, measure)) for measure in (NEXT, RESOLUTION, UPDATE)] == [
        (1, 1, 0, 0),
        (1, 0, 0, 0),
        (1, 1, 0, 0),
    ]
    medians = [total(found, measure).took.working.median for measure in (NEXT, RESOLUTION, UPDATE)]
    assert medians == [2 * HOUR, 5 * HOUR, 2 * HOUR + 30 * MINUTE]


def test_what_is_abandoned_is_counted_on_its_day_and_has_no_length() -> None:
    withdrawn = story(monday("09:00"), (monday("10:00"), Kind.WITHDRAWN))
    found = total(counted(withdrawn))
    assert (stages(found), found.took.wall.number) == ((0, 1, 0, 0), 0)
    assert stages(total(counted(withdrawn, of=days(date(2026, 12, 1))))) == (0, 0, 0, 0)


def test_what_runs_or_stands_still_is_counted_whatever_days_are_asked_for() -> None:
    runs, waits = story(monday("09:00")), story(monday("09:00"), (monday("10:00"), Kind.PAUSED))
    for of in (days(date(2026, 1, 1)), days(date(2027, 12, 31))):
        found = total(counted(runs, runs, waits, of=of))
        assert (stages(found), found.took.wall.number) == ((0, 0, 2, 1), 0)


@pytest.mark.parametrize(
    ("centre", "day", "first", "next_first"),
    [
        ("germany", date(2026, 11, 30), "2026-11-29T23:00:00Z", "2026-11-30T23:00:00Z"),
        ("japan", date(2026, 11, 30), "2026-11-29T15:00:00Z", "2026-11-30T15:00:00Z"),
        ("americas", date(2026, 11, 30), "2026-11-30T05:00:00Z", "2026-12-01T05:00:00Z"),
        ("germany", date(2026, 10, 25), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # 25 h
    ],
)
def test_a_cycle_counts_on_the_centre_s_own_day_of_its_end(centre: str, day: date, first: str, next_first: str) -> None:
    begins, ends = datetime.fromisoformat(first), datetime.fromisoformat(next_first)
    at = [begins - MICROSECOND, begins, ends - MICROSECOND, ends]
    found = [counted(resolved(one, begins - 3 * DAY, centre), of=days(day)) for one in at]
    assert [total(one).ended for one in found] == [0, 1, 1, 0]


def test_groups_are_of_a_measure_at_a_centre_each_measure_with_its_total() -> None:
    found = counted(
        resolved(monday("10:00")),
        resolved(monday("10:00"), centre="france"),
        resolved(monday("11:00"), centre="france"),
    )
    assert [(one.measure, one.centre, one.ended) for one in lines_of(found)] == [
        (NEXT, None, 0),
        (RESOLUTION, "france", 2),
        (RESOLUTION, "germany", 1),
        (RESOLUTION, None, 3),
        (UPDATE, None, 0),
    ]


def test_with_targets_it_is_said_how_many_were_met_and_missed_and_are_missed_and_run_on() -> None:
    done, abandoned = resolved(monday("13:00")), story(monday("09:00"), (tuesday("09:00"), Kind.WITHDRAWN))
    late, runs = resolved(monday("14:00")), story(monday("09:00"))
    found = counted(
        known(done, has_target=True),
        known(late, has_target=True, is_missed=True),
        known(abandoned, has_target=True, is_missed=True),
        known(runs, has_target=True, is_missed=True),
        known(story(tuesday("15:00")), has_target=True),
        resolved(monday("15:00")),
        of=days(until=date(2026, 12, 2)),
    )
    one = total(found)
    assert (one.met, one.missed, one.missed_and_running) == (1, 2, 1)
    assert stages(one) == (3, 1, 2, 0)


def test_without_a_target_nothing_is_said_to_be_met_or_missed() -> None:
    one = total(counted(resolved(monday("10:00"))))
    assert (one.met, one.missed, one.missed_and_running) == (None, None, None)
    assert total(counted(known(resolved(monday("10:00")), has_target=True))).missed == 0


def test_what_was_missed_stays_so_though_its_end_became_known_to_have_been_in_time() -> None:
    told_late = total(counted(known(resolved(monday("13:00")), has_target=True, is_missed=True)))
    assert (told_late.met, told_late.missed) == (0, 1)


def test_beyond_the_calendar_and_without_one_working_time_is_unknown_and_counted_apart() -> None:
    ends = CALENDARS["germany"].model_copy(update={"last_day": date(2026, 11, 29)})
    published = PublishedCalendar("calendar/plan/germany", 1, berlin(11, 1, "00:00"), ends)
    for on in (Grounds({"germany": [published]}, ()), Grounds({}, ())):
        took = total(counted(resolved(monday("10:00")), of=days(on=on))).took
        assert (took.working.number, took.wall.number, took.unknown) == (0, 1, 1)


def test_rows_hold_every_column_and_say_lengths_as_working_and_wall_time() -> None:
    facts = ((monday("10:00"), Kind.PAUSED), (monday("12:00"), Kind.RESUMED), (monday("13:30"), Kind.RESOLVED))
    found = counted(story(monday("09:00"), *facts))
    one = total(found)
    row, shown = flat_cycles(one), shown_cycles(one)
    assert tuple(row) == FLAT_CYCLES
    assert (row["took_working_median_seconds"], row["took_wall_p95_seconds"], row["met"]) == (9000, 16200, None)
    assert set(CYCLE_COLUMNS) <= set(shown)
    assert (shown["centre"], shown["median"], shown["running now"]) == ("all", "2 h 30 min / 4 h 30 min", 0)
    (group,) = cycles_data(found)["groups"]
    assert (group["measure"], group["centre"], group["took"]["working"]["median_seconds"]) == (
        "resolution",
        "germany",
        9000,
    )


def test_of_no_ticket_there_are_three_empty_totals() -> None:
    found = counted()
    assert (found.groups, [stages(one) for one in found.totals]) == ((), [(0, 0, 0, 0)] * 3)
