"""Why something happened: from an event backward, by what asked for it, to the records at the doors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from libs.messages.streams import parse_stream
from services.ops.trail.links import Chain, Link

DEPTH = 60
"""Steps backward at most: more are a fault, since a cause is recorded before what it causes."""


class Asker(StrEnum):
    """What asks for a command."""

    DOOR = "door"
    REACTION = "reaction"
    """To an event of another stream."""
    DUTY = "duty"
    """What followed from the stream's own state, after its event before."""
    UNKNOWN = "unknown"
    """It was written before events said it."""


@dataclass(frozen=True)
class Why:
    """An event, or a record at a door, and what it goes back to; what was told before is not told again (`seen`)."""

    link: Link | None
    asker: Asker | None = None
    """None of a record at a door."""
    door: str | None = None
    """The address of the record at the door, where that is what asked, or what this is."""
    because: tuple["Why", ...] = ()
    """What a duty was due for: facts that had come since the event before, if there were any; then that event."""
    seen: bool = False


async def causes(chain: Chain, ids: Sequence[str]) -> Mapping[str, Why]:
    """Why some events happened, by their ids; those that do not count are absent. Raises Unavailable."""
    links = dict(await chain.of_ids(ids))
    grounds: dict[str, Sequence[Link]] = {}
    frontier = list(links.values())
    for _ in range(DEPTH):
        new = await chain.new_grounds([link for link in frontier if asker_of(link, links) is not Asker.DOOR])
        grounds.update(new)
        found = {link.id: link for each in new.values() for link in each}
        wanted = {cause for link in frontier if (cause := _event_asking(link))} - links.keys() - found.keys()
        found |= await chain.of_ids(wanted) if wanted else {}
        frontier = [link for link in found.values() if link.id not in links]
        links.update({link.id: link for link in frontier})
        if not frontier:
            break
    return {id_: _told(links[id_], links, grounds, set()) for id_ in ids if id_ in links}


def asker_of(link: Link, links: Mapping[str, Link]) -> Asker:
    """What asked for an event."""
    cause = _event_asking(link)
    if link.caused_by is None:
        return Asker.UNKNOWN if cause is None else Asker.REACTION
    if cause is None:
        return Asker.DOOR
    known = links.get(cause)
    return Asker.DUTY if known and known.stream == link.stream else Asker.REACTION


def _event_asking(link: Link) -> str | None:
    """The id of the event that asked; a notice's stream names it also where the notice was written before."""
    if link.caused_by is not None:
        return None if "/" in link.caused_by else link.caused_by
    kind, about, _ = parse_stream(link.stream)
    return about if kind == "notice" and link.sequence == 1 else None


def _told(link: Link, links: Mapping[str, Link], grounds: Mapping[str, Sequence[Link]], seen: set[str]) -> Why:
    if link.id in seen:
        return Why(link, asker_of(link, links), seen=True)
    seen.add(link.id)
    if link.caused_by is not None and "/" in link.caused_by:
        return Why(link, Asker.DOOR, link.caused_by, (Why(None, door=link.caused_by),))
    because = [*grounds.get(link.id, ())]
    cause = _event_asking(link)
    if cause and cause in links and all(each.id != cause for each in because):
        because.append(links[cause])
    return Why(link, asker_of(link, links), None, tuple(_told(each, links, grounds, seen) for each in because))


def doors_of(why: Why) -> Iterable[str]:
    """The addresses of the records at doors that it goes back to, each once."""
    own = [why.door] if why.link is None and why.door else []
    return dict.fromkeys([*own, *(door for each in why.because for door in doors_of(each))])
