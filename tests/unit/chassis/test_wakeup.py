"""Whoever waits for what may be due misses nothing that moved, and asks for nothing but now and then meanwhile."""

import asyncio
from datetime import datetime, timedelta

import pytest

from libs.chassis import wakeup
from libs.chassis.clock import Clock
from libs.chassis.wakeup import Pulse, Waiter
from libs.eventlog.errors import Unavailable

FOR_EVER = 60.0
SOON = 0.002


class Tables:
    """What moves, in this process and in others."""

    def __init__(self) -> None:
        self.movable = False
        self.pulse = Pulse()
        self.moves = self.elsewhere = self.asked = 0
        self.due: datetime | None = None
        self.others = True
        self.fails = False
        self.again = asyncio.Event()

    def here(self) -> object:
        return self.moves

    def alone(self) -> bool:
        return not self.others

    async def was_asked(self, times: int) -> None:
        while self.asked < times:
            self.again.clear()
            await self.again.wait()

    async def anywhere(self) -> object:
        self.asked += 1
        self.again.set()
        if self.fails:
            raise Unavailable("the database is away")
        return self.elsewhere

    async def soonest(self) -> datetime | None:
        return self.due

    def move(self) -> None:
        self.moves += 1
        self.pulse()


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
async def waiter(tables: Tables) -> Waiter:
    """One who has looked at everything that there is."""
    waiter = Waiter(Clock(), tables, tables.pulse)
    await waiter.wait(soon=False)
    return waiter


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time runs out."""
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER)
    monkeypatch.setattr(wakeup, "LOOK", FOR_EVER)


async def is_waiting(wait: asyncio.Task[None]) -> bool:
    for _ in range(10):
        await asyncio.sleep(0)
    return not wait.done()


@pytest.mark.usefixtures("never")
async def test_a_move_wakes(tables: Tables, waiter: Waiter) -> None:
    wait = asyncio.create_task(waiter.wait(soon=False))
    assert await is_waiting(wait)
    tables.move()
    await wait


@pytest.mark.usefixtures("never")
async def test_what_moved_before_the_wait_is_not_missed(tables: Tables, waiter: Waiter) -> None:
    tables.move()
    await waiter.wait(soon=False)
    wait = asyncio.create_task(waiter.wait(soon=False))
    assert await is_waiting(wait)
    wait.cancel()


@pytest.mark.usefixtures("never")
async def test_partitions_that_change_hands_are_seen_with_the_next_wakening(tables: Tables, waiter: Waiter) -> None:
    wait = asyncio.create_task(waiter.wait(soon=False))
    tables.pulse()  # nothing has moved
    assert await is_waiting(wait)
    tables.moves = 5
    tables.pulse()
    await wait


async def test_what_another_instance_moves_is_seen_at_a_look(
    tables: Tables, waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER)
    monkeypatch.setattr(wakeup, "LOOK", SOON)
    await waiter.wait(soon=False)  # how far the others are was not known yet
    wait = asyncio.create_task(waiter.wait(soon=False))
    await tables.was_asked(5)
    assert not wait.done()
    tables.elsewhere += 1
    await wait


async def test_who_is_alone_asks_nobody_until_others_come(
    tables: Tables, waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER)
    monkeypatch.setattr(wakeup, "LOOK", 0)
    tables.others = False
    wait = asyncio.create_task(waiter.wait(soon=False))
    assert await is_waiting(wait)
    assert tables.asked == 0
    tables.others = True
    tables.pulse()  # partitions have changed hands
    await wait
    assert tables.asked == 1


async def test_tables_that_can_not_be_asked_are_looked_at_again(
    tables: Tables, waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER)
    monkeypatch.setattr(wakeup, "LOOK", SOON)
    tables.fails = True
    await waiter.wait(soon=False)
    assert tables.asked == 1


@pytest.mark.parametrize("soon", [True, False])
async def test_time_is_up_in_any_case_and_sooner_where_something_is_to_be_tried_again(
    tables: Tables, waiter: Waiter, monkeypatch: pytest.MonkeyPatch, *, soon: bool
) -> None:
    monkeypatch.setattr(wakeup, "LOOK", SOON if soon else FOR_EVER)
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER if soon else SOON)
    await waiter.wait(soon=soon)
    assert tables.asked == 0


@pytest.mark.usefixtures("never")
async def test_it_wakes_when_something_becomes_due(tables: Tables, waiter: Waiter) -> None:
    clock = Clock()
    tables.due = clock.now() + timedelta(seconds=SOON)
    await waiter.wait(soon=False)
    assert clock.now() >= tables.due


async def test_a_plan_clock_that_is_stepped_is_looked_at_all_the_time(
    tables: Tables, waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "IDLE", FOR_EVER)
    monkeypatch.setattr(wakeup, "LOOK", FOR_EVER)
    tables.movable = True
    wait = asyncio.create_task(waiter.wait(soon=False))
    assert await is_waiting(wait)
    tables.moves += 1  # nobody tells us of the step
    await wait
