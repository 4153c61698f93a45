"""A ticket that is withdrawn or absorbed ends without a verdict; the survivor keeps the earlier deadline."""

from dataclasses import replace
from datetime import datetime

import pytest

from libs.messages.certificates import RetargetCause
from libs.messages.sla import (
    CancellationCause,
    CancellationNoted,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseReinstated,
    FirstResponseRetargeted,
    MergeNoted,
    NoPromise,
    NotAResponse,
    NotChanged,
    PromiseEvent,
    ReinstatementNotApplied,
    RestatementCause,
    Verdict,
)
from libs.messages.tickets import Channel
from libs.plan import verify
from services.sla_timer.promise.deadlines import WarnAtRisk
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise, ReinstatePromise, RenouncePromise
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.responses import JudgeAnswer
from services.sla_timer.promise.state import Judged, Waiting
from tests.unit.sla_timer.examples import (
    CALENDARS,
    CUSTOMER,
    MICROSECOND,
    PROMISE,
    TICKET,
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
)
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed
from tests.unit.sla_timer.test_restatement import restate, restated

OTHER = "ticket/crm-eu/4712"
MAILED = started(paris("10:00"), Channel.EMAIL)
EARLIER = started(paris("09:00"), Channel.EMAIL)
DUE, AT = paris("14:00"), paris("11:00")


def merge(at: datetime = AT) -> CancelPromise:
    return CancelPromise(at, TICKET, CancellationCause.MERGED, OTHER)


def withdraw(at: datetime = AT) -> CancelPromise:
    return CancelPromise(at, TICKET, CancellationCause.WITHDRAWN)


def cancelled(cause: CancellationCause, at: datetime = AT) -> FirstResponseCancelled:
    return FirstResponseCancelled(
        ticket=TICKET,
        customer=CUSTOMER,
        centre="france",
        channel=Channel.EMAIL,
        cause=cause,
        cancelled_at=at,
        into=OTHER if cause is CancellationCause.MERGED else None,
        certificate=MAILED.certificate,
    )


MERGED, WITHDRAWN = cancelled(CancellationCause.MERGED), cancelled(CancellationCause.WITHDRAWN)


def noted(at: datetime, reason: NotChanged) -> CancellationNoted:
    return CancellationNoted(ticket=TICKET, cause=CancellationCause.WITHDRAWN, cancelled_at=at, reason=reason)


def adopt(absorbed: FirstResponseClockStarted, at: datetime = AT) -> AdoptPromise:
    return AdoptPromise(at, TICKET, OTHER, absorbed.certificate)


def merge_noted(absorbed: FirstResponseClockStarted, reason: NotChanged) -> MergeNoted:
    certificate = absorbed.certificate
    return MergeNoted(ticket=TICKET, absorbed=OTHER, merged_at=AT, certificate=certificate, reason=reason)


def test_a_withdrawal_ends_the_promise_without_a_verdict() -> None:
    PROMISE.given(MAILED).when(withdraw()).then(WITHDRAWN)
    PROMISE.given(MAILED).when(withdraw(DUE)).then(cancelled(CancellationCause.WITHDRAWN, DUE))


def test_a_merge_ends_the_promise_and_names_the_survivor() -> None:
    PROMISE.given(MAILED).when(merge()).then(MERGED)


def test_what_has_run_out_by_then_comes_to_its_verdict() -> None:
    late = DUE + MICROSECOND
    PROMISE.given(MAILED).when(withdraw(late)).then(noted(late, NotChanged.OVER))
    verdict = breached(late, promised=MAILED)
    PROMISE.given(MAILED, noted(late, NotChanged.OVER)).when(fire(late, DUE)).then(verdict)


def test_nothing_fires_and_nothing_is_met_after_the_end() -> None:
    PROMISE.given(MAILED, WITHDRAWN).when(fire(DUE + MICROSECOND, DUE)).then(None)
    PROMISE.given(MAILED, WITHDRAWN).when(answer(paris("12:00"))).then(later(paris("12:00")))


def test_a_withdrawal_that_is_told_after_the_breach_is_restated() -> None:
    fired = breached(DUE + MICROSECOND, promised=MAILED)
    told = noted(AT, NotChanged.OVER)
    PROMISE.given(MAILED, fired).when(withdraw()).then(told)
    event = restated(restate(), MAILED, fired, told)
    assert (event.promised, event.restated) == (Verdict.BREACHED, Verdict.CANCELLED)
    assert (event.cause, event.cancelled_at) == (RestatementCause.LATE_CANCELLATION, AT)


def test_an_answer_before_the_withdrawal_that_is_told_after_it_is_restated() -> None:
    event = restated(restate(), MAILED, WITHDRAWN, later(paris("10:59")))
    assert (event.promised, event.restated) == (Verdict.CANCELLED, Verdict.MET)
    PROMISE.given(MAILED, WITHDRAWN, later(paris("11:01"))).when(restate()).then(None)


@pytest.mark.parametrize("given", [(), (not_promised(NoPromise.NO_CALENDAR),)])
def test_without_a_promise_there_is_nothing_to_end(given: tuple[PromiseEvent, ...]) -> None:
    PROMISE.given(*given).when(withdraw()).then(noted(AT, NotChanged.NO_PROMISE))


def test_the_survivor_takes_over_the_earlier_deadline() -> None:
    event = DECIDER.decide(DECIDER.replay((MAILED,)), adopt(EARLIER))
    assert isinstance(event, FirstResponseRetargeted)
    assert (event.was_due_at, event.certificate.due_at) == (DUE, paris("13:00"))
    assert [change.cause for change in event.certificate.changes] == [RetargetCause.MERGE]
    PROMISE.given(EARLIER).when(adopt(MAILED)).then(merge_noted(MAILED, NotChanged.NOT_EARLIER))


def test_a_survivor_that_opens_after_the_merge_still_keeps_the_earlier_deadline() -> None:
    waiting = merge_noted(EARLIER, NotChanged.NO_PROMISE)
    PROMISE.given().when(adopt(EARLIER)).then(waiting)
    event = DECIDER.decide(DECIDER.replay((waiting,)), start(paris("10:00"), Channel.EMAIL))
    assert isinstance(event, FirstResponseClockStarted)
    assert event.certificate.due_at == paris("13:00")


def test_a_survivor_with_a_verdict_keeps_it() -> None:
    verdict = met(paris("10:30"), MAILED)
    PROMISE.given(MAILED, verdict).when(adopt(EARLIER)).then(merge_noted(EARLIER, NotChanged.OVER))


def test_a_merge_that_is_undone_lets_the_promise_run_again() -> None:
    undone = ReinstatePromise(paris("11:30"), TICKET)
    event = FirstResponseReinstated(
        ticket=TICKET,
        customer=CUSTOMER,
        centre="france",
        channel=Channel.EMAIL,
        reinstated_at=paris("11:30"),
        certificate=MAILED.certificate,
    )
    PROMISE.given(MAILED, MERGED).when(undone).then(event)
    state = DECIDER.replay((MAILED, MERGED, event))
    assert isinstance(state, Waiting)
    assert state.promise.due_at == DUE
    answered = later(paris("11:15"))
    PROMISE.given(MAILED, MERGED, answered).when(undone).then(met(paris("11:15"), MAILED))
    assert isinstance(DECIDER.replay((MAILED, MERGED, answered, met(paris("11:15"), MAILED))), Judged)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((), NotChanged.NO_PROMISE),
        ((MAILED,), NotChanged.NOT_CANCELLED),
        ((MAILED, WITHDRAWN), NotChanged.NOT_CANCELLED),
    ],
)
def test_what_no_merge_has_ended_is_not_reinstated(given: tuple[PromiseEvent, ...], reason: NotChanged) -> None:
    event = ReinstatementNotApplied(ticket=TICKET, undone_at=AT, reason=reason)
    PROMISE.given(*given).when(ReinstatePromise(AT, TICKET)).then(event)


def test_an_answer_on_an_absorbed_ticket_that_is_told_before_the_survivor_opens_meets_its_promise() -> None:
    early = not_applied(paris("10:30"), NotAResponse.NO_PROMISE)
    PROMISE.given().when(answer(paris("10:30"))).then(early)
    opening = start(paris("10:00"), Channel.EMAIL)
    event = DECIDER.decide(DECIDER.replay((early,)), opening)
    assert isinstance(event, FirstResponseClockStarted)
    assert event.responded_at == paris("10:30")
    PROMISE.given(early, event).when(JudgeAnswer(paris("10:30"))).then(met(paris("10:30"), MAILED))
    before = not_applied(paris("09:59"), NotAResponse.NO_PROMISE)
    again = DECIDER.decide(DECIDER.replay((before,)), opening)
    assert isinstance(again, FirstResponseClockStarted)
    assert again.responded_at is None


EARLIER_OF_TWO = DECIDER.decide(DECIDER.replay((MAILED,)), adopt(EARLIER))


def adopted() -> FirstResponseRetargeted:
    assert isinstance(EARLIER_OF_TWO, FirstResponseRetargeted)
    return EARLIER_OF_TWO


def test_both_promises_are_kept_and_a_closure_that_moves_one_lets_the_other_stand() -> None:
    germany = at(paris("08:00", day=2), CALENDARS["germany"])
    german = started(paris("09:00"), Channel.EMAIL, CALENDARS["germany"])
    merged = DECIDER.decide(DECIDER.replay((MAILED,)), adopt(german))
    assert isinstance(merged, FirstResponseRetargeted)
    assert (merged.certificate.centre, merged.certificate.due_at) == ("germany", paris("13:00"))
    closing = at(paris("11:30"), closed(("12:00", "16:00"), of=CALENDARS["germany"]))
    command = RecomputePromise(paris("11:30"), (FIRST, germany, closing), (FIRST_TARGETS,))
    event = DECIDER.decide(DECIDER.replay((MAILED, merged)), command)
    assert isinstance(event, FirstResponseRetargeted)
    assert (event.certificate.centre, event.certificate.due_at) == ("france", DUE)
    assert [one.certificate.due_at for one in event.absorbed] == [paris("17:00")]
    assert DECIDER.decide(DECIDER.replay((MAILED, merged, event)), command) is None


def test_an_answer_from_before_the_merge_meets_the_survivors_own_promise_and_hands_the_other_back() -> None:
    before = met(AT, MAILED).model_copy(update={"handed_back": (OTHER,)})
    PROMISE.given(MAILED, adopted()).when(answer(AT)).then(before)
    after = met(AT + MICROSECOND, EARLIER)
    PROMISE.given(MAILED, adopted()).when(answer(AT + MICROSECOND)).then(after)


def test_a_survivor_that_was_answered_says_which_later_answer_is_one_to_the_absorbed_ticket() -> None:
    verdict, told = met(paris("10:30"), MAILED), merge_noted(EARLIER, NotChanged.OVER)
    both = later(paris("12:00")).model_copy(update={"absorbed": (OTHER,)})
    PROMISE.given(MAILED, verdict, told).when(answer(paris("12:00"))).then(both)
    PROMISE.given(MAILED, verdict, told).when(answer(AT)).then(later(AT))
    known = later(paris("12:00"))
    event = told.model_copy(update={"responded_at": paris("12:00")})
    PROMISE.given(MAILED, verdict, known).when(adopt(EARLIER)).then(event)


def test_a_merge_that_is_undone_gives_the_survivor_its_own_promise_back() -> None:
    undone = RenouncePromise(paris("11:30"), TICKET, OTHER)
    event = DECIDER.decide(DECIDER.replay((MAILED, adopted())), undone)
    assert isinstance(event, FirstResponseRetargeted)
    assert (event.was_due_at, event.certificate.due_at, event.own, event.absorbed) == (paris("13:00"), DUE, None, ())
    verify(event.certificate)
    nothing = ReinstatementNotApplied(ticket=TICKET, undone_at=paris("11:30"), reason=NotChanged.UNDONE, absorbed=OTHER)
    PROMISE.given(MAILED, adopted(), event).when(undone).then(nothing)


def test_nobody_is_warned_twice_of_a_promise_that_runs_again() -> None:
    given = (MAILED, warned := WARNED.model_copy(update={"channel": Channel.EMAIL, "due_at": DUE}), MERGED)
    event = DECIDER.decide(DECIDER.replay(given), ReinstatePromise(paris("11:30"), TICKET))
    assert event is not None
    PROMISE.given(*given, event).when(WarnAtRisk(warned.at_risk_at)).then(None)
    PROMISE.given(*given, event).when(WarnAtRisk(paris("13:00"))).then(None)


def test_a_promise_goes_round_a_circle_of_merges_once() -> None:
    handed = AdoptPromise(AT, TICKET, "ticket/crm-eu/9", EARLIER.certificate)
    event = DECIDER.decide(DECIDER.replay((MAILED, MERGED)), handed)
    assert isinstance(event, MergeNoted)
    assert (event.reason, event.into, event.through) == (NotChanged.ABSORBED, OTHER, (TICKET,))
    again = DECIDER.decide(DECIDER.replay((MAILED, MERGED)), replace(handed, through=(TICKET, OTHER)))
    assert isinstance(again, MergeNoted)
    assert (again.reason, again.into) == (NotChanged.OVER, None)


def test_a_merge_at_the_very_deadline_leaves_nothing_to_take_over() -> None:
    event = DECIDER.decide(DECIDER.replay((MAILED,)), merge(DUE))
    assert isinstance(event, CancellationNoted)
    assert (event.reason, event.into) == (NotChanged.OVER, OTHER)
