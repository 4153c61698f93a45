from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from libs.chassis.build import build
from libs.chassis.health import Health, Quiet
from libs.chassis.manual_clock import ManualClock

T = TypeVar("T")
MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SEVEN = "2026-11-23T07:00:00.000000Z"


def test_a_service_without_anything_to_wait_for_is_ready() -> None:
    health = Health(ManualClock(MONDAY_7H), {"gate": lambda: None})
    clock = {"movable": True, "now": SEVEN}
    assert health.ready() == {
        "ready": True,
        "build": build(),
        "clock": clock,
        "waiting": [],
        "degraded": [],
        "sources": None,
    }


def test_a_service_says_of_each_thing_that_it_waits_for() -> None:
    health = Health(
        ManualClock(MONDAY_7H), {"gate": lambda: "it is closed", "smtp": lambda: None, "log": lambda: "a hole"}
    )
    assert health.ready()["ready"] is False
    assert health.ready()["waiting"] == ["gate: it is closed", "log: a hole"]


def test_readiness_is_asked_anew_each_time() -> None:
    waiting = ["not yet"]
    health = Health(ManualClock(MONDAY_7H), {"gate": lambda: waiting[0] if waiting else None})
    assert not health.ready()["ready"]
    waiting.clear()
    assert health.ready()["ready"]


async def test_a_service_with_nothing_to_read_and_nothing_due_is_quiet() -> None:
    assert await Quiet(ManualClock(MONDAY_7H)).ask() == {"quiet": True, "now": SEVEN, "next_due": None, "busy": []}


async def test_what_is_still_to_be_read_is_not_quiet() -> None:
    quiet = Quiet(ManualClock(MONDAY_7H), busy=[says(None), says("3 records of olcare.sla.v1")])
    assert (await quiet.ask())["busy"] == ["3 records of olcare.sla.v1"]
    assert not (await quiet.ask())["quiet"]


async def test_a_duty_is_due_at_its_very_instant_and_not_a_microsecond_earlier() -> None:
    clock = ManualClock(MONDAY_7H - MICROSECOND)
    quiet = Quiet(clock, next_due=[says(None), says(MONDAY_7H), says(MONDAY_7H + MICROSECOND)])
    assert (await quiet.ask())["next_due"] == SEVEN
    assert (await quiet.ask())["quiet"]
    clock.step(MONDAY_7H)
    assert not (await quiet.ask())["quiet"]


async def test_a_deadline_made_by_what_was_just_read_is_not_overlooked() -> None:
    deadlines: list[datetime] = []

    async def reads() -> None:
        deadlines.append(MONDAY_7H)

    async def due() -> datetime | None:
        return min(deadlines, default=None)

    assert not (await Quiet(ManualClock(MONDAY_7H), busy=[reads], next_due=[due]).ask())["quiet"]


def says(answer: T) -> Callable[[], Awaitable[T]]:
    async def say() -> T:
        return answer

    return say
