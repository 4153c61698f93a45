"""A ticket as it stood: its row, those of its promise and cycles and of every notice, as the services had them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from services.intake.ticket_rows import TICKET_ROWS
from services.notification.projections import NOTICE_ROWS
from services.ops.trail.as_of import Cut, rows_then
from services.ops.trail.life import in_order, life
from services.ops.trail.links import Chain, Link
from services.sla_timer.cycles.rows import CYCLES
from services.sla_timer.promise.rows import PROMISES

PROJECTIONS = (TICKET_ROWS, PROMISES, CYCLES, NOTICE_ROWS)


class TicketThen(NamedTuple):
    """What the tables would have said; None and nothing where there was nothing yet."""

    ticket: Any
    promise: Any
    cycles: Sequence[Any]
    notices: Sequence[Any]
    history: Sequence[Link]
    """The events that it rests on, as they were recorded."""
    later: Sequence[Link]
    """Those that came, or became known, after the cut."""

    def as_data(self) -> dict[str, Any]:
        """It as JSON takes it."""
        one = {"ticket": self.ticket, "promise": self.promise}
        many = {"cycles": self.cycles, "notices": self.notices}
        links = {"history": self.history, "later": self.later}
        return {
            **{name: row and row._asdict() for name, row in one.items()},
            **{name: [row._asdict() for row in rows] for name, rows in {**many, **links}.items()},
        }


async def ticket_then(chain: Chain, log: Log, cards: Mapping[str, Card], ticket: str, cut: Cut) -> TicketThen | None:
    """How a ticket stood at a cut; None where there never was one. Raises Unavailable."""
    links = await life(chain, ticket)
    if not links:
        return None
    rows = await rows_then(log, cards, links, cut, PROJECTIONS)
    tickets, promises, cycles, notices = ([*rows[projection.table].values()] for projection in PROJECTIONS)
    before = cut.of(links)
    kept = {link.id for link in before}
    later = [link for link in links if link.id not in kept]
    one, promise = (found[0] if found else None for found in (tickets, promises))
    return TicketThen(one, promise, cycles, notices, in_order(before), later)
