"""What is published of the tz database, and where each version differs from what was known of a zone before it."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import TypeAdapter

from libs.eventlog.projection import Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import rfc3339
from libs.messages.plan import TzDatabase, TzDatabasePublished
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


def _tz_database(row: TzDatabaseRow | None, event: RecordedEvent) -> TzDatabaseRow:
    published: TzDatabasePublished = event.data
    known = ZONES.validate_json(row.zones) if row else {}
    offered = _by_zone(published.database)
    changes: list[Mapping[str, object]] = json.loads(row.changes) if row else []
    changes += _changes(known, offered, event)
    zones = ZONES.dump_json({**known, **offered}).decode()
    return TzDatabaseRow(event.stream, published.database.version, zones, json.dumps(changes))


def _by_zone(database: TzDatabase) -> Mapping[str, TzDatabase]:
    return {each.zone: database.model_copy(update={"zones": (each,)}) for each in database.zones}


def _changes(
    known: Mapping[str, TzDatabase], offered: Mapping[str, TzDatabase], event: RecordedEvent
) -> Iterator[Mapping[str, object]]:
    for zone in sorted(known.keys() & offered.keys()):
        for span in differences(known[zone], offered[zone], zone):
            yield {
                "sequence": event.sequence,
                "version": offered[zone].version,
                "published_at": rfc3339(event.data.published_at),
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
