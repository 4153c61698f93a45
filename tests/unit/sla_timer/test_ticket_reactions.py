"""What else is said about a ticket, and which promise it is about."""

from datetime import datetime

import pytest

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.certificates import Certificate
from libs.messages.sla import CancellationCause
from libs.messages.tickets import Medium, Side
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.history_rows import fact_in
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise, ReinstatePromise, RenouncePromise
from services.sla_timer.promise.transfers import SetInternalTarget
from services.sla_timer.reactions import (
    NO_FACTS,
    FactsNeeded,
    PlanFacts,
    called_about,
    facts_needed,
    opened,
    promise_of,
    react,
    react_to_promise,
)
from tests.unit.sla_timer.examples import example, published_calendar, published_targets

CALLED, MERGED, UNDONE = example("CustomerCallRecorded"), example("TicketsMerged"), example("MergeUndone")
TRANSFERRED, OPENED = example("TicketTransferred"), example("TicketOpened")
SURVIVOR = "ticket/crm-eu/9"


def command(event: RecordedEvent, facts: PlanFacts = NO_FACTS) -> object:
    (reaction,) = react(event, facts)
    return reaction.command


def promise(event: RecordedEvent) -> str:
    (reaction,) = react(event, NO_FACTS)
    return reaction.stream


def test_a_call_comes_with_what_is_published_for_the_centre_of_the_promise() -> None:
    calendar, targets = published_calendar(1, CALLED.time), published_targets(1, CALLED.time)
    found = command(CALLED, PlanFacts((calendar,), (targets,)))
    assert isinstance(found, RecordCall)
    assert (found.occurred_at, found.ticket) == (CALLED.data.called_at, CALLED.stream)
    assert (found.calendars, found.targets) == ((calendar,), (targets,))


def test_a_call_needs_to_know_on_what_its_promise_runs() -> None:
    [stream] = called_about([CALLED, MERGED])
    runs = FactsNeeded(("japan",), CALLED.time)
    assert facts_needed(CALLED, {stream: runs}) == runs
    assert facts_needed(CALLED, {}) is None


def test_a_call_about_a_ticket_that_opens_with_the_same_events_finds_its_promise() -> None:
    assert opened([OPENED, CALLED]) == {"promise/crm-eu/4711": FactsNeeded(("france",), OPENED.data.opened_at)}


@pytest.mark.parametrize("name", ["ResponseRecorded", "CustomerCallRecorded"])
def test_what_is_said_of_an_absorbed_ticket_is_said_of_the_survivor(name: str) -> None:
    absorbed = example(name, merged_into=SURVIVOR)
    first, *others = react(absorbed, NO_FACTS)
    assert (first.stream, getattr(first.command, "ticket", None)) == ("promise/crm-eu/9", SURVIVOR)
    own = ("promise/crm-eu/4711", absorbed.stream)
    assert [(one.stream, getattr(one.command, "ticket", None)) for one in others] == [own] * (
        name == "ResponseRecorded"
    )


@pytest.mark.parametrize("known_call", [False, True])
@pytest.mark.parametrize("merged_into", [None, SURVIVOR])
def test_an_answer_says_whether_it_is_a_call_that_was_known(merged_into: str | None, *, known_call: bool) -> None:
    answered = example(
        "ResponseRecorded", medium=Medium.CALL, help_given=False, merged_into=merged_into, known_call=known_call
    )
    found = react(answered, NO_FACTS)
    assert [getattr(one.command, "known_call", None) for one in found] == [known_call] * (2 if merged_into else 1)
    assert (fact_in(answered.data) is None) is known_call


def test_a_withdrawal_by_the_customer_ends_the_promise_and_one_by_support_does_not() -> None:
    withdrawn = example("TicketWithdrawn", by=Side.CUSTOMER)
    at: datetime = withdrawn.data.withdrawn_at
    assert command(withdrawn) == CancelPromise(at, withdrawn.stream, CancellationCause.WITHDRAWN)
    assert react(example("TicketWithdrawn", by=Side.SUPPORT), NO_FACTS) == []


def test_a_merge_ends_the_promise_of_the_absorbed_ticket_and_its_undoing_lets_it_run_again() -> None:
    merged, into = CancellationCause.MERGED, MERGED.data.into
    assert command(MERGED) == CancelPromise(MERGED.data.merged_at, MERGED.stream, merged, into)
    at, survivor = UNDONE.data.undone_at, UNDONE.data.into
    own, other = react(UNDONE, NO_FACTS)
    assert own.command == ReinstatePromise(at, UNDONE.stream)
    assert other == Reaction("RenouncePromise", promise_of(survivor), RenouncePromise(at, survivor, UNDONE.stream))


def test_a_transfer_asks_for_the_calendar_of_the_receiving_centre_in_force_then() -> None:
    at = TRANSFERRED.data.transferred_at
    assert facts_needed(TRANSFERRED, {}) == FactsNeeded((TRANSFERRED.data.to_centre,), at)
    before = published_calendar(1, at)
    found = command(TRANSFERRED, PlanFacts((before,), ()))
    assert found == SetInternalTarget(at, TRANSFERRED.stream, TRANSFERRED.data.to_centre, before)


@pytest.mark.parametrize(
    "name",
    [
        *("NoteRecorded", "TicketPaused", "TicketResumed", "TicketResolved", "TicketReopened", "WorkExcluded"),
        *("TicketRefused", "CoverRestated"),
    ],
)
def test_l13_a_note_a_pause_a_resolution_and_a_reopening_leave_the_first_response_alone(name: str) -> None:
    assert react(example(name), NO_FACTS) == []


def test_the_promise_of_an_absorbed_ticket_is_handed_to_the_survivor() -> None:
    ended = example("FirstResponseCancelled", cause=CancellationCause.MERGED, into=SURVIVOR)
    [reaction] = react_to_promise(ended)
    certificate: Certificate = ended.data.certificate
    adopt = AdoptPromise(ended.data.cancelled_at, SURVIVOR, ended.data.ticket, certificate)
    assert reaction == ("AdoptPromise", "promise/crm-eu/9", adopt)


@pytest.mark.parametrize("name", ["FirstResponseMet", "FirstResponseBreached", "FirstResponseReinstated"])
def test_nothing_else_of_a_promise_asks_anything_of_another(name: str) -> None:
    assert react_to_promise(example(name)) == []
    withdrawn = example("FirstResponseCancelled", cause=CancellationCause.WITHDRAWN, into=None)
    assert react_to_promise(withdrawn) == []
