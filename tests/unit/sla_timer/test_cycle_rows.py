"""What counts for cycles in the events of a ticket, and for which ticket it counts."""

from datetime import timedelta
from typing import Any

import pytest

from libs.messages.base import Event
from libs.messages.tickets import Medium, RespondedBy, Side
from services.sla_timer.cycles.model import CycleFact, Kind
from services.sla_timer.cycles.rows import CYCLE_FACTS, CycleFactsRow
from tests.unit.recorded import NOON
from tests.unit.sla_timer.examples import TICKET, example, paris

OPENED = example("TicketOpened", opened_at=paris("10:00"), centre="germany").data
AT, LATER = paris("11:00"), paris("12:00")
SURVIVOR = "ticket/crm-eu/4712"


def rows(*events: Event) -> list[CycleFactsRow]:
    found: dict[Any, CycleFactsRow | None] = {}
    for sequence, data in enumerate(events, start=1):
        event = example("TicketOpened")
        event.data, event.sequence = data, sequence
        for key in CYCLE_FACTS.keys(event):
            assert key[0] == event.stream
            found[key] = CYCLE_FACTS.evolve(found.get(key), event)
    return [row for row in found.values() if row]


def facts(*events: Event) -> tuple[CycleFact, ...]:
    (row,) = rows(OPENED, *events)
    assert row.known == 1 + len(row.facts)
    return row.facts


def said(name: str, **changes: object) -> Event:
    data = example(name).data.model_copy(update=changes)
    assert type(data) in CYCLE_FACTS.events
    event: Event = data
    return event


def given(**changes: object) -> Event:
    return said("ResponseRecorded", **{"responded_at": AT, "by": RespondedBy.PERSON, "medium": Medium.EMAIL, **changes})


def test_an_opening_says_on_whose_calendar_and_since_when() -> None:
    (row,) = rows(OPENED)
    assert row == CycleFactsRow(
        stream=TICKET,
        ticket=TICKET,
        centre="germany",
        channel=str(OPENED.channel),
        opened_at=paris("10:00"),
        correlation=row.correlation,
        facts=(),
        known=1,
        last_at=paris("10:00"),
        recorded_at=NOON,
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (given(), [Kind.ANSWERED]),
        (given(medium=Medium.CALL, help_given=True), [Kind.ANSWERED]),
        (given(medium=Medium.CALL, help_given=False), [Kind.RANG_WITHOUT_HELP]),
        (given(medium=Medium.CALL, help_given=False, known_call=True), []),
        (given(by=RespondedBy.AUTOMATIC), []),
        (said("CustomerCallRecorded", called_at=AT, help_given=True), [Kind.ANSWERED]),
        (said("CustomerCallRecorded", called_at=AT, help_given=False), [Kind.ASKED]),
        (said("NoteRecorded", noted_at=AT, by=Side.CUSTOMER), [Kind.ASKED]),
        (said("NoteRecorded", noted_at=AT, by=Side.SUPPORT), []),
        (said("TicketPaused", paused_at=AT), [Kind.PAUSED]),
        (said("TicketResumed", resumed_at=AT), [Kind.RESUMED]),
        (said("TicketResolved", resolved_at=AT), [Kind.RESOLVED]),
        (said("TicketReopened", reopened_at=AT, by=Side.CUSTOMER), [Kind.REOPENED, Kind.ASKED]),
        (said("TicketReopened", reopened_at=AT, by=Side.SUPPORT), [Kind.REOPENED]),
        (said("WorkExcluded", excluded_at=AT), [Kind.EXCLUDED]),
        (said("TicketWithdrawn", withdrawn_at=AT), [Kind.WITHDRAWN]),
    ],
)
def test_what_counts_in_an_event_is_told_with_its_instant(event: Event, expected: list[Kind]) -> None:
    assert facts(event) == tuple(CycleFact(AT, kind) for kind in expected)


def test_a_merge_and_its_undoing_name_the_survivor() -> None:
    merged, undone = (
        said("TicketsMerged", merged_at=AT, into=SURVIVOR),
        said("MergeUndone", undone_at=LATER, into=SURVIVOR),
    )
    assert facts(merged, undone) == (CycleFact(AT, Kind.MERGED, SURVIVOR), CycleFact(LATER, Kind.UNMERGED, SURVIVOR))


def test_what_is_said_of_an_absorbed_ticket_is_a_fact_of_the_survivor() -> None:
    own, survivors = rows(OPENED, said("TicketsMerged", merged_at=AT, into=SURVIVOR), given(merged_into=SURVIVOR))
    assert (own.ticket, own.facts) == (TICKET, (CycleFact(AT, Kind.MERGED, SURVIVOR),))
    assert survivors == CycleFactsRow(
        TICKET, SURVIVOR, facts=(CycleFact(AT, Kind.ANSWERED),), known=1, last_at=AT, recorded_at=NOON
    )


def test_an_earlier_fact_that_comes_later_leaves_the_last_instant_alone() -> None:
    early = paris("10:00") - timedelta(hours=1)
    (row,) = rows(given(responded_at=LATER), OPENED, given(responded_at=early))
    assert (row.last_at, row.known) == (LATER, 3)


def test_a_row_is_stored_and_loaded_as_it_is() -> None:
    (row,) = rows(OPENED, said("TicketsMerged", merged_at=AT, into=SURVIVOR), given())
    assert CYCLE_FACTS.loaded(CYCLE_FACTS.dump(row)) == row
