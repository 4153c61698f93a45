"""What hangs without a word is ended; what says why it waits, or gets on, is not."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.chassis.watchdog import PATIENCE, Lag, StandsStill, Watchdog, Watched
from libs.eventlog.loops.followers import group_follower
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing

DOOR = "door"


class Scene:
    """A door with two records, the first answered, and its watchdog."""

    def __init__(self) -> None:
        self.log, self.clock, self.says_why = MemoryLog(), ManualClock(datetime(2026, 11, 24, tzinfo=UTC)), False
        for _ in range(2):
            self.log.write(Outgoing(DOOR, 0, b"key", b"value"))
        self.log.committed["group", DOOR, 0] = 1
        self.ours: frozenset[int] | None = None
        self.watched = Watched(group_follower("group", DOOR, self.log), self.why, lambda: self.ours)
        self.dog = Watchdog(self.log, self.clock, [self.watched])

    def why(self) -> str | None:
        return "it waits" if self.says_why else None

    async def after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await self.dog.look(self.watched, await self.log.ends(DOOR))


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.dog.look(scene.watched, await scene.log.ends(DOOR))
    return scene


async def test_how_far_it_is_behind_is_known(scene: Scene) -> None:
    age = scene.clock.wall().timestamp()  # since the epoch, at which the log in memory writes everything
    assert scene.dog.lag == {scene.watched.follower: Lag(1, age)}
    await scene.after(1)
    assert scene.dog.lag == {scene.watched.follower: Lag(1, age + 1)}
    scene.log.committed["group", DOOR, 0] = 2
    await scene.after(1)
    assert scene.dog.lag == {scene.watched.follower: Lag(0, 0)}


async def test_every_follower_is_looked_at_before_the_first_rest(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rested(Exception):  # noqa: N818 - it ends the run
        """It rests."""

    async def rest(_: float) -> None:
        raise Rested

    monkeypatch.setattr(scene.clock, "sleep", rest)
    other = Watched(group_follower("other", DOOR, scene.log), scene.why)
    dog = Watchdog(scene.log, scene.clock, [scene.watched, other])
    with pytest.raises(Rested):
        await dog.run()
    assert {follower.name for follower in dog.lag} == {"group", "other"}


async def test_a_place_that_stands_still_before_the_end_ends_the_process(scene: Scene) -> None:
    await scene.after(PATIENCE)
    with pytest.raises(StandsStill, match="group has stood still on door for 61 s"):
        await scene.after(1)


async def test_who_has_reached_ends_that_stand_is_not_asked_again_and_is_watched_from_the_next_record_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.log.committed["group", DOOR, 0] = 2
    await scene.after(1)

    async def asked(*_: object) -> Mapping[int, int]:
        raise AssertionError("nobody has moved")

    with monkeypatch.context() as patch:
        patch.setattr(scene.log, "committed_offsets", asked)
        await scene.after(3 * PATIENCE)
    scene.log.write(Outgoing(DOOR, 0, b"key", b"value"))
    await scene.after(PATIENCE)
    assert scene.dog.lag[scene.watched.follower].records == 1
    with pytest.raises(StandsStill):
        await scene.after(1)


async def test_a_place_that_moves_does_not(scene: Scene) -> None:
    await scene.after(PATIENCE)
    scene.log.committed["group", DOOR, 0] = 2
    scene.log.write(Outgoing(DOOR, 0, b"key", b"value"))
    await scene.after(PATIENCE)


async def test_at_the_end_there_is_nothing_to_wait_for(scene: Scene) -> None:
    scene.log.committed["group", DOOR, 0] = 2
    await scene.after(3 * PATIENCE)


async def test_who_says_why_he_waits_is_left_alone_and_has_his_time_anew(scene: Scene) -> None:
    scene.says_why = True
    await scene.after(3 * PATIENCE)
    scene.says_why = False
    await scene.after(PATIENCE)
    with pytest.raises(StandsStill):
        await scene.after(1)


async def test_what_another_loop_waits_for_is_no_reason(scene: Scene) -> None:
    waiting = Watched(group_follower("other", DOOR, scene.log), lambda: "the gate is closed")
    await scene.dog.look(waiting, await scene.log.ends(DOOR))
    await scene.after(PATIENCE)
    await scene.dog.look(waiting, await scene.log.ends(DOOR))
    with pytest.raises(StandsStill, match="group"):
        await scene.after(1)


async def test_partitions_of_another_process_are_not_ours_to_watch() -> None:
    scene = Scene()
    scene.log = MemoryLog(2)
    for partition in (0, 1):
        scene.log.write(Outgoing(DOOR, partition, b"key", b"value"))
    scene.log.committed["group", DOOR, 1] = 1
    scene.watched = Watched(group_follower("group", DOOR, scene.log), scene.why, lambda: scene.ours)
    scene.dog = Watchdog(scene.log, scene.clock, [scene.watched])
    scene.ours = frozenset({1})
    await scene.after(0)
    await scene.after(3 * PATIENCE)
    scene.ours = frozenset({0})
    await scene.after(0)
    with pytest.raises(StandsStill):
        await scene.after(PATIENCE + 1)


async def test_a_process_that_is_joining_watches_all_partitions(scene: Scene) -> None:
    scene.ours = None
    await scene.after(PATIENCE)
    with pytest.raises(StandsStill):
        await scene.after(1)


async def test_a_member_without_partitions_never_ends_since_another_one_stands_still(scene: Scene) -> None:
    scene.ours = frozenset()
    await scene.after(3 * PATIENCE)
    assert scene.dog.lag == {scene.watched.follower: Lag(0, 0)}


async def test_a_transaction_that_an_upstream_system_leaves_open_ends_nothing(scene: Scene) -> None:
    scene.log.unstable[DOOR, 0] = 1
    await scene.after(3 * PATIENCE)
    del scene.log.unstable[DOOR, 0]
    await scene.after(PATIENCE)
    with pytest.raises(StandsStill):
        await scene.after(1)
