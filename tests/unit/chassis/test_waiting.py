import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from libs.chassis.app import unbroken
from libs.chassis.manual_clock import ManualClock
from libs.chassis.waiting import patiently, rest

MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)


class Server:
    """Answers from the nth attempt on."""

    def __init__(self, clock: ManualClock, answers_at: int) -> None:
        self.clock, self.answers_at = clock, answers_at
        self.asked_at: list[float] = []

    async def ask(self) -> str:
        self.asked_at.append(self.clock.monotonic())
        if len(self.asked_at) < self.answers_at:
            raise ConnectionRefusedError("not yet")
        return "here"


@pytest.mark.parametrize(
    ("soonest", "seconds"),
    [(None, 0.5), (10, 0.5), (0.5, 0.5), (0.2, 0.2), (0, 0.5), (-3600, 0.5)],
)
def test_rest_ends_when_something_is_due_and_what_waits_for_others_is_no_haste(
    soonest: float | None, seconds: float
) -> None:
    at = None if soonest is None else MONDAY_7H + timedelta(seconds=soonest)
    assert rest(MONDAY_7H, at, 0.5) == seconds


async def test_what_is_not_there_yet_is_asked_again_in_growing_steps() -> None:
    clock = ManualClock(MONDAY_7H)
    server = Server(clock, answers_at=12)
    assert await patiently(server.ask, on=OSError, within=60, clock=clock) == "here"
    pauses = [b - a for a, b in zip(server.asked_at, server.asked_at[1:], strict=False)]
    for number, pause in enumerate(pauses):
        whole = min(0.05 * 2**number, 2)
        assert whole / 2 <= pause <= whole + 1e-9


async def test_waiting_has_an_end() -> None:
    clock = ManualClock(MONDAY_7H)
    with pytest.raises(ConnectionRefusedError):
        await patiently(Server(clock, answers_at=1000).ask, on=OSError, within=3, clock=clock)
    assert 1 <= clock.monotonic() <= 3


async def test_an_error_of_another_kind_is_not_waited_out() -> None:
    clock = ManualClock(MONDAY_7H)
    server = Server(clock, answers_at=3)
    with pytest.raises(ConnectionRefusedError):
        await patiently(server.ask, on=TimeoutError, within=60, clock=clock)
    assert len(server.asked_at) == 1


async def test_what_must_not_be_torn_is_done_to_its_end_before_a_stop_is_heard() -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def hand_over() -> None:
        begun.set()
        await go_on.wait()
        done.append("sent")

    loop = asyncio.create_task(unbroken(hand_over()))
    await begun.wait()
    loop.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert done == ["sent"]


async def test_what_fails_while_a_stop_waits_for_it_is_not_lost() -> None:
    begun = asyncio.Event()

    async def hand_over() -> None:
        begun.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise OSError("cut off")

    loop = asyncio.create_task(unbroken(hand_over()))
    await begun.wait()
    loop.cancel()
    with pytest.raises(OSError, match="cut off"):
        await loop
