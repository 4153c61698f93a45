"""Working calendars: closing times, clock changes, closures."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="deadline-at-the-next-opening",
        file="libs/workcal/timeline.py",
        before="index = bisect_left(self.until_closing, worked)",
        after="index = bisect_right(self.until_closing, worked)",
        why="a target used up at closing time would be due the next morning",
        test="tests/unit/workcal/test_working_time.py::test_a_target_used_up_at_closing_is_due_at_closing",
    ),
    Bug(
        name="open-at-closing-time",
        file="libs/workcal/timeline.py",
        before=(
            '        """Index of the interval that holds the instant, or else of the next; how many '
            'there are when none follows."""\n'
            "        return bisect_right(self.closes, instant)"
        ),
        after=(
            '        """Index of the interval that holds the instant, or else of the next; how many '
            'there are when none follows."""\n'
            "        return bisect_left(self.closes, instant)"
        ),
        why="a ticket opened as the centre closes would start its clock at once",
        test="tests/unit/workcal/test_working_time.py::test_the_closing_instant_is_not_working_time",
    ),
    Bug(
        name="second-of-two-o-clocks",
        file="libs/workcal/zones.py",
        before="return datetime.combine(day, clock, civil).astimezone(UTC)",
        after="return datetime.combine(day, clock, civil).replace(fold=1).astimezone(UTC)",
        why="on the night when clocks go back, opening hours would begin an hour late",
        test="tests/unit/workcal/test_clock_changes.py::test_d3_an_opening_in_the_skipped_hour_is_counted_on_from_before_the_jump",
    ),
    Bug(
        name="hours-moved-by-the-clock-ignore-the-holiday",
        file="libs/workcal/calendar.py",
        before="near = (day - ONE_DAY, day, day + ONE_DAY)",
        after="near = (day,)",
        why="where a clock jump moves hours into the next date, they would be worked on its holiday",
        test="tests/unit/workcal/test_clock_changes.py::test_hours_that_a_jump_pushes_into_a_closed_date_end_with_their_own",
    ),
    Bug(
        name="half-a-closure-closes-the-day",
        file="libs/workcal/calendar.py",
        before="found[each.day].append(each.hours or ALL_DAY)",
        after="found[each.day].append(ALL_DAY)",
        why="a centre that closes at noon would be closed all day",
        test="tests/unit/workcal/test_making_a_calendar.py::test_an_extra_opening_may_stand_beside_a_closure_of_other_hours",
    ),
    Bug(
        name="a-day-less-ahead",
        file="libs/workcal/arithmetic.py",
        before="if ahead > LOOK_AHEAD:",
        after="if ahead >= LOOK_AHEAD:",
        why="a deadline that lies exactly a leap year ahead would not be given",
        test="tests/unit/workcal/test_working_time.py::test_a_deadline_366_local_days_ahead_stands",
    ),
    Bug(
        name="beyond-the-calendar",
        file="libs/workcal/arithmetic.py",
        before="return moment if moment == calendar.ends_at else _published(calendar, moment)",
        after="return moment",
        why="working time would be counted over days of which nothing is published",
        test="tests/unit/workcal/test_working_time.py::test_working_time_may_be_counted_to_the_very_end_of_the_published_days",
    ),
    Bug(
        name="many-at-closing-time",
        file="libs/workcal/axis.py",
        before="idle: Whole = self._idle.take(self._by_work.of(worked - 1))",
        after="idle: Whole = self._idle.take(self._by_work.of(worked))",
        why="many deadlines reckoned at once would differ from one reckoned alone",
        test="tests/unit/workcal/test_many.py::test_all_deadlines_of_the_cases_at_once",
    ),
)
