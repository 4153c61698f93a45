"""What a verdict would be if all had been known in time: it stands beside the verdict, which stays."""

from datetime import datetime

import pytest

from libs.messages.plan import CentreCalendar
from libs.messages.sla import FirstResponseRestated, PromiseEvent, RestatementCause, Verdict
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.promise.state import Judged
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.sla_timer.examples import FRANCE, MICROSECOND, PROMISE, breached, later, met, paris
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

NOW = paris("17:00")
BREACHED, IN_TIME = breached(DUE + MICROSECOND, promised=MAILED), paris("13:59")


def restate(*calendars: PublishedCalendar, now: datetime = NOW) -> RestatePromise:
    return RestatePromise(now, (FIRST, *calendars), (FIRST_TARGETS,))


def restated(command: RestatePromise, *given: PromiseEvent) -> FirstResponseRestated:
    """Decide, and see that the same is not said twice."""
    state = DECIDER.replay(given)
    assert isinstance(state, Judged)
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseRestated)
    after = DECIDER.evolve(state, event)
    assert isinstance(after, Judged)
    assert after.verdict == state.verdict
    assert DECIDER.decide(after, command) is None
    return event


def test_an_answer_in_time_that_could_not_be_read_before_the_deadline_fired_is_restated() -> None:
    event = restated(restate(), MAILED, BREACHED, later(IN_TIME))
    assert (event.promised, event.restated, event.cause) == (
        Verdict.BREACHED,
        Verdict.MET,
        RestatementCause.LATE_ANSWER,
    )
    assert (event.responded_at, event.due_at, event.restated_due_at) == (IN_TIME, DUE, DUE)


def test_an_answer_that_was_late_restates_nothing() -> None:
    PROMISE.given(MAILED, BREACHED, later(DUE + MICROSECOND)).when(restate()).then(None)


def test_a_verdict_on_all_there_is_to_know_is_not_restated() -> None:
    PROMISE.given(MAILED, met(IN_TIME, MAILED)).when(restate()).then(None)
    PROMISE.given(MAILED, BREACHED).when(restate()).then(None)


def test_what_would_have_been_can_not_be_said_on_targets_that_have_none_for_the_channel() -> None:
    """After a merge the promise may be older than what is known of the targets."""
    none = targets_at(paris("09:00"), email_seconds=None)
    command = RestatePromise(NOW, (FIRST,), (none,))
    event = restated(command, MAILED, BREACHED, later(IN_TIME))
    assert (event.restated, event.restated_due_at) == (Verdict.MET, DUE)


def test_l08_a_closure_recorded_afterwards_turns_a_breach_that_was_none() -> None:
    closing = at(paris("13:00"), closed(("10:00", "12:00")))
    moved = retargeted(recompute(paris("13:00"), closing))
    fired = breached(DUE + MICROSECOND, promised=MAILED)
    event = restated(restate(closing), MAILED, moved, fired, later(paris("15:00")))
    assert (event.promised, event.restated, event.cause) == (Verdict.BREACHED, Verdict.MET, RestatementCause.CLOSURE)
    assert event.restated_due_at == paris("16:00")


def test_a_closure_recorded_after_the_verdict_is_reckoned_on_once_whatever_follows() -> None:
    closing = at(paris("16:30"), closed(("10:00", "12:00")))
    event = restated(restate(closing), MAILED, met(IN_TIME, MAILED))
    assert (event.promised, event.restated) == (Verdict.MET, Verdict.MET)
    assert (event.cause, event.calendar_version) == (RestatementCause.CLOSURE, 2)


@pytest.mark.parametrize(
    "hours",
    [
        (closed(("15:00", "16:00")),),
        (closed(("10:00", "12:00")), FRANCE.model_copy(update={"version": 3})),
        (FRANCE.model_copy(update={"version": 2, "printed_hours": "9 h à 17 h"}),),
    ],
    ids=["after the deadline", "withdrawn", "the same"],
)
@pytest.mark.parametrize("verdict", [BREACHED, met(IN_TIME, MAILED)], ids=["breached", "met"])
def test_a_newer_calendar_that_leaves_the_deadline_as_it_was_is_not_said(
    hours: tuple[CentreCalendar, ...], verdict: PromiseEvent
) -> None:
    newer = [at(paris("16:30"), calendar) for calendar in hours]
    PROMISE.given(MAILED, verdict).when(restate(*newer)).then(None)


def test_hours_that_turn_out_to_have_been_open_turn_an_answer_that_was_in_time() -> None:
    """A closure that was withdrawn too late: the centre worked all day."""
    closing = at(paris("10:30"), closed(("11:00", "16:00")))
    moved = retargeted(recompute(paris("10:30"), closing))
    answered = met(paris("16:30"), MAILED).model_copy(update={"due_at": moved.certificate.due_at})
    withdrawn = at(paris("16:45"), FRANCE.model_copy(update={"version": 3}))
    event = restated(restate(closing, withdrawn), MAILED, moved, answered)
    assert (event.promised, event.restated, event.cause) == (Verdict.MET, Verdict.BREACHED, RestatementCause.OPENING)


def test_an_answer_after_the_restated_verdict_changes_it_again() -> None:
    closing = at(paris("14:30"), closed(("10:00", "12:00")))
    first = restated(restate(closing, now=paris("16:01")), MAILED, BREACHED)
    assert (first.restated, first.restated_due_at) == (Verdict.BREACHED, paris("16:00"))
    second = restated(restate(closing), MAILED, BREACHED, first, later(paris("15:59")))
    assert second.restated == Verdict.MET


@pytest.mark.parametrize("given", [(), (MAILED,)])
def test_what_has_no_verdict_is_not_restated(given: tuple[PromiseEvent, ...]) -> None:
    PROMISE.given(*given).when(restate()).then(None)
