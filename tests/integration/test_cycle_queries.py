"""What is found of cycles on a real PostgreSQL: tickets to reckon anew, targets to miss, and all that was measured."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import services.sla_timer
from libs.eventlog.tables.queries import expressions_of, put_together
from libs.messages.base import Event
from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.tickets import (
    Channel,
    MergeUndone,
    Side,
    TicketOpened,
    TicketPaused,
    TicketResolved,
    TicketsMerged,
    TicketWithdrawn,
)
from libs.workcal import tz_version
from services.sla_timer.cycle_duties import STORY
from services.sla_timer.cycles.model import CycleFact, Kind
from services.sla_timer.projections import READERS
from tests.integration.folded import Folded, folded
from tests.unit.recorded import NOON
from tests.unit.sla_timer.examples import CUSTOMER, MICROSECOND, TICKET, W03, example
from tests.unit.sla_timer.examples import STREAM as PROMISE
from tests.unit.sla_timer.test_cycle_targets import (
    CALENDAR,
    CLOSED_AT_NOON,
    DUE_AT,
    ELEVEN,
    FOUR_HOURS,
    HOUR,
    OPENED,
    OPENED_AT,
    STREAM,
    missed,
    published,
    reckon,
    reckoned,
)
from tests.unit.sla_timer.test_cycles import monday, story, tuesday

FILES = sorted(Path(services.sla_timer.__file__).parent.glob("*.sql"))
TICKET_OPENED = example("TicketOpened", opened_at=OPENED_AT, centre="germany").data
assert isinstance(TICKET_OPENED, TicketOpened)
PAUSED = TicketPaused(paused_at=ELEVEN, by="person/crm-eu/agent-5")
ABSORBED = "ticket/crm-eu/4712"
CALENDARS, TARGETS = "calendar/plan/germany", "targets/plan/first-response"


@pytest.fixture
async def timer(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        yield tables


async def publish(timer: Folded, *parts: Any) -> None:
    for stream, kind in ((CALENDARS, "calendar"), (TARGETS, "targets")):
        of_stream = [part for part in parts if part.stream == stream]
        model = CentreCalendarPublished if kind == "calendar" else TargetsPublished
        events: list[Event] = [model(published_at=p.published_at, **{kind: p.content}) for p in of_stream]
        if events:
            await timer.happened(stream, *events)


async def to_reckon(timer: Folded, now: datetime = ELEVEN, since: datetime | None = None) -> list[str]:
    return [row["ticket"] for row in await timer.found("cycles_to_reckon", now=now, since=since, most=10)]


async def due(timer: Folded, now: datetime) -> list[str]:
    return [row["stream"] for row in await timer.found("cycles_due", now=now, most=10)]


async def next_due(timer: Folded, now: datetime) -> datetime | None:
    (row,) = await timer.found("next_due", now=now, installed=tz_version())
    at: datetime | None = row["at"]
    return at


async def test_without_a_target_nothing_is_reckoned_and_no_ticket_is_looked_at(timer: Folded) -> None:
    await publish(timer, CALENDAR, published())
    await timer.happened(TICKET, TICKET_OPENED)
    assert await to_reckon(timer) == []
    plan = await timer.connection.fetch("explain (analyze, costs off, timing off) " + _sql("cycles_to_reckon"))
    lines = [line for (line,) in plan if "on cycle_facts" in line]
    assert lines
    assert all("never executed" in line for line in lines)


def _sql(name: str) -> str:
    file = next(file for file in FILES if file.name == "duties.sql")
    text = put_together(file.read_text(), expressions_of(READERS))
    lines = text.split(f"-- name: {name}\n")[1].splitlines()
    statement = "\n".join(line for line in lines if not line.startswith("--")).split(";")[0]
    return statement.replace(":now", "timestamptz '2026-11-30 10:00Z'").replace(":most", "10").replace(":since", "null")


async def test_a_ticket_is_reckoned_once_and_again_when_a_fact_is_known(timer: Folded) -> None:
    await publish(timer, CALENDAR, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    assert await timer.found("cycles_to_reckon", now=ELEVEN, since=None, most=10) == [
        {
            "stream": STREAM,
            "head": None,
            "ticket": TICKET,
            "centre": "germany",
            "opened_at": OPENED_AT,
            "correlation": "test",
        }
    ]
    await timer.happened(STREAM, OPENED)
    assert await to_reckon(timer) == []
    await timer.happened(ABSORBED, example("ResponseRecorded", responded_at=ELEVEN, merged_into=TICKET).data)
    assert await to_reckon(timer) == [TICKET]


async def test_what_was_recorded_before_the_look_that_found_nothing_is_not_looked_through_again(timer: Folded) -> None:
    await publish(timer, CALENDAR, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    assert await to_reckon(timer, since=NOON) == [TICKET]
    assert await to_reckon(timer, since=NOON + MICROSECOND) == []


async def test_tickets_that_nobody_opened_or_that_ended_before_there_was_a_target_are_left_alone(timer: Folded) -> None:
    await publish(timer, CALENDAR, published(), published(ELEVEN, 2, resolution_seconds=HOUR))
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(ABSORBED, PAUSED)
    assert await to_reckon(timer, tuesday("10:00")) == []
    await timer.happened("ticket/crm-eu/4713", TICKET_OPENED, PAUSED)
    assert await to_reckon(timer, tuesday("10:00")) == ["ticket/crm-eu/4713"]
    assert await to_reckon(timer, ELEVEN - MICROSECOND) == []


async def test_another_calendar_concerns_what_runs_from_its_own_instant_on(timer: Folded) -> None:
    await publish(timer, CALENDAR, CLOSED_AT_NOON, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(STREAM, OPENED)
    since = CLOSED_AT_NOON.published_at
    assert await to_reckon(timer, since - MICROSECOND) == []
    assert await next_due(timer, since - MICROSECOND) == since
    assert await to_reckon(timer, since) == [TICKET]
    assert await to_reckon(timer, since, NOON + MICROSECOND) == [TICKET]
    assert await due(timer, tuesday("09:00")) == []


async def test_what_is_missed_already_is_not_reckoned_on_another_calendar(timer: Folded) -> None:
    await publish(timer, CALENDAR, CLOSED_AT_NOON, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(STREAM, OPENED, missed(tuesday("09:00")))
    assert await to_reckon(timer, tuesday("10:00")) == []


async def test_newer_targets_concern_what_was_said_since(timer: Folded) -> None:
    await publish(timer, CALENDAR, FOUR_HOURS, published(ELEVEN, 2, resolution_seconds=HOUR))
    await timer.happened(TICKET, TICKET_OPENED, PAUSED)
    await timer.happened(STREAM, *reckoned(reckon(story(OPENED_AT, (ELEVEN, Kind.PAUSED)), ELEVEN - MICROSECOND)))
    assert await to_reckon(timer) == [TICKET]


async def test_a_target_is_missed_after_its_instant_unless_more_is_known(timer: Folded) -> None:
    await publish(timer, CALENDAR, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(STREAM, OPENED)
    assert await due(timer, DUE_AT) == []
    assert await next_due(timer, ELEVEN) == DUE_AT + MICROSECOND
    assert await timer.found("cycles_due", now=DUE_AT + MICROSECOND, most=10) == [
        {
            "stream": STREAM,
            "head": f"head of {STREAM}",
            "next_due_at": DUE_AT,
            "centre": "germany",
            "correlation": "test",
        }
    ]
    await timer.happened(ABSORBED, example("ResponseRecorded", merged_into=TICKET).data)
    assert await due(timer, DUE_AT + MICROSECOND) == []


async def test_what_was_missed_is_not_due_again(timer: Folded) -> None:
    await publish(timer, CALENDAR, FOUR_HOURS)
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(STREAM, OPENED, missed(tuesday("09:00")))
    assert await due(timer, tuesday("10:00")) == []
    assert await next_due(timer, ELEVEN) is None


async def test_all_that_is_said_of_a_ticket_is_measured_also_on_one_absorbed_in_it(timer: Folded) -> None:
    answered = example("ResponseRecorded", responded_at=monday("12:00"), merged_into=TICKET).data
    merged = TicketsMerged(merged_at=ELEVEN, into=TICKET, by="person/crm-eu/agent-5")
    await timer.happened(TICKET, TICKET_OPENED, PAUSED)
    await timer.happened(ABSORBED, TICKET_OPENED, merged, answered)
    own, absorbed = await timer.found("facts_of_cycles", tickets=[TICKET, ABSORBED, "ticket/crm-eu/9"])
    assert (own["ticket"], own["known"]) == (TICKET, 3)
    told = STORY.validate_json(own["story"])
    assert (told.ticket, told.centre, told.opened_at) == (TICKET, "germany", OPENED_AT)
    assert set(told.facts) == {CycleFact(ELEVEN, Kind.PAUSED), CycleFact(monday("12:00"), Kind.ANSWERED)}
    assert STORY.validate_json(absorbed["story"]).facts == (CycleFact(ELEVEN, Kind.MERGED, TICKET),)


async def to_measure(timer: Folded, since: datetime, **of: str) -> list[str]:
    every = {"centre": None, "channel": None, "customer": None}
    return [row["ticket"] for row in await timer.found("tickets_measured", since=since, **{**every, **of})]


def resolved(at: datetime) -> TicketResolved:
    return TicketResolved(resolved_at=at, by="person/crm-eu/agent-5")


async def test_a_ticket_that_is_not_over_is_measured_since_whenever(timer: Folded) -> None:
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened("ticket/crm-eu/4713", PAUSED)
    assert await to_measure(timer, tuesday("09:00")) == [TICKET]


REOPENED = example("TicketReopened", reopened_at=ELEVEN).data
NOTED = example("NoteRecorded", noted_at=tuesday("09:00")).data
OVER = [
    resolved(ELEVEN),
    TicketWithdrawn(withdrawn_at=ELEVEN, by=Side.CUSTOMER),
    TicketsMerged(merged_at=ELEVEN, into=ABSORBED, by="person/crm-eu/agent-5"),
]


@pytest.mark.parametrize("end", OVER)
async def test_a_ticket_that_is_over_is_measured_if_that_was_since(timer: Folded, end: Event) -> None:
    await timer.happened(TICKET, TICKET_OPENED, PAUSED, end, NOTED)
    assert await to_measure(timer, ELEVEN) == [TICKET]
    assert await to_measure(timer, ELEVEN + MICROSECOND) == []


AGAIN = [
    (resolved(ELEVEN), REOPENED),
    (resolved(OPENED_AT - MICROSECOND),),
    (OVER[2], MergeUndone(undone_at=ELEVEN, into=ABSORBED)),
    (OVER[2], MergeUndone(undone_at=monday("12:00"), into=ABSORBED)),
]


@pytest.mark.parametrize("events", AGAIN)
async def test_a_ticket_that_is_open_again_is_measured(timer: Folded, events: tuple[Event, ...]) -> None:
    await timer.happened(TICKET, TICKET_OPENED, *events)
    assert await to_measure(timer, tuesday("09:00")) == [TICKET]


async def test_a_ticket_that_was_over_twice_is_measured_by_the_last_time(timer: Folded) -> None:
    await timer.happened(TICKET, TICKET_OPENED, resolved(OPENED_AT), REOPENED, resolved(monday("12:00")))
    assert await to_measure(timer, monday("12:00")) == [TICKET]
    assert await to_measure(timer, monday("12:00") + MICROSECOND) == []


@pytest.mark.parametrize(
    ("of", "number"),
    [
        ({"centre": "germany"}, 1),
        ({"centre": "france"}, 0),
        ({"channel": TICKET_OPENED.channel}, 1),
        ({"channel": Channel.PHONE}, 0),
        ({"customer": CUSTOMER}, 1),
        ({"customer": "customer/erp/C-1"}, 0),
    ],
)
async def test_only_tickets_that_are_asked_for_are_measured(timer: Folded, of: dict[str, str], number: int) -> None:
    await timer.happened(TICKET, TICKET_OPENED)
    await timer.happened(PROMISE, W03)
    assert len(await to_measure(timer, ELEVEN, **of)) == number


async def test_cycles_with_a_target_are_found_by_their_tickets(timer: Folded) -> None:
    await timer.happened(STREAM, OPENED)
    found = [len(await timer.found("cycles_reckoned", tickets=tickets)) for tickets in ([TICKET, ABSORBED], [ABSORBED])]
    assert found == [1, 0]
