"""What a ticket's events ask of its promise, and on which publications it then rests."""

from datetime import datetime, timedelta

import pytest

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import FactVersion
from libs.messages.tickets import Channel, Medium, RespondedBy
from services.sla_timer.promise.opening import StartClock
from services.sla_timer.promise.responses import RecordResponse
from services.sla_timer.published.publications import in_force
from services.sla_timer.reactions import (
    FACTS,
    NO_FACTS,
    FactsNeeded,
    PlanFacts,
    facts_needed,
    promise_of,
    react,
    together,
)
from tests.unit.sla_timer.examples import MICROSECOND, TARGETS, example, published_calendar, published_targets

OPENED, ANSWERED = example("TicketOpened"), example("ResponseRecorded")
OPENED_AT: datetime = OPENED.data.opened_at
A_DAY = timedelta(days=1)
FIRST, SECOND = published_calendar(1, OPENED_AT - A_DAY), published_calendar(2, OPENED_AT)
TOO_NEW = published_calendar(3, OPENED_AT + MICROSECOND)
IN_FORCE = published_targets(4, OPENED_AT - A_DAY)
KNOWN = PlanFacts((FIRST, SECOND, TOO_NEW), (IN_FORCE,))


def clock_of(facts: PlanFacts, event: RecordedEvent = OPENED) -> StartClock:
    (reaction,) = react(event, facts)
    assert isinstance(reaction.command, StartClock)
    return reaction.command


def test_an_opening_starts_the_clock_of_the_promise_under_the_tickets_number() -> None:
    (reaction,) = react(OPENED, KNOWN)
    assert reaction == (
        "StartClock",
        "promise/crm-eu/4711",
        StartClock(
            occurred_at=OPENED_AT,
            ticket="ticket/crm-eu/4711",
            customer="customer/erp/C-1001",
            requester="person/crm-eu/p-17",
            private=OPENED.data.private,
            language="fr",
            centre="france",
            channel=Channel.WEB,
            calendar=SECOND.content,
            targets=TARGETS,
            rests_on=(
                FactVersion(stream="calendar/plan/france", sequence=2),
                FactVersion(stream="targets/plan/first-response", sequence=4),
            ),
        ),
    )


def test_a_response_is_judged_by_when_it_was_given() -> None:
    (reaction,) = react(ANSWERED, NO_FACTS)
    given_at = ANSWERED.data.responded_at
    response = RecordResponse(given_at, "ticket/crm-eu/4711", Medium.EMAIL, RespondedBy.PERSON, help_given=True)
    assert reaction == ("RecordResponse", "promise/crm-eu/4711", response)


@pytest.mark.parametrize("name", ["TicketRefused", "MessageHeld", "MessageRefused", "ResponseRefused"])
def test_nothing_else_asks_anything_of_a_promise(name: str) -> None:
    assert react(example(name), KNOWN) == []
    assert facts_needed(example(name), {}) is None


@pytest.mark.parametrize("event", [OPENED, ANSWERED])
def test_facts_fill_in_the_content_alone(event: RecordedEvent) -> None:
    assert [each[:2] for each in react(event, KNOWN)] == [each[:2] for each in react(event, NO_FACTS)]


def test_the_promise_of_a_ticket_keeps_what_is_encoded_in_its_number() -> None:
    assert promise_of("ticket/crm%2Feu/4711%2F2") == "promise/crm%2Feu/4711%2F2"


def test_l15_a_ticket_that_is_read_late_rests_on_what_was_in_force_when_it_was_opened() -> None:
    assert clock_of(PlanFacts((FIRST, TOO_NEW), (IN_FORCE,))).calendar == FIRST.content


def test_what_is_published_at_the_very_opening_is_in_force() -> None:
    assert clock_of(KNOWN).calendar == SECOND.content
    newer = published_targets(5, OPENED_AT)
    assert clock_of(PlanFacts((FIRST,), (newer, IN_FORCE))).rests_on[1].sequence == newer.sequence


def test_a_ticket_older_than_the_first_publication_rests_on_that_one() -> None:
    clock = clock_of(PlanFacts((published_calendar(4, OPENED_AT + A_DAY), TOO_NEW), ()))
    assert (clock.calendar, clock.targets) == (TOO_NEW.content, None)


def test_without_any_publication_nothing_is_rested_on() -> None:
    clock = clock_of(NO_FACTS)
    assert (clock.calendar, clock.targets, clock.rests_on) == (None, None, ())


def test_of_two_publications_that_are_in_force_the_later_said_counts_in_whatever_order_they_come() -> None:
    backdated = published_calendar(2, OPENED_AT - 2 * A_DAY)
    assert in_force([FIRST, backdated], OPENED_AT) == in_force([backdated, FIRST], OPENED_AT) == backdated


def test_facts_are_asked_for_once_for_many_tickets() -> None:
    earlier = example("TicketOpened", opened_at=OPENED_AT - A_DAY, centre="japan")
    each = [facts_needed(event, {}) for event in (OPENED, ANSWERED, earlier, OPENED)]
    assert [one.centres if one else None for one in each] == [("france",), None, ("japan",), ("france",)]
    assert together(each) == FactsNeeded(("france", "japan"), OPENED_AT - A_DAY)
    assert together([]) is None


def test_facts_come_back_from_json() -> None:
    assert FACTS.validate_json(FACTS.dump_json(KNOWN)) == KNOWN
    assert FACTS.validate_json('{"calendars": [], "targets": []}') == NO_FACTS
