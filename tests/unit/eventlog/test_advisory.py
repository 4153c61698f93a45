"""What readers commit for whoever watches groups: what has moved, once, and what was not taken again."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.advisory import EVERY, AdvisoryOffsets
from libs.eventlog.testing import MemoryLog
from tests.unit.eventlog.environment import Machine

GROUP, TOPIC = "intake.tickets.v1", "tickets"


class Scene:
    """A reader of two partitions."""

    def __init__(self) -> None:
        self.log, self.at = MemoryLog(2), {0: 3, 1: 0}
        loop: Any = SimpleNamespace(group=GROUP, topic=TOPIC, passed=lambda: dict(self.at))
        self.advisory = AdvisoryOffsets(self.log, Machine(), {"tickets": loop})

    @property
    def told(self) -> list[Mapping[int, int]]:
        assert {(group, topic) for group, topic, _ in self.log.advised} <= {(f"{GROUP}.advisory", TOPIC)}
        return [offsets for *_, offsets in self.log.advised]


async def test_only_what_has_moved_is_committed_and_nothing_while_nothing_moves() -> None:
    scene = Scene()
    await scene.advisory.tell()
    await scene.advisory.tell()
    scene.at[1] = 7
    for _ in range(3):
        await scene.advisory.tell()
    assert scene.told == [{0: 3, 1: 0}, {1: 7}]


async def test_a_partition_that_comes_back_from_another_process_is_said_anew() -> None:
    scene = Scene()
    await scene.advisory.tell()
    del scene.at[1]
    scene.at[0] = 4
    await scene.advisory.tell()
    scene.at[1] = 0
    await scene.advisory.tell()
    assert scene.told == [{0: 3, 1: 0}, {0: 4}, {1: 0}]


async def test_what_kafka_does_not_take_ends_nothing_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    async def away(*_: object) -> None:
        raise Unavailable("no coordinator")

    with monkeypatch.context() as patch:
        patch.setattr(scene.log, "advise", away)
        await scene.advisory.tell()
    assert scene.told == []
    await scene.advisory.tell()
    assert scene.told == [{0: 3, 1: 0}]


async def test_it_is_said_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    class Enough(BaseException):
        """So many rests are enough."""

    scene, rests = Scene(), list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        scene.at[0] += 1
        if len(rests) == 4:
            raise Enough

    monkeypatch.setattr(scene.advisory._clock, "sleep", rest)
    with pytest.raises(Enough):
        await scene.advisory.run()
    assert rests == [EVERY] * 4
    assert len(scene.told) == 3
