"""What is measured of a ticket beside its first response: when cycles begin and end, and that a pause stops them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from libs.messages.cycles import CycleEnd, Measure
from libs.messages.tickets import Channel
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, TooFarAhead, add_working_time, zone
from services.sla_timer.cycles.model import Cycle, CycleFact, Kind, Pause, TicketHistory, cycles_of
from services.sla_timer.cycles.working_time import is_met, used, used_up_at, wall_time, working_time
from tests.unit.sla_timer.examples import CALENDARS, MICROSECOND, TICKET

GERMANY = working_calendar(CALENDARS["germany"])
FOUR_HOURS = timedelta(hours=4)
NEXT, RESOLUTION, UPDATE = Measure.NEXT_RESPONSE, Measure.RESOLUTION, Measure.PERIODIC_UPDATE


def berlin(month: int, day: int, clock: str) -> datetime:
    """Civil time in Berlin in 2026; 30 November is a Monday."""
    local = datetime.combine(date(2026, month, day), time.fromisoformat(clock), zone("Europe/Berlin"))
    return local.astimezone(UTC)


def monday(clock: str) -> datetime:
    return berlin(11, 30, clock)


def tuesday(clock: str) -> datetime:
    return berlin(12, 1, clock)


def story(opened_at: datetime, *facts: tuple[datetime, Kind], channel: Channel = Channel.EMAIL) -> TicketHistory:
    return TicketHistory(TICKET, "germany", channel, opened_at, tuple(CycleFact(at, kind) for at, kind in facts))


def cycles(measure: Measure, opened_at: datetime, *facts: tuple[datetime, Kind]) -> list[Cycle]:
    return [cycle for cycle in cycles_of(story(opened_at, *facts)) if cycle.measure is measure]


def resolution(opened_at: datetime, *facts: tuple[datetime, Kind]) -> Cycle:
    (cycle,) = cycles(RESOLUTION, opened_at, *facts)
    return cycle


def spans(found: list[Cycle]) -> list[tuple[int, datetime, datetime | None, CycleEnd | None]]:
    return [(cycle.instance, cycle.started_at, cycle.ended_at, cycle.ended_by) for cycle in found]


def test_l10_a_pause_until_before_opening_leaves_what_was_not_used() -> None:
    paused = resolution(monday("10:00"), (monday("11:30"), Kind.PAUSED))
    assert (paused.is_paused, used_up_at(paused, GERMANY, FOUR_HOURS)) == (True, None)
    resumed = resolution(monday("10:00"), (monday("11:30"), Kind.PAUSED), (tuesday("08:00"), Kind.RESUMED))
    assert used(resumed, GERMANY) == timedelta(hours=1, minutes=30)
    assert used_up_at(resumed, GERMANY, FOUR_HOURS) == tuesday("11:30") == datetime(2026, 12, 1, 10, 30, tzinfo=UTC)


def test_l11_a_pause_outside_hours_has_no_effect() -> None:
    paused = resolution(monday("14:00"), (monday("18:00"), Kind.PAUSED), (tuesday("07:00"), Kind.RESUMED))
    assert used_up_at(paused, GERMANY, FOUR_HOURS) == tuesday("10:00")
    assert used_up_at(resolution(monday("14:00")), GERMANY, FOUR_HOURS) == tuesday("10:00")


def test_l12_a_pause_over_a_weekend_leaves_three_and_a_half_of_four_hours() -> None:
    opened_at = berlin(11, 27, "16:00")
    paused = resolution(opened_at, (berlin(11, 27, "16:30"), Kind.PAUSED), (monday("13:15"), Kind.RESUMED))
    assert used(paused, GERMANY) == timedelta(minutes=30)
    assert used_up_at(paused, GERMANY, FOUR_HOURS) == monday("16:45") == datetime(2026, 11, 30, 15, 45, tzinfo=UTC)
    assert used_up_at(resolution(opened_at), GERMANY, FOUR_HOURS) == monday("12:00")


def test_l13_a_reopening_by_the_customer_begins_the_next_instance_of_what_has_no_target() -> None:
    answered_and_resolved = (
        (monday("10:30"), Kind.ANSWERED),
        (monday("11:00"), Kind.ASKED),
        (monday("11:30"), Kind.ANSWERED),
        (monday("14:00"), Kind.RESOLVED),
    )
    reopened = ((tuesday("10:00"), Kind.REOPENED), (tuesday("10:00"), Kind.ASKED))
    assert spans(cycles(NEXT, monday("10:00"), *answered_and_resolved, *reopened)) == [
        (1, monday("11:00"), monday("11:30"), CycleEnd.ANSWERED),
        (2, tuesday("10:00"), None, None),
    ]
    assert spans(cycles(RESOLUTION, monday("10:00"), *answered_and_resolved, *reopened)) == [
        (1, monday("10:00"), monday("14:00"), CycleEnd.RESOLVED),
        (2, tuesday("10:00"), None, None),
    ]


def test_before_the_first_response_the_customer_waits_for_that_and_for_nothing_else() -> None:
    asked, answered = (monday("11:00"), Kind.ASKED), (monday("12:00"), Kind.ANSWERED)
    assert cycles(NEXT, monday("10:00"), asked) == []
    assert cycles(NEXT, monday("10:00"), asked, answered) == []
    assert spans(cycles(NEXT, monday("10:00"), answered, (monday("12:01"), Kind.ASKED))) == [
        (1, monday("12:01"), None, None)
    ]


def test_an_answer_at_the_very_instant_of_a_question_is_none_to_it() -> None:
    answered = ((monday("11:00"), Kind.ANSWERED), (monday("12:00"), Kind.ANSWERED))
    found = cycles(NEXT, monday("10:00"), *answered, (monday("12:00"), Kind.ASKED))
    assert spans(found) == [(1, monday("12:00"), None, None)]
    just_before = cycles(NEXT, monday("10:00"), *answered, (monday("12:00") - MICROSECOND, Kind.ASKED))
    assert spans(just_before) == [(1, monday("12:00") - MICROSECOND, monday("12:00"), CycleEnd.ANSWERED)]


def test_who_asks_again_while_waiting_waits_since_the_first_time() -> None:
    asked = ((monday("12:00"), Kind.ASKED), (monday("13:00"), Kind.ASKED))
    found = cycles(NEXT, monday("10:00"), (monday("11:00"), Kind.ANSWERED), *asked)
    assert spans(found) == [(1, monday("12:00"), None, None)]


def test_from_one_answer_to_the_next_is_a_periodic_update_while_the_ticket_is_open() -> None:
    answers = ((monday("11:00"), Kind.ANSWERED), (monday("15:00"), Kind.ANSWERED))
    over = ((tuesday("10:00"), Kind.RESOLVED), (tuesday("11:00"), Kind.ANSWERED))
    found = cycles(UPDATE, monday("10:00"), *answers, *over)
    assert spans(found) == [
        (1, monday("11:00"), monday("15:00"), CycleEnd.ANSWERED),
        (2, monday("15:00"), tuesday("10:00"), CycleEnd.RESOLVED),
    ]
    assert [cycle.is_abandoned for cycle in found] == [False, True]


@pytest.mark.parametrize(
    ("end", "by"),
    [(Kind.WITHDRAWN, CycleEnd.WITHDRAWN), (Kind.MERGED, CycleEnd.MERGED), (Kind.EXCLUDED, CycleEnd.EXCLUDED)],
)
def test_a_withdrawal_a_merge_and_an_exclusion_leave_no_figure_of_anything(end: Kind, by: CycleEnd) -> None:
    facts = ((monday("11:00"), Kind.ANSWERED), (monday("12:00"), Kind.ASKED), (monday("13:00"), end))
    found = cycles_of(story(monday("10:00"), *facts))
    assert {(cycle.measure, cycle.ended_at, cycle.ended_by) for cycle in found} == {
        (measure, monday("13:00"), by) for measure in Measure
    }
    assert [is_met(cycle, monday("17:00")) for cycle in found] == [None, None, None]


def test_a_resolution_leaves_a_question_without_a_figure() -> None:
    facts = ((monday("11:00"), Kind.ANSWERED), (monday("12:00"), Kind.ASKED), (monday("13:00"), Kind.RESOLVED))
    (asked,) = cycles(NEXT, monday("10:00"), *facts)
    assert (asked.ended_by, asked.is_abandoned) == (CycleEnd.RESOLVED, True)


def test_an_excluded_ticket_is_measured_again_once_it_is_reopened() -> None:
    facts = ((monday("11:00"), Kind.PAUSED), (monday("12:00"), Kind.EXCLUDED), (monday("12:30"), Kind.EXCLUDED))
    over = (monday("13:00"), Kind.RESOLVED)
    (only,) = cycles(RESOLUTION, monday("10:00"), *facts, over, (monday("14:00"), Kind.WITHDRAWN))
    assert (only.ended_at, only.ended_by, only.is_abandoned) == (monday("12:00"), CycleEnd.EXCLUDED, True)
    assert only.pauses == (Pause(monday("11:00"), monday("12:00")),)
    for between in ((), (over,)):
        first, second = cycles(RESOLUTION, monday("10:00"), *facts, *between, (monday("14:00"), Kind.REOPENED))
        assert (first, second.started_at, second.ended_at) == (only, monday("14:00"), None)


def test_a_merge_that_is_undone_never_was() -> None:
    into = CycleFact(monday("12:00"), Kind.MERGED, "ticket/crm-eu/9")
    undone = CycleFact(monday("13:00"), Kind.UNMERGED, "ticket/crm-eu/9")
    elsewhere = CycleFact(monday("14:00"), Kind.MERGED, "ticket/crm-eu/8")
    before = story(monday("10:00"), (monday("11:00"), Kind.PAUSED))
    assert cycles_of(replace(before, facts=(*before.facts, undone, into))) == cycles_of(before)
    (merged,) = cycles_of(replace(before, facts=(into, undone, elsewhere)))
    assert (merged.ended_at, merged.ended_by) == (monday("14:00"), CycleEnd.MERGED)


def test_a_resolution_ends_a_pause_and_a_reopened_ticket_does_not_stand_still() -> None:
    facts = ((monday("11:00"), Kind.PAUSED), (monday("12:00"), Kind.RESOLVED), (monday("13:00"), Kind.REOPENED))
    first, second = cycles(RESOLUTION, monday("10:00"), *facts)
    assert first.pauses == (Pause(monday("11:00"), monday("12:00")),)
    assert (second.pauses, second.is_paused) == ((), False)


def test_what_begins_while_the_ticket_waits_stands_still_until_it_goes_on() -> None:
    facts = ((monday("11:00"), Kind.ANSWERED), (monday("12:00"), Kind.PAUSED), (monday("13:00"), Kind.ASKED))
    (asked,) = cycles(NEXT, monday("10:00"), *facts)
    assert (asked.started_at, asked.pauses) == (monday("13:00"), (Pause(monday("13:00"), None),))
    (asked,) = cycles(NEXT, monday("10:00"), *facts, (monday("15:00"), Kind.RESUMED))
    assert used_up_at(asked, GERMANY, FOUR_HOURS) == tuesday("11:00")


def test_the_call_that_opened_the_ticket_without_help_is_no_answer_and_a_later_one_is() -> None:
    rang = story(monday("10:00"), (monday("10:00"), Kind.RANG_WITHOUT_HELP), channel=Channel.PHONE)
    assert [cycle.measure for cycle in cycles_of(rang)] == [RESOLUTION]
    assert [cycle.measure for cycle in cycles_of(replace(rang, channel=Channel.EMAIL))] == [UPDATE, RESOLUTION]
    later = story(monday("10:00"), (monday("10:00") + MICROSECOND, Kind.RANG_WITHOUT_HELP), channel=Channel.PHONE)
    assert [cycle.measure for cycle in cycles_of(later)] == [RESOLUTION, UPDATE]


def test_what_was_said_of_an_absorbed_ticket_before_the_opening_does_not_count() -> None:
    early = monday("10:00") - MICROSECOND
    assert cycles_of(story(monday("10:00"), (early, Kind.RESOLVED))) == cycles_of(story(monday("10:00")))


def test_of_two_words_in_one_instant_the_one_that_only_then_makes_sense_comes_second() -> None:
    opened_at, at = monday("10:00"), monday("12:00")
    both = ((at, Kind.PAUSED), (at, Kind.RESUMED))
    assert resolution(opened_at, *both) == resolution(opened_at)
    waits = (monday("11:00"), Kind.PAUSED)
    assert resolution(opened_at, waits, *both).is_paused
    first, second = cycles(RESOLUTION, opened_at, (at, Kind.RESOLVED), (at, Kind.REOPENED))
    assert (first.ended_at, second.started_at, second.ended_at) == (at, at, None)


def test_a_target_is_met_at_its_very_deadline_and_missed_a_microsecond_later() -> None:
    opened_at, due_at = monday("10:00"), monday("14:00")
    for resolved_at, met in ((due_at, True), (due_at + MICROSECOND, False)):
        cycle = resolution(opened_at, (resolved_at, Kind.RESOLVED))
        assert used_up_at(cycle, GERMANY, FOUR_HOURS) == due_at
        assert is_met(cycle, due_at) is met
    assert is_met(resolution(opened_at), due_at) is None


def test_a_target_used_up_when_the_pause_begins_stays_used_up() -> None:
    used_up = resolution(monday("10:00"), (monday("14:00"), Kind.PAUSED), (monday("15:00"), Kind.RESUMED))
    assert used_up_at(used_up, GERMANY, FOUR_HOURS) == monday("14:00")
    just_not = resolution(monday("10:00"), (monday("14:00") - MICROSECOND, Kind.PAUSED))
    assert used_up_at(just_not, GERMANY, FOUR_HOURS) is None


def test_each_of_several_pauses_leaves_what_was_not_used_before_it() -> None:
    facts = ((monday("11:00"), Kind.PAUSED), (monday("12:00"), Kind.RESUMED))
    again = ((monday("13:00"), Kind.PAUSED), (monday("14:00"), Kind.RESUMED))
    cycle = resolution(monday("10:00"), *facts, *again)
    assert used(cycle, GERMANY) == timedelta(hours=2)
    assert used_up_at(cycle, GERMANY, FOUR_HOURS) == monday("16:00")


def test_what_ends_in_a_pause_with_time_left_is_met() -> None:
    facts = ((monday("11:00"), Kind.PAUSED), (tuesday("16:00"), Kind.RESOLVED))
    cycle = resolution(monday("10:00"), *facts)
    assert used_up_at(cycle, GERMANY, FOUR_HOURS) is None
    assert is_met(cycle, None) is True
    assert used(cycle, GERMANY) == working_time(cycle, GERMANY, tuesday("17:00")) == timedelta(hours=1)
    assert wall_time(cycle, tuesday("17:00")) == timedelta(hours=30)


def test_what_runs_is_measured_until_now() -> None:
    cycle = resolution(monday("10:00"), (monday("11:00"), Kind.PAUSED), (monday("12:00"), Kind.RESUMED))
    assert working_time(cycle, GERMANY, tuesday("08:00")) == timedelta(hours=6)
    assert wall_time(cycle, tuesday("08:00")) == timedelta(hours=22)
    assert used(cycle, GERMANY) == timedelta(hours=1)


def test_a_deadline_beyond_the_published_calendar_is_not_made_up() -> None:
    cycle = resolution(datetime(2028, 12, 29, 15, tzinfo=UTC))
    with pytest.raises(CalendarEnds):
        used_up_at(cycle, GERMANY, FOUR_HOURS)
    with pytest.raises(TooFarAhead):
        used_up_at(resolution(monday("10:00")), GERMANY, timedelta(hours=8 * 260))


def test_without_a_pause_a_cycle_is_due_like_any_target() -> None:
    opened_at = berlin(11, 27, "16:30")
    assert used_up_at(resolution(opened_at), GERMANY, FOUR_HOURS) == add_working_time(GERMANY, opened_at, FOUR_HOURS)
