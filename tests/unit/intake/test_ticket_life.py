"""What is said about a ticket after its opening: each rule at its boundary, one event each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from libs.messages import upstream
from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.plan import ProductRelease, Status
from libs.messages.refusals import MessageRefusal
from libs.messages.tickets import MergeUndone, MessageRefused, TicketEvent
from services.intake.domain import DECIDER, HELD_AT_MOST, ApplyHeld, ApplyMerge, Owed, TakeMessage, UndoMerge, owed
from services.intake.facts import FactsNeeded, KnownTicket, TicketFacts
from tests.unit.intake.examples import (
    BY_WEB,
    CONTRACT,
    CUSTOMER,
    FACTS,
    HERE,
    LATER,
    MICROSECOND,
    NOW,
    OPENED,
    PRODUCT,
    REFUSED,
    SURVIVOR,
    THERE,
    TUESDAY,
    call,
    called,
    held,
    merge,
    merged,
    note,
    noted,
    pause,
    paused,
    recorded,
    reopen,
    reopened,
    resolve,
    resolved,
    response,
    resume,
    resumed,
    transfer,
    transferred,
    withdraw,
    withdrawn,
)
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
ON_SURVIVOR = merged(LATER).model_copy(update={"rests_on": (FactVersion(stream=THERE, sequence=3),)})
WAITING = merge(LATER).message.model_copy(update={"awaits": THERE})
RELEASES = tuple(
    ProductRelease(version=f"{year}.1", released_on=date(2026, 12, year - 2020), status=Status.ASSUMPTION)
    for year in range(2021, 2029)
)
MANY_RELEASES = replace(PRODUCT, versions=PRODUCT.versions.model_copy(update={"releases": RELEASES}))
Said = Callable[[datetime], TakeMessage]
MOVING: list[Said] = [transfer, merge, pause, resume, reopen, resolve, withdraw]
MANY: list[Said] = [call, note, *MOVING]


def refused(command: TakeMessage, reason: MessageRefusal, clause: Clause | None = None) -> MessageRefused:
    kind, at = command.message.upstream_type, command.occurred_at
    return MessageRefused(upstream_type=kind, said_at=at, reason=reason, clause=clause)


@pytest.mark.parametrize("said", MANY)
def test_what_comes_before_its_ticket_is_held(said: Said) -> None:
    TICKET.given().when(said(LATER)).then(said(LATER).message)


@pytest.mark.parametrize("said", MANY)
def test_on_a_refused_ticket_all_is_refused_with_its_clause(said: Said) -> None:
    expected = refused(said(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
    TICKET.given(REFUSED).when(said(LATER)).then(expected)
    TICKET.given(said(LATER).message, REFUSED).when(ApplyHeld(LATER, 1)).then(expected)


@pytest.mark.parametrize("said", MANY)
def test_nothing_is_about_an_instant_before_the_opening(said: Said) -> None:
    early = said(TUESDAY - MICROSECOND)
    TICKET.given(OPENED).when(early).then(refused(early, MessageRefusal.BEFORE_OPENING))
    TICKET.given(early.message, OPENED).when(ApplyHeld(LATER, 1)).then(refused(early, MessageRefusal.BEFORE_OPENING))


@pytest.mark.parametrize("said", [response, *MANY])
@pytest.mark.parametrize("past", [(), (OPENED,), (REFUSED,), (OPENED, withdrawn(TUESDAY))])
def test_nothing_is_about_an_instant_that_is_still_to_come(said: Said, past: tuple[TicketEvent, ...]) -> None:
    early = replace(said(LATER), not_after=LATER - MICROSECOND)
    TICKET.given(*past).when(early).then(refused(early, MessageRefusal.TIME_IN_FUTURE))


@pytest.mark.parametrize("said", [response, *MANY])
def test_a_message_waits_behind_those_that_are_held(said: Said) -> None:
    TICKET.given(held(TUESDAY), OPENED).when(said(LATER)).then(said(LATER).message)


@pytest.mark.parametrize("said", MANY)
def test_what_is_held_is_limited_for_all_kinds_together(said: Said) -> None:
    pile: list[TicketEvent] = [held(LATER), *[note(LATER).message] * (HELD_AT_MOST - 1)]
    TICKET.given(*pile[1:]).when(said(LATER)).then(said(LATER).message)
    over = refused(said(LATER), MessageRefusal.TOO_MANY_HELD)
    TICKET.given(*pile).when(said(LATER)).then(over)
    assert DECIDER.replay([*pile, OPENED, over]) == DECIDER.replay([*pile, OPENED])


@pytest.mark.parametrize(("said", "event"), [(response, recorded), (call, called), (note, noted)])
def test_what_was_said_before_the_merge_is_said_of_the_ticket_alone(
    said: Said, event: Callable[..., TicketEvent]
) -> None:
    TICKET.given(OPENED, merged(LATER)).when(said(LATER)).then(event(LATER))
    late = LATER + MICROSECOND
    survivor = event(late).model_copy(update={"merged_into": THERE})
    TICKET.given(OPENED, merged(LATER)).when(said(late)).then(survivor)


@pytest.mark.parametrize(
    ("past", "into"),
    [
        ((), None),
        ((resolved(TUESDAY),), None),
        ((withdrawn(TUESDAY),), None),
        ((merged(TUESDAY),), THERE),
        ((merged(TUESDAY), MergeUndone(undone_at=TUESDAY, into=THERE)), None),
    ],
)
def test_answers_calls_and_notes_are_recorded_in_every_state_and_name_the_survivor(
    past: tuple[TicketEvent, ...], into: str | None
) -> None:
    of_survivor = {"merged_into": into}
    TICKET.given(OPENED, *past).when(response(LATER)).then(recorded(LATER).model_copy(update=of_survivor))
    TICKET.given(OPENED, *past).when(call(LATER)).then(called(LATER).model_copy(update=of_survivor))
    TICKET.given(OPENED, *past).when(note(LATER)).then(noted(LATER).model_copy(update=of_survivor))


@pytest.mark.parametrize("said", MOVING)
def test_a_withdrawn_ticket_goes_nowhere(said: Said) -> None:
    expected = refused(said(LATER), MessageRefusal.TICKET_WITHDRAWN)
    TICKET.given(OPENED, withdrawn(TUESDAY)).when(said(LATER)).then(expected)


@pytest.mark.parametrize("said", MOVING)
def test_an_absorbed_ticket_goes_nowhere(said: Said) -> None:
    expected = refused(said(LATER), MessageRefusal.TICKET_MERGED)
    TICKET.given(OPENED, merged(TUESDAY)).when(said(LATER)).then(expected)


def test_l06_a_transfer_says_from_where_to_where() -> None:
    TICKET.given(OPENED).when(transfer(LATER)).then(transferred(LATER))
    TICKET.given(OPENED, resolved(TUESDAY)).when(transfer(LATER)).then(transferred(LATER))


def test_a_ticket_is_not_transferred_to_where_it_is() -> None:
    there = refused(transfer(LATER), MessageRefusal.ALREADY_THERE)
    TICKET.given(OPENED, transferred(TUESDAY)).when(transfer(LATER)).then(there)
    back = transferred(LATER, "americas", "france")
    TICKET.given(OPENED, transferred(TUESDAY)).when(transfer(LATER, "france")).then(back)


def test_a_ticket_is_not_transferred_to_a_centre_that_nobody_published() -> None:
    nowhere = replace(transfer(LATER, "atlantis"), facts=TicketFacts())
    TICKET.given(OPENED).when(nowhere).then(refused(nowhere, MessageRefusal.UNKNOWN_CENTRE))


def test_a_ticket_is_resolved_once() -> None:
    TICKET.given(OPENED).when(resolve(TUESDAY)).then(resolved(TUESDAY))
    again = refused(resolve(LATER), MessageRefusal.ALREADY_RESOLVED)
    TICKET.given(OPENED, resolved(TUESDAY)).when(resolve(LATER)).then(again)
    TICKET.given(OPENED, resolved(TUESDAY), reopened(TUESDAY)).when(resolve(LATER)).then(resolved(LATER))


def test_an_open_ticket_waits_for_the_customer_until_it_is_said_that_it_does_no_longer() -> None:
    TICKET.given(OPENED).when(pause(TUESDAY)).then(paused(TUESDAY))
    TICKET.given(OPENED, paused(TUESDAY)).when(resume(LATER)).then(resumed(LATER))
    TICKET.given(OPENED, paused(TUESDAY), resumed(TUESDAY)).when(pause(LATER)).then(paused(LATER))


def test_a_ticket_that_waits_is_not_paused_again() -> None:
    again = refused(pause(LATER), MessageRefusal.ALREADY_PAUSED)
    TICKET.given(OPENED, paused(TUESDAY)).when(pause(LATER)).then(again)
    TICKET.given(OPENED, paused(TUESDAY), again).when(resume(LATER)).then(resumed(LATER))


@pytest.mark.parametrize("past", [(), (resolved(TUESDAY),), (paused(TUESDAY), resumed(TUESDAY))])
def test_only_a_ticket_that_waits_is_resumed(past: tuple[TicketEvent, ...]) -> None:
    TICKET.given(OPENED, *past).when(resume(LATER)).then(refused(resume(LATER), MessageRefusal.NOT_PAUSED))


def test_a_resolution_ends_the_waiting_and_a_resolved_ticket_does_not_wait() -> None:
    done: list[TicketEvent] = [OPENED, paused(TUESDAY), resolved(TUESDAY)]
    TICKET.given(*done).when(pause(LATER)).then(refused(pause(LATER), MessageRefusal.ALREADY_RESOLVED))
    TICKET.given(*done, reopened(TUESDAY)).when(resume(LATER)).then(refused(resume(LATER), MessageRefusal.NOT_PAUSED))


@pytest.mark.parametrize("said", [call, note, response])
def test_nothing_that_is_said_besides_resumes_a_ticket(said: Said) -> None:
    history: list[TicketEvent] = [OPENED, paused(TUESDAY)]
    event = DECIDER.decide(DECIDER.replay(history), said(LATER))
    assert event
    TICKET.given(*history, event).when(resume(LATER)).then(resumed(LATER))


def test_only_a_resolved_ticket_is_reopened() -> None:
    TICKET.given(OPENED, resolved(TUESDAY)).when(reopen(LATER)).then(reopened(LATER))
    open_already = refused(reopen(LATER), MessageRefusal.NOT_RESOLVED)
    TICKET.given(OPENED).when(reopen(LATER)).then(open_already)
    TICKET.given(OPENED, resolved(TUESDAY), reopened(TUESDAY)).when(reopen(LATER)).then(open_already)


def test_a28_reopening_needs_cover_at_its_own_instant() -> None:
    ends = CONTRACT.covered_until
    TICKET.given(OPENED, resolved(TUESDAY)).when(reopen(ends - MICROSECOND)).then(reopened(ends - MICROSECOND))
    lapsed = refused(reopen(ends), MessageRefusal.COVER_LAPSED, Clause.NOT_COVERED)
    TICKET.given(OPENED, resolved(TUESDAY)).when(reopen(ends)).then(lapsed)


def test_reopening_without_any_contract_is_refused_like_an_opening() -> None:
    alone = reopen(LATER, TicketFacts(replace(CUSTOMER, has_contract=False)))
    expected = refused(alone, MessageRefusal.NO_CONTRACT, Clause.NOT_COVERED)
    TICKET.given(OPENED, resolved(TUESDAY)).when(alone).then(expected)


@pytest.mark.parametrize("version", [*(f"{year}.1" for year in range(2021, 2029)), None])
def test_x3_is_judged_at_the_first_opening_whatever_is_released_until_the_reopening(version: str | None) -> None:
    after_three_releases = reopen(TUESDAY + timedelta(days=90), replace(FACTS, product=MANY_RELEASES))
    opened = OPENED.model_copy(update={"version": version})
    done = TICKET.given(opened, resolved(TUESDAY))
    done.when(after_three_releases).then(reopened(after_three_releases.occurred_at))


def test_a_refused_reopening_leaves_the_ticket_resolved() -> None:
    lapsed = refused(reopen(LATER), MessageRefusal.COVER_LAPSED, Clause.NOT_COVERED)
    TICKET.given(OPENED, resolved(TUESDAY), lapsed).when(reopen(LATER)).then(reopened(LATER))


@pytest.mark.parametrize(
    "facts", [TicketFacts(), replace(FACTS, customer=replace(CUSTOMER, stream="customer/erp/C-9"))]
)
def test_a_reopening_whose_facts_are_older_than_its_ticket_waits_for_better_ones(facts: TicketFacts) -> None:
    early = reopen(LATER, facts)
    TICKET.given(OPENED, resolved(TUESDAY)).when(early).then(early.message)
    past: list[TicketEvent] = [OPENED, resolved(TUESDAY), early.message]
    (due,) = owed(DECIDER.replay(past))
    assert due == Owed("apply-held-1", ApplyHeld(LATER, 1), FactsNeeded(CUSTOMER.stream, "planetpress-connect"))
    TICKET.given(*past).when(replace(due.command, facts=FACTS)).then(reopened(LATER))


def test_an_open_and_a_resolved_ticket_can_be_withdrawn() -> None:
    TICKET.given(OPENED).when(withdraw(TUESDAY)).then(withdrawn(TUESDAY))
    TICKET.given(OPENED, resolved(TUESDAY)).when(withdraw(LATER)).then(withdrawn(LATER))


def test_a_merge_ends_the_waiting() -> None:
    waiting: list[TicketEvent] = [OPENED, paused(TUESDAY)]
    TICKET.given(*waiting).when(merge(LATER)).then(ON_SURVIVOR)
    absorbed = refused(resume(LATER), MessageRefusal.TICKET_MERGED)
    TICKET.given(*waiting, merged(TUESDAY)).when(resume(LATER)).then(absorbed)


def test_a_ticket_is_merged_into_one_that_is_there() -> None:
    for state in ("open", "resolved"):
        TICKET.given(OPENED).when(merge(LATER, survivor=replace(SURVIVOR, state=state))).then(ON_SURVIVOR)


@pytest.mark.parametrize("survivor", [None, KnownTicket(THERE, 1, "held"), KnownTicket(HERE, 3, "open")])
def test_a_merge_waits_for_a_survivor_that_is_not_open_yet_and_nothing_waits_behind_it(
    survivor: KnownTicket | None,
) -> None:
    asked = merge(LATER, survivor=survivor)
    TICKET.given(OPENED).when(asked).then(WAITING)
    TICKET.given(asked.message, OPENED).when(ApplyHeld(LATER, 1, asked.facts)).then(WAITING)
    assert owed(DECIDER.replay([OPENED, WAITING])) == owed(DECIDER.replay([asked.message, OPENED, WAITING])) == ()
    TICKET.given(OPENED, WAITING).when(response(LATER)).then(recorded(LATER))
    TICKET.given(OPENED, WAITING).when(resolve(LATER)).then(resolved(LATER))


@pytest.mark.parametrize(
    ("state", "customer", "reason"),
    [
        ("refused", CUSTOMER.stream, MessageRefusal.INTO_REFUSED),
        ("merged", CUSTOMER.stream, MessageRefusal.INTO_MERGED),
        ("open", "customer/erp/C-2002", MessageRefusal.OTHER_CUSTOMER),
    ],
)
def test_a_merge_that_waited_is_decided_when_it_is_known_what_became_of_its_survivor(
    state: str, customer: str, reason: MessageRefusal
) -> None:
    apply = ApplyMerge(LATER, THERE, TicketFacts(survivor=SURVIVOR))
    TICKET.given(OPENED, WAITING).when(apply).then(ON_SURVIVOR)
    assert DECIDER.replay([OPENED, WAITING, ON_SURVIVOR]) == DECIDER.replay([OPENED, ON_SURVIVOR])
    ended = replace(apply, facts=TicketFacts(survivor=KnownTicket(THERE, 3, state, customer)))
    never = refused(merge(LATER), reason).model_copy(update={"into": THERE})
    TICKET.given(OPENED, WAITING).when(ended).then(never)
    assert DECIDER.replay([OPENED, WAITING, never]) == DECIDER.replay([OPENED])
    TICKET.given(OPENED, WAITING, withdrawn(LATER)).when(apply).then(
        never.model_copy(update={"reason": MessageRefusal.TICKET_WITHDRAWN})
    )


def test_a_merge_goes_on_waiting_while_nothing_is_known_of_its_survivor() -> None:
    for survivor in (None, KnownTicket(THERE, 1, "held")):
        TICKET.given(OPENED, WAITING).when(ApplyMerge(LATER, THERE, TicketFacts(survivor=survivor))).then(None)
    known = TicketFacts(survivor=SURVIVOR)
    TICKET.given(OPENED).when(ApplyMerge(LATER, THERE, known)).then(None)
    behind = reopen(LATER, TicketFacts()).message
    TICKET.given(OPENED, WAITING, behind).when(ApplyMerge(LATER, THERE, known)).then(None)


def test_a_refusal_of_something_else_leaves_a_merge_waiting() -> None:
    other = refused(resume(LATER), MessageRefusal.NOT_PAUSED)
    assert DECIDER.replay([OPENED, WAITING, other]) == DECIDER.replay([OPENED, WAITING])


def test_tickets_of_two_customers_are_not_merged() -> None:
    command = merge(LATER, survivor=replace(SURVIVOR, customer="customer/erp/C-2002"))
    TICKET.given(OPENED).when(command).then(refused(command, MessageRefusal.OTHER_CUSTOMER))


def test_merges_that_wait_are_limited_as_well() -> None:
    pile = [WAITING] * HELD_AT_MOST
    TICKET.given(OPENED, *pile).when(note(LATER)).then(refused(note(LATER), MessageRefusal.TOO_MANY_HELD))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("merged", MessageRefusal.INTO_MERGED),
        ("refused", MessageRefusal.INTO_REFUSED),
        ("withdrawn", MessageRefusal.INTO_WITHDRAWN),
    ],
)
def test_a_ticket_is_not_merged_into_one_that_is_over(state: str, reason: MessageRefusal) -> None:
    command = merge(LATER, survivor=KnownTicket(THERE, 3, state))
    TICKET.given(OPENED).when(command).then(refused(command, reason))


@pytest.mark.parametrize("into", [HERE, "ticket/crm%2Deu/4711"])
def test_nothing_is_merged_into_itself_however_it_is_written(into: str) -> None:
    itself = merge(LATER, into)
    never = refused(itself, MessageRefusal.INTO_ITSELF)
    TICKET.given(OPENED).when(itself).then(never)
    TICKET.given().when(itself).then(never)
    assert DECIDER.replay([held(LATER), OPENED, never]) == DECIDER.replay([held(LATER), OPENED])


def test_of_crossing_merges_one_is_undone_and_the_ticket_is_what_it_was() -> None:
    undone = MergeUndone(undone_at=LATER, into=THERE)
    undo = UndoMerge(LATER, THERE)
    TICKET.given(OPENED, merged(TUESDAY)).when(undo).then(undone)
    pasts: tuple[list[TicketEvent], ...] = ([OPENED], [OPENED, paused(TUESDAY)], [OPENED, resolved(TUESDAY)])
    for past in pasts:
        assert DECIDER.replay([*past, merged(TUESDAY), undone]) == DECIDER.replay(past)


@pytest.mark.parametrize(
    "past",
    [(), (OPENED,), (REFUSED,), (OPENED, merged(TUESDAY, "ticket/crm-eu/9"))],
)
def test_a_merge_that_is_not_there_is_not_undone(past: tuple[TicketEvent, ...]) -> None:
    TICKET.given(*past).when(UndoMerge(LATER, THERE)).then(None)


def test_undoing_a_merge_leaves_what_is_held_alone() -> None:
    waiting = reopen(LATER, TicketFacts()).message
    past: list[TicketEvent] = [OPENED, merged(TUESDAY), waiting]
    undone = MergeUndone(undone_at=LATER, into=THERE)
    assert owed(DECIDER.replay([*past, undone])) == owed(DECIDER.replay(past))


def test_what_was_held_is_applied_in_order_whatever_it_is() -> None:
    past: list[TicketEvent] = [said(LATER).message for said in (call, transfer, merge, resolve)]
    assert [due.asked for due in owed(DECIDER.replay([*past, OPENED]))] == [
        None,
        FactsNeeded(receiving="americas"),
        FactsNeeded(survivor=THERE),
        None,
    ]
    TICKET.given(*past, OPENED).when(ApplyHeld(LATER, 2)).then(None)
    TICKET.given(*past, OPENED).when(ApplyHeld(LATER, 1)).then(called(LATER))
    applied: list[TicketEvent] = [called(LATER), transferred(LATER), ON_SURVIVOR]
    last = ApplyHeld(LATER, 4)
    TICKET.given(*past, OPENED, *applied).when(last).then(refused(resolve(LATER), MessageRefusal.TICKET_MERGED))


def test_nothing_is_asked_for_what_is_held_on_a_refused_ticket() -> None:
    (due,) = owed(DECIDER.replay([merge(LATER).message, REFUSED]))
    assert due == Owed("apply-held-1", ApplyHeld(LATER, 1))


def test_a_ticket_that_is_open_is_not_opened_again_whatever_became_of_it() -> None:
    kind = upstream.upstream_type(upstream.TicketSubmitted)
    again = MessageRefused(upstream_type=kind, said_at=TUESDAY, reason=MessageRefusal.ALREADY_OPEN)
    for past in (resolved(TUESDAY), withdrawn(TUESDAY), merged(TUESDAY)):
        TICKET.given(OPENED, past).when(replace(BY_WEB, not_after=NOW)).then(again)
