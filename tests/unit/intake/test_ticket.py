"""The life of a ticket at intake: given what happened, when one command comes, then exactly one event."""

from dataclasses import replace

import pytest

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.refusals import Contact, MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.tickets import (
    CentreReason,
    Channel,
    MessageHeld,
    MessageRefused,
    RespondedBy,
    ResponseRefused,
    TicketEvent,
)
from libs.messages.upstream import NoteAdded, ResponseGiven, upstream_type
from services.intake.domain import DECIDER, HELD_AT_MOST, ApplyHeld, Owed, owed
from services.intake.facts import TicketFacts
from tests.unit.intake.examples import (
    BY_WEB,
    CALLED_JAPAN,
    CUSTOMER,
    FRENCH_NUMBER,
    JAPANESE_NUMBER,
    LATER,
    MICROSECOND,
    OPENED,
    REFUSED,
    RESTS_ON,
    TICKET_SUBMITTED,
    TUESDAY,
    UNKNOWN,
    held,
    recorded,
    response,
)
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
RESPONSE_GIVEN = upstream_type(ResponseGiven)


def turned_away(kind: str, reason: MessageRefusal) -> MessageRefused:
    return MessageRefused(upstream_type=kind, said_at=TUESDAY, reason=reason)


def test_a_ticket_under_cover_is_opened_at_the_home_centre() -> None:
    TICKET.given().when(BY_WEB).then(OPENED)


def test_a4_a_call_to_another_centre_is_bound_by_that_centre() -> None:
    TICKET.given().when(CALLED_JAPAN).then(
        OPENED.model_copy(
            update={
                "channel": Channel.PHONE,
                "centre": "japan",
                "centre_reason": CentreReason.NUMBER_DIALLED,
                "number_dialled": JAPANESE_NUMBER,
                "rests_on": (*RESTS_ON, FactVersion(stream="calendar/plan/japan", sequence=2)),
            }
        )
    )


def test_a_number_that_is_not_of_the_plan_decides_nothing_and_is_left_out() -> None:
    call = replace(BY_WEB, channel=Channel.PHONE, number_dialled=FRENCH_NUMBER)
    TICKET.given().when(call).then(OPENED.model_copy(update={"channel": Channel.PHONE}))


def test_a_number_said_with_a_web_ticket_does_not_move_it() -> None:
    TICKET.given().when(replace(CALLED_JAPAN, channel=Channel.WEB)).then(
        OPENED.model_copy(update={"number_dialled": JAPANESE_NUMBER})
    )


def test_without_cover_the_refusal_says_why_and_whom_to_contact() -> None:
    TICKET.given().when(UNKNOWN).then(REFUSED)


def test_a_refused_customer_of_ours_has_a_regional_team() -> None:
    customer = replace(CUSTOMER, has_contract=False, reseller="revendeur-7")
    TICKET.given().when(replace(BY_WEB, facts=TicketFacts(customer))).then(
        REFUSED.model_copy(
            update={
                "reason": TicketRefusal.NO_CONTRACT,
                "contact": Contact.RESELLER,
                "centre": "france",
                "rests_on": RESTS_ON[:1],
            }
        )
    )


def test_k14_a_hundred_tickets_are_as_good_as_one() -> None:
    for _ in range(100):
        TICKET.given().when(BY_WEB).then(OPENED)


def test_the_same_ticket_submitted_under_another_name_changes_nothing() -> None:
    TICKET.given(OPENED).when(BY_WEB).then(turned_away(TICKET_SUBMITTED, MessageRefusal.ALREADY_OPEN))
    TICKET.given(REFUSED).when(BY_WEB).then(turned_away(TICKET_SUBMITTED, MessageRefusal.ALREADY_REFUSED))


def test_a_message_that_an_older_version_refused_does_not_stand_in_the_way_of_the_ticket() -> None:
    TICKET.given(turned_away(upstream_type(NoteAdded), MessageRefusal.NOT_TAKEN_YET)).when(BY_WEB).then(OPENED)


def test_a_held_message_of_a_kind_that_came_later_is_passed_over() -> None:
    later = MessageHeld(upstream_type="olcare.upstream.TicketSung.v1", said_at=LATER)
    assert owed(DECIDER.replay([later, held(LATER), OPENED])) == (Owed("apply-held-1", ApplyHeld(LATER, 1)),)


def test_nobody_can_know_what_is_still_to_come() -> None:
    in_time, too_early = replace(BY_WEB, not_after=TUESDAY), replace(BY_WEB, not_after=TUESDAY - MICROSECOND)
    TICKET.given().when(in_time).then(OPENED)
    TICKET.given().when(too_early).then(turned_away(TICKET_SUBMITTED, MessageRefusal.TIME_IN_FUTURE))
    answered = replace(response(TUESDAY), not_after=TUESDAY - MICROSECOND)
    TICKET.given(OPENED).when(answered).then(turned_away(RESPONSE_GIVEN, MessageRefusal.TIME_IN_FUTURE))


def test_a_ticket_said_too_early_can_be_said_again() -> None:
    TICKET.given(turned_away(TICKET_SUBMITTED, MessageRefusal.TIME_IN_FUTURE)).when(BY_WEB).then(OPENED)


def test_an_answer_is_recorded_at_the_instant_of_the_opening_and_not_before() -> None:
    TICKET.given(OPENED).when(response(TUESDAY)).then(recorded(TUESDAY))
    TICKET.given(OPENED).when(response(TUESDAY - MICROSECOND)).then(
        ResponseRefused(
            responded_at=TUESDAY - MICROSECOND, by=RespondedBy.PERSON, reason=ResponseRefusal.BEFORE_OPENING
        )
    )


def test_l14_an_automatic_receipt_is_recorded_as_what_it_is() -> None:
    TICKET.given(OPENED).when(response(LATER, RespondedBy.AUTOMATIC)).then(recorded(LATER, RespondedBy.AUTOMATIC))


def test_an_answer_to_a_refused_ticket_quotes_the_clause_of_the_refusal() -> None:
    TICKET.given(REFUSED).when(response(LATER)).then(
        ResponseRefused(
            responded_at=LATER, by=RespondedBy.PERSON, reason=ResponseRefusal.TICKET_REFUSED, clause=Clause.NOT_COVERED
        )
    )


def test_an_answer_before_its_ticket_is_held() -> None:
    TICKET.given().when(response(LATER)).then(held(LATER))


def test_a_ticket_is_opened_over_what_was_held() -> None:
    TICKET.given(held(LATER)).when(BY_WEB).then(OPENED)


def test_nothing_is_owed_before_the_ticket_is_there() -> None:
    assert owed(DECIDER.replay([held(LATER)])) == ()


def test_what_was_held_is_owed_in_order_until_it_is_applied() -> None:
    history: list[TicketEvent] = [held(LATER), held(TUESDAY), OPENED]
    first, second = Owed("apply-held-1", ApplyHeld(LATER, 1)), Owed("apply-held-2", ApplyHeld(TUESDAY, 2))
    assert owed(DECIDER.replay(history)) == (first, second)
    assert owed(DECIDER.replay([*history, recorded(LATER)])) == (second,)
    assert owed(DECIDER.replay([*history, recorded(LATER), recorded(TUESDAY)])) == ()


def test_what_was_held_becomes_the_ordinary_event() -> None:
    TICKET.given(held(LATER), OPENED).when(ApplyHeld(LATER, 1)).then(recorded(LATER))


def test_what_was_held_for_a_refused_ticket_is_refused() -> None:
    TICKET.given(held(LATER), REFUSED).when(ApplyHeld(LATER, 1)).then(
        ResponseRefused(
            responded_at=LATER, by=RespondedBy.PERSON, reason=ResponseRefusal.TICKET_REFUSED, clause=Clause.NOT_COVERED
        )
    )


@pytest.mark.parametrize(
    "past", [(), (held(LATER),), (OPENED,), (held(LATER), held(LATER), OPENED), (held(LATER), OPENED, recorded(LATER))]
)
def test_what_is_not_owed_now_comes_to_nothing(past: tuple[TicketEvent, ...]) -> None:
    TICKET.given(*past).when(ApplyHeld(LATER, 2)).then(None)


def test_a_new_answer_waits_behind_the_held_ones() -> None:
    """Else a late answer could reach the promise before one that was in time."""
    TICKET.given(held(TUESDAY), OPENED).when(response(LATER)).then(held(LATER))
    TICKET.given(held(TUESDAY), OPENED, recorded(TUESDAY)).when(response(LATER)).then(recorded(LATER))


def test_a_ticket_that_never_comes_does_not_pile_up_answers() -> None:
    pile = [held(LATER)] * HELD_AT_MOST
    refused = ResponseRefused(responded_at=LATER, by=RespondedBy.PERSON, reason=ResponseRefusal.TOO_MANY_HELD)
    TICKET.given(*pile[1:]).when(response(LATER)).then(held(LATER))
    TICKET.given(*pile).when(response(LATER)).then(refused)
    assert DECIDER.replay([*pile, OPENED, refused]) == DECIDER.replay([*pile, OPENED])
