"""No look for what is due goes through more rows the more there are of which nothing is due."""

import os
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
from tests.integration.folded import Folded, folded
from tests.integration.many_rows import example, gone_through, multiply, queries_in

ROWS = int(os.environ.get("OLCARE_ROWS", "10000"))
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
MANY: Mapping[str, tuple[Any, Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]] = {
    "sla_timer": (
        services.sla_timer.projections,
        {"4711": ["FirstResponseClockStarted", "TicketOpened"], "4714": ["CyclesReckoned"]},
        {"4711": ["FirstResponseClockStarted", "FirstResponseMet", "TicketOpened", "ResponseRecorded"]},
    ),
    "intake": (
        services.intake.projections,
        {"4711": ["TicketOpened"], "5204": ["TicketRefused"], "2001": ["ContractActivated"]},
        {
            "4711": ["TicketOpened", "ResponseRecorded", "TicketResolved"],
            "2001": ["ContractActivated", "ContractLapsed"],
        },
    ),
    "contract": (
        services.contract.projections,
        {"2001": ["ContractActivated", "TermBegan"], "1001": ["CustomerRegistered"], "3001": ["LicenceRegistered"]},
        {"2001": ["ContractActivated", "TermBegan", "ContractLapsed"]},
    ),
    "notification": (
        services.notification.projections,
        {"67fa9571": ["NoticeRequested", "NoticeHandingOver", "NoticeSent"], "2001": ["ContractActivated"]},
        {
            "67fa9571": ["NoticeRequested", "NoticeHandingOver", "NoticeSent"],
            "4711": ["TicketOpened", "TicketResolved"],
        },
    ),
}
"""By service, where its readers are, and by number what happened to the streams of which there are many: to those that
are under way, and to those that are over."""
UNDER_WAY, OVER = "under way", "over"
ORDERS: Mapping[str, Sequence[str]] = {
    "what is over was looked at when there was nothing": ("look", OVER),
    "what is under way was looked at when there was nothing": ("look", UNDER_WAY),
    "what is under way came after the last look at what is over": (OVER, "look", UNDER_WAY),
    "what is over came after the last look at what is under way": (UNDER_WAY, "look", OVER),
    "all of it was looked at": (OVER, UNDER_WAY, "look"),
    "none of it was ever looked at": (OVER, UNDER_WAY),
}
"""In which order the rows came and PostgreSQL looked at them: what it expects of a query is what it has seen."""

STATE_TABLES = (
    "create table if not exists private_records (key text primary key, partition int not null, value jsonb not null)",
    "create index on private_records (substring(key from '^person/[^/]+/[^/]+'))",
)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("service", MANY)
async def test_a_look_for_what_is_due_reads_few_rows_however_many_there_are(
    service: str, order: str, database: str
) -> None:
    module, *kinds = MANY[service]
    readers: Sequence[Reader] = module.READERS
    folder = Path(module.__file__).parent
    async with folded(database, readers, sorted(folder.glob("*.sql"))) as tables:
        for table in STATE_TABLES:
            await tables.connection.execute(table)
        await _happened(tables, "", PLAN)
        tables_of = {*(p.table for r in readers for p in r.projections), *(f"heads_{r.name}" for r in readers)}
        for step in ORDERS[order]:
            if step == "look":
                await tables.connection.execute("analyze")
                continue
            for number, names in kinds[(UNDER_WAY, OVER).index(step)].items():
                mine = number if step == UNDER_WAY else number[::-1]
                await _happened(tables, number, names, mine)
                await multiply(tables, mine, ROWS, tables_of)
        asked = queries_in(folder / "duties.sql", readers)
        whether = {f"{name}, asked whether": f"select where exists ({query})" for name, query in asked.items()}
        through = {name: await gone_through(tables, query, VALUES) for name, query in {**asked, **whether}.items()}
    assert through
    assert {name: rows for name, rows in through.items() if rows > AT_MOST} == {}


@pytest.mark.parametrize("service", MANY)
async def test_what_is_over_is_taken_out_of_the_indexes_long_before_a_fifth_of_all_rows_is(
    service: str, database: str
) -> None:
    module, *_ = MANY[service]
    readers: Sequence[Reader] = module.READERS
    async with folded(database, readers, []) as tables:
        for table in (p.table for r in readers for p in r.projections):
            await tables.connection.execute(f"vacuum {table}")
            set_so = await tables.connection.fetchval("select reloptions from pg_class where oid = $1::regclass", table)
            options = dict(option.split("=") for option in set_so)
            assert float(options["autovacuum_vacuum_scale_factor"]) <= 0.01, table
            assert options["vacuum_index_cleanup"] in {"on", "true"}, "also where the dead are on few pages"


async def _happened(tables: Folded, number: str, names: Sequence[str], mine: str = "") -> None:
    for stream, events in histories(number, names, mine or number).items():
        await tables.happened(stream, *events)


def histories(number: str, names: Sequence[str], mine: str) -> Mapping[str, Sequence[Event]]:
    """What happened by streams, under another number; events of notices are about the one that stands first."""
    found = dict[str, list[Event]]()
    for stream, event in (example(name, number, mine) for name in names):
        found.setdefault(next(iter(found)) if stream.startswith("notice/") and found else stream, []).append(event)
    assert all(mine in stream for stream in found)
    return found
