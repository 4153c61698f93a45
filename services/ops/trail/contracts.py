"""Contracts as they stood: the rows of contract's tables, folded from the events of some streams before a cut."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from libs.messages.streams import parse_stream, stream_id
from services.contract.contract_rows import CONTRACT_ROWS, ENTITLEMENTS, LICENCES, TERMS
from services.contract.projections import CUSTOMERS
from services.ops.trail.as_of import Cut, Rows, events_of, folded, in_place_of, rows_then, values_of
from services.ops.trail.links import Chain, Link

PROJECTIONS = (CUSTOMERS, CONTRACT_ROWS, TERMS, LICENCES, ENTITLEMENTS)
INSTEAD: Mapping[str, str] = in_place_of(PROJECTIONS)


MOVED = "moved"
LISTED = (CONTRACT_ROWS,)


class ContractsThen(NamedTuple):
    """What queries see in place of contract's tables (`Queries`)."""

    instead: Mapping[str, str]
    values: Mapping[str, object]


async def contracts_then(
    chain: Chain, log: Log, cards: Mapping[str, Card], streams: Iterable[str], cut: Cut
) -> ContractsThen:
    """How the contracts, licences and customers of some streams stood at a cut; raises Unavailable."""
    links = await chain.of_streams(sorted({*streams, *_benefits(streams)}))
    return ContractsThen(INSTEAD, values_of(await rows_then(log, cards, links, cut, PROJECTIONS), PROJECTIONS))


def _benefits(streams: Iterable[str]) -> list[str]:
    """The streams that hold what cover opens for the customers among some streams."""
    parsed = map(parse_stream, streams)
    return [stream_id("entitlements", one.source, one.number) for one in parsed if one.kind == "customer"]


class MovedContracts(NamedTuple):
    """Contracts of which something came after one of two instants, with all events that they had."""

    links: Sequence[Link]
    events: Sequence[Any]

    def rows(self, cut: Cut) -> dict[str, Any]:
        """Their rows at a cut, by stream; those that were not there yet are wanting."""
        return {row.stream: row for row in self._folded(cut)[CONTRACT_ROWS.table].values()}

    def then(self, cut: Cut) -> ContractsThen:
        """What queries of all contracts see at a cut: those that moved as they stood, and all others as they stand."""
        values = {MOVED: sorted({link.stream for link in self.links}), **values_of(self._folded(cut), LISTED)}
        return ContractsThen(in_place_of(LISTED, MOVED), values)

    def _folded(self, cut: Cut) -> Rows:
        return folded([event for link, event in zip(self.links, self.events, strict=True) if _holds(cut, link)], LISTED)


async def contracts_moved(
    chain: Chain, log: Log, cards: Mapping[str, Card], as_of: datetime, known_at: datetime
) -> MovedContracts:
    """What must be folded anew to see all contracts as they stood; raises Unavailable."""
    links = await chain.contracts_moved(as_of, known_at)
    return MovedContracts(links, await events_of(log, cards, links))


def _holds(cut: Cut, link: Link) -> bool:
    return cut.holds(link.occurred_at, link.recorded_at)
