"""Contracts as they stood: the rows of contract's tables, folded from the events of some streams before a cut."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from libs.messages.streams import parse_stream, stream_id
from services.contract.contract_rows import CONTRACT_ROWS, ENTITLEMENTS, LICENCES, TERMS
from services.contract.projections import CUSTOMERS
from services.ops.trail.as_of import Cut, in_place_of, rows_then, values_of
from services.ops.trail.links import Chain

PROJECTIONS = (CUSTOMERS, CONTRACT_ROWS, TERMS, LICENCES, ENTITLEMENTS)
INSTEAD: Mapping[str, str] = in_place_of(PROJECTIONS)


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
