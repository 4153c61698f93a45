"""One producer looks for all who watch the same page, no more than twice a second, and for nobody when none does."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from types import SimpleNamespace

import pytest

from libs.chassis.clock import Clock
from services.ops.console import live as live_pages
from services.ops.console.fragments import Fragments, Recorder
from services.ops.console.live import BUDGET, LEAST, LONGEST, OPENING, STILL_HERE, Live, Producer, Round, event_of
from tests.support import PATIENCE, eventually


class Slow(Clock):
    """Sleeps until it is told to go on, and keeps how long it was to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = list[float]()
        self.go_on = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.go_on.wait()
        self.go_on.clear()


class Page:
    """A page with one value."""

    def __init__(self) -> None:
        self.value, self.looks, self.fails = "1", 0, False

    async def __call__(self) -> Fragments:
        self.looks += 1
        if self.fails:
            raise RuntimeError("a fault")
        live = Recorder()
        live("value", "p", caller=lambda: self.value)
        return live.fragments()


@pytest.fixture
def clock() -> Slow:
    return Slow()


@pytest.fixture
def page() -> Page:
    return Page()


async def event(watcher: AsyncGenerator[bytes, None]) -> bytes:
    return await asyncio.wait_for(anext(watcher), PATIENCE)


async def test_all_who_watch_are_sent_what_one_look_found(clock: Slow, page: Page) -> None:
    live = Live(clock)
    watchers = [live.watch(("/",), page) for _ in range(50)]
    for watcher in watchers:
        assert await event(watcher) == OPENING
    assert {await event(watcher) for watcher in watchers} == {
        b'event: changes\ndata: <p hx-swap-oob="true" id="value">1</p>\n\n'
    }
    assert page.looks == 1
    page.value = "2"
    clock.go_on.set()
    assert {await event(watcher) for watcher in watchers} == {
        b'event: changes\ndata: <p hx-swap-oob="true" id="value">2</p>\n\n'
    }
    assert page.looks == 2
    assert min(clock.slept) >= LEAST


async def test_who_comes_later_is_sent_what_is_known(clock: Slow, page: Page) -> None:
    live = Live(clock)
    first, second = live.watch(("/",), page), live.watch(("/",), page)
    await event(first), await event(first)
    await event(second)
    assert b">1</p>" in await event(second)
    assert page.looks == 1


async def test_nobody_looks_when_nobody_watches(clock: Slow, page: Page) -> None:
    live = Live(clock)
    watcher = live.watch(("/",), page)
    await event(watcher), await event(watcher)
    await watcher.aclose()
    clock.go_on.set()
    await eventually(lambda: len(asyncio.all_tasks()) == 1)
    assert page.looks == 1
    again = live.watch(("/",), page)
    await event(again)
    assert b">1</p>" in await event(again)


async def test_a_look_that_fails_by_a_fault_of_ours_ends_the_streams_and_who_comes_again_has_it_looked_at_anew(
    clock: Slow, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(live_pages, "_log", SimpleNamespace(exception=logged.append))
    live = Live(clock)
    watcher = live.watch(("/",), page)
    await event(watcher), await event(watcher)
    page.fails = True
    clock.go_on.set()
    with pytest.raises(StopAsyncIteration):
        await event(watcher)
    assert logged == ["a live page could not be looked at"]
    page.fails = False
    again = live.watch(("/",), page)
    await event(again)
    assert b">1</p>" in await event(again)


class Spending:
    """A process that needs so many seconds of a core between two looks."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._spent = seconds, 0.0

    def __call__(self) -> float:
        self._spent += self._seconds
        return self._spent


@pytest.mark.parametrize(
    ("spent", "rest"), [(0.0, LEAST), (LEAST * BUDGET / 2, LEAST), (2.0 * BUDGET, 2.0), (20 * BUDGET, LONGEST)]
)
async def test_pages_rest_until_the_process_needs_its_share_of_a_core_at_most(
    clock: Slow, page: Page, spent: float, rest: float
) -> None:
    watcher = Producer(page, clock, Spending(spent)).watch()
    await event(watcher), await event(watcher)
    page.value = "2"
    clock.go_on.set()
    await event(watcher)
    await eventually(lambda: len(clock.slept) == 2)
    assert clock.slept[1] == pytest.approx(rest, abs=0.2)
    await watcher.aclose()


def found(**values: str) -> Fragments:
    live = Recorder()
    for name, value in values.items():
        live(name, "p", caller=partial(str, value))
    return live.fragments()


def test_who_saw_the_look_before_gets_what_was_written_once_and_who_saw_an_older_one_all_that_changed_since() -> None:
    first = Round().next(found(a="1", b="1"))
    second = first.next(found(a="2", b="1"))
    third = second.next(found(a="2", b="2"))
    assert third.since(second) is third.change
    assert b">2</p>" in third.since(second)
    assert b'id="a"' not in third.since(second)
    assert third.since(first) == event_of(['<p hx-swap-oob="true" id="a">2</p>', '<p hx-swap-oob="true" id="b">2</p>'])
    assert third.since(Round()) is third.whole
    assert third.since(third) == STILL_HERE
    assert first.since(Round()) == first.whole


def test_an_event_is_one_whatever_lines_it_has() -> None:
    assert event_of(["<p>a\nb</p>"]) == b"event: changes\ndata: <p>a\ndata: b</p>\n\n"
