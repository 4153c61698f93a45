"""A ticket as it stood: its row, those of its promise and cycles and of every notice, as the services had them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from libs.eventlog.wire.record import RecordedEvent
from services.intake.ticket_rows import TICKET_ROWS
from services.notification.projections import NOTICE_ROWS
from services.ops.trail.as_of import Cut, events_of, folded
from services.ops.trail.life import in_order, life
from services.ops.trail.links import Chain, Link
from services.sla_timer.cycles.rows import CYCLES
from services.sla_timer.promise.rows import PROMISES

PROJECTIONS = (TICKET_ROWS, PROMISES, CYCLES, NOTICE_ROWS)


class TicketThen(NamedTuple):
    """What the tables would have said then; None, or nothing, where there was no row yet."""

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


class TicketLife(NamedTuple):
    """All events of a ticket, and where each stands, in the order in which they were recorded."""

    links: Sequence[Link]
    events: Sequence[RecordedEvent]

    def before(self, cut: Cut) -> list[RecordedEvent]:
        """The events that lie before a cut, each stream's in order."""
        both = zip(self.links, self.events, strict=True)
        held = [each for each in both if cut.holds(each[0].occurred_at, each[0].recorded_at)]
        return [event for _, event in sorted(held, key=lambda each: (each[0].stream, each[0].sequence))]


async def ticket_life(chain: Chain, log: Log, cards: Mapping[str, Card], ticket: str) -> TicketLife | None:
    """Read all events of a ticket; None where there never was one. Raises Unavailable."""
    links = await life(chain, ticket)
    return TicketLife(links, await events_of(log, cards, links)) if links else None


def as_it_stood(told: TicketLife, cut: Cut) -> TicketThen:
    """How a ticket stood at a cut."""
    rows = folded(told.before(cut), PROJECTIONS)
    tickets, promises, cycles, notices = ([*rows[projection.table].values()] for projection in PROJECTIONS)
    before = cut.of(told.links)
    kept = {link.id for link in before}
    later = [link for link in told.links if link.id not in kept]
    one, promise = (found[0] if found else None for found in (tickets, promises))
    return TicketThen(one, promise, cycles, notices, in_order(before), later)


async def ticket_then(chain: Chain, log: Log, cards: Mapping[str, Card], ticket: str, cut: Cut) -> TicketThen | None:
    """How a ticket stood at a cut; None where there never was one. Raises Unavailable."""
    told = await ticket_life(chain, log, cards, ticket)
    return as_it_stood(told, cut) if told else None
