import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter

from libs.messages.notices import (
    Cancellation,
    DeliveryProblem,
    NoticeCancelled,
    NoticeClass,
    NoticeDeferred,
    NoticeEvent,
    NoticeFailed,
    NoticeHandingOver,
    NoticeOrderRefused,
    NoticeResendOrdered,
    NoticeSettled,
    OrderRefusal,
    Settlement,
)
from services.notification.domain import DECIDER, CancelNotice, Command
from services.notification.notice.delivery import (
    AbandonClaim,
    RecordAmbiguous,
    RecordDeferred,
    RecordFailed,
    RecordSent,
)
from services.notification.notice.orders import OrderResend, Settle
from services.notification.notice.state import Claim, State
from tests.unit.notification.stories import (
    FIRST,
    MACHINE,
    SECOND,
    SMTP_LIMIT,
    TUESDAY,
    deferred,
    in_doubt,
    request,
    requested,
    sent,
    take,
    taken,
)
from tests.unit.support import Specification

notices: Specification[State, Command, NoticeEvent] = Specification(DECIDER)
given = notices.given

AGENT = "agent-7"
GONE = CancelNotice(TUESDAY, Cancellation.PERSON_ERASED)
CANCELLED = NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.PERSON_ERASED)
FAILED = NoticeFailed(attempt=1, failed_at=TUESDAY, problem=DeliveryProblem.REFUSED)
ORDERED = NoticeResendOrdered(ordered_at=TUESDAY, by=AGENT)
SETTLED = NoticeSettled(settled_at=TUESDAY, by=AGENT, settled_as=Settlement.SENT)
SEND_AGAIN, IT_WAS_SENT = OrderResend(TUESDAY, AGENT), Settle(TUESDAY, AGENT, Settlement.SENT)

REQUESTED = (requested(),)
IN_HAND = (*REQUESTED, taken(FIRST))
WAITING = (*IN_HAND, deferred(FIRST, TUESDAY))
SENT = (*IN_HAND, sent(FIRST))
REFUSED = (*IN_HAND, FAILED)
HELD = (*IN_HAND, in_doubt(FIRST, will_resend=False))
TO_BE_SENT_ONCE_MORE = (requested(NoticeClass.BREACH), taken(FIRST), in_doubt(FIRST, will_resend=True))
ERASED = (*REQUESTED, CANCELLED)
UNTRUE = (*REQUESTED, NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.ANSWERED))
NOT_ONCE_MORE = (*TO_BE_SENT_ONCE_MORE, NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.RESTATED))
EXPLAINED = (*HELD, SETTLED)
EVERY_STATE = [
    (), REQUESTED, IN_HAND, WAITING, SENT, REFUSED, HELD, TO_BE_SENT_ONCE_MORE, ERASED, UNTRUE, NOT_ONCE_MORE,
    EXPLAINED, (*SENT, ORDERED),
]  # fmt: skip

Story = tuple[NoticeEvent, ...]


def refused(reason: OrderRefusal, by: str = AGENT) -> NoticeOrderRefused:
    return NoticeOrderRefused(refused_at=TUESDAY, by=by, reason=reason)


def test_a_request_is_the_beginning_of_a_notice() -> None:
    given().when(request()).then(requested())


def test_a_notice_that_somebody_asked_for_too_early_can_still_be_requested() -> None:
    given(refused(OrderRefusal.UNKNOWN_NOTICE)).when(request()).then(requested())


@pytest.mark.parametrize("story", EVERY_STATE[1:])
def test_a_notice_is_requested_once(story: Story) -> None:
    given(*story).when(request()).then(refused(OrderRefusal.ALREADY_REQUESTED, by="notification"))


@pytest.mark.parametrize("story", [REQUESTED, WAITING, TO_BE_SENT_ONCE_MORE, (*SENT, ORDERED)])
def test_nothing_more_is_sent_to_an_erased_person(story: Story) -> None:
    given(*story).when(GONE).then(CANCELLED)
    given(*story, CANCELLED).when(take(SECOND)).then(None)


@pytest.mark.parametrize("story", [(), IN_HAND, SENT, REFUSED, HELD, ERASED, EXPLAINED])
def test_what_is_not_to_be_sent_is_not_cancelled(story: Story) -> None:
    given(*story).when(GONE).then(None)


@pytest.mark.parametrize("story", [SENT, REFUSED, HELD, EXPLAINED])
def test_a_person_may_have_it_sent_again(story: Story) -> None:
    given(*story).when(SEND_AGAIN).then(ORDERED)


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        ((), OrderRefusal.UNKNOWN_NOTICE),
        (IN_HAND, OrderRefusal.BEING_SENT),
        (REQUESTED, OrderRefusal.STILL_TO_BE_SENT),
        (WAITING, OrderRefusal.STILL_TO_BE_SENT),
        (TO_BE_SENT_ONCE_MORE, OrderRefusal.STILL_TO_BE_SENT),
        ((*SENT, ORDERED), OrderRefusal.STILL_TO_BE_SENT),
        (ERASED, OrderRefusal.PERSON_ERASED),
        (UNTRUE, OrderRefusal.NO_LONGER_TRUE),
        (NOT_ONCE_MORE, OrderRefusal.NO_LONGER_TRUE),
    ],
)
def test_it_is_not_sent_again_where_that_makes_no_sense(story: Story, reason: OrderRefusal) -> None:
    given(*story).when(SEND_AGAIN).then(refused(reason))


@pytest.mark.parametrize("story", [SENT, REFUSED, HELD, EXPLAINED])
def test_nothing_is_sent_again_to_an_erased_person(story: Story) -> None:
    order = OrderResend(TUESDAY, AGENT, Cancellation.PERSON_ERASED)
    given(*story).when(order).then(refused(OrderRefusal.PERSON_ERASED))


@pytest.mark.parametrize("cause", [cause for cause in Cancellation if cause is not Cancellation.PERSON_ERASED])
@pytest.mark.parametrize("story", [SENT, REFUSED, HELD, EXPLAINED])
def test_what_has_become_untrue_is_not_sent_again(story: Story, cause: Cancellation) -> None:
    given(*story).when(OrderResend(TUESDAY, AGENT, cause)).then(refused(OrderRefusal.NO_LONGER_TRUE))


@pytest.mark.parametrize("cause", Cancellation)
@pytest.mark.parametrize("story", [IN_HAND, SENT, REFUSED])
def test_what_is_in_hand_or_has_its_end_is_not_cancelled(story: Story, cause: Cancellation) -> None:
    given(*story).when(CancelNotice(TUESDAY, cause)).then(None)


@pytest.mark.parametrize("result", [deferred(FIRST, TUESDAY), in_doubt(FIRST, will_resend=True)])
def test_a_claim_that_comes_to_nothing_is_not_followed_by_another_where_the_notice_is_untrue(
    result: NoticeEvent,
) -> None:
    cancelled = NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.RESTATED)
    story = (requested(NoticeClass.BREACH), taken(FIRST), result)
    given(*story).when(CancelNotice(TUESDAY, Cancellation.RESTATED)).then(cancelled)
    given(*story, cancelled).when(take(SECOND)).then(None)


def test_that_the_mail_had_gone_counts_after_a_cancellation_too_and_nothing_else_does() -> None:
    given(*NOT_ONCE_MORE).when(RecordSent(TUESDAY, FIRST, 250)).then(sent(FIRST))
    given(*NOT_ONCE_MORE).when(RecordSent(TUESDAY, SECOND, 250)).then(None)
    given(*NOT_ONCE_MORE).when(RecordDeferred(TUESDAY, FIRST, DeliveryProblem.TIMEOUT)).then(None)
    given(*NOT_ONCE_MORE, sent(FIRST)).when(RecordSent(TUESDAY, FIRST, 250)).then(None)
    given(*UNTRUE).when(RecordSent(TUESDAY, FIRST, 250)).then(None)


@pytest.mark.parametrize("story", [HELD, TO_BE_SENT_ONCE_MORE])
def test_a_person_says_what_became_of_a_delivery_in_doubt(story: Story) -> None:
    given(*story).when(IT_WAS_SENT).then(SETTLED)
    given(*story, SETTLED).when(take(SECOND)).then(None)


@pytest.mark.parametrize("story", [REQUESTED, IN_HAND, WAITING, SENT, REFUSED, ERASED, EXPLAINED, (*SENT, ORDERED)])
def test_there_is_nothing_to_settle_where_nothing_is_in_doubt(story: Story) -> None:
    given(*story).when(IT_WAS_SENT).then(refused(OrderRefusal.NOT_AMBIGUOUS))


def test_what_nobody_asked_for_can_not_be_settled() -> None:
    given().when(IT_WAS_SENT).then(refused(OrderRefusal.UNKNOWN_NOTICE))


@pytest.mark.parametrize("story", EVERY_STATE)
def test_a_refused_order_changes_nothing(story: Story) -> None:
    assert DECIDER.replay((*story, refused(OrderRefusal.UNKNOWN_NOTICE))) == DECIDER.replay(story)


@pytest.mark.parametrize("story", EVERY_STATE)
def test_every_state_can_be_stored(story: Story) -> None:
    states: TypeAdapter[State] = TypeAdapter(State)
    state = DECIDER.replay(story)
    assert states.validate_json(states.dump_json(state)) == state


claims = st.builds(Claim, st.sampled_from([FIRST.process, SECOND.process]), st.integers(1, 3))
instants = st.timedeltas(SMTP_LIMIT * 0, SMTP_LIMIT * 400).map(lambda later: TUESDAY + later)
walls = st.timedeltas(SMTP_LIMIT * 0, SMTP_LIMIT * 2).map(lambda later: MACHINE + later)
commands: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([NoticeClass.BREACH, NoticeClass.ACKNOWLEDGEMENT]).map(request),
    st.builds(lambda at, claim: take(claim, at), instants, claims),
    st.builds(RecordSent, instants, claims, st.just(250)),
    st.builds(RecordDeferred, instants, claims, st.just(DeliveryProblem.TIMEOUT)),
    st.builds(RecordFailed, instants, claims, st.just(DeliveryProblem.REFUSED)),
    st.builds(RecordAmbiguous, instants, claims),
    st.builds(AbandonClaim, instants, claims, walls, st.just(SMTP_LIMIT)),
    st.builds(CancelNotice, instants, st.sampled_from(Cancellation)),
    st.builds(OrderResend, instants, st.just(AGENT), st.none() | st.sampled_from(Cancellation)),
    st.builds(Settle, instants, st.just(AGENT), st.sampled_from(Settlement)),
)


@for_all(st.lists(commands, max_size=30))
def test_whatever_is_said_in_whatever_order_at_most_two_deliveries_may_arrive_unordered(said: list[Command]) -> None:
    story: list[NoticeEvent] = []
    for command in said:
        event = DECIDER.decide(DECIDER.replay(story), command)
        if event is not None:
            story.append(event)
    attempts = [event.attempt for event in story if isinstance(event, NoticeHandingOver)]
    not_accepted = {event.attempt for event in story if isinstance(event, NoticeDeferred | NoticeFailed)}
    orders = sum(isinstance(event, NoticeResendOrdered) for event in story)
    assert attempts == list(range(1, len(attempts) + 1))
    assert len(set(attempts) - not_accepted) <= 2 + orders
