"""What a publication does to a promise that runs: from its own instant on, and never to one that is over by then."""

from collections.abc import Iterable
from datetime import date, datetime, time

import pytest

from libs.messages.base import FactVersion
from libs.messages.certificates import RetargetCause
from libs.messages.plan import CentreCalendar, ChannelTargets, Closure, ResponseTargets, Status
from libs.messages.sla import FirstResponseNotRetargeted, FirstResponseRetargeted, NoPromise, PromiseEvent
from libs.messages.tickets import Channel
from libs.workcal import zone
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.responses import JudgeAnswer
from services.sla_timer.promise.state import Waiting
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.sla_timer.examples import (
    CALENDARS,
    DUE_AT,
    FRANCE,
    MICROSECOND,
    PRIVATE,
    PROMISE,
    TARGETS,
    W03,
    breached,
    fire,
    later,
    met,
    paris,
    started,
    warn,
)

MAILED = started(paris("10:00"), Channel.EMAIL)
DUE = paris("14:00")
TUESDAY = date(2026, 11, 24)


def closed(
    *hours: tuple[str, str], day: date = TUESDAY, version: int = 2, of: CentreCalendar = FRANCE
) -> CentreCalendar:
    """Give a centre's calendar with more closures; without hours the whole day."""
    spans = hours or ((None, None),)
    more = tuple(
        Closure(day=day, name="Fermeture", status=Status.CONFIRMED, closed_from=opens, closed_to=closes)
        for opens, closes in spans
    )
    return of.model_copy(update={"version": version, "closures": (*of.closures, *more)})


def at(published_at: datetime, calendar: CentreCalendar) -> PublishedCalendar:
    return PublishedCalendar(f"calendar/plan/{calendar.centre}", calendar.version, published_at, calendar)


def targets_at(published_at: datetime, version: int = 2, **seconds: int | None) -> PublishedTargets:
    kept = TARGETS.targets.model_dump() | seconds
    content = ResponseTargets.model_validate(
        TARGETS.model_dump() | {"version": version, "targets": ChannelTargets.model_validate(kept)}
    )
    return PublishedTargets("targets/plan/first-response", version, published_at, content)


FIRST = at(paris("08:00", day=2), FRANCE)
FIRST_TARGETS = PublishedTargets("targets/plan/first-response", 1, paris("08:00", day=2), TARGETS)


def recompute(
    now: datetime, *calendars: PublishedCalendar, targets: Iterable[PublishedTargets] = ()
) -> RecomputePromise:
    return RecomputePromise(now, (FIRST, *calendars), (FIRST_TARGETS, *targets))


def retargeted(command: RecomputePromise, given: tuple[PromiseEvent, ...] = (MAILED,)) -> FirstResponseRetargeted:
    """Decide, and see that the same is not said twice."""
    state = DECIDER.replay(given)
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseRetargeted)
    after = DECIDER.evolve(state, event)
    assert isinstance(after, Waiting)
    assert after.promise.due_at == event.certificate.due_at
    assert DECIDER.decide(after, command) is None
    return event


def test_l07_a_closure_announced_for_the_future_makes_the_deadline_later() -> None:
    event = retargeted(recompute(paris("11:00"), at(paris("11:00"), closed(("12:00", "17:00")))))
    assert (event.was_due_at, event.certificate.due_at) == (DUE, paris("11:00", day=25))
    [change] = event.certificate.changes
    assert (change.cause, change.used_microseconds) == (RetargetCause.CLOSURE, 3_600_000_000)
    assert event.restated_due_at is None
    assert (event.private, event.language) == (PRIVATE, "fr")
    assert event.rests_on == (FactVersion(stream="calendar/plan/france", sequence=2),)


def test_l08_a_closure_recorded_after_the_fact_leaves_the_deadline_and_restates_it() -> None:
    event = retargeted(recompute(paris("13:00"), at(paris("13:00"), closed(("10:00", "12:00")))))
    assert (event.certificate.due_at, event.restated_due_at) == (DUE, paris("16:00"))


def test_l09_a_holiday_added_before_it_happens_makes_the_deadline_later() -> None:
    def berlin(day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), zone("Europe/Berlin"))

    friday, monday, tuesday = date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1)
    mailed = started(berlin(friday, "15:00"), Channel.EMAIL, CALENDARS["germany"])
    assert mailed.certificate.due_at == berlin(monday, "11:00")
    published_at = berlin(date(2026, 11, 28), "10:00")
    closing = at(published_at, closed(day=monday, of=CALENDARS["germany"]))
    assert retargeted(recompute(published_at, closing), (mailed,)).certificate.due_at == berlin(tuesday, "11:00")


def test_a_closure_that_is_withdrawn_makes_the_deadline_earlier() -> None:
    announced, withdrawn = at(paris("10:30"), closed(("12:00", "17:00"))), FRANCE.model_copy(update={"version": 3})
    later = retargeted(recompute(paris("10:30"), announced))
    event = retargeted(recompute(paris("11:00"), announced, at(paris("11:00"), withdrawn)), (MAILED, later))
    assert event.certificate.due_at == DUE
    assert [change.cause for change in event.certificate.changes] == [RetargetCause.CLOSURE, RetargetCause.OPENING]


def test_a_shorter_target_makes_the_deadline_earlier_and_not_before_its_publication() -> None:
    hour = targets_at(paris("10:30"), email_seconds=3600)
    assert retargeted(recompute(paris("10:30"), targets=[hour])).certificate.due_at == paris("11:00")
    late = targets_at(paris("12:00"), email_seconds=3600)
    assert retargeted(recompute(paris("12:00"), targets=[late])).certificate.due_at == paris("12:00")


def test_a_longer_target_is_for_new_tickets_only() -> None:
    longer = targets_at(paris("10:30"), email_seconds=8 * 3600)
    PROMISE.given(MAILED).when(recompute(paris("10:30"), targets=[longer])).then(None)


def test_a_channel_that_loses_its_target_does_so_for_new_tickets_only() -> None:
    none = targets_at(paris("10:30"), email_seconds=None)
    PROMISE.given(MAILED).when(recompute(paris("10:30"), targets=[none])).then(None)
    again = targets_at(paris("11:00"), version=3, email_seconds=3600)
    event = retargeted(recompute(paris("11:00"), targets=[none, again]))
    assert event.certificate.due_at == paris("11:00")


def test_several_publications_are_gone_through_in_the_order_of_their_instants() -> None:
    closing, shorter = at(paris("12:30"), closed(("16:00", "17:00"))), targets_at(paris("11:00"), email_seconds=7200)
    event = retargeted(recompute(paris("13:00"), closing, targets=[shorter]))
    assert [change.cause for change in event.certificate.changes] == [RetargetCause.SHORTER_TARGET]
    assert event.certificate.due_at == paris("12:00")


def test_what_is_published_for_later_does_not_count_yet() -> None:
    closing = at(paris("13:00"), closed(("13:30", "17:00")))
    PROMISE.given(MAILED).when(recompute(paris("12:59"), closing)).then(None)
    shorter = targets_at(paris("13:00"), email_seconds=3600)
    PROMISE.given(MAILED).when(recompute(paris("12:59"), targets=[shorter])).then(None)


@pytest.mark.parametrize("published_at", [DUE, DUE + MICROSECOND])
def test_what_is_published_when_a_promise_is_over_leaves_it(published_at: datetime) -> None:
    PROMISE.given(MAILED).when(recompute(published_at, at(published_at, closed(("13:00", "17:00"))))).then(None)


def test_a_finished_promise_never_changes() -> None:
    closing = recompute(paris("15:30"), at(paris("15:30"), closed(("16:00", "17:00"))))
    PROMISE.given(W03, met(paris("15:10"))).when(closing).then(None)
    PROMISE.given(W03, breached(DUE_AT + MICROSECOND)).when(closing).then(None)


def test_an_answer_and_the_deadline_are_judged_by_the_new_instant() -> None:
    moved = retargeted(recompute(paris("11:00"), at(paris("11:00"), closed(("12:00", "17:00")))))
    due_at = moved.certificate.due_at
    state = DECIDER.evolve(DECIDER.evolve(DECIDER.initial, MAILED), moved)
    assert DECIDER.decide(state, fire(DUE + MICROSECOND, DUE)) is None
    assert DECIDER.decide(state, fire(due_at + MICROSECOND, due_at)) is not None
    assert DECIDER.decide(state, warn(moved.certificate.at_risk[0].at_risk_at)) is not None


def test_a_calendar_that_gives_no_deadline_leaves_the_promise_and_is_never_silent() -> None:
    days = [date(2026, 11, day) for day in range(24, 31)] + [date(2026, 12, day) for day in range(1, 32)]
    short = FRANCE
    for day in days:
        short = closed(day=day, of=short)
    short = short.model_copy(update={"last_day": date(2026, 12, 31)})
    command = recompute(paris("11:00"), at(paris("11:00"), short))
    state = DECIDER.evolve(DECIDER.initial, MAILED)
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseNotRetargeted)
    assert (event.reason, event.due_at, event.calendar_version) == (NoPromise.CALENDAR_ENDS, DUE, 2)
    assert DECIDER.decide(DECIDER.evolve(state, event), command) is None


def test_an_answer_that_was_late_meets_the_promise_when_the_deadline_becomes_later_before_it_fires() -> None:
    answered, closing = paris("14:30"), at(paris("13:30"), closed(("13:30", "16:00")))
    moved = retargeted(recompute(paris("14:45"), closing), (MAILED, later(answered)))
    due_at = moved.certificate.due_at
    assert due_at > answered
    known = (MAILED, later(answered), moved)
    PROMISE.given(*known).when(JudgeAnswer(answered)).then(met(answered, MAILED).model_copy(update={"due_at": due_at}))
    PROMISE.given(*known).when(fire(due_at + MICROSECOND, due_at)).then(None)
    PROMISE.given(MAILED, later(answered)).when(JudgeAnswer(answered)).then(None)
