"""Promises of merged tickets are found on a real PostgreSQL when something is recorded of any of them."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import services.sla_timer
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.duty import Found
from libs.messages.sla import FirstResponseRetargeted, MergeNoted, NotChanged
from libs.workcal import tz_version
from services.sla_timer.handlers import HISTORY, MergedPromises
from services.sla_timer.projections import READERS
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.histories import FactKind
from services.sla_timer.promise.responses import MeetMerged
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.promise.rows import SPAN
from tests.integration.folded import Folded, folded
from tests.integration.test_sla_timer_queries import A_DAY, JUST_LATE, publication
from tests.unit.intake.examples import OPENED, merged, recorded
from tests.unit.recorded import NOON
from tests.unit.sla_timer.examples import CALENDARS, DUE_AT, OPENED_AT, TARGETS, W03, breached, later, met, started
from tests.unit.sla_timer.test_merging import adopt

from libs.messages.plan import TargetsPublished  # isort: skip

FILES = sorted(Path(services.sla_timer.__file__).parent.glob("*.sql"))
FIRST, SECOND, THIRD, ALONE = (f"ticket/crm/{number}" for number in (1, 2, 3, 9))
BEGUN = OPENED.model_copy(update={"opened_at": OPENED_AT, "centre": "france"})


@pytest.fixture
async def timer(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        yield tables


def promise(ticket: str) -> str:
    return ticket.replace("ticket", "promise")


async def chain(timer: Folded) -> None:
    """Three tickets, merged one into the next, and one alone; each promise has a verdict but the last."""
    for ticket, into in ((FIRST, SECOND), (SECOND, THIRD), (THIRD, None), (ALONE, None)):
        merges = [merged(OPENED_AT, into)] if into else []
        await timer.happened(ticket, BEGUN, *merges, recorded(DUE_AT))
        known = W03.model_copy(update={"ticket": ticket})
        await timer.happened(promise(ticket), known, *([] if ticket == THIRD else [met(DUE_AT)]))


async def test_all_that_were_merged_are_looked_at_together(timer: Folded) -> None:
    await chain(timer)
    rows = await timer.found("merged_promises", since=None)
    assert [(row["stream"], row["tickets"]) for row in rows] == [
        (promise(FIRST), [FIRST, SECOND, THIRD]),
        (promise(SECOND), [FIRST, SECOND, THIRD]),
        (promise(THIRD), [FIRST, SECOND, THIRD]),
    ]
    assert await timer.found("merged_promises", since=NOON + A_DAY) == []
    assert len(await timer.found("merged_promises", since=NOON)) == 3


async def test_the_facts_of_a_ticket_are_those_on_its_own_stream(timer: Folded) -> None:
    await chain(timer)
    (row,) = await timer.found("facts_of_merged", tickets=[FIRST, "ticket/crm/unheard"])
    history = HISTORY.validate_json(row["history"])
    assert (history.ticket, history.centre, history.opened_at) == (FIRST, "france", OPENED_AT)
    assert [(fact.at, fact.kind, fact.into) for fact in history.facts] == [
        (OPENED_AT, FactKind.MERGED, SECOND),
        (DUE_AT, FactKind.ANSWERED, None),
    ]


async def test_what_was_merged_is_not_restated_by_its_own_row(timer: Folded) -> None:
    await timer.happened(FIRST, BEGUN, merged(OPENED_AT, SECOND))
    for ticket in (FIRST, SECOND, ALONE):
        known = W03.model_copy(update={"ticket": ticket})
        await timer.happened(promise(ticket), known, breached(JUST_LATE), later(DUE_AT))
    rows = await timer.found("promises_to_restate", now=JUST_LATE, most=10, streams=[], versions=[])
    assert [row["stream"] for row in rows] == [promise(ALONE)]


def commands(found: Sequence[Found]) -> list[IssuedCommand]:
    """All could be made."""
    return [one for one in found if isinstance(one, IssuedCommand)]


async def test_only_what_stands_otherwise_is_restated(timer: Folded) -> None:
    host: Any = type("Host", (), {"queries": timer.queries})
    await timer.happened("calendar/plan/france", publication("france", 1, OPENED_AT - A_DAY))
    targets = TargetsPublished(published_at=OPENED_AT - A_DAY, targets=TARGETS)
    await timer.happened("targets/plan/first-response", targets)
    await chain(timer)
    found = commands(await MergedPromises(host).to_restate(DUE_AT + timedelta(days=9), 10))
    assert [(one.stream, type(one.command)) for one in found] == [
        (promise(FIRST), RestatePromise),
        (promise(SECOND), RestatePromise),
    ]
    assert {one.ticket for one in found[0].command.merged} == {FIRST, SECOND, THIRD}


async def test_a_survivor_that_was_opened_after_its_deadline_is_kept_as_all_others(timer: Folded) -> None:
    """Somebody waits by the absorbed promise, which had run out when the survivor was opened."""
    own = started(DUE_AT + A_DAY)
    taken_over = DECIDER.decide(DECIDER.replay((own,)), adopt(W03, OPENED_AT))
    assert isinstance(taken_over, FirstResponseRetargeted)
    fired = breached(JUST_LATE).model_copy(update={"ticket": own.ticket})
    await timer.happened(promise(SECOND), own, taken_over, fired)
    (row,) = await timer.table("promises")
    assert (row["state"], row["opened_at"], row["due_at"]) == ("breached", DUE_AT + A_DAY, DUE_AT)
    span = await timer.connection.fetchval(f"select {SPAN} from promises")  # noqa: S608 - our expression
    assert (span.lower, span.upper) == (OPENED_AT, DUE_AT)


GERMAN = started(OPENED_AT, calendar=CALENDARS["germany"])
BESIDE = MergeNoted(
    ticket=W03.ticket,
    absorbed=FIRST,
    merged_at=OPENED_AT,
    certificate=GERMAN.certificate,
    reason=NotChanged.NOT_EARLIER,
)
SHORTER = TARGETS.model_copy(
    update={"version": 2, "targets": TARGETS.targets.model_copy(update={"phone_seconds": 3600})}
)


@pytest.mark.parametrize("what", ["calendar", "targets"])
async def test_whatever_is_published_for_either_promise_is_reckoned_on_before_one_fires(
    timer: Folded, what: str
) -> None:
    await timer.happened(promise(FIRST), W03, BESIDE)
    await timer.happened(promise(SECOND), W03)
    asked: dict[str, Any] = {"now": JUST_LATE, "most": 10}
    assert await timer.found("promises_on_older_grounds", **asked, installed=tz_version()) == []
    assert {row["stream"] for row in await timer.found("promises_due", **asked)} == {promise(FIRST), promise(SECOND)}
    if what == "calendar":
        await timer.happened("calendar/plan/germany", publication("germany", 2, OPENED_AT))
    else:
        news = TargetsPublished(published_at=OPENED_AT + timedelta(minutes=1), targets=SHORTER)
        await timer.happened("targets/plan/first-response", news)
    rows = await timer.found("promises_on_older_grounds", **asked, installed=tz_version())
    beside = next(row for row in rows if row["stream"] == promise(FIRST))
    assert (beside["centres"], beside["opened_at"]) == (["france", "germany"], OPENED_AT)
    assert promise(FIRST) not in {row["stream"] for row in await timer.found("promises_due", **asked)}


async def test_a_promise_that_lacks_an_answer_is_met_and_not_fired(timer: Folded) -> None:
    host: Any = type("Host", (), {"queries": timer.queries})
    await timer.happened("calendar/plan/france", publication("france", 1, OPENED_AT - A_DAY))
    targets = TargetsPublished(published_at=OPENED_AT - A_DAY, targets=TARGETS)
    await timer.happened("targets/plan/first-response", targets)
    for ticket, into in ((FIRST, SECOND), (SECOND, None)):
        answers = [] if into else [recorded(OPENED_AT), recorded(DUE_AT)]
        merges = [merged(OPENED_AT, into)] if into else []
        await timer.happened(ticket, BEGUN, *merges, *answers)
    await timer.happened(promise(FIRST), W03.model_copy(update={"ticket": FIRST}))
    asked = MergedPromises(host)
    [lacks] = commands(await asked.lacking(JUST_LATE, 10))
    assert (lacks.stream, lacks.command) == (promise(FIRST), MeetMerged(DUE_AT))
    [due] = await timer.found("promises_due", now=JUST_LATE, most=10)
    assert due["stream"] == promise(FIRST)
