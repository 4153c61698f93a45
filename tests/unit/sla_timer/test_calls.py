"""A telephone call about a ticket that is there makes the deadline earlier or leaves it; with help it is an answer."""

from datetime import datetime

import pytest

from libs.messages.certificates import RetargetCause
from libs.messages.sla import CallNoted, FirstResponseRetargeted, NoPromise, NotChanged, PromiseEvent
from libs.messages.tickets import Channel
from services.sla_timer.promise.calls import ReckonCalls, RecordCall
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.state import Judged, Waiting
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.sla_timer.examples import (
    CALENDARS,
    MICROSECOND,
    PROMISE,
    TICKET,
    breached,
    fire,
    later,
    met,
    not_promised,
    paris,
    started,
)
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed, targets_at

MAILED = started(paris("09:30"), Channel.EMAIL)
DUE = paris("13:30")


def ring(
    called_at: datetime,
    *calendars: PublishedCalendar,
    help_given: bool = False,
    targets: tuple[PublishedTargets, ...] = (FIRST_TARGETS,),
) -> RecordCall:
    return RecordCall(called_at, TICKET, help_given, (FIRST, *calendars), targets)


def moved(command: RecordCall, *given: PromiseEvent) -> FirstResponseRetargeted:
    state = DECIDER.replay(given or (MAILED,))
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseRetargeted)
    after = DECIDER.evolve(state, event)
    assert isinstance(after, Waiting)
    assert after.promise.due_at == event.certificate.due_at
    assert command.occurred_at in after.promise.calls
    return event


def noted(called_at: datetime, reason: NotChanged, restated_due_at: datetime | None = None) -> CallNoted:
    return CallNoted(ticket=TICKET, called_at=called_at, reason=reason, restated_due_at=restated_due_at)


def test_l04_a_call_makes_the_deadline_that_of_the_telephone_where_that_is_earlier() -> None:
    event = moved(ring(paris("10:00")))
    assert (event.certificate.due_at, event.was_due_at, event.called_at) == (paris("12:00"), DUE, paris("10:00"))
    assert [change.cause for change in event.certificate.changes] == [RetargetCause.CALL]
    assert event.restated_due_at is None


def test_l05_a_late_call_never_lengthens_the_promise() -> None:
    PROMISE.given(MAILED).when(ring(paris("12:30"))).then(noted(paris("12:30"), NotChanged.NOT_EARLIER))


def test_a_call_moves_nothing_where_nothing_is_promised_by_telephone() -> None:
    no_calls = targets_at(paris("08:00", day=3), phone_seconds=None)
    command = ring(paris("10:00"), targets=(FIRST_TARGETS, no_calls))
    PROMISE.given(MAILED).when(command).then(noted(paris("10:00"), NotChanged.NOT_EARLIER))


def test_a_second_call_counts_only_where_it_is_the_earlier_one() -> None:
    first = moved(ring(paris("10:00")))
    second = noted(paris("10:30"), NotChanged.NOT_EARLIER)
    PROMISE.given(MAILED, first).when(ring(paris("10:30"))).then(second)
    earlier = moved(ring(paris("09:45")), MAILED, first)
    assert earlier.certificate.due_at == paris("11:45")


def test_an_answer_is_judged_by_the_deadline_of_the_call() -> None:
    event = moved(ring(paris("10:00")))
    due_at = paris("12:00")
    PROMISE.given(MAILED, event).when(fire(due_at + MICROSECOND, due_at)).then(
        breached(due_at + MICROSECOND, promised=MAILED).model_copy(update={"due_at": due_at, "breached_at": due_at})
    )


def test_a_call_in_which_help_was_given_is_an_answer() -> None:
    PROMISE.given(MAILED).when(ring(paris("10:00"), help_given=True)).then(met(paris("10:00"), MAILED))
    late = DUE + MICROSECOND
    PROMISE.given(MAILED).when(ring(late, help_given=True)).then(later(late))


def test_what_was_published_before_the_call_is_reckoned_on_first() -> None:
    closing = at(paris("10:30"), closed(("11:00", "16:00")))
    event = moved(ring(paris("10:45"), closing))
    assert [change.cause for change in event.certificate.changes] == [RetargetCause.CLOSURE, RetargetCause.CALL]
    assert event.certificate.due_at == paris("09:45", day=25)


def test_a_call_that_is_heard_of_after_the_verdict_says_what_the_deadline_would_have_been() -> None:
    answered = met(paris("13:00"), MAILED)
    event = noted(paris("10:00"), NotChanged.OVER, paris("12:00"))
    PROMISE.given(MAILED, answered).when(ring(paris("10:00"))).then(event)
    state = DECIDER.replay((MAILED, answered, event))
    assert isinstance(state, Judged)
    assert (state.restated_due_at, state.promise.calls) == (paris("12:00"), (paris("10:00"),))


@pytest.mark.parametrize("given", [(), (not_promised(NoPromise.NO_CALENDAR),)])
def test_without_a_promise_a_call_moves_nothing(given: tuple[PromiseEvent, ...]) -> None:
    PROMISE.given(*given).when(ring(paris("10:00"))).then(noted(paris("10:00"), NotChanged.NO_PROMISE))


def test_a_call_after_the_deadline_moves_nothing() -> None:
    late = DUE + MICROSECOND
    PROMISE.given(MAILED).when(ring(late)).then(noted(late, NotChanged.OVER))


GERMANY = at(paris("08:00", day=2), CALENDARS["germany"])


def ring_elsewhere(called_at: datetime) -> RecordCall:
    """A call that comes with the calendar of another centre alone."""
    return RecordCall(called_at, TICKET, False, (GERMANY,), (FIRST_TARGETS,))  # noqa: FBT003 - no help was given


def test_several_calls_that_could_not_be_reckoned_are_all_reckoned_in_the_end() -> None:
    first, second = (noted(paris(clock), NotChanged.NOT_RECKONED) for clock in ("10:00", "10:30"))
    PROMISE.given(MAILED).when(ring_elsewhere(paris("10:00"))).then(first)
    PROMISE.given(MAILED, first).when(ring_elsewhere(paris("10:30"))).then(second)
    state = DECIDER.replay((MAILED, first, second))
    event = DECIDER.decide(state, ReckonCalls(paris("10:30"), (FIRST,), (FIRST_TARGETS,)))
    assert isinstance(event, FirstResponseRetargeted)
    assert event.certificate.due_at == paris("12:00")


def test_after_the_verdict_a_call_is_not_reckoned_on_an_older_calendar_than_the_promise() -> None:
    closing = at(paris("10:00"), closed(("12:00", "17:00")))
    moved_by = DECIDER.decide(
        DECIDER.replay((MAILED,)), RecomputePromise(paris("10:00"), (FIRST, closing), (FIRST_TARGETS,))
    )
    assert isinstance(moved_by, FirstResponseRetargeted)
    answered = met(paris("11:00"), MAILED).model_copy(update={"due_at": moved_by.certificate.due_at})
    stale = noted(paris("10:30"), NotChanged.NOT_RECKONED)
    PROMISE.given(MAILED, moved_by, answered).when(ring(paris("10:30"))).then(stale)
