"""What the command line says of a ticket's cycles: figures in seconds, none of what is abandoned."""

from datetime import timedelta
from typing import Any

from libs.messages.cycles import Measure
from libs.messages.plan import Closure, Status
from libs.plan import working_calendar
from services.ops.sla.cycles import COLUMNS, laid_out
from services.ops.sla.grounds import Grounds
from services.ops.sla.ticket_cycles import KnownCycles, data, measured
from services.sla_timer.cycles.decider import Begun, targeted
from services.sla_timer.cycles.model import Cycle, Kind, TicketHistory, cycles_of
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.sla_timer.examples import CALENDARS
from tests.unit.sla_timer.test_cycle_targets import CALENDAR, calendar
from tests.unit.sla_timer.test_cycles import monday, story, tuesday

GERMANY = working_calendar(CALENDARS["germany"])
FOUR_HOURS = timedelta(hours=4)
NOW = tuesday("10:00")


def begun(cycle: Cycle) -> Begun:
    return Begun(cycle.measure, cycle.started_at)


def known(told: TicketHistory, *, has_target: bool = False, is_missed: bool = False) -> KnownCycles:
    found = [cycle for cycle in cycles_of(told) if cycle.measure is Measure.RESOLUTION]
    reckoned = {begun(cycle): targeted(cycle, GERMANY, FOUR_HOURS) for cycle in found} if has_target else {}
    return KnownCycles(told, reckoned, frozenset(map(begun, found)) if is_missed else frozenset())


def grounds(*calendars: PublishedCalendar) -> Grounds:
    return Grounds({"germany": calendars} if calendars else {}, ())


PUBLISHED = grounds(CALENDAR)


def resolution(told: TicketHistory, on: Grounds = PUBLISHED, **more: bool) -> dict[str, Any]:
    shown = [data(one, told.centre, on, NOW) for one in measured(known(told, **more))]
    (found,) = [one for one in shown if one["measure"] == "resolution"]
    return found


def figures(shown: dict[str, Any]) -> tuple[float | None, float | None]:
    return shown["working_seconds"], shown["wall_seconds"]


def test_what_runs_is_measured_until_now_without_a_deadline() -> None:
    shown = resolution(story(monday("10:00")))
    assert (shown["state"], *figures(shown)) == ("running", 8 * 3600, 24 * 3600)
    assert (shown["target_seconds"], shown["due_at"]) == (None, None)


def test_a_pause_is_shown_and_stops_the_working_time() -> None:
    shown = resolution(story(monday("10:00"), (monday("11:00"), Kind.PAUSED)), has_target=True)
    assert (shown["state"], shown["working_seconds"], shown["due_at"]) == ("paused", 3600, None)
    assert shown["pauses"] == [{"paused_at": monday("11:00"), "resumed_at": None}]


def test_with_a_target_it_is_met_or_missed_and_without_one_it_only_ended() -> None:
    done = story(monday("10:00"), (monday("14:00"), Kind.RESOLVED))
    assert resolution(done)["state"] == "ended"
    assert resolution(done, has_target=True)["state"] == "met"
    assert resolution(done, has_target=True)["due_at"] == monday("14:00")
    assert resolution(done, has_target=True, is_missed=True)["state"] == "missed"


def test_what_ended_beyond_the_published_calendar_was_neither_met_nor_missed() -> None:
    done = story(monday("16:00"), (tuesday("10:00"), Kind.RESOLVED))
    (one,) = [each for each in measured(known(done, has_target=True)) if each.cycle.measure is Measure.RESOLUTION]
    assert one.is_met
    assert one.targeted
    unknown = one.targeted.model_copy(update={"used_microseconds": None, "due_at": None})
    assert not one._replace(targeted=unknown).is_met


def test_what_is_abandoned_has_no_figure() -> None:
    shown = resolution(story(monday("10:00"), (monday("14:00"), Kind.WITHDRAWN)), has_target=True)
    assert (shown["state"], shown["ended_by"], *figures(shown)) == ("abandoned", "withdrawn", None, None)


def test_beyond_the_published_calendar_working_time_is_not_made_up() -> None:
    germany = CALENDARS["germany"].model_copy(update={"last_day": monday("10:00").date()})
    ends = PublishedCalendar(CALENDAR.stream, 1, CALENDAR.published_at, germany)
    assert figures(resolution(story(monday("10:00")), grounds(ends))) == (None, 24 * 3600)
    assert figures(resolution(story(monday("10:00")), grounds())) == (None, 24 * 3600)


def test_a_calendar_that_is_published_after_the_end_changes_nothing_of_what_has_ended() -> None:
    closed = Closure(day=monday("10:00").date(), name="Betriebsversammlung", status=Status.CONFIRMED)
    done = story(monday("10:00"), (monday("14:00"), Kind.RESOLVED))
    by_its_end, later = (
        grounds(CALENDAR, calendar(monday(clock), 2, closed)) for clock in ("14:00:00", "14:00:00.000001")
    )
    assert [resolution(done, on)["working_seconds"] for on in (by_its_end, later)] == [0, 4 * 3600]
    running = story(monday("10:00"))
    assert [resolution(running, on)["working_seconds"] for on in (by_its_end, later)] == [3600, 3600]


def test_a_line_for_people_says_lengths_as_hours() -> None:
    paused = story(monday("10:00"), (monday("11:00"), Kind.PAUSED))
    laid = laid_out([resolution(paused, has_target=True)], "Measured")
    cells = {str(c.header): [str(cell) for cell in c.cells] for c in laid.columns}
    assert tuple(cells) == COLUMNS
    assert (cells["working_time"], cells["pauses"], cells["target"]) == (["1:00:00"], ["1"], ["4:00:00"])
