"""Nothing is decided while the clock of this process is not the broker's."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from libs.chassis import clock
from libs.chassis.broker_clock import BrokerClock
from libs.chassis.clock import Clock
from libs.chassis.service_host import ServiceHost
from libs.chassis.settings import ServiceSettings
from libs.eventlog.kafka.appender import Stamp
from libs.eventlog.ports import BrokerTime
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CLOCK
from libs.messages.clocks import ClockRead
from tests.unit.chassis.test_clock import HOUR, MONDAY_7H, NOON, SECOND, Machine


class Broker:
    """Stamps what is sent; its time goes on with the machine's seconds, and it hears us late."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.late, self.reachable = machine, 0.0, True
        self.heard: float | None = None
        self.stamps = NOON
        self.written: list[Outgoing] = []

    def appender(self) -> "Broker":
        return self

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        self.written += batch
        if self.reachable:
            self.heard = self.stamps.timestamp()
        return [0] * len(batch)

    async def close(self) -> None:
        """Disconnect."""

    def broker_time(self) -> BrokerTime | None:
        if self.heard is None:
            return None
        now = self.heard + self.machine.seconds
        return BrokerTime(now, now + self.late)


class Scene:
    def __init__(self) -> None:
        self.machine = Machine()
        self.broker = Broker(self.machine)
        self.compared = BrokerClock(self.broker, self.machine, "intake-1", 12)

    async def look(self) -> str | None:
        await self.compared.look(self.broker)
        return self.compared.problem()


async def test_nothing_is_decided_before_a_broker_has_said_what_time_it_is() -> None:
    scene = Scene()
    scene.broker.reachable = False
    assert await scene.look() == "no broker has said yet what time it is"
    scene.broker.reachable = True
    assert await scene.look() is None


@pytest.mark.parametrize(("off", "wrong"), [(2, False), (-2, False), (2.1, True), (-2.1, True), (3600, True)])
async def test_a_clock_that_is_off_by_more_than_two_seconds_is_wrong(off: float, *, wrong: bool) -> None:
    scene = Scene()
    scene.machine.shown += timedelta(seconds=off)
    told = await scene.look()
    assert (told is not None) == wrong
    assert told is None or f"plan time is {off:+.1f} s off the broker's" in told


async def test_an_answer_that_comes_late_says_nothing_against_the_clock() -> None:
    scene = Scene()
    scene.broker.late = 30.0
    scene.machine.shown += 30 * SECOND
    assert await scene.look() is None
    scene.machine.shown += 3 * SECOND
    assert await scene.look() is not None


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_a_jump_is_noticed_at_once_and_forgotten_once_it_is_mended(jump: timedelta) -> None:
    scene = Scene()
    assert await scene.look() is None
    scene.machine.goes_on(60, jump)
    assert "this machine's clock is" in (scene.compared.problem() or "")
    assert scene.machine.now() == NOON + 60 * SECOND
    scene.machine.goes_on(1, -jump)
    assert (scene.compared.problem(), scene.machine.now()) == (None, NOON + 61 * SECOND)


async def test_a_machine_that_slept_is_believed_when_the_broker_has_answered() -> None:
    scene = Scene()
    assert await scene.look() is None
    scene.machine.shown += HOUR  # while its seconds stood still
    assert scene.compared.problem() is not None
    scene.broker.stamps = NOON + HOUR
    await scene.look()
    assert (scene.compared.problem(), scene.machine.now()) == (None, NOON + HOUR)


async def test_what_is_written_says_which_clock_said_what() -> None:
    scene = Scene()
    for _ in range(13):
        await scene.look()
    assert {out.partition for out in scene.broker.written} == set(range(12))
    assert {(out.topic, out.key) for out in scene.broker.written} == {(CLOCK, b"intake-1")}
    read = ClockRead.model_validate_json(scene.broker.written[0].value or b"")
    assert read == ClockRead(instance="intake-1", read_at=NOON)
    assert set(json.loads(scene.broker.written[0].value or b"")) == {"instance", "read_at"}


async def test_a_plan_clock_is_compared_with_nothing(tmp_path: Path) -> None:
    clock.start(tmp_path / "clock.json", MONDAY_7H)
    scene = Scene()
    assert BrokerClock(scene.broker, Clock(tmp_path / "clock.json"), "x", 1).problem() is None


async def test_the_gate_of_a_service_is_closed_while_its_clock_is_off() -> None:
    host = ServiceHost(ServiceSettings(service="intake", database="none", instance="test"), [], Path("nowhere"))
    host.engine.gate._closed = None
    assert host.engine.gate.closed_because == "no broker has said yet what time it is"
    assert "clock: no broker has said yet what time it is" in host.health.ready()["waiting"]
    host.engine.log._hear(Stamp(host.clock.wall().timestamp() - 3600, 0.0, 0.0))
    assert "off the broker's" in (host.engine.gate.closed_because or "")
