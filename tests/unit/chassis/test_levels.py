"""Levels are looked at now and then; what is gone is 0, what fails is reported, what takes long is asked for less."""

from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from libs.chassis import measuring
from libs.chassis.levels import EVERY, LONGEST, SHARE, Levels, keep_looking
from libs.chassis.manual_clock import ManualClock
from libs.chassis.measuring import STATES, BuildMeasures, TimedSafeTime, safe_time_waits
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Failure
from libs.eventlog.loops.followers import group_follower
from libs.eventlog.rebuild.build import Progress
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class Enough(BaseException):
    """So many looks are enough."""


class Rests(ManualClock):
    """A clock that notes how long the rests are, and ends after some."""

    def __init__(self, most: int = 3) -> None:
        super().__init__(MONDAY)
        self.rests: list[float] = []
        self._most = most

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        if len(self.rests) == self._most:
            raise Enough
        await super().sleep(seconds)


def test_of_a_kind_that_is_gone_there_are_none() -> None:
    registry = CollectorRegistry()
    levels = Levels(registry, "notices", "Notices", "state")
    levels.set({("requested",): 2, ("failed",): 1})
    levels.set({("failed",): 3})
    assert registry.get_sample_value("olcare_notices", {"state": "requested"}) == 0
    assert registry.get_sample_value("olcare_notices", {"state": "failed"}) == 3


def test_of_what_is_not_known_nothing_is_said_until_it_is_known_again() -> None:
    registry = CollectorRegistry()
    levels = Levels(registry, "lag", "Records", "follower")

    def said() -> list[float | None]:
        return [registry.get_sample_value("olcare_lag", {"follower": name}) for name in ("door", "plan")]

    levels.set_known({("door",): 2, ("plan",): 1})
    assert said() == [2, 1]
    levels.set_known({("plan",): 3})
    assert said() == [None, 3]
    levels.set_known({})
    assert said() == [None, None]
    levels.set_known({("door",): 0, ("plan",): 4})
    assert said() == [0, 4]


async def test_what_can_not_be_asked_keeps_nobody_from_the_rest_and_what_fails_is_reported() -> None:
    clock, looked, failures = Rests(), list[str](), list[Failure]()

    async def away() -> None:
        raise Unavailable("the database is away")

    async def wrong() -> None:
        raise KeyError("state")

    async def well() -> None:
        looked.append("well")

    with pytest.raises(Enough):
        await keep_looking(clock, [away, wrong, well], failures.append)
    assert looked == ["well"] * 3
    assert [failure.error for failure in failures] == ["KeyError"] * 3
    assert clock.rests == [EVERY] * 3


@pytest.mark.parametrize(
    ("took", "rests"),
    [
        ((0.1, 0.1), [EVERY, EVERY]),
        ((2, 2), [EVERY, 2 * SHARE]),
        ((2, 3, 0, 2), [EVERY, 2 * SHARE, EVERY, EVERY]),
        ((60, 60), [EVERY, LONGEST]),
    ],
)
async def test_a_look_that_takes_long_twice_is_followed_by_a_long_rest(took: tuple[float], rests: list[float]) -> None:
    assert await rests_after(took) == rests


@pytest.mark.parametrize("error", [Unavailable("away"), KeyError("state")], ids=["away", "fault"])
async def test_what_could_not_be_asked_is_asked_again_soon_and_waited_for_no_longer_than_it_took(
    error: Exception,
) -> None:
    assert await rests_after((2, 2, 60, 600), error) == [EVERY, EVERY, 60, LONGEST]


async def rests_after(took: tuple[float, ...], error: Exception | None = None) -> list[float]:
    clock, each = Rests(len(took)), iter(took)

    async def slow() -> None:
        await ManualClock.sleep(clock, next(each))
        if error:
            raise error

    with pytest.raises(Enough):
        await keep_looking(clock, [slow], lambda _: None)
    return clock.rests


async def test_one_that_takes_long_keeps_no_other_from_its_pace() -> None:
    clock, looked = Rests(6), list[float]()

    async def slow() -> None:
        await ManualClock.sleep(clock, 2)

    async def quick() -> None:
        looked.append(clock.monotonic())

    with pytest.raises(Enough):
        await keep_looking(clock, [slow, quick], lambda _: None)
    assert [after - before for before, after in pairwise(looked)] == [17, 15, 15, 15]


@pytest.mark.parametrize("answered", [True, False])
async def test_how_long_safe_time_was_waited_for_is_told_in_vain_too(*, answered: bool) -> None:
    log, clock, registry = MemoryLog(), ManualClock(MONDAY), CollectorRegistry()
    log.write(Outgoing("door", 0, b"key", b"value"))
    if answered:
        log.committed["group", "door", 0] = 1
    stages = [[group_follower("group", "door", log)]]
    safe = TimedSafeTime(safe_time_waits(registry).observe, log, clock, stages, ())
    if answered:
        await safe.reached()
    else:
        with pytest.raises(Unavailable):
            await safe.reached()
    assert registry.get_sample_value("olcare_safe_time_wait_seconds_count") == 1
    waited = registry.get_sample_value("olcare_safe_time_wait_seconds_sum")
    assert waited is not None
    assert (waited >= 5) is not answered


async def test_builds_are_measured_by_reader_and_state(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(_: object) -> dict[tuple[str, str], tuple[int, float]]:
        return {("sla", "live"): (1, 9.0), ("sla", "building"): (1, 7.5)}

    monkeypatch.setattr(measuring, "builds", found)
    engine: Any = SimpleNamespace(readers={"sla": None}, database=SimpleNamespace(connection=nullcontext))
    registry = CollectorRegistry()
    builds = BuildMeasures(engine, registry)
    builds.tell(Progress(3, 10))
    await builds.look()
    value = registry.get_sample_value
    assert [value("olcare_build_records", {"count": count}) for count in ("folded", "all")] == [3, 10]
    assert value("olcare_build_age_seconds", {"reader": "sla"}) == 7.5
    states = {state: value("olcare_generations", {"reader": "sla", "state": state}) for state in STATES}
    assert states == {"live": 1, "kept": 0, "building": 1}
