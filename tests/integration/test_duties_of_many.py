"""No look for what is due goes through more rows the more there are of which nothing is due."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import services.contract.projections
import services.intake.projections
import services.notification.projections
import services.sla_timer.projections
from libs.eventlog.projection import Reader
from libs.messages.base import Event
from tests.integration.folded import folded
from tests.integration.many_rows import example, gone_through, multiply, queries_in

ROWS = 50_000
AT_MOST = 500
NOW = datetime(2026, 11, 27, 15, 31, tzinfo=UTC)
VALUES: Mapping[str, object] = {
    "now": NOW,
    "most": 100,
    "installed": "2026z",
    "streams": list[str](),
    "versions": list[int](),
    "since": NOW,
    "claimed_before": NOW,
    "told": [0],
    "days": [60],
    "zones": ["Europe/Paris"],
    "dates": [date(2026, 11, 27)],
}


PLAN = ["CentreCalendarPublished", "TargetsPublished", "TzDatabasePublished"]
MANY: Mapping[str, tuple[Any, Mapping[str, Sequence[str]]]] = {
    "sla_timer": (
        services.sla_timer.projections,
        {"4711": ["FirstResponseClockStarted", "TicketOpened"], "4714": ["CyclesReckoned"]},
    ),
    "intake": (
        services.intake.projections,
        {"4711": ["TicketOpened"], "5204": ["TicketRefused"], "2001": ["ContractActivated"]},
    ),
    "contract": (
        services.contract.projections,
        {"2001": ["ContractActivated", "TermBegan"], "1001": ["CustomerRegistered"], "3001": ["LicenceRegistered"]},
    ),
    "notification": (
        services.notification.projections,
        {"67fa9571": ["NoticeRequested", "NoticeHandingOver", "NoticeSent"], "2001": ["ContractActivated"]},
    ),
}
"""By service, where its readers are, and by number what happened to the streams of which there are many."""

STATE_TABLES = (
    "create table if not exists private_records (key text primary key, partition int not null, value jsonb not null)",
    "create index on private_records (substring(key from '^person/[^/]+/[^/]+'))",
)


@pytest.mark.parametrize("service", MANY)
async def test_a_look_for_what_is_due_reads_few_rows_however_many_there_are(service: str, database: str) -> None:
    module, many = MANY[service]
    readers: Sequence[Reader] = module.READERS
    folder = Path(module.__file__).parent
    async with folded(database, readers, sorted(folder.glob("*.sql"))) as tables:
        for table in STATE_TABLES:
            await tables.connection.execute(table)
        for number, names in {"": PLAN, **many}.items():
            for stream, events in histories(number, names).items():
                await tables.happened(stream, *events)
        tables_of = {*(p.table for r in readers for p in r.projections), *(f"heads_{r.name}" for r in readers)}
        for number in many:
            await multiply(tables, number, ROWS, tables_of)
        asked = queries_in(folder / "duties.sql", readers)
        through = {name: await gone_through(tables, query, VALUES) for name, query in asked.items()}
    assert through
    assert {name: rows for name, rows in through.items() if rows > AT_MOST} == {}


def histories(number: str, names: Sequence[str]) -> Mapping[str, Sequence[Event]]:
    """What happened by streams; events of notices are about the one that stands first."""
    found = dict[str, list[Event]]()
    for stream, event in map(example, names):
        found.setdefault(next(iter(found)) if stream.startswith("notice/") and found else stream, []).append(event)
    assert all(number in stream for stream in found)
    return found
