import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from libs.chassis import clock, plan_clock
from libs.chassis.clock import Clock
from libs.chassis.manual_clock import ManualClock
from libs.chassis.plan_clock import ClockError, PlanClock, Running, Stepped, read

MICROSECOND = timedelta(microseconds=1)
MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)
MONDAY_8H = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""An instant of the machine."""
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    clock.start(tmp_path / "clock.json", MONDAY_7H)
    return tmp_path / "clock.json"


def test_without_a_file_plan_time_is_real_time_in_utc() -> None:
    real = Clock()
    before, now, after = real.wall(), real.now(), real.wall()
    assert before <= now <= after
    assert now.tzinfo is UTC
    assert not real.movable


def test_plan_time_stands_until_it_is_stepped_for_all_who_share_it(path: Path) -> None:
    one, other = Clock(path), Clock(path)
    assert one.now() == other.now() == MONDAY_7H
    clock.step(path, MONDAY_8H)
    assert one.now() == other.now() == MONDAY_8H
    assert one.movable


def test_a_step_to_where_it_stands_is_none_and_one_back_is_refused(path: Path) -> None:
    clock.step(path, MONDAY_7H)
    with pytest.raises(ClockError, match="does not go back"):
        clock.step(path, MONDAY_7H - MICROSECOND)
    assert Clock(path).now() == MONDAY_7H


def test_a_clock_that_was_set_back_by_hand_is_refused(path: Path) -> None:
    plan = Clock(path)
    assert plan.now() == MONDAY_7H
    path.unlink()
    clock.start(path, MONDAY_7H - MICROSECOND)
    with pytest.raises(ClockError, match="went back"):
        plan.now()


def test_two_steps_within_one_tick_of_the_machine_are_both_seen(path: Path) -> None:
    plan = Clock(path)
    for microseconds in range(200):
        instant = MONDAY_7H + microseconds * MICROSECOND
        clock.step(path, instant)
        assert plan.now() == instant


def test_the_version_grows_even_where_the_machine_was_set_back(path: Path) -> None:
    tomorrow = path.stat().st_mtime_ns + 86_400 * 10**9
    os.utime(path, ns=(tomorrow, tomorrow))
    clock.step(path, MONDAY_8H)
    assert PlanClock(path).version() == tomorrow + 1


def test_who_steps_waits_for_who_is_stepping(path: Path) -> None:
    with plan_clock._alone(path):
        second = Thread(target=clock.step, args=(path, MONDAY_8H))
        second.start()
        second.join(timeout=0.1)
        assert second.is_alive()
    second.join()
    assert Clock(path).now() == MONDAY_8H


def test_a_clock_is_begun_once(path: Path) -> None:
    with pytest.raises(ClockError, match="already"):
        clock.start(path, MONDAY_8H)
    assert Clock(path).now() == MONDAY_7H


@pytest.mark.parametrize(
    "text", ["", "{}", '{"mode": "running", "at": "2026-11-23T07:00:00Z", "rate": 60}', '{"mode":"stepped","at":7}']
)
def test_a_file_that_is_no_clock_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ClockError, match="is no plan clock"):
        Clock(path).now()


def test_a_clock_that_is_not_there_is_said_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(ClockError, match=r"there is no plan clock at .*nowhere"):
        Clock(tmp_path / "nowhere").now()
    with pytest.raises(ClockError, match=r"there is no plan clock at .*nowhere"):
        clock.step(tmp_path / "nowhere", MONDAY_8H)


def test_a_running_clock_runs_so_many_times_as_fast(path: Path) -> None:
    plan_clock.run(path, rate=60, wall=NOON)
    plan = PlanClock(path)
    assert plan.now(NOON) == MONDAY_7H
    assert plan.now(NOON + 1.5 * SECOND) == MONDAY_7H + timedelta(seconds=90)


def test_a_running_clock_that_is_stepped_stands(path: Path) -> None:
    plan_clock.run(path, rate=60, wall=NOON)
    with pytest.raises(ClockError, match="does not go back"):
        plan_clock.step(path, MONDAY_7H + timedelta(seconds=59), wall=NOON + SECOND)
    plan_clock.step(path, MONDAY_8H, wall=NOON + SECOND)
    assert read(path) == Stepped(at=MONDAY_8H)


def test_a_clock_runs_on_from_where_it_is_at_another_rate(path: Path) -> None:
    plan_clock.run(path, rate=60, wall=NOON)
    plan_clock.run(path, rate=1, wall=NOON + SECOND)
    assert read(path) == Running(at=MONDAY_7H + timedelta(minutes=1), since=NOON + SECOND, rate=1)


def test_who_read_a_running_clock_while_it_was_replaced_sees_no_step_back(path: Path) -> None:
    plan_clock.run(path, rate=60, wall=NOON)
    plan = PlanClock(path)
    plan.now(NOON + SECOND)
    plan_clock.step(path, MONDAY_7H + timedelta(seconds=60), wall=NOON + SECOND)
    assert plan.now(NOON + 2 * SECOND) == MONDAY_7H + timedelta(seconds=60)
    plan_clock.run(path, rate=60, wall=NOON + 3 * SECOND)


def test_who_did_not_look_for_long_after_a_running_clock_was_stopped_sees_no_step_back(path: Path) -> None:
    plan_clock.run(path, rate=60, wall=NOON)
    plan = PlanClock(path)
    plan.now(NOON + SECOND)
    plan_clock.step(path, MONDAY_8H, wall=NOON + 2 * SECOND)
    assert plan.now(NOON + timedelta(hours=1)) == MONDAY_8H


@pytest.mark.parametrize("shared", [True, False])
def test_plan_time_stands_while_the_machine_is_set_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    plan = Clock(path if shared else None)
    plan_clock.run(path, rate=60, wall=NOON)
    monkeypatch.setattr(plan, "wall", lambda: NOON + SECOND)
    now = plan.now()
    monkeypatch.setattr(plan, "wall", lambda: NOON)
    assert plan.now() == now
    monkeypatch.setattr(plan, "wall", lambda: NOON + 2 * SECOND)
    assert plan.now() > now


async def test_who_waits_for_an_instant_goes_on_when_it_is_reached(path: Path) -> None:
    waiting = asyncio.create_task(Clock(path).reached(MONDAY_8H, within=60))
    await asyncio.sleep(0)
    clock.step(path, MONDAY_8H - MICROSECOND)
    assert not await Clock(path).reached(MONDAY_8H, within=0.1)
    assert not waiting.done()
    clock.step(path, MONDAY_8H)
    assert await waiting


async def test_an_instant_that_has_passed_is_not_waited_for() -> None:
    assert await ManualClock(MONDAY_7H).reached(MONDAY_7H, within=0)
    assert not await ManualClock(MONDAY_7H).reached(MONDAY_7H + MICROSECOND, within=0)


async def test_real_time_reaches_an_instant_by_itself() -> None:
    real = Clock()
    instant = real.now() + timedelta(milliseconds=30)
    assert await real.reached(instant, within=5)
    assert real.now() >= instant
    assert not await real.reached(instant + timedelta(days=1), within=0.01)


async def test_who_waits_for_a_step_goes_on_when_there_is_one(path: Path) -> None:
    waiting = asyncio.create_task(Clock(path).moved(within=60))
    await asyncio.sleep(0)
    clock.step(path, MONDAY_7H + MICROSECOND)
    assert await waiting
    assert not await Clock(path).moved(within=0.01)
    assert not await Clock().moved(within=0.01)


def test_each_life_of_a_process_has_a_name_of_its_own() -> None:
    assert Clock().process_id != Clock().process_id


async def test_a_manual_clock_moves_only_as_it_is_told() -> None:
    manual = ManualClock(MONDAY_7H)
    waiting = asyncio.create_task(manual.reached(MONDAY_8H, within=3600))
    await manual.sleep(5)
    assert (manual.now(), manual.monotonic() >= 5, manual.wall() > MONDAY_7H) == (MONDAY_7H, True, True)
    manual.step(MONDAY_8H)
    assert await waiting
    with pytest.raises(ClockError, match="does not go back"):
        manual.step(MONDAY_7H)


class Machine(Clock):
    """A clock without a file, on a machine whose time is set by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.seconds = NOON, 0.0

    def wall(self) -> datetime:
        return self.shown

    def monotonic(self) -> float:
        return self.seconds

    def goes_on(self, seconds: float, jump: timedelta = timedelta(0)) -> None:
        self.seconds += seconds
        self.shown += timedelta(seconds=seconds) + jump

    def agrees(self) -> None:
        """The broker says the same."""
        self.compare(self.shown.timestamp(), self.shown.timestamp())


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 3 * SECOND, -3 * SECOND])
def test_a_jump_of_the_machine_is_not_followed_until_the_brokers_agree(jump: timedelta) -> None:
    machine = Machine()
    machine.agrees()
    machine.goes_on(5, jump)
    assert machine.now() == NOON + 5 * SECOND
    machine.compare((NOON + 5 * SECOND).timestamp(), (NOON + 5 * SECOND).timestamp())
    machine.goes_on(1)
    assert machine.now() == NOON + 6 * SECOND
    machine.agrees()  # it was right: the machine stood still meanwhile, or the brokers' clocks were mended
    assert machine.now() == max(machine.shown, machine.shown if abs(jump) > 2 * SECOND else NOON)


@pytest.mark.parametrize("believed", [True, False])
def test_after_a_jump_that_was_mended_plan_time_is_not_ahead(*, believed: bool) -> None:
    machine = Machine()
    if believed:
        machine.agrees()
    machine.now()
    machine.goes_on(5, HOUR)
    machine.now()
    machine.goes_on(5, -HOUR)
    assert machine.now() == NOON + 10 * SECOND


def test_small_corrections_of_the_machine_are_followed_and_plan_time_stands_meanwhile() -> None:
    machine = Machine()
    machine.agrees()
    for _ in range(100):
        machine.goes_on(1, SECOND)
        assert machine.now() == machine.shown
    ahead = machine.now()
    machine.goes_on(0.5, -SECOND)
    assert machine.now() == ahead
    machine.goes_on(1)
    assert machine.now() == machine.shown > ahead


def test_a_clock_that_the_brokers_never_agreed_with_is_not_held_to_what_it_said() -> None:
    machine = Machine()
    machine.compare((NOON + HOUR).timestamp(), (NOON + HOUR).timestamp())
    machine.goes_on(1, HOUR)
    assert machine.now() == NOON + HOUR + SECOND


def test_the_instant_of_a_record_is_the_broker_s_stamp_but_under_a_plan_clock_the_present(path: Path) -> None:
    assert Clock().appended(1_768_478_400_123) == NOON + timedelta(milliseconds=123)
    assert Clock(path).appended(1_768_478_400_123) == MONDAY_7H
