"""Plan time is stepped only when everybody is quiet, and nobody is taken for quiet too early."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.chassis import clock as clocks
from libs.chassis.health import Quietness
from libs.chassis.manual_clock import ManualClock
from libs.eventlog.errors import Unavailable
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing
from libs.messages.base import rfc3339
from libs.messages.catalogue import TICKETS
from services.ops.clock import quiescence as quiet
from services.ops.clock.quiescence import Quiescence, Restless, understood

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
INTAKE, SLA_TIMER = 1, 2


def at(hour: int) -> datetime:
    return NINE.replace(hour=hour)


class World:
    """Two services whose pages say what a test wants, over one log in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.log = ManualClock(NINE), MemoryLog()
        self.due: list[datetime] = []
        self.answers: dict[int, list[Quietness | Exception]] = {INTAKE: [], SLA_TIMER: []}
        self.asked: list[int] = []
        self.while_asked: Callable[[], None] = lambda: None
        self.still = Quiescence("", {"intake": INTAKE, "sla_timer": SLA_TIMER}, self.clock, patience=10)
        self.still._log = self.log  # type: ignore[assignment] # what is asked of it, memory has as well
        monkeypatch.setattr(quiet, "page", self.page)
        monkeypatch.setattr(clocks, "step", lambda _, to: self.clock.step(to))

    async def page(self, port: int, _: str) -> Any:
        self.asked.append(port)
        self.while_asked()
        said = self.answers[port].pop(0) if self.answers[port] else self.quiet()
        if isinstance(said, Exception):
            raise said
        return said

    def quiet(self) -> Quietness:
        due = min((instant for instant in self.due if instant > self.clock.now()), default=None)
        return Quietness(quiet=True, now=rfc3339(self.clock.now()), next_due=rfc3339(due) if due else None, busy=[])

    def busy(self, sentence: str) -> Quietness:
        return Quietness(quiet=False, now=rfc3339(self.clock.now()), next_due=None, busy=[sentence])

    async def advance(self, to: datetime) -> list[datetime]:
        steps: list[datetime] = []
        await self.still.advance(Path(), to, steps.append)
        return steps


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_everybody_is_asked_twice_before_anybody_counts_as_quiet(world: World) -> None:
    await world.still.wait_until_quiet()
    assert world.asked == [INTAKE, SLA_TIMER] * 2


async def test_a_duty_that_is_found_only_at_the_second_asking_is_waited_for(world: World) -> None:
    world.answers[SLA_TIMER] = [world.quiet(), world.busy("due: breach")]
    await world.still.wait_until_quiet()
    assert world.asked.count(SLA_TIMER) == 4


async def test_who_answered_before_a_record_was_written_is_asked_again(world: World) -> None:
    def write_at_the_second_question() -> None:
        if len(world.asked) == 2:
            world.log.write(Outgoing(TICKETS, 0, b"ticket/crm/1", b"{}"))

    world.while_asked = write_at_the_second_question
    await world.still.wait_until_quiet()
    assert world.asked.count(INTAKE) == 4


async def test_a_service_that_does_not_answer_is_not_quiet(world: World) -> None:
    world.answers[INTAKE] = [Unavailable("it does not answer")]
    await world.still.wait_until_quiet()
    assert world.asked.count(INTAKE) == 3


async def test_who_waits_in_vain_is_told_for_whom(world: World) -> None:
    world.answers[INTAKE] = [world.busy("3 records behind") for _ in range(10_000)]
    with pytest.raises(Restless, match="intake: 3 records behind"):
        await world.still.wait_until_quiet()


async def test_as_long_as_something_moves_nobody_gives_up(world: World) -> None:
    world.answers[INTAKE] = [world.busy(f"{left} records behind") for left in range(5_000, 0, -1)]
    await world.still.wait_until_quiet()
    assert world.clock.monotonic() > 20  # twice the patience


def test_an_answer_about_an_earlier_plan_time_is_none() -> None:
    said = Quietness(quiet=True, now=rfc3339(NINE - timedelta(microseconds=1)), next_due=None, busy=[])
    assert understood("intake", said, NINE).busy == ("intake is still at 2026-11-23T08:59:59.999999Z",)


def test_something_due_is_not_quiet_whoever_forgets_to_say_so() -> None:
    said = Quietness(quiet=False, now=rfc3339(NINE), next_due=rfc3339(NINE), busy=[])
    assert understood("intake", said, NINE).busy


async def test_time_stops_at_every_due_instant_on_the_way(world: World) -> None:
    world.due = [at(10), at(11), at(13)]
    assert await world.advance(at(12)) == [at(10), at(11), at(12)]


async def test_what_is_due_at_the_very_target_is_waited_for(world: World) -> None:
    world.due = [at(10)]
    assert await world.advance(at(10)) == [at(10)]
    assert world.asked.count(INTAKE) == 4


async def test_where_nothing_is_due_time_is_stepped_without_asking_again(world: World) -> None:
    world.due = [at(13)]
    assert await world.advance(at(12)) == [at(12)]
    assert world.asked.count(INTAKE) == 2


async def test_time_is_not_stepped_before_what_was_said_until_now_is_answered(world: World) -> None:
    world.answers[INTAKE] = [world.busy("1 record behind")]
    stepped_at: list[int] = []
    await world.still.advance(Path(), at(10), lambda _: stepped_at.append(world.asked.count(INTAKE)))
    assert stepped_at == [3]
