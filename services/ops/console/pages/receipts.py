"""`/receipts`: what became of a message, by its source and its id, for ever."""

from datetime import datetime

from services.ops.console.pages.page import Page, PageView, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.trail.receipts import receipts


class ReceiptsAsked(Query):
    """Of which message."""

    source: str | None = None
    id: str | None = None
    number: str | None = None


class ReceiptView(PageView):
    """What became of it."""

    outcome: str
    place: str | None
    stream: str
    event: str
    event_type: str
    recorded_at: datetime
    reason: str | None
    doubts: int


class ReceiptsView(PageView):
    """All that is known of a message."""

    source: str | None
    id: str | None
    number: str | None
    receipts: tuple[ReceiptView, ...]
    dead_letters: tuple[str, ...]
    """Of its source, where no event came of it: places that may be it."""


async def look(sources: Sources, query: ReceiptsAsked) -> ReceiptsView:
    """What became of a message; nothing before one is named."""
    found: tuple[ReceiptView, ...] = ()
    dead: tuple[str, ...] = ()
    if query.source and query.id:
        log = await sources.log()
        chain = await sources.chain()
        known = await receipts(chain, log, sources.cards, query.source, query.id, query.number)
        found = tuple(
            ReceiptView(
                outcome=str(one.outcome),
                place=one.place,
                stream=one.stream,
                event=one.event,
                event_type=one.event_type,
                recorded_at=one.recorded_at,
                reason=one.reason and str(one.reason),
                doubts=len(one.doubts or ()),
            )
            for one in known
        )
        waiting = await sources.dead_letters.waiting(log) if not found else []
        dead = tuple(kept.known.place.text() for kept in waiting if kept.known.source == query.source)[:20]
    return ReceiptsView(source=query.source, id=query.id, number=query.number, receipts=found, dead_letters=dead)


PAGE = Page("/receipts", look, ReceiptsAsked, ReceiptsView, "receipts.html", N_("Receipts"), nav=11, live=False)
