"""The life of a promise: given what happened, when one command comes, then exactly one event."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter

from libs.messages.certificates import AtRisk
from libs.messages.sla import NoPromise, NotAResponse, PromiseEvent
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import working_calendar
from libs.workcal import working_time_between
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.state import State, Untracked
from tests.unit.sla_timer.examples import (
    AT_RISK_AT,
    DUE_AT,
    FRANCE,
    MICROSECOND,
    OPENED_AT,
    PROMISE,
    W03,
    WARNED,
    answer,
    breached,
    fire,
    later,
    met,
    not_applied,
    not_promised,
    paris,
    start,
    started,
    warn,
)

AFTER_CLOSING, NEXT_MORNING = paris("17:30"), paris("09:00", day=25)
JUST_LATE = DUE_AT + MICROSECOND
BREACHED = breached(JUST_LATE)
NO_CALENDAR = not_promised(NoPromise.NO_CALENDAR)


def test_l03_a_reply_at_the_very_deadline_meets_the_promise() -> None:
    PROMISE.given(W03).when(answer(DUE_AT)).then(met(DUE_AT))


def test_l03_a_reply_one_microsecond_later_does_not() -> None:
    PROMISE.given(W03).when(answer(JUST_LATE)).then(later(JUST_LATE))


def test_a_reply_one_microsecond_before_the_deadline_meets_the_promise() -> None:
    PROMISE.given(W03).when(answer(DUE_AT - MICROSECOND)).then(met(DUE_AT - MICROSECOND))


def test_a_reply_at_the_very_opening_meets_the_promise() -> None:
    PROMISE.given(W03).when(answer(OPENED_AT)).then(met(OPENED_AT))


def test_l02_a_reply_after_closing_is_late_although_no_working_time_has_passed() -> None:
    verdict = breached(NEXT_MORNING, responded_at=AFTER_CLOSING)
    PROMISE.given(W03, later(AFTER_CLOSING)).when(fire(NEXT_MORNING)).then(verdict)
    assert AFTER_CLOSING - verdict.due_at == timedelta(minutes=30)
    assert working_time_between(working_calendar(FRANCE), verdict.due_at, AFTER_CLOSING) == timedelta(0)
    assert working_time_between(working_calendar(FRANCE), OPENED_AT, AFTER_CLOSING) == timedelta(hours=2)


def test_l14_an_automatic_acknowledgement_is_no_response_and_the_human_reply_meets_the_promise() -> None:
    promised = started(paris("09:30"), Channel.EMAIL)
    automatic, human = paris("09:30:02"), paris("13:29")
    passed_over = not_applied(automatic, NotAResponse.AUTOMATIC)
    PROMISE.given(promised).when(answer(automatic, by=RespondedBy.AUTOMATIC)).then(passed_over)
    PROMISE.given(promised, passed_over).when(answer(human)).then(met(human, promised))


def test_l15_the_clock_starts_when_the_mail_was_received_not_when_we_read_it() -> None:
    outcome = PROMISE.when(start(paris("09:30"), Channel.EMAIL))
    outcome.then(started(paris("09:30"), Channel.EMAIL))
    assert started(paris("09:30"), Channel.EMAIL).certificate.due_at == paris("13:30")


def test_l16_a_breach_found_late_ran_out_at_the_deadline() -> None:
    promised = started(paris("09:30"), Channel.EMAIL)
    verdict = breached(paris("14:10"), promised=promised)
    PROMISE.given(promised).when(fire(paris("14:10"), due_at=paris("13:30"))).then(verdict)
    assert (verdict.breached_at, verdict.detected_at) == (paris("13:30"), paris("14:10"))


def test_l16_a_breach_is_found_once() -> None:
    PROMISE.given(W03, BREACHED).when(fire(NEXT_MORNING)).then(None)


def test_a_deadline_does_not_fire_at_its_very_instant() -> None:
    PROMISE.given(W03).when(fire(DUE_AT)).then(None)
    PROMISE.given(W03).when(fire(JUST_LATE)).then(BREACHED)


@pytest.mark.parametrize("due_at", [DUE_AT - MICROSECOND, DUE_AT + MICROSECOND])
def test_a_deadline_that_the_promise_has_no_more_does_not_fire(due_at: datetime) -> None:
    PROMISE.given(W03).when(fire(NEXT_MORNING, due_at)).then(None)


def test_a_warning_is_given_once() -> None:
    PROMISE.given(W03).when(warn()).then(WARNED)
    PROMISE.given(W03, WARNED).when(warn()).then(None)


def test_a_warning_for_another_instant_is_not_given() -> None:
    PROMISE.given(W03).when(warn(AT_RISK_AT + MICROSECOND)).then(None)


def test_each_share_is_warned_of_once_and_in_order() -> None:
    half, more = AtRisk(percent=50, at_risk_at=paris("16:00")), W03.certificate.at_risk[0]
    begun = W03.model_copy(update={"certificate": W03.certificate.model_copy(update={"at_risk": (half, more)})})
    first = WARNED.model_copy(update={"percent": 50, "at_risk_at": half.at_risk_at, "next_at_risk_at": AT_RISK_AT})
    PROMISE.given(begun).when(warn(AT_RISK_AT)).then(None)
    PROMISE.given(begun).when(warn(half.at_risk_at)).then(first)
    PROMISE.given(begun, first).when(warn(half.at_risk_at)).then(None)
    PROMISE.given(begun, first).when(warn(AT_RISK_AT)).then(WARNED)
    PROMISE.given(begun, first, WARNED).when(warn(AT_RISK_AT)).then(None)


def test_a_warned_promise_is_met_or_breached_like_any_other() -> None:
    PROMISE.given(W03, WARNED).when(answer(DUE_AT)).then(met(DUE_AT))
    PROMISE.given(W03, WARNED).when(fire(JUST_LATE)).then(BREACHED)


def test_a_late_reply_is_no_verdict_while_one_in_time_may_still_be_read() -> None:
    PROMISE.given(W03, later(AFTER_CLOSING)).when(answer(DUE_AT)).then(met(DUE_AT))


def test_a_promise_is_still_warned_of_and_fires_when_a_late_reply_is_known() -> None:
    """An upstream clock that is ahead may date a reply after the deadline before that has come."""
    PROMISE.given(W03, later(JUST_LATE)).when(warn()).then(WARNED)
    PROMISE.given(W03, later(JUST_LATE)).when(fire(DUE_AT)).then(None)
    PROMISE.given(W03, later(JUST_LATE)).when(fire(NEXT_MORNING)).then(breached(NEXT_MORNING, JUST_LATE))


def test_a_breach_names_the_earliest_late_reply_whatever_came_first() -> None:
    for first, second in [(JUST_LATE, AFTER_CLOSING), (AFTER_CLOSING, JUST_LATE)]:
        given = PROMISE.given(W03, later(first), WARNED, later(second))
        given.when(fire(NEXT_MORNING)).then(breached(NEXT_MORNING, JUST_LATE))


@pytest.mark.parametrize("verdict", [met(DUE_AT), BREACHED])
@pytest.mark.parametrize("at", [OPENED_AT, DUE_AT, AFTER_CLOSING])
def test_a_reply_after_the_verdict_is_noted_and_changes_nothing(verdict: PromiseEvent, at: datetime) -> None:
    PROMISE.given(W03, verdict).when(answer(at)).then(later(at))
    PROMISE.given(W03, verdict, later(at)).when(fire(NEXT_MORNING)).then(None)


@pytest.mark.parametrize("command", [warn(), fire(NEXT_MORNING)])
@pytest.mark.parametrize("history", [(), (NO_CALENDAR,), (W03, met(DUE_AT)), (W03, BREACHED)])
def test_a_duty_without_a_running_promise_comes_to_nothing(history: tuple[PromiseEvent, ...], command: Command) -> None:
    PROMISE.given(*history).when(command).then(None)


@pytest.mark.parametrize("history", [(W03,), (W03, met(DUE_AT)), (W03, BREACHED)])
def test_the_call_that_opened_the_ticket_is_no_response_unless_help_was_given(
    history: tuple[PromiseEvent, ...],
) -> None:
    without_help = answer(OPENED_AT, Medium.CALL, help_given=False)
    PROMISE.given(*history).when(without_help).then(not_applied(OPENED_AT, NotAResponse.CALL_WITHOUT_HELP))


@pytest.mark.parametrize("history", [(), (NO_CALENDAR,), (W03,), (W03, met(DUE_AT)), (W03, BREACHED)])
@pytest.mark.parametrize("at", [OPENED_AT, OPENED_AT + MICROSECOND, DUE_AT])
def test_a_call_that_was_known_before_is_no_response_at_whatever_instant(
    history: tuple[PromiseEvent, ...], at: datetime
) -> None:
    known = replace(answer(at, Medium.CALL, help_given=False), known_call=True)
    PROMISE.given(*history).when(known).then(not_applied(at, NotAResponse.CALL_WITHOUT_HELP))


def test_the_call_that_opened_the_ticket_is_the_response_if_help_was_given() -> None:
    PROMISE.given(W03).when(answer(OPENED_AT, Medium.CALL)).then(met(OPENED_AT))


@pytest.mark.parametrize(
    ("channel", "medium", "at"),
    [
        (Channel.PHONE, Medium.CALL, OPENED_AT + MICROSECOND),
        (Channel.PHONE, Medium.EMAIL, OPENED_AT),
        (Channel.WEB, Medium.CALL, OPENED_AT),
    ],
)
def test_any_other_contact_by_a_person_is_a_response(channel: Channel, medium: Medium, at: datetime) -> None:
    promised = started(OPENED_AT, channel)
    PROMISE.given(promised).when(answer(at, medium, help_given=False)).then(met(at, promised))


@pytest.mark.parametrize("history", [(), (NO_CALENDAR,), (W03,), (W03, met(DUE_AT)), (W03, BREACHED)])
def test_an_automatic_answer_is_never_a_response(history: tuple[PromiseEvent, ...]) -> None:
    automatic = answer(DUE_AT, by=RespondedBy.AUTOMATIC)
    PROMISE.given(*history).when(automatic).then(not_applied(DUE_AT, NotAResponse.AUTOMATIC))


@pytest.mark.parametrize("history", [(), (NO_CALENDAR,)])
def test_where_nothing_is_promised_a_response_meets_nothing(history: tuple[PromiseEvent, ...]) -> None:
    PROMISE.given(*history).when(answer(DUE_AT)).then(not_applied(DUE_AT, NotAResponse.NO_PROMISE))


def test_a_promise_that_does_not_run_can_not_be_judged() -> None:
    with pytest.raises(ValueError, match="not-promised"):
        DECIDER.replay([NO_CALENDAR, met(DUE_AT)])


@pytest.mark.parametrize(
    "history", [(), (NO_CALENDAR,), (W03,), (W03, WARNED, later(JUST_LATE)), (W03, met(DUE_AT)), (W03, BREACHED)]
)
def test_every_state_comes_back_from_storage(history: tuple[PromiseEvent, ...]) -> None:
    states: TypeAdapter[State] = TypeAdapter(State)
    state = DECIDER.replay(history)
    assert states.validate_json(states.dump_json(state)) == state
    assert (state == Untracked()) == (history == ())
