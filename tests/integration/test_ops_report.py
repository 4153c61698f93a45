"""What the report asks of the tables of sla_timer, on a real PostgreSQL, over rows that their own folds made."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import services.ops
from libs.eventlog.database import Database
from libs.eventlog.queries import Queries
from libs.messages.plan import CentreCalendarPublished
from libs.messages.sla import NoPromise
from libs.messages.tickets import Channel
from services.ops.accounts import Account
from services.ops.report import account_of
from services.sla_timer.projections import READERS
from tests.integration.folded import Folded, folded
from tests.unit.sla_timer.examples import (
    CALENDARS,
    CUSTOMER,
    DUE_AT,
    MICROSECOND,
    OPENED_AT,
    STREAM,
    TICKET,
    W03,
    breached,
    later,
    met,
    not_promised,
    paris,
)

FILE = Path(services.ops.__file__).with_name("queries.sql")
AROUND = {"since": DUE_AT, "until": DUE_AT + MICROSECOND}
ALL = {"centre": None, "channel": None, "customer": None, "restated": False}


@pytest.fixture
async def tables(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, [FILE]) as found:
        yield found


async def accounts(tables: Folded, **asked: Any) -> list[Account]:
    return [account_of(row) for row in await tables.found("promises_reported", **{**ALL, **AROUND, **asked})]


async def test_an_account_holds_what_an_answer_is_measured_by(tables: Folded) -> None:
    await tables.happened(STREAM, W03, met(paris("16:00")))
    (account,) = await accounts(tables)
    assert (account.ticket, account.state, account.since, account.due_at) == (TICKET, "met", OPENED_AT, DUE_AT)
    assert [(one.opens_at, one.closes_at) for one in account.intervals] == [(OPENED_AT, DUE_AT)]
    assert account.responded_at == paris("16:00")


async def test_without_an_answer_no_certificate_is_read(tables: Folded) -> None:
    await tables.happened(STREAM, W03)
    (account,) = await accounts(tables)
    assert (account.state, account.since, account.intervals) == ("waiting", None, ())


async def test_a_span_holds_its_first_instant_and_not_its_last(tables: Folded) -> None:
    await tables.happened(STREAM, W03)
    assert await accounts(tables, since=DUE_AT + MICROSECOND, until=DUE_AT + timedelta(days=1)) == []
    assert await accounts(tables, since=DUE_AT - timedelta(days=1), until=DUE_AT) == []


async def test_what_was_not_promised_counts_by_its_opening(tables: Folded) -> None:
    await tables.happened(STREAM, not_promised(NoPromise.NO_CALENDAR))
    assert await accounts(tables) == []
    (account,) = await accounts(tables, since=OPENED_AT, until=OPENED_AT + MICROSECOND, customer=CUSTOMER)
    assert (account.state, account.due_at) == ("not-promised", None)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"centre": "france"}, 1),
        ({"centre": "germany"}, 0),
        ({"channel": Channel.PHONE}, 1),
        ({"channel": Channel.WEB}, 0),
        ({"customer": CUSTOMER}, 1),
        ({"customer": "customer/erp/C-1"}, 0),
    ],
)
async def test_only_what_is_asked_for_is_given(tables: Folded, asked: dict[str, Any], number: int) -> None:
    await tables.happened(STREAM, W03, breached(DUE_AT + MICROSECOND), later(paris("17:30")))
    assert len(await accounts(tables, **asked)) == number


async def test_rows_come_in_parts_and_all_of_them(tables: Folded, database: str) -> None:
    for number in range(7):
        await tables.happened(f"promise/crm-eu/{number}", W03)
    server, _, name = database.rpartition("/")
    ours = Database(server, name)
    await ours.open(connections=1)
    rows = Queries(ours, FILE).stream("promises_reported", at_once=3, **ALL, **AROUND)
    assert len([row async for row in rows]) == 7
    await ours.close()


async def test_every_calendar_that_was_published_is_there_in_order(tables: Folded) -> None:
    versions = [CALENDARS["france"].model_copy(update={"version": number}) for number in (1, 2)]
    events = [CentreCalendarPublished(published_at=OPENED_AT, calendar=one) for one in versions]
    await tables.happened("calendar/plan/france", *events)
    assert [row["sequence"] for row in await tables.found("calendars_published")] == [1, 2]
