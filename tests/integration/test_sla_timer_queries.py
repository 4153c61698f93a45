"""The named queries and duties of sla_timer on a real PostgreSQL, over rows that its own folds made."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import services.sla_timer
from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.sla import CallNoted, NoPromise, NotAResponse, NotChanged, ReinstatementNotApplied
from libs.workcal import tz_version
from services.sla_timer.measures import WINDOWS, due_within, standings, verdicts
from services.sla_timer.projections import READERS
from services.sla_timer.published.publications import in_force
from services.sla_timer.reactions import FACTS, PlanFacts
from tests.integration.folded import Folded, folded
from tests.unit.sla_timer.examples import (
    AT_RISK_AT,
    CALENDARS,
    DUE_AT,
    MICROSECOND,
    OPENED_AT,
    STREAM,
    TARGETS,
    W03,
    WARNED,
    breached,
    later,
    met,
    not_applied,
    not_promised,
    started,
)
from tests.unit.sla_timer.test_merging import noted

FILES = sorted(Path(services.sla_timer.__file__).parent.glob("*.sql"))
JUST_LATE, A_DAY = DUE_AT + MICROSECOND, timedelta(days=1)
OTHER = "promise/crm-eu/4712"


@pytest.fixture
async def timer(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        yield tables


async def due(timer: Folded, now: datetime, most: int = 10) -> list[str]:
    return [row["stream"] for row in await timer.found("promises_due", now=now, most=most)]


async def at_risk(timer: Folded, now: datetime, most: int = 10) -> list[str]:
    return [row["stream"] for row in await timer.found("promises_at_risk", now=now, most=most)]


async def next_due(timer: Folded, now: datetime) -> datetime | None:
    (row,) = await timer.found("next_due", now=now, installed=tz_version())
    at: datetime | None = row["at"]
    return at


async def test_a_deadline_is_due_after_its_instant_and_not_at_it(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    assert await due(timer, DUE_AT) == []
    assert await timer.found("promises_due", now=JUST_LATE, most=10) == [
        {
            "stream": STREAM,
            "head": f"head of {STREAM}",
            "due_at": DUE_AT,
            "centres": ["france"],
            "correlation": "test",
        }
    ]


async def test_a_warning_is_due_from_its_instant_until_the_deadline(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    assert await at_risk(timer, AT_RISK_AT - MICROSECOND) == []
    assert await timer.found("promises_at_risk", now=AT_RISK_AT, most=10) == [
        {"stream": STREAM, "head": f"head of {STREAM}", "at_risk_at": AT_RISK_AT, "correlation": "test"}
    ]
    assert await at_risk(timer, DUE_AT) == [STREAM]
    assert await at_risk(timer, JUST_LATE) == []


async def test_a_warned_promise_is_not_warned_of_again_and_still_becomes_due(timer: Folded) -> None:
    await timer.happened(STREAM, W03, WARNED)
    assert await at_risk(timer, DUE_AT) == []
    assert await due(timer, JUST_LATE) == [STREAM]


async def test_a_late_answer_leaves_the_deadline_due(timer: Folded) -> None:
    await timer.happened(STREAM, W03, later(JUST_LATE))
    assert await due(timer, JUST_LATE) == [STREAM]


async def test_nothing_is_due_of_what_has_its_verdict_or_was_never_promised(timer: Folded) -> None:
    await timer.happened("promise/crm-eu/1", W03, met(DUE_AT))
    await timer.happened("promise/crm-eu/2", W03, breached(JUST_LATE))
    await timer.happened("promise/crm-eu/3", not_promised(NoPromise.NO_CALENDAR))
    assert await due(timer, DUE_AT + A_DAY) == await at_risk(timer, DUE_AT) == []
    assert await next_due(timer, OPENED_AT) is None


async def test_the_longest_due_come_first_and_no_more_than_asked_for(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    await timer.happened(OTHER, started(OPENED_AT - MICROSECOND))
    assert await due(timer, DUE_AT + A_DAY) == [OTHER, STREAM]
    assert await due(timer, DUE_AT + A_DAY, most=1) == [OTHER]
    assert await at_risk(timer, DUE_AT - MICROSECOND, most=1) == [OTHER]


async def test_plan_time_is_stepped_to_the_warning_and_then_just_past_the_deadline(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    assert await next_due(timer, OPENED_AT) == AT_RISK_AT
    await timer.happened(OTHER, started(OPENED_AT - timedelta(hours=1)), WARNED)
    assert await next_due(timer, OPENED_AT) == DUE_AT - timedelta(hours=1) + MICROSECOND


async def test_a_warning_that_was_missed_is_waited_for_no_more(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    assert await next_due(timer, DUE_AT) == AT_RISK_AT
    assert await next_due(timer, JUST_LATE) == JUST_LATE


def publication(centre: str, version: int, published_at: datetime) -> CentreCalendarPublished:
    calendar = CALENDARS[centre].model_copy(update={"version": version})
    return CentreCalendarPublished(published_at=published_at, calendar=calendar)


async def facts(timer: Folded, centre: str, since: datetime) -> PlanFacts:
    (row,) = await timer.found("facts_for_promises", centres=[centre], since=since)
    return FACTS.validate_json(row["facts"])


async def test_the_facts_are_what_was_in_force_at_an_instant_and_all_later_publications(timer: Folded) -> None:
    days = [OPENED_AT + n * A_DAY for n in range(4)]
    await timer.happened(
        "calendar/plan/france", *(publication("france", n, day) for n, day in enumerate(days, start=1))
    )
    await timer.happened(
        "targets/plan/first-response", *(TargetsPublished(published_at=day, targets=TARGETS) for day in days)
    )
    known = await facts(timer, "france", days[1])
    assert [(one.sequence, one.published_at) for one in known.calendars] == list(zip([2, 3, 4], days[1:], strict=True))
    assert [one.sequence for one in known.targets] == [2, 3, 4]
    assert known.calendars[0].content == publication("france", 2, days[1]).calendar
    assert [one.sequence for one in (await facts(timer, "france", days[1] - MICROSECOND)).calendars] == [1, 2, 3, 4]
    assert [one.sequence for one in (await facts(timer, "france", days[3] + A_DAY)).calendars] == [4]


async def test_leaving_out_what_is_no_more_in_force_changes_no_choice(timer: Folded) -> None:
    """The third was said after the second, but for an earlier instant: it is the one in force from then on."""
    days = [OPENED_AT + n * A_DAY for n in (0, 2, 1, 3)]
    await timer.happened(
        "calendar/plan/france", *(publication("france", n, day) for n, day in enumerate(days, start=1))
    )
    everything = await facts(timer, "france", OPENED_AT - A_DAY)
    for since in (OPENED_AT + n * A_DAY / 2 for n in range(-1, 9)):
        some = await facts(timer, "france", since)
        for opened_at in (since, since + MICROSECOND, since + A_DAY, since + 5 * A_DAY):
            assert in_force(some.calendars, opened_at) == in_force(everything.calendars, opened_at)


async def test_facts_come_in_the_order_in_which_they_were_asked_for(timer: Folded) -> None:
    for centre in ("france", "japan"):
        await timer.happened(f"calendar/plan/{centre}", publication(centre, 1, OPENED_AT))
    rows = await timer.found("facts_for_promises", centres=["japan", "nowhere", "france"], since=OPENED_AT)
    found = [FACTS.validate_json(row["facts"]) for row in rows]
    assert [[one.content.centre for one in each.calendars] for each in found] == [["japan"], [], ["france"]]


async def test_before_anything_was_published_there_are_no_facts(timer: Folded) -> None:
    assert await facts(timer, "france", OPENED_AT) == PlanFacts()


async def test_promises_stand_in_their_table_and_people_find_those_that_could_not_be_made(timer: Folded) -> None:
    refused = not_promised(NoPromise.NO_CALENDAR)
    await timer.happened(STREAM, W03, WARNED, met(DUE_AT))
    await timer.happened(OTHER, W03)
    await timer.happened("promise/crm-eu/3", refused, not_applied(DUE_AT, NotAResponse.NO_PROMISE))
    assert [(row["state"], row["responded_at"], row["warned"] > 0) for row in await timer.table("promises")] == [
        ("not-promised", DUE_AT, False),
        ("met", DUE_AT, True),
        ("waiting", None, False),
    ]
    (waiting,) = await timer.found("not_promised", open=False, most=10)
    assert (waiting["stream"], waiting["reason"], waiting["responded_at"]) == (
        "promise/crm-eu/3",
        "no-calendar",
        DUE_AT,
    )


async def test_a_ticket_without_a_promise_is_open_until_somebody_answers_or_ends_it(timer: Folded) -> None:
    refused = not_promised(NoPromise.NO_CALENDAR)
    withdrawn = noted(DUE_AT, NotChanged.NO_PROMISE)
    undone = ReinstatementNotApplied(ticket=refused.ticket, undone_at=DUE_AT, reason=NotChanged.NO_PROMISE)
    await timer.happened("promise/crm-eu/1", W03)
    await timer.happened("promise/crm-eu/2", refused, not_applied(DUE_AT, NotAResponse.NO_PROMISE))
    await timer.happened("promise/crm-eu/3", refused, withdrawn)
    await timer.happened("promise/crm-eu/4", refused, withdrawn, undone)
    await timer.happened("promise/crm-eu/5", refused, not_applied(DUE_AT, NotAResponse.AUTOMATIC))
    await timer.happened("promise/crm-eu/6", not_promised(NoPromise.CALENDAR_ENDS, OPENED_AT - MICROSECOND))
    listed = [row["stream"] for row in await timer.found("not_promised", open=True, most=10)]
    assert listed == ["promise/crm-eu/6", "promise/crm-eu/4", "promise/crm-eu/5"]
    assert len(await timer.found("not_promised", open=False, most=10)) == 5
    assert await timer.found("not_promised_count") == [
        {"reason": "calendar-ends", "tickets": 1},
        {"reason": "no-calendar", "tickets": 2},
    ]


async def test_a_call_that_was_only_noted_is_owed_until_it_is_reckoned(timer: Folded) -> None:
    owed = CallNoted(ticket=W03.ticket, called_at=OPENED_AT, reason=NotChanged.NOT_RECKONED)
    await timer.happened(STREAM, W03, owed)
    await timer.happened(OTHER, W03, owed, owed.model_copy(update={"reason": NotChanged.NOT_EARLIER}))
    (found,) = await timer.found("promises_with_owed_calls", most=10)
    assert (found["stream"], found["centres"], found["opened_at"]) == (STREAM, ["france"], OPENED_AT)
    assert found["owed_call_at"] == OPENED_AT


async def reconsidered(timer: Folded, now: datetime) -> list[str]:
    return [row["stream"] for row in await timer.found("promises_to_reconsider", now=now, most=10)]


async def test_a_ticket_without_a_promise_is_reconsidered_once_calendar_and_targets_are_there(timer: Folded) -> None:
    refused = not_promised(NoPromise.NO_CALENDAR)
    await timer.happened("promise/crm-eu/1", refused)
    await timer.happened("promise/crm-eu/2", refused, not_applied(DUE_AT, NotAResponse.NO_PROMISE))
    await timer.happened("promise/crm-eu/3", refused, noted(DUE_AT, NotChanged.NO_PROMISE))
    await timer.happened("promise/crm-eu/4", refused, W03)
    await timer.happened("promise/crm-eu/5", refused.model_copy(update={"private": None}))
    await timer.happened("promise/crm-eu/6", refused.model_copy(update={"centre": "japan"}))
    await timer.happened("promise/crm-eu/7", not_promised(NoPromise.NO_TARGETS, OPENED_AT - MICROSECOND))
    await timer.happened("promise/crm-eu/8", not_promised(NoPromise.NO_TARGET_FOR_CHANNEL))
    await timer.happened("calendar/plan/france", publication("france", 1, OPENED_AT))
    assert await reconsidered(timer, DUE_AT) == []
    await timer.happened("targets/plan/first-response", TargetsPublished(published_at=OPENED_AT, targets=TARGETS))
    assert await reconsidered(timer, DUE_AT) == ["promise/crm-eu/7", "promise/crm-eu/1"]
    (row, _) = await timer.found("promises_to_reconsider", now=DUE_AT, most=10)
    assert (row["centre"], row["opened_at"], row["head"]) == (
        "france",
        OPENED_AT - MICROSECOND,
        "head of promise/crm-eu/7",
    )


async def test_a_newer_calendar_is_waited_for_where_the_one_of_before_ended(timer: Folded) -> None:
    ended = not_promised(NoPromise.CALENDAR_ENDS).model_copy(update={"calendar_version": 1})
    await timer.happened(STREAM, ended)
    await timer.happened("targets/plan/first-response", TargetsPublished(published_at=OPENED_AT, targets=TARGETS))
    await timer.happened("calendar/plan/france", publication("france", 1, OPENED_AT), publication("france", 2, DUE_AT))
    assert await reconsidered(timer, DUE_AT - MICROSECOND) == []
    assert await next_due(timer, OPENED_AT) == DUE_AT
    assert await reconsidered(timer, DUE_AT) == [STREAM]
    await timer.happened(OTHER, ended.model_copy(update={"calendar_version": 2}))
    assert await reconsidered(timer, DUE_AT) == [STREAM]


async def test_a_call_about_a_ticket_without_a_promise_is_owed_once_there_is_one(timer: Folded) -> None:
    rang = CallNoted(ticket=W03.ticket, called_at=OPENED_AT, reason=NotChanged.NO_PROMISE)
    await timer.happened(STREAM, not_promised(NoPromise.NO_CALENDAR), rang)
    assert await timer.found("promises_with_owed_calls", most=10) == []
    await timer.happened(OTHER, not_promised(NoPromise.NO_CALENDAR), rang, W03)
    (found,) = await timer.found("promises_with_owed_calls", most=10)
    assert (found["stream"], found["owed_call_at"]) == (OTHER, OPENED_AT)


async def test_open_promises_are_measured_by_centre_standing_and_the_minutes_left(timer: Folded) -> None:
    await timer.happened(STREAM, W03)
    await timer.happened(OTHER, W03, WARNED)
    await timer.happened("promise/crm-eu/3", W03, met(DUE_AT))
    await timer.happened("promise/crm-eu/4", not_promised(NoPromise.NO_CALENDAR))
    ten_before = DUE_AT - timedelta(minutes=10)
    rows = await timer.found("promises_measured", now=ten_before)
    assert standings(rows) == {
        ("france", "in-time"): 1,
        ("france", "at-risk"): 1,
        ("france", "late"): 0,
        ("france", "without-promise"): 1,
    }
    assert due_within(rows)["france", "15"] == due_within(rows)["france", "1440"] == 2
    rows = await timer.found("promises_measured", now=DUE_AT - timedelta(minutes=20))
    assert (due_within(rows)["france", "15"], due_within(rows)["france", "60"]) == (0, 2)
    assert standings(await timer.found("promises_measured", now=DUE_AT))["france", "late"] == 2


async def test_a_breached_promise_is_late_until_it_is_answered(timer: Folded) -> None:
    answered_at = JUST_LATE + A_DAY
    await timer.happened(OTHER, W03, breached(JUST_LATE), later(answered_at))
    assert standings(await timer.found("promises_measured", now=answered_at)) == {}
    await timer.happened(STREAM, W03, breached(JUST_LATE))
    assert standings(await timer.found("promises_measured", now=answered_at))["france", "late"] == 1


async def test_verdicts_are_measured_in_the_windows_in_which_they_were_due(timer: Folded) -> None:
    await timer.happened(STREAM, W03, breached(JUST_LATE))
    await timer.happened(OTHER, W03, met(DUE_AT))
    for hours, expected in ((0.5, [1, 1, 1]), (2, [0, 1, 1]), (12, [0, 0, 1])):
        found = verdicts(await timer.found("verdicts_measured", now=DUE_AT + timedelta(hours=hours)))
        for verdict in ("met", "breached"):
            assert [found["france", verdict, window] for window in WINDOWS] == expected
    assert await timer.found("verdicts_measured", now=DUE_AT - MICROSECOND) == []
    assert await timer.found("verdicts_measured", now=DUE_AT + A_DAY) == []


async def test_one_question_finds_what_each_duty_finds(timer: Folded) -> None:
    queries = {
        *("promises_to_reconsider", "promises_on_older_grounds", "promises_with_owed_calls", "promises_answered"),
        *("promises_at_risk", "promises_due", "promises_to_restate", "any_merge", "targets_of_cycles", "cycles_due"),
    }
    values = {"most": 1, "installed": tz_version(), "streams": list[str](), "versions": list[int]()}

    async def asked(now: datetime) -> set[str]:
        return {*await timer.queries.finding(queries, now=now, **values)}

    assert await asked(JUST_LATE) == set()
    await timer.happened(STREAM, W03)
    assert await asked(OPENED_AT) == set()
    assert await asked(AT_RISK_AT) == {"promises_at_risk"}
    assert await asked(JUST_LATE) == {"promises_due"}
