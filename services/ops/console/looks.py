"""One look at what a page shows, for all who look at the same in the same moment, whatever their language."""

import asyncio
from typing import Any, NamedTuple

from libs.eventlog.ports import Clock
from services.ops.console.pages.page import AnyPage, PageView, Query
from services.ops.console.sources import Sources

FRESH = 0.4
"""Machine seconds for which a look is as good as a new one: less than pages are apart from each other."""


class _Begun(NamedTuple):
    """A look, and when it was begun."""

    at: float
    view: "asyncio.Task[PageView]"


class SharedLooks:
    """Joins looks: each page and each query is asked for once, however many pages are rendered from it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun: dict[tuple[str, Query], _Begun] = {}

    async def look(self, page: AnyPage, sources: Sources, query: Any) -> PageView:
        """What a page shows; raises what the page raises."""
        now, what = self._clock.monotonic(), (page.path, query)
        self._begun = {key: one for key, one in self._begun.items() if not one.view.done() or now - one.at < FRESH}
        begun = self._begun.get(what)
        if begun is None:
            begun = self._begun[what] = _Begun(now, asyncio.ensure_future(page.look(sources, query)))
            begun.view.add_done_callback(_heard)
        return await asyncio.shield(begun.view)


def _heard(view: "asyncio.Task[PageView]") -> None:
    """A failure is known, also where everybody who waited for it has gone."""
    if not view.cancelled():
        view.exception()
