"""A refusal for want of cover that turns out to be wrong: an event says so, and the ticket opens from then on."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.tickets import (
    Channel,
    CoverRestated,
    RequestKind,
    RespondedBy,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from libs.plan import KnownTerm
from services.intake.domain import DECIDER, RefusedTicket
from services.intake.facts import TicketFacts
from services.intake.life import Ticket
from services.intake.reconsidering import ReconsiderOpening
from services.intake.restating import REASONS_OF_COVER, OpenRestated, RestateCover
from services.intake.ticket_rows import TICKET_ROWS, TicketRow
from tests.unit.intake.examples import (
    BY_WEB,
    CONTRACT,
    COVER,
    CUSTOMER,
    FACTS,
    HERE,
    JAPAN,
    JAPANESE_NUMBER,
    LATER,
    OPENED,
    PRODUCT,
    REFUSED,
    RESTS_ON,
    TUESDAY,
    held,
    note,
    reopen,
    reopened,
    resolved,
    response,
    term,
    withdraw,
)
from tests.unit.intake.test_ticket_life import refused
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
LAPSED = term(date(2025, 6, 1), date(2026, 5, 31))
RENEWED = replace(CONTRACT, sequence=4, number=2)
BEFORE = TicketFacts(CUSTOMER, (LAPSED,), PRODUCT)
AFTER = TicketFacts(CUSTOMER, (LAPSED, RENEWED), PRODUCT)
KNOWN = LATER - timedelta(hours=1)
ASKED: Any = DECIDER.decide(DECIDER.initial, replace(BY_WEB, facts=BEFORE))
RESTATED = CoverRestated(
    restated_at=KNOWN,
    opened_at=TUESDAY,
    reason=TicketRefusal.COVER_LAPSED,
    customer=CUSTOMER.stream,
    requester=REFUSED.requester,
    private=REFUSED.private,
    language="fr",
    channel=Channel.WEB,
    centre="france",
    cover=COVER,
    rests_on=(RESTS_ON[0], FactVersion(stream=CONTRACT.stream, sequence=4), RESTS_ON[2]),
)
OPENED_THEN = OPENED.model_copy(update={"opened_at": KNOWN, "rests_on": RESTATED.rests_on})
RESTATE, OPEN = RestateCover(KNOWN, AFTER), OpenRestated(KNOWN, AFTER)


def turned_away(by: RespondedBy) -> ResponseRefused:
    reason = ResponseRefusal.TICKET_REFUSED
    return ResponseRefused(responded_at=LATER, by=by, reason=reason, clause=Clause.NOT_COVERED)


ANSWERED = turned_away(RespondedBy.PERSON)
WITHDRAWN = refused(withdraw(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
NOTED = refused(note(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
WAITING: list[tuple[TicketEvent, ...]] = [(), (NOTED,), (turned_away(RespondedBy.AUTOMATIC),)]
DEALT_WITH: list[tuple[TicketEvent, ...]] = [(ANSWERED,), (WITHDRAWN,), (NOTED, WITHDRAWN)]


def row(*events: TicketEvent) -> TicketRow:
    found: TicketRow | None = None
    for number, event in enumerate(events, start=1):
        found = TICKET_ROWS.evolve(found, recorded_event(HERE, number, event))
    assert found is not None
    return found


@pytest.mark.parametrize("between", [*WAITING, *DEALT_WITH])
def test_k8_what_was_decided_stays_and_an_event_says_that_there_was_cover(between: tuple[TicketEvent, ...]) -> None:
    assert (ASKED.reason, ASKED.opened_at) == (TicketRefusal.COVER_LAPSED, TUESDAY)
    TICKET.given(ASKED, *between).when(RESTATE).then(RESTATED)
    TICKET.given(ASKED, *between, RESTATED).when(RESTATE).then(None)


@pytest.mark.parametrize("between", WAITING)
def test_then_the_ticket_opens_from_the_instant_at_which_that_is_known(between: tuple[TicketEvent, ...]) -> None:
    for past in ((*between, RESTATED), (RESTATED, *between)):
        TICKET.given(ASKED, *past).when(OPEN).then(OPENED_THEN)
        TICKET.given(ASKED, *past, OPENED_THEN).when(OPEN).then(None)
        found = row(ASKED, *past, OPENED_THEN)
        assert (found.state, found.opened_at, found.reason, found.restated_at) == ("open", KNOWN, None, None)


@pytest.mark.parametrize("between", DEALT_WITH)
def test_unless_somebody_has_answered_or_withdrawn_it(between: tuple[TicketEvent, ...]) -> None:
    for past in ((*between, RESTATED), (RESTATED, *between)):
        TICKET.given(ASKED, *past).when(OPEN).then(None)


@pytest.mark.parametrize("past", [(), (RESTATED,), (RESTATED, OPENED_THEN), (RESTATED, NOTED, OPENED_THEN)])
@pytest.mark.parametrize("between", [*WAITING, *DEALT_WITH])
def test_the_row_says_what_is_decided_on(between: tuple[TicketEvent, ...], past: tuple[TicketEvent, ...]) -> None:
    events = (ASKED, *between, *past)
    state, found = DECIDER.replay(events), row(*events)
    assert found.lacks_cover is (DECIDER.decide(state, RESTATE) is not None)
    assert (found.restated_at is not None) is (DECIDER.decide(state, OPEN) is not None)


@pytest.mark.parametrize("reason", TicketRefusal)
def test_only_what_a_later_term_may_take_away_is_restated(reason: TicketRefusal) -> None:
    refusal = ASKED.model_copy(update={"reason": reason})
    expected = RESTATED.model_copy(update={"reason": reason}) if reason in REASONS_OF_COVER else None
    TICKET.given(refusal).when(RESTATE).then(expected)
    assert row(refusal).lacks_cover is (reason in REASONS_OF_COVER)
    state = DECIDER.replay((refusal,))
    assert isinstance(state, RefusedTicket)
    assert (state.asked is None) is (reason not in {*REASONS_OF_COVER, TicketRefusal.UNKNOWN_CUSTOMER})


def test_a_product_that_was_published_after_the_request_is_covered_by_its_contract_all_the_same() -> None:
    nothing_of_it = TicketFacts(CUSTOMER)
    asked: Any = DECIDER.decide(DECIDER.initial, replace(BY_WEB, facts=nothing_of_it))
    assert asked.reason is TicketRefusal.UNKNOWN_PRODUCT
    restated = RESTATED.model_copy(update={"reason": TicketRefusal.UNKNOWN_PRODUCT})
    TICKET.given(asked).when(RESTATE).then(restated)
    TICKET.given(asked, restated).when(OPEN).then(OPENED_THEN)
    assert row(asked).lacks_cover


@pytest.mark.parametrize("terms", [(), (LAPSED,), (LAPSED, term(date(2026, 12, 1), date(2027, 11, 30), number="K-9"))])
def test_where_there_is_still_no_cover_nothing_is_said(terms: tuple[KnownTerm, ...]) -> None:
    TICKET.given(ASKED).when(RestateCover(KNOWN, replace(AFTER, terms=terms))).then(None)
    TICKET.given(ASKED).when(RestateCover(KNOWN, TicketFacts())).then(None)
    TICKET.given().when(RESTATE).then(None)
    TICKET.given(OPENED).when(RESTATE).then(None)


def test_under_cover_with_a_version_that_is_too_old_it_is_refused_for_that() -> None:
    old: Any = DECIDER.decide(DECIDER.initial, replace(BY_WEB, facts=BEFORE, version="2022.1"))
    event: Any = DECIDER.decide(DECIDER.replay((old,)), RESTATE)
    assert isinstance(event, TicketRefused)
    assert (event.reason, event.opened_at) == (TicketRefusal.VERSION_TOO_OLD, TUESDAY)
    TICKET.given(old, event).when(RESTATE).then(None)
    assert not row(old, event).lacks_cover


def test_the_clock_never_starts_before_the_request() -> None:
    event: Any = DECIDER.decide(DECIDER.replay((ASKED,)), RestateCover(TUESDAY - timedelta(seconds=9), AFTER))
    assert event.restated_at == TUESDAY


def test_a_version_that_was_outdated_meanwhile_is_marked_for_the_agent() -> None:
    newer = replace(
        AFTER,
        product=replace(
            PRODUCT,
            versions=PRODUCT.versions.model_copy(
                update={
                    "releases": tuple(
                        release.model_copy(update={"version": f"20{30 + number}.1"})
                        for number, release in enumerate(PRODUCT.versions.releases)
                    )
                }
            ),
        ),
    )
    event: Any = DECIDER.decide(DECIDER.replay((ASKED, RESTATED)), OpenRestated(KNOWN, newer))
    assert event == OPENED_THEN.model_copy(update={"version_unknown": True})


def test_messages_that_are_held_come_first() -> None:
    past: list[TicketEvent] = [held(LATER), ASKED]
    TICKET.given(*past).when(RESTATE).then(None)
    TICKET.given(*past, ANSWERED).when(RESTATE).then(RESTATED)
    TICKET.given(*past, ANSWERED, RESTATED).when(OPEN).then(None)


def test_the_number_that_was_dialled_names_the_centre_and_its_call_is_over() -> None:
    facts = replace(BEFORE, called=JAPAN)
    called = replace(BY_WEB, channel=Channel.PHONE, number_dialled=JAPANESE_NUMBER, facts=facts)
    asked: Any = DECIDER.decide(DECIDER.initial, called)
    known = replace(AFTER, called=JAPAN)
    restated: Any = DECIDER.decide(DECIDER.replay((asked,)), RestateCover(KNOWN, known))
    opened: Any = DECIDER.decide(DECIDER.replay((asked, restated)), OpenRestated(KNOWN, known))
    assert isinstance(opened, TicketOpened)
    assert (opened.centre, opened.number_dialled) == ("japan", JAPANESE_NUMBER)
    assert opened.rests_on[-1] == FactVersion(stream=JAPAN.stream, sequence=JAPAN.sequence)
    state = DECIDER.replay((asked, restated, opened))
    assert isinstance(state, Ticket)
    assert state.calls == ()


def test_an_answer_that_the_door_takes_before_the_opening_deals_with_it() -> None:
    past: tuple[TicketEvent, ...] = (ASKED, RESTATED)
    event = DECIDER.decide(DECIDER.replay(past), response(LATER))
    assert event == ANSWERED
    TICKET.given(*past, ANSWERED).when(OPEN).then(None)


def test_it_lives_on_as_any_other_and_is_reopened_under_the_cover_that_was_found() -> None:
    done: list[TicketEvent] = [ASKED, RESTATED, OPENED_THEN, resolved(LATER)]
    on = reopened(LATER).model_copy(update={"rests_on": RESTATED.rests_on[:2]})
    TICKET.given(*done).when(reopen(LATER, AFTER)).then(on)
    TICKET.given(*done).when(reopen(LATER, BEFORE)).then(
        refused(reopen(LATER), MessageRefusal.COVER_LAPSED, Clause.NOT_COVERED)
    )
    assert FACTS.terms == (CONTRACT,)


def test_who_was_unknown_and_then_without_a_contract_is_restated_like_any_other() -> None:
    nobody: Any = DECIDER.decide(DECIDER.initial, replace(BY_WEB, facts=TicketFacts()))
    none = replace(BEFORE, customer=replace(CUSTOMER, has_contract=False), terms=())
    again: Any = DECIDER.decide(DECIDER.replay((nobody,)), ReconsiderOpening(TUESDAY, none))
    assert again.reason is TicketRefusal.NO_CONTRACT
    TICKET.given(nobody, again).when(RESTATE).then(RESTATED.model_copy(update={"reason": TicketRefusal.NO_CONTRACT}))
    TICKET.given(nobody).when(RESTATE).then(None)


def test_professional_services_stay_refused() -> None:
    wanted: Any = DECIDER.decide(
        DECIDER.initial, replace(BY_WEB, facts=BEFORE, request_kind=RequestKind.PROFESSIONAL_SERVICE)
    )
    TICKET.given(wanted).when(RESTATE).then(None)
