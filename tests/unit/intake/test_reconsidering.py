"""A ticket that was refused for want of its customer is judged once more when somebody has registered it."""

from dataclasses import replace
from typing import Any

import pytest

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.tickets import Channel, RespondedBy, ResponseRefused, TicketEvent, TicketOpened, TicketRefused
from services.intake.domain import DECIDER, ApplyHeld, RefusedTicket
from services.intake.facts import TicketFacts
from services.intake.life import Ticket
from services.intake.reconsidering import ReconsiderOpening, lacks_customer
from services.intake.ticket_rows import TICKET_ROWS, TicketRow
from tests.unit.intake.examples import (
    BY_WEB,
    CUSTOMER,
    FACTS,
    HERE,
    JAPAN,
    JAPANESE_NUMBER,
    LATER,
    OPENED,
    REFUSED,
    TUESDAY,
    UNKNOWN,
    held,
    note,
    noted,
    reopen,
    resolved,
    response,
    withdraw,
)
from tests.unit.intake.test_ticket_life import refused
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
AGAIN = ReconsiderOpening(TUESDAY, FACTS)
OLD = replace(FACTS, terms=())


def turned_away(by: RespondedBy) -> ResponseRefused:
    reason = ResponseRefusal.TICKET_REFUSED
    return ResponseRefused(responded_at=LATER, by=by, reason=reason, clause=Clause.NOT_COVERED)


WITHDRAWN = refused(withdraw(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
NOTED = refused(note(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
NO_CONTRACT = REFUSED.model_copy(update={"reason": TicketRefusal.NO_CONTRACT})
WAITING: list[tuple[TicketEvent, ...]] = [(), (NOTED,), (turned_away(RespondedBy.AUTOMATIC),)]
OVER: list[tuple[TicketEvent, ...]] = [
    (turned_away(RespondedBy.PERSON),),
    (turned_away(RespondedBy.PERSON).model_copy(update={"by": None}),),
    (WITHDRAWN,),
    (NOTED, WITHDRAWN),
    (OPENED,),
    (OPENED, resolved(LATER)),
    (NO_CONTRACT,),
]


def row(*events: TicketEvent) -> TicketRow:
    found: TicketRow | None = None
    for number, event in enumerate(events, start=1):
        found = TICKET_ROWS.evolve(found, recorded_event(HERE, number, event))
    assert found is not None
    return found


def test_a_ticket_that_waits_for_its_customer_is_what_it_would_have_been() -> None:
    assert DECIDER.decide(DECIDER.initial, UNKNOWN) == REFUSED
    for waiting in WAITING:
        TICKET.given(REFUSED, *waiting).when(AGAIN).then(OPENED)


def test_the_number_that_was_dialled_names_the_centre_all_the_same() -> None:
    called = replace(BY_WEB, channel=Channel.PHONE, number_dialled=JAPANESE_NUMBER, facts=TicketFacts(called=JAPAN))
    asked: Any = DECIDER.decide(DECIDER.initial, called)
    assert (asked.reason, asked.number_dialled) == (TicketRefusal.UNKNOWN_CUSTOMER, JAPANESE_NUMBER)
    facts = replace(FACTS, called=JAPAN)
    event: Any = DECIDER.decide(DECIDER.replay((asked,)), ReconsiderOpening(TUESDAY, facts))
    assert isinstance(event, TicketOpened)
    assert event == DECIDER.decide(DECIDER.initial, replace(called, facts=facts))
    assert event.centre == "japan"


@pytest.mark.parametrize("after", OVER)
def test_what_was_answered_withdrawn_or_judged_otherwise_is_left_alone(after: tuple[TicketEvent, ...]) -> None:
    TICKET.given(REFUSED, *after).when(AGAIN).then(None)
    TICKET.given().when(AGAIN).then(None)


@pytest.mark.parametrize("after", [*WAITING, *OVER])
def test_the_row_says_what_is_decided_on(after: tuple[TicketEvent, ...]) -> None:
    state = DECIDER.replay((REFUSED, *after))
    waits = (
        isinstance(state, RefusedTicket)
        and state.asked is not None
        and not state.dealt_with
        and lacks_customer(state.asked)
    )
    assert row(REFUSED, *after).lacks_customer is waits


def test_it_is_judged_again_once_for_what_is_known_then() -> None:
    event: Any = DECIDER.decide(DECIDER.replay((REFUSED,)), ReconsiderOpening(TUESDAY, OLD))
    assert isinstance(event, TicketRefused)
    assert event.reason is TicketRefusal.PRODUCT_NOT_COVERED
    TICKET.given(REFUSED, event).when(AGAIN).then(None)
    assert not row(REFUSED, event).lacks_customer
    TICKET.given(REFUSED).when(ReconsiderOpening(TUESDAY, TicketFacts())).then(None)


def test_messages_that_are_held_come_first() -> None:
    TICKET.given(held(LATER), REFUSED).when(AGAIN).then(None)
    applied = turned_away(RespondedBy.AUTOMATIC)
    TICKET.given(held(LATER), REFUSED, applied).when(AGAIN).then(OPENED)


def test_an_opened_ticket_lives_on_and_counts_its_held_messages_from_there() -> None:
    past: list[TicketEvent] = [note(LATER).message, REFUSED, NOTED, OPENED]
    state = DECIDER.replay(past)
    assert isinstance(state, Ticket)
    assert (state.applied, state.customer) == (1, CUSTOMER.stream)
    behind = reopen(LATER, TicketFacts()).message
    TICKET.given(*past, resolved(LATER)).when(reopen(LATER, TicketFacts())).then(behind)
    TICKET.given(*past, note(LATER).message).when(ApplyHeld(LATER, 2)).then(noted(LATER))
    opened = row(*past)
    assert (opened.state, opened.reason, opened.contract) == ("open", None, OPENED.cover.contract)
    assert DECIDER.decide(state, response(LATER)) is not None
    assert FactVersion(stream=CUSTOMER.stream, sequence=1) in OPENED.rests_on
