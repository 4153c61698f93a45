"""The life of a ticket over all topics: its own events, its promise's and its cycles', and every notice."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from libs.messages.catalogue import NOTICES, SLA, TICKETS
from libs.messages.streams import parse_stream, stream_id
from services.ops.trail.links import Chain, Link

RANKS = {TICKETS: 0, SLA: 1, NOTICES: 2}
"""What comes first of what was recorded at the same instant: cause before effect."""


class _Turn(NamedTuple):
    """When an event has its turn among others; no event of a stream has it before the one before it."""

    at: datetime
    rank: int
    stream: str
    sequence: int


def streams_of(ticket: str) -> tuple[str, str, str]:
    """The streams that carry a ticket's number: its own, its promise and its cycles."""
    _, source, number = parse_stream(ticket)
    return ticket, stream_id("promise", source, number), stream_id("cycles", source, number)


async def life(chain: Chain, ticket: str) -> list[Link]:
    """All counting events of a ticket in the order in which they were recorded; empty where there is no such ticket.

    Raises Unavailable.
    """
    own = await chain.of_streams(streams_of(ticket))
    return in_order([*own, *await chain.notices_about(link.id for link in own)])


def in_order(links: Iterable[Link]) -> list[Link]:
    """Links as they were recorded, those of a stream in their order."""
    latest: dict[str, datetime] = {}
    turns: list[tuple[_Turn, Link]] = []
    for link in sorted(links, key=lambda link: (link.stream, link.sequence)):
        at = latest[link.stream] = max(link.recorded_at, latest.get(link.stream, link.recorded_at))
        turns.append((_Turn(at, RANKS.get(link.topic, len(RANKS)), link.stream, link.sequence), link))
    return [link for _, link in sorted(turns, key=lambda turn: turn[0])]


def lanes(links: Sequence[Link]) -> list[str]:
    """The streams of a life, in the order in which each appears."""
    return list(dict.fromkeys(link.stream for link in links))
