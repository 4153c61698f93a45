"""The links of the chain, asked of audit's tables: by id, place, stream, cause and grounds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries
from libs.messages.places import RecordAddress


class Link(NamedTuple):
    """A counting event: where it stands, what caused it, and when."""

    topic: str
    partition: int
    offset: int
    stream: str
    sequence: int
    id: str
    causation: str
    """The command."""
    correlation: str
    caused_by: str | None
    """The id of an event or the address of a record at a door; None in what was written before."""
    type: str
    occurred_at: datetime
    recorded_at: datetime
    source: str

    @property
    def address(self) -> RecordAddress:
        """Where it stands."""
        return RecordAddress(topic=self.topic, partition=self.partition, offset=self.offset)


class Minute(NamedTuple):
    """How many events of a type were recorded in a minute."""

    topic: str
    minute: datetime
    type: str
    events: int


def trail_queries(database: Database) -> Queries:
    """The queries of the trail on audit's tables."""
    return Queries(database, Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True)
class Chain:
    """What audit keeps of every event; every call raises Unavailable."""

    queries: Queries

    async def of_ids(self, ids: Iterable[str]) -> Mapping[str, Link]:
        """Events by their ids; those that do not count are absent."""
        found = await self._links("links_of_ids", ids=list(ids))
        return {link.id: link for link in found}

    async def of_place(self, stream: str, sequence: int) -> Link | None:
        """The event at a place in its stream."""
        found = await self._links("link_of_place", stream=stream, sequence=sequence)
        return found[0] if found else None

    async def of_streams(self, streams: Iterable[str]) -> list[Link]:
        """All events of some streams, each stream's in order."""
        return await self._links("links_of_streams", streams=list(streams))

    async def of_correlation(self, correlation: str) -> list[Link]:
        """What goes back to one message."""
        return await self._links("links_of_correlation", correlation=correlation)

    async def caused_by(self, causes: Iterable[str]) -> list[Link]:
        """What was asked for by events, by their ids, or by records at a door, by their addresses."""
        return await self._links("links_caused_by", causes=list(causes))

    async def notices_about(self, ids: Iterable[str]) -> list[Link]:
        """All events of the notices about some events."""
        return await self._links("notices_about", ids=list(ids))

    async def new_grounds(self, links: Sequence[Link]) -> Mapping[str, Sequence[Link]]:
        """By the id of an event that a duty wrote, the facts that had come since the event before."""
        ids = {(link.stream, link.sequence): link.id for link in links}
        found: dict[str, list[Link]] = {}
        for row in await self.queries.rows("new_grounds", **_places(links)):
            of = ids[row.pop("of_stream"), row.pop("of_sequence")]
            found.setdefault(of, []).append(Link(**row))
        return found

    async def grounded_on(self, links: Sequence[Link]) -> list[Link]:
        """What duties wrote since some facts had come."""
        return await self._links("links_grounded_on", **_places(links))

    async def recorded_after(self, kind: str, instant: datetime) -> list[str]:
        """The streams of a kind of which something was recorded after an instant; of the topic of promises."""
        rows = await self.queries.rows("streams_recorded_after", kind=kind, known_at=instant)
        return [row["stream"] for row in rows]

    async def recorded_before_more(self, kind: str, instant: datetime) -> list[Link]:
        """Of these streams the events that were recorded by then, each stream's in order."""
        return await self._links("links_recorded_before_more", kind=kind, known_at=instant)

    async def contracts_moved(self, as_of: datetime, known_at: datetime) -> list[Link]:
        """All events of contracts of which something occurred, or was recorded, after these instants."""
        return await self._links("contracts_moved", as_of=as_of, known_at=known_at)

    async def plan_recorded_by(self, kind: str, instant: datetime) -> list[Link]:
        """The publications of a kind that were recorded by an instant."""
        return await self._links("plan_recorded_by", kind=kind, known_at=instant)

    async def commands_of(self, kind: str, source: str) -> list[tuple[str, str]]:
        """Of the streams of a kind and a source, each stream with each command that led to an event."""
        rows = await self.queries.rows("commands_of_streams", kind=kind, source=quote(source, safe=""))
        return [(row["stream"], row["causation"]) for row in rows]

    async def not_of_sources(self, orders: Iterable[str]) -> list[Link]:
        """Links that may go back to a message although their streams do not name its source.

        These are the streams of the plan, and those of notices that `orders` are about.
        """
        return await self._links("links_not_of_sources", orders=list(orders))

    async def positions(self) -> Mapping[tuple[str, int], int]:
        """By topic and partition the offset below which every record is judged."""
        rows = await self.queries.rows("positions")
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def counts(self, since: datetime, until: datetime, topic: str | None = None) -> list[Minute]:
        """How many events of each type were recorded in each minute of a span, which ends before `until`."""
        rows = await self.queries.rows("counts", since=since, until=until, topic=topic)
        return [Minute(**row) for row in rows]

    async def _links(self, name: str, **values: object) -> list[Link]:
        return [Link(**row) for row in await self.queries.rows(name, **values)]


def _places(links: Sequence[Link]) -> Mapping[str, list[str] | list[int]]:
    return {"streams": [link.stream for link in links], "sequences": [link.sequence for link in links]}
