"""How things stood: what was true then (occurred), and what we knew then (recorded), folded from the log cut there.

The chain says where the events stand, so that few records are read; the folds are those of the services' own tables.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain as joined
from typing import Any, NamedTuple

from pydantic_core import to_json

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log, PartitionOffset
from libs.eventlog.projection import Key, Projection
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import event_type
from libs.messages.catalogue import EVENTS
from services.ops.trail.links import Chain, Link

Rows = dict[str, dict[Key, Any]]
"""By table and key the rows as the folds know them."""


class Cut(NamedTuple):
    """Where history is cut, by two clocks; None: not at all."""

    as_of: datetime | None = None
    """What had occurred by this instant."""
    known_at: datetime | None = None
    """What had been recorded by this instant."""

    def holds(self, occurred_at: datetime, recorded_at: datetime) -> bool:
        """Whether an event lies before the cut, or at it."""
        occurred = self.as_of is None or occurred_at <= self.as_of
        return occurred and (self.known_at is None or recorded_at <= self.known_at)

    def of(self, links: Iterable[Link]) -> list[Link]:
        """Those of some events that lie before it."""
        return [link for link in links if self.holds(link.occurred_at, link.recorded_at)]


async def events_of(log: Log, cards: Mapping[str, Card], links: Sequence[Link]) -> list[RecordedEvent]:
    """Read events back, in the order of the links; raises Unavailable."""
    topics = list(dict.fromkeys(link.topic for link in links))
    read = await asyncio.gather(*(_read(log, cards, topic, links) for topic in topics))
    found = dict(joined.from_iterable(each.items() for each in read))
    return [found[link.id] for link in links]


async def _read(log: Log, cards: Mapping[str, Card], topic: str, links: Sequence[Link]) -> Mapping[str, RecordedEvent]:
    codec = Codec(topic, EVENTS[topic], cards[topic].partitions)
    places = {PartitionOffset(link.partition, link.offset): link.id for link in links if link.topic == topic}
    records = await log.records(topic, places)
    return {places[place]: codec.open(codec.envelope(record)) for place, record in records.items()}


def folded(events: Iterable[RecordedEvent], projections: Iterable[Projection[Any]]) -> Rows:
    """Fold events, each stream's in order, into the rows of some tables."""
    some = list(projections)
    rows: Rows = {projection.table: {} for projection in some}
    by_type: dict[str, list[Projection[Any]]] = {}
    for projection in some:
        for model in projection.events:
            by_type.setdefault(event_type(model), []).append(projection)
    for event in events:
        for projection in by_type.get(event.type, ()):
            mine = rows[projection.table]
            for key in projection.keys(event):
                mine[key] = projection.evolve(mine.get(key), event)
    return {table: {key: row for key, row in found.items() if row is not None} for table, found in rows.items()}


async def rows_then(
    log: Log, cards: Mapping[str, Card], links: Iterable[Link], cut: Cut, projections: Sequence[Projection[Any]]
) -> Rows:
    """Fold those of some events that lie before a cut; raises Unavailable."""
    before = sorted(cut.of(links), key=lambda link: (link.stream, link.sequence))
    return folded(await events_of(log, cards, before), projections)


def in_place_of(projections: Iterable[Projection[Any]], changed: str | None = None) -> Mapping[str, str]:
    """SQL by which queries see folded rows in place of tables: of all streams, or of those of a value alone."""
    return {projection.table: _instead(projection.table, changed) for projection in projections}


def _instead(table: str, changed: str | None) -> str:
    then = f"select * from jsonb_populate_recordset(null::{table}, cast(:then_{table} as jsonb))"  # noqa: S608 - our name
    return f"{without(table, changed)} union all {then}" if changed else then


def without(table: str, changed: str) -> str:
    """SQL for the rows of a table but those of the streams of a value, which are hashed, however many they are."""
    return f"select t.* from {table} t where t.stream not in (select unnest(cast(:{changed} as text[])))"  # noqa: S608 - our name


def values_of(rows: Rows, projections: Iterable[Projection[Any]]) -> Mapping[str, str]:
    """Folded rows as the values that this SQL names."""
    return {f"then_{p.table}": _json(p, list(rows[p.table].values())) for p in projections}


def _json(projection: Projection[Any], rows: Sequence[Any]) -> str:
    """As the columns of the table take them: JSON in a column of that type as it is, bytes in digits of 16."""
    columns = dict(zip(projection.column_names, projection.columns.split(","), strict=True))
    kept = {name for name, column in columns.items() if " jsonb" in column}
    dumped = (dict(zip(columns, projection.dump(row), strict=True)) for row in rows)
    return to_json([{n: _value(v, is_json=n in kept) for n, v in d.items()} for d in dumped]).decode()


def _value(value: Any, *, is_json: bool) -> Any:
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    return json.loads(value) if is_json and value is not None else value


class Moved(NamedTuple):
    """Streams of which something was recorded after an instant, and the events of those that were there by then."""

    streams: Sequence[str]
    links: Sequence[Link]


async def moved_since(chain: Chain, kind: str, known_at: datetime) -> Moved:
    """What must be folded anew to see streams as they were known at an instant: all others stand as they stand now."""
    streams = await chain.recorded_after(kind, known_at)
    return Moved(streams, await chain.recorded_before_more(kind, known_at))
