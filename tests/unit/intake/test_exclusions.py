"""Causes that the plan does not help with (X1, X2, X4): decided by a person, with the clause."""

import pytest

from libs.messages import upstream
from libs.messages.clauses import Clause
from libs.messages.exclusions import CLAUSES, SCRIPT_LANGUAGES, Exclusion
from libs.messages.refusals import MessageRefusal
from libs.messages.tickets import TicketEvent
from services.intake.domain import DECIDER, ApplyHeld
from services.intake.ticket_rows import TICKET_ROWS, TicketRow
from tests.unit.intake.examples import (
    HERE,
    LATER,
    MICROSECOND,
    OPENED,
    REFUSED,
    THERE,
    TUESDAY,
    exclude,
    excluded,
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
    transfer,
    transferred,
    withdraw,
    withdrawn,
)
from tests.unit.intake.test_ticket_life import refused
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
OUT = excluded(TUESDAY)


def row(*events: TicketEvent) -> TicketRow:
    found: TicketRow | None = None
    for number, event in enumerate(events, start=1):
        found = TICKET_ROWS.evolve(found, recorded_event(HERE, number, event))
    assert found is not None
    return found


@pytest.mark.parametrize("exclusion", Exclusion)
def test_who_has_read_the_ticket_excludes_it_for_a_cause_with_its_clause(exclusion: Exclusion) -> None:
    for past in ((), (paused(TUESDAY),)):
        event = excluded(LATER, exclusion)
        TICKET.given(OPENED, *past).when(exclude(LATER, exclusion)).then(event)
        assert event.clause is CLAUSES[exclusion]
    assert CLAUSES[Exclusion.MISUSE] is Clause.MISUSE


@pytest.mark.parametrize("language", SCRIPT_LANGUAGES)
def test_x4_the_six_languages_of_the_plan_are_helped_with_however_they_are_written(language: str) -> None:
    for written in (language, language.lower(), language.upper()):
        said = upstream.WorkExcluded.model_validate(
            {"exclusion": "other-languages", "script_language": written, "by": "person/crm-eu/agent-5"}
        )
        wish = exclude(LATER, Exclusion.OTHER_LANGUAGES, said.script_language)
        included = refused(wish, MessageRefusal.LANGUAGE_IS_INCLUDED, Clause.OTHER_LANGUAGES)
        TICKET.given(OPENED).when(wish).then(included)
        TICKET.given(OPENED, included).when(exclude(LATER, Exclusion.MISUSE, said.script_language)).then(
            excluded(LATER, Exclusion.MISUSE, said.script_language)
        )


@pytest.mark.parametrize("language", [None, "python", "java-script", "html5", "basic"])
def test_x4_any_other_language_is_excluded_and_so_is_one_that_is_not_named(language: str | None) -> None:
    wish = exclude(LATER, Exclusion.OTHER_LANGUAGES, language)
    TICKET.given(OPENED).when(wish).then(excluded(LATER, Exclusion.OTHER_LANGUAGES, language))


def test_a_cause_is_found_once_and_another_one_beside_it() -> None:
    again = refused(exclude(LATER), MessageRefusal.ALREADY_EXCLUDED)
    TICKET.given(OPENED, OUT).when(exclude(LATER)).then(again)
    other = excluded(LATER, Exclusion.NEGLIGENCE)
    TICKET.given(OPENED, OUT).when(exclude(LATER, Exclusion.NEGLIGENCE)).then(other)
    TICKET.given(OPENED, OUT, other, again).when(exclude(LATER)).then(again)


def test_the_first_response_stays_due_so_an_answer_and_a_note_are_taken() -> None:
    TICKET.given(OPENED, OUT).when(response(LATER)).then(recorded(LATER))
    TICKET.given(OPENED, OUT).when(note(LATER)).then(noted(LATER))
    TICKET.given(OPENED, OUT).when(transfer(LATER)).then(transferred(LATER))


def test_nobody_works_on_it_so_it_waits_for_nobody() -> None:
    for past in ((OUT,), (paused(TUESDAY), OUT)):
        TICKET.given(OPENED, *past).when(pause(LATER)).then(refused(pause(LATER), MessageRefusal.ALREADY_EXCLUDED))
        TICKET.given(OPENED, *past).when(resume(LATER)).then(refused(resume(LATER), MessageRefusal.NOT_PAUSED))


def test_it_may_be_resolved_or_withdrawn_and_then_it_is_over() -> None:
    for wish, done, why in (
        (resolve(LATER), resolved(LATER), MessageRefusal.ALREADY_RESOLVED),
        (withdraw(LATER), withdrawn(LATER), MessageRefusal.TICKET_WITHDRAWN),
    ):
        TICKET.given(OPENED, OUT).when(wish).then(done)
        late = exclude(LATER, Exclusion.NEGLIGENCE)
        TICKET.given(OPENED, done).when(late).then(refused(late, why))


def test_a_reopening_under_cover_takes_the_exclusion_back() -> None:
    for past in ((OUT,), (OUT, resolved(TUESDAY))):
        TICKET.given(OPENED, *past).when(reopen(LATER)).then(reopened(LATER))
        again: list[TicketEvent] = [OPENED, *past, reopened(LATER)]
        TICKET.given(*again).when(pause(LATER)).then(paused(LATER))
        TICKET.given(*again).when(exclude(LATER)).then(excluded(LATER))
        back = row(*again)
        assert (back.state, back.excluded_at) == ("open", None)


def test_of_an_absorbed_ticket_it_is_told_as_a_note_is() -> None:
    absorbed = merged(TUESDAY)
    of_survivor = excluded(LATER).model_copy(update={"merged_into": THERE})
    TICKET.given(OPENED, absorbed).when(exclude(LATER)).then(of_survivor)
    TICKET.given(OPENED, absorbed).when(exclude(TUESDAY)).then(excluded(TUESDAY))
    again = refused(exclude(LATER), MessageRefusal.ALREADY_EXCLUDED)
    TICKET.given(OPENED, absorbed, of_survivor).when(exclude(LATER)).then(again)
    assert (row(OPENED, absorbed, of_survivor).state, row(OPENED, absorbed, OUT).state) == ("merged", "merged")


def test_before_its_ticket_is_open_it_is_held_and_a_refused_one_takes_none() -> None:
    TICKET.given().when(exclude(LATER)).then(exclude(LATER).message)
    TICKET.given(exclude(LATER).message, OPENED).when(ApplyHeld(LATER, 1)).then(excluded(LATER))
    TICKET.given(REFUSED).when(exclude(LATER)).then(
        refused(exclude(LATER), MessageRefusal.TICKET_REFUSED, Clause.NOT_COVERED)
    )
    early = exclude(TUESDAY - MICROSECOND)
    TICKET.given(OPENED).when(early).then(refused(early, MessageRefusal.BEFORE_OPENING))


def test_the_row_says_since_when_nobody_works_on_it() -> None:
    other = excluded(LATER, Exclusion.NEGLIGENCE)
    found = row(OPENED, paused(TUESDAY), OUT, other)
    assert (found.state, found.excluded_at, found.paused_at) == ("excluded", TUESDAY, None)
    assert row(OPENED, OUT, resolved(LATER)).state == "resolved"
