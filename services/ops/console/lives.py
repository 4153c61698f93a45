"""Lives of tickets that somebody looks at: read from the log once, and again when something was recorded."""

from collections.abc import Mapping

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from services.ops.trail.as_of import events_of
from services.ops.trail.life import life
from services.ops.trail.links import Chain
from services.ops.trail.tickets import TicketLife

KEPT = 100
"""Tickets that are kept; whoever was not looked at for longest goes first."""


class Lives:
    """By ticket, as it was when somebody looked last."""

    def __init__(self) -> None:
        self._kept: dict[str, TicketLife] = {}

    async def of(self, chain: Chain, log: Log, cards: Mapping[str, Card], ticket: str) -> TicketLife | None:
        """Everything that is recorded of a ticket; None where there never was one. Raises Unavailable."""
        links = await life(chain, ticket)
        known = self._kept.pop(ticket, None)
        if not links:
            return None
        told = known if known and known.links == links else TicketLife(links, await events_of(log, cards, links))
        self._kept[ticket] = told
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)))
        return told
