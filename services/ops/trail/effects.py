"""What followed from something: from an event, or a record at a door, forward by what it asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from libs.messages.places import RecordAddress
from services.ops.trail.links import Chain, Link

MOST = 200_000
"""Effects that are looked at; where there are more, it is said."""


class Effects(NamedTuple):
    """What followed, in the order in which it was recorded, and how many of each type."""

    links: Sequence[Link]
    counts: Mapping[str, int]
    more: bool
    """Whether there are more than were looked at."""


async def effects(chain: Chain, of: Link | RecordAddress, most: int = MOST) -> Effects:
    """All that followed from a counting event or from a record at a door; raises Unavailable.

    That is what was asked for by it, what duties wrote since it had come, and what follows from these in turn. What
    follows in a stream from its own state (a deadline that passes) is an effect of what began the stream.
    """
    found: dict[str, Link] = {}
    begun = {of.stream} if isinstance(of, Link) and of.sequence == 1 else set[str]()
    frontier = await _first(chain, of, begun)
    while frontier and len(found) < most:
        found.update((link.id, link) for link in frontier)
        begun.update(link.stream for link in frontier if link.sequence == 1)
        after = [*await _asked_for(chain, frontier, begun), *await chain.grounded_on(frontier)]
        frontier = [link for link in after if link.id not in found]
    links = sorted(found.values(), key=lambda link: (link.recorded_at, link.stream, link.sequence))
    return Effects(links, Counter(link.type for link in links), more=bool(frontier))


async def _first(chain: Chain, of: Link | RecordAddress, begun: set[str]) -> list[Link]:
    if isinstance(of, Link):
        return [*await _asked_for(chain, [of], begun), *await chain.grounded_on([of])]
    return await chain.caused_by([of.text()])


async def _asked_for(chain: Chain, causes: Sequence[Link], begun: set[str]) -> list[Link]:
    by_id = {link.id: link for link in causes}
    found = {link.id: link for link in await chain.caused_by(by_id)}
    found.update((link.id, link) for link in await chain.notices_about(by_id) if link.sequence == 1)
    return [link for link in found.values() if _is_effect(link, by_id, begun)]


def _is_effect(link: Link, causes: Mapping[str, Link], begun: set[str]) -> bool:
    cause = causes.get(link.caused_by or "")
    return cause is None or cause.stream != link.stream or link.stream in begun


def in_words(counts: Mapping[str, int]) -> str:
    """`312 FirstResponseRetargeted, 305 NoticeSent`, the most first."""
    named = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {kind.split('.')[1]}" for kind, number in named) or "nothing"
