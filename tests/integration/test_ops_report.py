"""What the report asks of the tables of sla_timer, on a real PostgreSQL, over rows that their own folds made."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import services.ops.watch
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries
from libs.messages.cycles import Measure
from libs.messages.plan import CentreCalendarPublished
from libs.messages.sla import NoPromise
from libs.messages.tickets import Channel, TicketPaused, TicketResolved
from services.ops.cli.output import Refused
from services.ops.report.accounts import Ledger, PromiseAccount
from services.ops.report.command import account_of
from services.ops.report.cycle_count import tickets_of
from services.ops.report.cycle_figures import measures
from services.ops.report.scope import Scope
from services.ops.sla.cycles import QUERIES, known_of, sla_queries
from services.ops.sla.grounds import grounds_in_tables
from services.sla_timer.cycles.decider import Begun
from services.sla_timer.cycles.model import CycleFact, Kind
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
    example,
    later,
    met,
    not_promised,
    paris,
)
from tests.unit.sla_timer.test_cycle_targets import ELEVEN, FIRST, OPENED, missed
from tests.unit.sla_timer.test_cycle_targets import OPENED_AT as GERMAN_OPENED_AT
from tests.unit.sla_timer.test_cycle_targets import STREAM as CYCLES
from tests.unit.sla_timer.test_cycles import monday, tuesday

FILE = Path(services.ops.watch.__file__).with_name("queries.sql")
AROUND = {"since": DUE_AT, "until": DUE_AT + MICROSECOND}
GERMAN, GERMANY = example("TicketOpened", opened_at=GERMAN_OPENED_AT, centre="germany").data, CALENDARS["germany"]
MONDAY = date(2026, 11, 30)
ALL = {"centre": None, "channel": None, "customer": None, "restated": False}


@pytest.fixture
async def tables(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, [FILE, QUERIES]) as found:
        yield found


@pytest.fixture
async def ours(database: str) -> AsyncIterator[Database]:
    """The same tables, as the command line opens them."""
    server, _, name = database.rpartition("/")
    opened = Database(server, name)
    await opened.open(connections=2)
    yield opened
    await opened.close()


async def accounts(tables: Folded, **asked: Any) -> list[PromiseAccount]:
    return [account_of(row) for row in await tables.found("promises_reported", **{**ALL, **AROUND, **asked})]


async def test_an_account_holds_what_an_answer_is_measured_by(tables: Folded) -> None:
    await tables.happened(STREAM, W03, met(paris("16:00")))
    (account,) = await accounts(tables)
    assert (account.ticket, account.state, account.since, account.due_at) == (TICKET, "met", OPENED_AT, DUE_AT)
    assert [(one.opens_at, one.closes_at) for one in account.intervals] == [(OPENED_AT, DUE_AT)]
    assert account.responded_at == paris("16:00")


async def test_an_account_of_a_promise_that_was_put_away_is_the_same(tables: Folded) -> None:
    await tables.happened(STREAM, W03, met(paris("16:00")))
    before = await accounts(tables)
    await tables.put_away()
    assert await tables.table("states") == []
    assert await accounts(tables) == before


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


async def test_rows_come_in_parts_and_all_of_them(tables: Folded, ours: Database) -> None:
    for number in range(7):
        await tables.happened(f"promise/crm-eu/{number}", W03)
    rows = Queries(ours, FILE).stream("promises_reported", at_once=3, **ALL, **AROUND)
    assert len([row async for row in rows]) == 7


async def test_every_calendar_that_was_published_is_there_in_order(tables: Folded) -> None:
    versions = [CALENDARS["france"].model_copy(update={"version": number}) for number in (1, 2)]
    events = [CentreCalendarPublished(published_at=OPENED_AT, calendar=one) for one in versions]
    await tables.happened("calendar/plan/france", *events)
    assert [row["sequence"] for row in await tables.found("calendars_published")] == [1, 2]


async def test_a_ticket_is_known_with_its_facts_and_with_what_was_reckoned_and_missed(tables: Folded) -> None:
    told = TicketPaused(paused_at=ELEVEN, by="person/crm-eu/agent-5")
    await tables.happened(TICKET, GERMAN, told)
    await tables.happened("ticket/crm-eu/4712", GERMAN)
    await tables.happened(CYCLES, OPENED, missed(tuesday("09:00")))
    found = await known_of(tables.queries, [TICKET, "ticket/crm-eu/4712", "ticket/crm-eu/9"])
    resolution = OPENED.cycle
    begun = Begun(Measure.RESOLUTION, GERMAN_OPENED_AT)
    assert [(one.story.ticket, one.reckoned, one.missed) for one in found] == [
        (TICKET, {begun: resolution}, {begun}),
        ("ticket/crm-eu/4712", {}, frozenset()),
    ]
    assert found[0].story.facts == (CycleFact(ELEVEN, Kind.PAUSED),)


async def test_tickets_are_measured_in_parts_and_all_of_them(tables: Folded, ours: Database) -> None:
    for number in range(7):
        await tables.happened(f"ticket/crm-eu/{number}", GERMAN)
    asked = Scope(MONDAY, MONDAY, Ledger.PROMISED, None, None, None)
    parts = [part async for part in tickets_of(sla_queries(ours), asked, at_once=3)]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert len({ticket for part in parts for ticket in part}) == 7


async def test_the_cycles_that_ended_on_a_local_day_are_counted_from_the_tables(tables: Folded, ours: Database) -> None:
    answers = [example("ResponseRecorded", responded_at=monday(at)).data for at in ("11:00", "13:00")]
    resolved = TicketResolved(resolved_at=tuesday("00:00"), by="person/crm-eu/agent-5")
    await tables.happened(TICKET, GERMAN, *answers, resolved)
    await tables.happened("calendar/plan/germany", CentreCalendarPublished(published_at=FIRST, calendar=GERMANY))
    queries, grounds = sla_queries(ours), await grounds_in_tables(ours)
    found = []
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        asked = Scope(day, day + timedelta(days=1), Ledger.PROMISED, None, None, None)
        tickets = [ticket async for part in tickets_of(queries, asked) for ticket in part]
        found.append(measures(await known_of(queries, tickets), asked.days(grounds), tuesday("09:00")))
    counts = [[(one.measure, one.ended, one.abandoned) for one in day.groups] for day in found]
    assert counts == [[("periodic-update", 1, 0)], [("resolution", 1, 0), ("periodic-update", 0, 1)]]
    assert [day.groups[0].took.working.median for day in found] == [timedelta(hours=2), timedelta(hours=7)]


async def test_a_centre_of_which_no_calendar_is_published_is_refused_by_name(tables: Folded, ours: Database) -> None:
    await tables.happened("calendar/plan/germany", CentreCalendarPublished(published_at=FIRST, calendar=GERMANY))
    asked = Scope(MONDAY, MONDAY + timedelta(days=1), Ledger.PROMISED, "belgium", None, None)
    with pytest.raises(Refused, match="there is no centre belgium; there are germany"):
        asked.days(await grounds_in_tables(ours))
