"""What is asked for twice in the same moment is looked at once, and nobody is given what another query found."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.chassis.manual_clock import ManualClock
from services.ops.console.looks import FRESH, SharedLooks
from services.ops.console.pages import PAGES
from services.ops.console.pages.notices import NoticeFilters
from services.ops.console.pages.page import NotThere, Page, PageView
from services.ops.console.sources import Sources

SOURCES: Any = None
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Looked(PageView):
    """How often it was looked."""

    times: int


class Counting:
    """A page that counts its looks."""

    def __init__(self) -> None:
        self.times, self.go_on = 0, asyncio.Event()

    async def __call__(self, _sources: Sources, _query: Any) -> PageView:
        self.times += 1
        times = self.times
        await self.go_on.wait()
        if times == 3:
            raise NotThere("nothing")
        return Looked(times=times)

    def page(self) -> Page[Any, Any]:
        return Page("/notices", self, NoticeFilters, PageView, "notices.html", "Notices")


async def test_those_who_ask_for_the_same_have_one_look_until_it_is_old() -> None:
    clock, counting = ManualClock(NOON), Counting()
    looks, page = SharedLooks(clock), counting.page()
    some = [asyncio.create_task(looks.look(page, SOURCES, NoticeFilters())) for _ in range(20)]
    other = asyncio.create_task(looks.look(page, SOURCES, NoticeFilters(centre="france")))
    await asyncio.sleep(0)
    counting.go_on.set()
    assert [(await one).model_dump() for one in some] == [{"times": 1}] * 20
    assert (await other).model_dump() == {"times": 2}
    assert (await looks.look(page, SOURCES, NoticeFilters())).model_dump() == {"times": 1}
    await clock.sleep(FRESH)
    with pytest.raises(NotThere):
        await looks.look(page, SOURCES, NoticeFilters())


async def test_who_goes_takes_the_look_from_nobody() -> None:
    clock, counting = ManualClock(NOON), Counting()
    looks, page = SharedLooks(clock), counting.page()
    goes, stays = (asyncio.create_task(looks.look(page, SOURCES, NoticeFilters())) for _ in range(2))
    await asyncio.sleep(0)
    goes.cancel()
    counting.go_on.set()
    assert (await stays).model_dump() == {"times": 1}


@pytest.mark.parametrize("page", [page for page in PAGES if page.live], ids=lambda page: page.path)
def test_what_a_live_page_is_asked_can_be_told_apart(page: Page[Any, Any]) -> None:
    needed = {name: "x" for name, field in page.query.model_fields.items() if field.is_required()}
    assert hash(page.query.model_validate(needed)) == hash(page.query.model_validate(needed))
