"""Which promises the duties find when something newer is published, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from libs.chassis.health import Health
from libs.chassis.manual_clock import ManualClock
from libs.chassis.metrics import Metrics
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.duty import Duty
from libs.eventlog.ports import Loaded
from libs.messages.plan import CentreCalendarPublished, TargetsPublished
from libs.messages.sla import MergeNoted, NotChanged
from libs.messages.tickets import Channel
from libs.workcal import tz_version
from services.sla_timer.handlers import PromiseDuties, PromiseReactions
from services.sla_timer.projections import READERS
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.reactions import FACTS
from services.sla_timer.tz_guard import LOOK, TzGuard
from tests.integration.folded import Folded, folded
from tests.integration.test_sla_timer_queries import FILES
from tests.tz import Installed
from tests.unit.sla_timer.examples import (
    CALENDARS,
    FRANCE,
    MICROSECOND,
    STREAM,
    TARGETS,
    breached,
    example,
    later,
    met,
    paris,
    started,
)
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
from tests.unit.sla_timer.tz_examples import DUE as MONDAY_NOON
from tests.unit.sla_timer.tz_examples import (
    DUE_BY_2027A,
    OVER_THE_WEEKEND,
    SATURDAY,
    TZ_STREAM,
    change,
    install_2027a,
    march,
    published,
    said,
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
    rows = await timer.found("promises_on_older_grounds", now=now, most=10, installed=tz_version())
    return [row["stream"] for row in rows]


async def to_restate(timer: Folded, now: datetime) -> list[str]:
    rows = await timer.found("promises_to_restate", now=now, most=10, streams=[], versions=[])
    return [row["stream"] for row in rows]


async def test_a_running_promise_is_reckoned_anew_from_the_publication_on_and_before_it_fires(timer: Folded) -> None:
    closing = closed(("12:00", "17:00"))
    await timer.happened(STREAM, MAILED)
    await timer.happened(CALENDAR, PUBLISHED, CentreCalendarPublished(published_at=paris("11:00"), calendar=closing))
    assert await older(timer, paris("11:00") - MICROSECOND) == []
    assert await older(timer, paris("11:00")) == [STREAM]
    assert await found(timer, "promises_due", FIRE) == []
    [row] = await timer.found("next_due", now=paris("10:30"), installed=tz_version())
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
    [row] = await timer.found("next_due", now=paris("10:30"), installed=tz_version())
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


async def test_changes_of_hours_that_make_up_for_each_other_are_looked_at_once_and_nothing_is_said(
    timer: Folded,
) -> None:
    """Of many promises that stay as they were, the one that does not is found behind them."""
    answered, now = met(paris("13:00"), MAILED), paris("18:00")
    next_day = started(paris("10:00", day=25), Channel.EMAIL)
    histories = {
        "promise/crm-eu/1": (MAILED, answered),
        "promise/crm-eu/2": (MAILED, answered),
        "promise/crm-eu/3": (next_day, met(paris("13:00", day=25), next_day)),
    }
    for stream, events in histories.items():
        await timer.happened(stream, *events)
    closing, instead = closed(("10:00", "12:00")), closed(("10:00", "12:00"), day=date(2026, 11, 25), version=3)
    both = [CentreCalendarPublished(published_at=now, calendar=calendar) for calendar in (closing, instead)]
    await timer.happened(CALENDAR, PUBLISHED, *both)
    await timer.happened(TARGETS_STREAM, TargetsPublished(published_at=FIRST_TARGETS.published_at, targets=TARGETS))
    assert await to_restate(timer, now) == [*histories]
    loaded = list[str]()

    async def load(streams: Sequence[str]) -> Mapping[str, Loaded]:
        loaded.extend(streams)
        return {stream: Loaded(None, {}, DECIDER.replay(histories[stream])) for stream in streams}

    engine = SimpleNamespace(stores={"sla": SimpleNamespace(load=load)})
    duties = PromiseDuties(
        cast("Any", SimpleNamespace(queries=timer.queries, clock=None, engine=engine)), cast("Any", None)
    )
    for _ in range(2):
        (issued,) = await duties.to_restate(now, 1)
        assert (issued.stream, type(issued.command)) == ("promise/crm-eu/3", RestatePromise)
    assert loaded == [*histories, "promise/crm-eu/3"]


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
    assert row == {"stream": STREAM, "centres": ["france"], "opened_at": paris("10:00")}


async def test_a_shorter_target_is_reckoned_on_before_the_deadline_fires(timer: Folded) -> None:
    shorter = targets_at(paris("11:00"), email_seconds=3600).content
    first = TargetsPublished(published_at=FIRST_TARGETS.published_at, targets=TARGETS)
    await timer.happened(STREAM, MAILED)
    await timer.happened(TARGETS_STREAM, first, TargetsPublished(published_at=paris("11:00"), targets=shorter))
    assert await found(timer, "promises_due", FIRE) == []
    assert await older(timer, FIRE) == [STREAM]


async def publish_2027a(timer: Folded, tz: Installed) -> None:
    """Publish what is installed, then the release by which Paris differs for two weeks, on Saturday."""
    first = published(said(), FIRST.published_at)
    await timer.happened(TZ_STREAM, first, published(install_2027a(tz), SATURDAY))
    await timer.happened(CALENDAR, PUBLISHED)
    await timer.happened(TARGETS_STREAM, TargetsPublished(published_at=FIRST_TARGETS.published_at, targets=TARGETS))


async def mailed_around_the_change(timer: Folded) -> None:
    """One promise that it concerns, and those of another week, of another zone, and one that has ended."""
    for number, opened_at in enumerate((march("15:00", 5), march("15:00", 29))):
        await timer.happened(f"promise/crm-eu/{number}", started(opened_at, Channel.EMAIL))
    await timer.happened("promise/crm-eu/3", started(march("15:00", 12), Channel.EMAIL, CALENDARS["germany"]))
    await timer.happened("promise/crm-eu/4", OVER_THE_WEEKEND, met(march("15:30", 12), OVER_THE_WEEKEND))
    await timer.happened(STREAM, OVER_THE_WEEKEND)


class Shell(SimpleNamespace):
    """What the loops of sla_timer need of their process."""

    def __init__(self, timer: Folded, now: datetime = SATURDAY) -> None:
        clock, self.asks = ManualClock(now), list[Callable[[], Awaitable[str | None]]]()
        super().__init__(queries=timer.queries, clock=clock, metrics=Metrics("sla_timer", "1"), health=Health(clock))

    def busy(self, ask: Callable[[], Awaitable[str | None]]) -> None:
        self.asks.append(ask)


def guarded(timer: Folded) -> tuple[Any, TzGuard]:
    shell: Any = Shell(timer)
    return shell, TzGuard(shell)


async def test_a_new_tz_database_concerns_the_running_promises_that_have_the_time_ahead_and_no_other(
    timer: Folded, tz: Installed
) -> None:
    await mailed_around_the_change(timer)
    await publish_2027a(timer, tz)
    assert await older(timer, SATURDAY - MICROSECOND) == []
    assert await older(timer, SATURDAY) == [STREAM]
    assert await found(timer, "promises_due", MONDAY_NOON + MICROSECOND) == ["promise/crm-eu/0", "promise/crm-eu/3"]
    [row] = await timer.found("next_due", now=march("00:00", 13), installed=tz_version())
    assert row["at"] == march("11:00", 8) + MICROSECOND


async def test_a_new_tz_database_concerns_a_promise_that_stands_for_an_absorbed_one(
    timer: Folded, tz: Installed
) -> None:
    german = started(march("15:00", 12), Channel.EMAIL, CALENDARS["germany"])
    absorbed = MergeNoted(
        ticket=german.ticket,
        absorbed="ticket/crm-eu/9",
        merged_at=march("15:10", 12),
        certificate=OVER_THE_WEEKEND.certificate,
        reason=NotChanged.NOT_EARLIER,
    )
    await timer.happened(STREAM, german, absorbed)
    await publish_2027a(timer, tz)
    assert await older(timer, SATURDAY) == [STREAM]
    assert await found(timer, "promises_due", MONDAY_NOON + MICROSECOND) == []
    [row] = await timer.found("next_due", now=march("15:20", 12), installed=tz_version())
    assert row["at"] == SATURDAY


async def test_it_leads_to_one_event_each_and_the_new_deadline_is_the_one_that_fires(
    timer: Folded, tz: Installed
) -> None:
    await mailed_around_the_change(timer)
    await publish_2027a(timer, tz)
    [asked] = await PromiseDuties(*guarded(timer)).on_older_grounds(SATURDAY, 10)
    assert asked.stream == STREAM
    event = DECIDER.decide(DECIDER.replay((OVER_THE_WEEKEND,)), asked.command)
    assert event is not None
    await timer.happened("promise/crm-eu/5", OVER_THE_WEEKEND, event)
    assert await older(timer, MONDAY_NOON) == [STREAM]
    assert "promise/crm-eu/5" not in await found(timer, "promises_due", DUE_BY_2027A)
    assert "promise/crm-eu/5" in await found(timer, "promises_due", DUE_BY_2027A + MICROSECOND)


async def test_a_version_that_is_not_installed_keeps_what_it_concerns_from_firing_and_reckons_nothing(
    timer: Folded, tz: Installed
) -> None:
    await timer.happened(STREAM, OVER_THE_WEEKEND)
    await publish_2027a(timer, tz)
    rows = await timer.found("promises_on_older_grounds", now=SATURDAY, most=10, installed="2026f")
    assert rows == []
    assert await found(timer, "promises_due", MONDAY_NOON + MICROSECOND) == []
    [row] = await timer.found("next_due", now=march("00:00", 13), installed=tz_version())
    assert row["at"] == SATURDAY


async def test_a_process_with_an_older_tz_database_is_not_ready_says_why_once_and_does_nothing(
    timer: Folded, tz: Installed
) -> None:
    await publish_2027a(timer, tz)
    shell, guard = guarded(timer)
    tz.release("2026f")
    why = "installed 2026f, published 2027a: deploy the release with it"

    async def something(_: datetime, __: int) -> Sequence[IssuedCommand]:
        return [IssuedCommand("id", STREAM, None, "test")]

    assert await guard.held(Duty("any", something)).find(SATURDAY, 10) == ()
    assert shell.health.ready()["waiting"] == [f"tz database: {why}"]
    assert [await ask() for ask in shell.asks] == [why]
    with pytest.raises(Unavailable, match="installed 2026f, published 2027a"):
        await PromiseReactions(shell, guard).react([example("TicketOpened")])
    tz.release("2027a")
    await shell.clock.sleep(LOOK)
    assert len(await guard.held(Duty("any", something)).find(SATURDAY, 10)) == 1
    assert shell.health.ready()["ready"]


async def test_a_process_with_a_newer_tz_database_works_and_asks_to_have_it_published(
    timer: Folded, tz: Installed
) -> None:
    shell, guard = guarded(timer)
    await timer.happened(TZ_STREAM, published(said(), FIRST.published_at))
    await guard.passed()
    assert "olcare_tz_database_unpublished 0.0" in shell.metrics.text().decode()
    install_2027a(tz)
    await shell.clock.sleep(LOOK)
    await guard.passed()
    assert "olcare_tz_database_unpublished 1.0" in shell.metrics.text().decode()
    assert shell.health.ready()["ready"]


async def test_the_facts_of_a_centre_are_what_changed_in_its_zone(timer: Folded, tz: Installed) -> None:
    await publish_2027a(timer, tz)
    await timer.happened(
        "calendar/plan/japan", CentreCalendarPublished(published_at=SATURDAY, calendar=CALENDARS["japan"])
    )
    rows = await timer.found("facts_for_promises", centres=["france", "japan"], since=SATURDAY)
    france, japan = (FACTS.validate_json(row["facts"]) for row in rows)
    assert (france.tz_changes, japan.tz_changes) == ((change(),), ())
