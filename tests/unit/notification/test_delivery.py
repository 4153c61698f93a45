from datetime import datetime, timedelta

import pytest

from libs.messages.notices import (
    Cancellation,
    DeliveryProblem,
    NoticeCancelled,
    NoticeClass,
    NoticeDeferred,
    NoticeEvent,
    NoticeFailed,
    NoticeRequested,
    NoticeResendOrdered,
    NoticeSettled,
    Settlement,
)
from services.notification.domain import DECIDER, Command
from services.notification.notice.delivery import (
    GIVE_UP,
    AbandonClaim,
    RecordAmbiguous,
    RecordDeferred,
    RecordFailed,
    RecordSent,
    retry_at,
)
from services.notification.notice.state import Claim, State
from tests.unit.notification.stories import (
    FIRST,
    MACHINE,
    SECOND,
    SMTP_LIMIT,
    THIRD,
    TUESDAY,
    deferred,
    in_doubt,
    requested,
    sent,
    take,
    taken,
)
from tests.unit.support import Specification

A_TICK = timedelta(microseconds=1)
IN_A_MINUTE = TUESDAY + timedelta(minutes=1)
IN_TWO_DAYS = TUESDAY + timedelta(days=2)
ORDERED = NoticeResendOrdered(ordered_at=TUESDAY, by="agent-7")

Notices = Specification[State, Command, NoticeEvent]
notices: Notices = Specification(DECIDER)
given = notices.given


def abandon(claim: Claim, wall: datetime) -> AbandonClaim:
    return AbandonClaim(TUESDAY, claim, wall, SMTP_LIMIT)


def from_then_on(at: datetime) -> NoticeRequested:
    return requested().model_copy(update={"not_before": at})


def unreachable(claim: Claim, at: datetime = TUESDAY) -> RecordDeferred:
    return RecordDeferred(at, claim, DeliveryProblem.NO_CONNECTION)


# Who may hand it over


def test_one_process_takes_a_requested_notice_in_hand() -> None:
    given(requested()).when(take(FIRST)).then(taken(FIRST))


def test_a_second_sender_comes_too_late() -> None:
    given(requested(), taken(FIRST)).when(take(SECOND)).then(None)


def test_an_attempt_that_is_not_the_next_one_comes_to_nothing() -> None:
    given(requested()).when(take(SECOND)).then(None)


def test_what_nobody_asked_for_is_not_handed_over() -> None:
    given().when(take(FIRST)).then(None)


@pytest.mark.parametrize(
    "end",
    [
        (sent(FIRST),),
        (NoticeFailed(attempt=1, failed_at=TUESDAY, problem=DeliveryProblem.REFUSED),),
        (in_doubt(FIRST, will_resend=False),),
        (
            in_doubt(FIRST, will_resend=False),
            NoticeSettled(settled_at=TUESDAY, by="agent-7", settled_as=Settlement.NOT_SENT),
        ),
    ],
)
def test_what_has_come_to_its_end_is_not_handed_over_again(end: tuple[NoticeEvent, ...]) -> None:
    given(requested(), taken(FIRST), *end).when(take(SECOND)).then(None)


def test_a_deferred_notice_waits_for_its_time() -> None:
    waiting = given(requested(), taken(FIRST), deferred(FIRST, IN_A_MINUTE))
    waiting.when(take(SECOND, IN_A_MINUTE - A_TICK)).then(None)
    waiting.when(take(SECOND, IN_A_MINUTE)).then(taken(SECOND, IN_A_MINUTE))


def test_a_notice_that_is_not_to_leave_before_the_opening_waits_for_it() -> None:
    waiting = given(from_then_on(IN_TWO_DAYS))
    waiting.when(take(FIRST, IN_TWO_DAYS - A_TICK)).then(None)
    waiting.when(take(FIRST, IN_TWO_DAYS)).then(taken(FIRST, IN_TWO_DAYS))


def test_an_order_to_send_again_waits_for_no_opening() -> None:
    cancelled = NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.PERSON_ERASED)
    ordered = given(from_then_on(IN_TWO_DAYS), cancelled, ORDERED)
    ordered.when(take(FIRST)).then(taken(FIRST))


def test_it_is_given_up_a_day_after_the_first_attempt_however_long_it_waited_for_the_opening() -> None:
    trying = given(from_then_on(IN_TWO_DAYS), taken(FIRST, IN_TWO_DAYS))
    trying.when(unreachable(FIRST, IN_TWO_DAYS)).then(deferred(FIRST, IN_TWO_DAYS + timedelta(minutes=1), IN_TWO_DAYS))


def test_an_order_to_send_again_frees_the_notice() -> None:
    given(requested(), taken(FIRST), sent(FIRST), ORDERED).when(take(SECOND)).then(taken(SECOND))


# What came of it


def test_the_answer_of_the_mail_server_ends_the_attempt() -> None:
    given(requested(), taken(FIRST)).when(RecordSent(TUESDAY, FIRST, 250)).then(sent(FIRST))


def test_a_result_counts_only_for_its_own_attempt() -> None:
    in_hand = given(requested(), taken(FIRST), deferred(FIRST, TUESDAY), taken(SECOND))
    for result in (RecordSent(TUESDAY, FIRST, 250), unreachable(FIRST), RecordAmbiguous(TUESDAY, FIRST)):
        in_hand.when(result).then(None)


def test_a_result_counts_only_for_its_own_process() -> None:
    same_attempt = Claim(SECOND.process, FIRST.attempt)
    given(requested(), taken(FIRST)).when(RecordSent(TUESDAY, same_attempt, 250)).then(None)


def test_a_result_that_comes_twice_counts_once() -> None:
    given(requested(), taken(FIRST), sent(FIRST)).when(RecordSent(TUESDAY, FIRST, 250)).then(None)


def test_a_refusal_for_now_is_tried_again_in_a_minute() -> None:
    result = RecordDeferred(TUESDAY, FIRST, DeliveryProblem.REFUSED_FOR_NOW, 451, "4.7.1")
    given(requested(), taken(FIRST)).when(result).then(
        NoticeDeferred(
            attempt=1,
            deferred_at=TUESDAY,
            problem=DeliveryProblem.REFUSED_FOR_NOW,
            smtp_code=451,
            enhanced_code="4.7.1",
            retry_at=IN_A_MINUTE,
        )
    )


def test_a_refusal_for_good_ends_it() -> None:
    result = RecordFailed(TUESDAY, FIRST, DeliveryProblem.REFUSED, 550, "5.1.1")
    given(requested(), taken(FIRST)).when(result).then(
        NoticeFailed(
            attempt=1,
            failed_at=TUESDAY,
            problem=DeliveryProblem.REFUSED,
            smtp_code=550,
            enhanced_code="5.1.1",
        )
    )


# How long it is tried


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 60), (20, 60)])
def test_each_failure_waits_longer_up_to_an_hour(failures: int, minutes: int) -> None:
    assert retry_at(TUESDAY, failures, TUESDAY) == TUESDAY + timedelta(minutes=minutes)


def test_the_second_failure_waits_five_minutes() -> None:
    again = given(requested(), taken(FIRST), deferred(FIRST, IN_A_MINUTE), taken(SECOND, IN_A_MINUTE))
    again.when(unreachable(SECOND, IN_A_MINUTE)).then(deferred(SECOND, IN_A_MINUTE + timedelta(minutes=5), IN_A_MINUTE))


def test_it_is_given_up_where_the_next_attempt_would_be_later_than_a_day_after_the_first() -> None:
    last = TUESDAY + GIVE_UP - timedelta(minutes=5)
    again = given(requested(), taken(FIRST), deferred(FIRST, IN_A_MINUTE), taken(SECOND, last))
    again.when(unreachable(SECOND, last)).then(deferred(SECOND, TUESDAY + GIVE_UP, last))
    too_late = last + A_TICK
    again.when(unreachable(SECOND, too_late)).then(
        NoticeFailed(attempt=2, failed_at=too_late, problem=DeliveryProblem.TOO_MANY_ATTEMPTS)
    )


def test_a_notice_that_waited_two_days_for_its_first_attempt_is_still_tried_for_a_day() -> None:
    late = TUESDAY + timedelta(days=2)
    given(requested(), taken(FIRST, late)).when(unreachable(FIRST, late)).then(
        deferred(FIRST, late + timedelta(minutes=1), late)
    )


def test_an_order_to_send_again_begins_the_day_anew() -> None:
    late = TUESDAY + timedelta(days=3)
    failed = NoticeFailed(attempt=2, failed_at=TUESDAY, problem=DeliveryProblem.TOO_MANY_ATTEMPTS)
    tried = (requested(), taken(FIRST), deferred(FIRST, IN_A_MINUTE), taken(SECOND), failed)
    given(*tried, ORDERED, taken(THIRD, late)).when(unreachable(THIRD, late)).then(
        deferred(THIRD, late + timedelta(minutes=1), late)
    )


# When nobody knows


@pytest.mark.parametrize("notice_class", [NoticeClass.BREACH, NoticeClass.WARNING, NoticeClass.NO_PROMISE])
def test_news_for_a_centre_is_sent_once_more_when_its_delivery_is_in_doubt(notice_class: NoticeClass) -> None:
    story = given(requested(notice_class), taken(FIRST))
    story.when(RecordAmbiguous(TUESDAY, FIRST)).then(in_doubt(FIRST, will_resend=True))
    given(requested(notice_class), taken(FIRST), in_doubt(FIRST, will_resend=True)).when(take(SECOND)).then(
        taken(SECOND)
    )


@pytest.mark.parametrize(
    "notice_class",
    [NoticeClass.ACKNOWLEDGEMENT, NoticeClass.REFUSAL, NoticeClass.DEADLINE_MOVED, NoticeClass.LAPSE],
)
def test_news_for_a_customer_is_held_for_a_person_when_its_delivery_is_in_doubt(notice_class: NoticeClass) -> None:
    given(requested(notice_class), taken(FIRST)).when(RecordAmbiguous(TUESDAY, FIRST)).then(
        in_doubt(FIRST, will_resend=False)
    )


def test_a_second_doubt_waits_for_a_person_in_any_case() -> None:
    once = (requested(NoticeClass.BREACH), taken(FIRST), in_doubt(FIRST, will_resend=True), taken(SECOND))
    given(*once).when(RecordAmbiguous(TUESDAY, SECOND)).then(in_doubt(SECOND, will_resend=False))
    given(*once, deferred(SECOND, TUESDAY), taken(THIRD)).when(RecordAmbiguous(TUESDAY, THIRD)).then(
        in_doubt(THIRD, will_resend=False)
    )


def test_a_claim_without_a_result_is_given_up_once_the_time_of_the_mail_server_is_over() -> None:
    found = given(requested(), taken(FIRST))
    found.when(abandon(FIRST, MACHINE + SMTP_LIMIT - A_TICK)).then(None)
    found.when(abandon(FIRST, MACHINE + SMTP_LIMIT)).then(in_doubt(FIRST, will_resend=False))


def test_only_the_claim_that_was_found_is_given_up() -> None:
    given(requested(), taken(FIRST)).when(abandon(SECOND, MACHINE + SMTP_LIMIT)).then(None)
    given(requested(), taken(FIRST), sent(FIRST)).when(abandon(FIRST, MACHINE + SMTP_LIMIT)).then(None)


def test_the_answer_that_still_comes_settles_the_doubt() -> None:
    for will_resend in (True, False):
        doubtful = given(requested(), taken(FIRST), in_doubt(FIRST, will_resend=will_resend))
        doubtful.when(RecordSent(TUESDAY, FIRST, 250)).then(sent(FIRST))
        doubtful.when(unreachable(FIRST)).then(deferred(FIRST, IN_A_MINUTE))


def test_the_answer_of_a_first_attempt_comes_to_nothing_once_a_second_is_made() -> None:
    twice = given(requested(NoticeClass.BREACH), taken(FIRST), in_doubt(FIRST, will_resend=True), taken(SECOND))
    twice.when(RecordSent(TUESDAY, FIRST, 250)).then(None)


def test_a_doubt_is_noticed_once() -> None:
    doubtful = given(requested(), taken(FIRST), in_doubt(FIRST, will_resend=False))
    doubtful.when(RecordAmbiguous(TUESDAY, FIRST)).then(None)
    doubtful.when(abandon(FIRST, MACHINE + SMTP_LIMIT)).then(None)
