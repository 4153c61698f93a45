"""Which promises the duties find when something newer is published, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.sla import NotChanged
from libs.messages.tickets import Channel
from services.sla_timer.domain import DECIDER
from services.sla_timer.projections import READERS
from services.sla_timer.restatement import RestatePromise
from tests.integration.folded import Folded, folded
from tests.integration.test_sla_timer_queries import FILES
from tests.unit.sla_timer.examples import FRANCE, MICROSECOND, STREAM, TARGETS, breached, later, met, paris, started
from tests.unit.sla_timer.test_merging import WITHDRAWN, noted
from tests.unit.sla_timer.test_publications import (
    DUE,
    FIRST,
    FIRST_TARGETS,
    MAILED,
    at,
    closed,
    recompute,
    retargeted,
    targets_at,
)

CALENDAR, TARGETS_STREAM = "calendar/plan/france", "targets/plan/first-response"
PUBLISHED = CentreCalendarPublished(published_at=FIRST.published_at, calendar=FRANCE)
FIRE = DUE + MICROSECOND
BREACHED = breached(FIRE, promised=MAILED)


@pytest.fixture
async def timer(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        yield tables


async def found(timer: Folded, query: str, now: datetime) -> list[str]:
    return [row["stream"] for row in await timer.found(query, now=now, most=10)]


async def older(timer: Folded, now: datetime) -> list[str]:
    return await found(timer, "promises_on_older_grounds", now)


async def to_restate(timer: Folded, now: datetime) -> list[str]:
    return await found(timer, "promises_to_restate", now)


async def test_a_running_promise_is_reckoned_anew_from_the_publication_on_and_before_it_fires(timer: Folded) -> None:
    closing = closed(("12:00", "17:00"))
    await timer.happened(STREAM, MAILED)
    await timer.happened(CALENDAR, PUBLISHED, CentreCalendarPublished(published_at=paris("11:00"), calendar=closing))
    assert await older(timer, paris("11:00") - MICROSECOND) == []
    assert await older(timer, paris("11:00")) == [STREAM]
    assert await found(timer, "promises_due", FIRE) == []
    [row] = await timer.found("next_due", now=paris("10:30"))
    assert row["at"] == paris("11:00")


async def test_what_was_reckoned_anew_is_found_no_more_and_fires_at_its_new_instant(timer: Folded) -> None:
    closing = closed(("12:00", "17:00"))
    moved = retargeted(recompute(paris("11:00"), at(paris("11:00"), closing)))
    await timer.happened(STREAM, MAILED, moved)
    await timer.happened(CALENDAR, PUBLISHED, CentreCalendarPublished(published_at=paris("11:00"), calendar=closing))
    assert await older(timer, paris("11:00")) == []
    assert await found(timer, "promises_due", FIRE) == []
    assert await found(timer, "promises_due", moved.certificate.due_at + MICROSECOND) == [STREAM]


async def test_a_publication_after_the_deadline_keeps_it_from_nothing(timer: Folded) -> None:
    await timer.happened(STREAM, MAILED)
    await timer.happened(
        CALENDAR, PUBLISHED, CentreCalendarPublished(published_at=DUE, calendar=closed(("10:00", "12:00")))
    )
    assert await older(timer, FIRE) == []
    assert await found(timer, "promises_due", FIRE) == [STREAM]


@pytest.mark.parametrize(("seconds", "streams"), [(3600, [STREAM]), (4 * 3600, []), (8 * 3600, []), (None, [])])
async def test_only_a_shorter_target_concerns_a_running_promise(
    timer: Folded, seconds: int | None, streams: list[str]
) -> None:
    changed = targets_at(paris("11:00"), email_seconds=seconds).content
    first = TargetsPublished(published_at=FIRST_TARGETS.published_at, targets=TARGETS)
    await timer.happened(STREAM, MAILED)
    await timer.happened(TARGETS_STREAM, first, TargetsPublished(published_at=paris("11:00"), targets=changed))
    assert await older(timer, paris("11:00")) == streams
    [row] = await timer.found("next_due", now=paris("10:30"))
    assert row["at"] == paris("11:00" if streams else "13:00")
    assert await found(timer, "promises_due", FIRE) == ([] if streams else [STREAM])


async def test_an_answer_that_came_late_is_restated_once(timer: Folded) -> None:
    given = (MAILED, BREACHED, later(paris("13:59")))
    await timer.happened(STREAM, *given)
    assert await to_restate(timer, FIRE) == [STREAM]
    said = DECIDER.decide(DECIDER.replay(given), RestatePromise(FIRE, (FIRST,), (FIRST_TARGETS,)))
    assert said is not None
    await timer.happened("promise/crm-eu/1", *given, said)
    assert await to_restate(timer, FIRE) == [STREAM]


async def test_verdicts_that_rest_on_all_there_is_to_know_are_left_alone(timer: Folded) -> None:
    for number, verdict in enumerate((BREACHED, met(paris("13:00"), MAILED))):
        await timer.happened(f"promise/crm-eu/{number}", MAILED, verdict, later(paris("16:00")))
    await timer.happened(STREAM, MAILED)
    assert await to_restate(timer, paris("17:00")) == []


@pytest.mark.parametrize(
    ("day", "streams"), [(date(2026, 11, 23), []), (date(2026, 11, 24), [STREAM]), (date(2026, 11, 25), [])]
)
async def test_a_closure_recorded_afterwards_concerns_what_ran_on_its_day(
    timer: Folded, day: date, streams: list[str]
) -> None:
    recorded = CentreCalendarPublished(published_at=paris("18:00"), calendar=closed(("10:00", "12:00"), day=day))
    await timer.happened(STREAM, MAILED, met(paris("13:00"), MAILED))
    await timer.happened("promise/crm-eu/1", started(paris("10:00", day=20), Channel.PHONE))
    await timer.happened(CALENDAR, PUBLISHED, recorded)
    assert await to_restate(timer, paris("18:00") - timedelta(microseconds=1)) == []
    assert await to_restate(timer, paris("18:00")) == streams


async def test_an_answer_that_was_late_is_found_when_the_deadline_is_a_later_one(timer: Folded) -> None:
    answered, closing = paris("14:30"), closed(("13:30", "16:00"))
    moved = retargeted(recompute(paris("14:45"), at(paris("13:30"), closing)), (MAILED, later(answered)))
    await timer.happened(STREAM, MAILED, later(answered), moved)
    await timer.happened("promise/crm-eu/1", MAILED, later(answered))
    [row] = await timer.found("promises_answered", most=10)
    assert (row["stream"], row["responded_at"]) == (STREAM, answered)
    assert await found(timer, "promises_due", moved.certificate.due_at + MICROSECOND) == ["promise/crm-eu/1"]


async def test_a_withdrawal_told_after_the_breach_is_restated_and_one_in_time_is_not(timer: Folded) -> None:
    await timer.happened(STREAM, MAILED, BREACHED, noted(paris("11:00"), NotChanged.OVER))
    await timer.happened("promise/crm-eu/1", MAILED, WITHDRAWN)
    await timer.happened("promise/crm-eu/2", MAILED, BREACHED, noted(FIRE, NotChanged.OVER))
    assert await to_restate(timer, FIRE) == [STREAM]


async def test_calls_find_on_what_their_promises_run(timer: Folded) -> None:
    await timer.happened(STREAM, MAILED)
    [row] = await timer.found("grounds_of_promises", streams=[STREAM, "promise/crm-eu/1"])
    assert row == {"stream": STREAM, "centre": "france", "opened_at": paris("10:00")}


async def test_a_shorter_target_is_reckoned_on_before_the_deadline_fires(timer: Folded) -> None:
    shorter = targets_at(paris("11:00"), email_seconds=3600).content
    first = TargetsPublished(published_at=FIRST_TARGETS.published_at, targets=TARGETS)
    await timer.happened(STREAM, MAILED)
    await timer.happened(TARGETS_STREAM, first, TargetsPublished(published_at=paris("11:00"), targets=shorter))
    assert await found(timer, "promises_due", FIRE) == []
    assert await older(timer, FIRE) == [STREAM]
