import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from libs.chassis.app import unbroken
from libs.chassis.waiting import rest

MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("soonest", "seconds"),
    [(None, 0.5), (10, 0.5), (0.5, 0.5), (0.2, 0.2), (0, 0.5), (-3600, 0.5)],
)
def test_rest_ends_when_something_is_due_and_what_waits_for_others_is_no_haste(
    soonest: float | None, seconds: float
) -> None:
    at = None if soonest is None else MONDAY_7H + timedelta(seconds=soonest)
    assert rest(MONDAY_7H, at, 0.5) == seconds


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
