"""What the command line says of a ticket's cycles: figures in seconds, none of what is void."""

from datetime import timedelta

from libs.messages.cycles import Measure
from libs.plan import working_calendar
from services.ops.cycles import Known, Measured, measured
from services.sla_timer.cycle_targets import Begun, targeted
from services.sla_timer.cycles import Cycle, Kind, Story, cycles_of
from tests.unit.sla_timer.examples import CALENDARS
from tests.unit.sla_timer.test_cycles import monday, story, tuesday

GERMANY = working_calendar(CALENDARS["germany"])
FOUR_HOURS = timedelta(hours=4)
NOW = tuesday("10:00")


def begun(cycle: Cycle) -> Begun:
    return Begun(cycle.measure, cycle.started_at)


def resolution(told: Story, *, has_target: bool = False, is_missed: bool = False) -> Measured:
    found = [cycle for cycle in cycles_of(told) if cycle.measure is Measure.RESOLUTION]
    reckoned = {begun(cycle): targeted(cycle, GERMANY, FOUR_HOURS) for cycle in found} if has_target else {}
    missed = frozenset(map(begun, found)) if is_missed else frozenset()
    (shown,) = [one for one in measured(Known(told, GERMANY, reckoned, missed), NOW) if one.measure == "resolution"]
    return shown


def test_what_runs_is_measured_until_now_without_a_deadline() -> None:
    shown = resolution(story(monday("10:00")))
    assert (shown.state, shown.working_seconds, shown.wall_seconds) == ("running", 8 * 3600, 24 * 3600)
    assert (shown.target_seconds, shown.due_at) == (None, None)


def test_a_pause_is_shown_and_stops_the_working_time() -> None:
    shown = resolution(story(monday("10:00"), (monday("11:00"), Kind.PAUSED)), has_target=True)
    assert (shown.state, shown.working_seconds, shown.due_at) == ("paused", 3600, None)
    assert shown.pauses == [{"paused_at": monday("11:00"), "resumed_at": None}]


def test_with_a_target_it_is_met_or_missed_and_without_one_it_only_ended() -> None:
    done = story(monday("10:00"), (monday("14:00"), Kind.RESOLVED))
    assert resolution(done).state == "ended"
    assert resolution(done, has_target=True).state == "met"
    assert resolution(done, has_target=True).due_at == monday("14:00")
    assert resolution(done, has_target=True, is_missed=True).state == "missed"


def test_what_is_void_has_no_figure() -> None:
    shown = resolution(story(monday("10:00"), (monday("14:00"), Kind.WITHDRAWN)), has_target=True)
    assert (shown.state, shown.ended_by, shown.working_seconds, shown.wall_seconds) == ("void", "withdrawn", None, None)


def test_beyond_the_published_calendar_working_time_is_not_made_up() -> None:
    germany = CALENDARS["germany"].model_copy(update={"last_day": monday("10:00").date()})
    (shown,) = measured(Known(story(monday("10:00")), working_calendar(germany), {}, frozenset()), NOW)
    assert (shown.working_seconds, shown.wall_seconds) == (None, 24 * 3600)
    (shown,) = measured(Known(story(monday("10:00")), None, {}, frozenset()), NOW)
    assert shown.working_seconds is None
