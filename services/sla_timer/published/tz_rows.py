"""What is published of the tz database, and where each version differs from what was known of a zone before it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, assert_never

from pydantic import TypeAdapter

from libs.eventlog.projection import Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import rfc3339
from libs.messages.plan import TzDatabase, TzDatabasePublished, TzDatabaseRefused, TzEvent
from libs.plan import differences

ZONES: TypeAdapter[dict[str, TzDatabase]] = TypeAdapter(dict[str, TzDatabase])


class TzDatabaseRow(NamedTuple):
    """The newest version, and all changes that led to it."""

    stream: str
    version: str
    zones: str
    """JSON: each zone, with the last version that held it, cut to that zone."""
    changes: str
    """JSON: sequence, version, published_at, zone, from_at and until_at of each span that a version changed."""


def _tz_database(row: TzDatabaseRow | None, event: RecordedEvent[TzEvent]) -> TzDatabaseRow | None:
    match event.data:
        case TzDatabasePublished() as published:
            return _published(row, event, published)
        case TzDatabaseRefused():
            return row
        case _:
            assert_never(event.data)


def _published(
    row: TzDatabaseRow | None, event: RecordedEvent[TzEvent], published: TzDatabasePublished
) -> TzDatabaseRow:
    known = ZONES.validate_json(row.zones) if row else {}
    offered = _by_zone(published.database)
    changes: list[Mapping[str, object]] = json.loads(row.changes) if row else []
    changes += _changes(known, offered, event.sequence, published.published_at)
    zones = ZONES.dump_json({**known, **offered}).decode()
    return TzDatabaseRow(event.stream, published.database.version, zones, json.dumps(changes))


def _by_zone(database: TzDatabase) -> Mapping[str, TzDatabase]:
    return {each.zone: database.model_copy(update={"zones": (each,)}) for each in database.zones}


def _changes(
    known: Mapping[str, TzDatabase], offered: Mapping[str, TzDatabase], sequence: int, at: datetime
) -> Iterator[Mapping[str, object]]:
    for zone in sorted(known.keys() & offered.keys()):
        for span in differences(known[zone], offered[zone], zone):
            yield {
                "sequence": sequence,
                "version": offered[zone].version,
                "published_at": rfc3339(at),
                "zone": zone,
                "from_at": rfc3339(span.opens_at),
                "until_at": rfc3339(span.closes_at),
            }


TZ_DATABASES: Projection[TzDatabaseRow] = Projection(
    table="tz_databases",
    row=TzDatabaseRow,
    columns="""
        stream text not null, version text collate "C" not null, zones jsonb not null, changes jsonb not null""",
    events=(TzDatabasePublished,),
    evolve=_tz_database,
)
