"""What the rows show of a promise that was reckoned anew or restated, and of what a publication changed."""

import json
from datetime import date

from libs.messages.plan import CentreCalendarPublished
from libs.messages.sla import (
    FirstResponseReinstated,
    FirstResponseRestated,
    InternalTargetSet,
    NotChanged,
    RestatementCause,
    Verdict,
)
from libs.messages.tickets import Channel
from services.sla_timer.promise.rows import PROMISES
from services.sla_timer.published.rows import CALENDAR_CHANGES
from tests.unit.sla_timer.examples import FRANCE, MICROSECOND, STREAM, TICKET, breached, later, paris
from tests.unit.sla_timer.test_calls import moved as moved_by_call
from tests.unit.sla_timer.test_calls import noted as call_noted
from tests.unit.sla_timer.test_calls import ring
from tests.unit.sla_timer.test_merging import MERGED, noted
from tests.unit.sla_timer.test_promise_projections import folded
from tests.unit.sla_timer.test_publications import DUE, MAILED, at, closed, recompute, retargeted

CLOSING = closed(("10:00", "12:00"))
MOVED = retargeted(recompute(paris("13:00"), at(paris("13:00"), CLOSING)))
RESTATED = FirstResponseRestated(
    ticket=TICKET,
    centre="france",
    channel=Channel.EMAIL,
    cause=RestatementCause.CLOSURE,
    promised=Verdict.BREACHED,
    restated=Verdict.MET,
    due_at=DUE,
    restated_due_at=paris("16:00"),
    responded_at=paris("15:00"),
    calendar_version=2,
)
INTERNAL = InternalTargetSet(
    ticket=TICKET,
    centre="americas",
    transferred_at=paris("12:00"),
    used_microseconds=7_200_000_000,
    target_seconds=14_400,
    due_at=paris("20:00"),
    calendar_version=1,
)


def test_a_promise_that_was_reckoned_anew_shows_on_what_and_what_it_would_be() -> None:
    row = folded(PROMISES, STREAM, MAILED, MOVED)
    assert (row.calendar_version, row.due_at, row.restated_due_at) == (2, DUE, paris("16:00"))


def test_both_ledgers_show() -> None:
    row = folded(PROMISES, STREAM, MAILED, MOVED, breached(DUE + MICROSECOND), later(paris("15:00")), RESTATED)
    assert (row.state, row.due_at) == ("breached", DUE)
    assert (row.restated, row.restated_due_at, row.restated_because) == ("met", paris("16:00"), "closure")


def test_each_publication_says_which_hours_it_changed() -> None:
    published = (FRANCE, CLOSING, closed(day=date(2026, 12, 24), of=CLOSING, version=3))
    events = [CentreCalendarPublished(published_at=paris("13:00"), calendar=calendar) for calendar in published]
    changes = json.loads(folded(CALENDAR_CHANGES, "calendar/plan/france", *events).changes)
    assert [(change["version"], change["from_at"], change["until_at"]) for change in changes] == [
        (2, "2026-11-24T09:00:00+00:00", "2026-11-24T11:00:00+00:00"),
        (3, "2026-12-24T08:00:00+00:00", "2026-12-24T16:00:00+00:00"),
    ]


def test_a_publication_that_changes_no_hours_changes_no_day() -> None:
    again = FRANCE.model_copy(update={"version": 2, "printed_hours": "9 h à 17 h"})
    events = [CentreCalendarPublished(published_at=paris("13:00"), calendar=each) for each in (FRANCE, again)]
    assert json.loads(folded(CALENDAR_CHANGES, "calendar/plan/france", *events).changes) == []


def test_a_call_a_transfer_and_a_cancellation_show() -> None:
    called = moved_by_call(ring(paris("10:10")), MAILED)
    row = folded(PROMISES, STREAM, MAILED, called)
    assert (row.due_at, row.target_channel, row.target_seconds) == (called.certificate.due_at, "phone", 7200)
    row = folded(PROMISES, STREAM, MAILED, INTERNAL, MERGED)
    assert (row.internal_centre, row.internal_due_at) == ("americas", DUE)
    assert (row.state, row.cancelled_at, row.merged_into) == ("cancelled", MERGED.cancelled_at, MERGED.into)


def test_an_internal_target_moves_with_a_promise_that_becomes_earlier_than_it() -> None:
    earlier = moved_by_call(ring(paris("10:10")), MAILED)
    aimed = INTERNAL.model_copy(update={"due_at": earlier.certificate.due_at + MICROSECOND})
    assert folded(PROMISES, STREAM, MAILED, aimed).internal_due_at == aimed.due_at
    for events in ((MAILED, aimed, earlier), (MAILED, earlier, aimed)):
        row = folded(PROMISES, STREAM, *events)
        assert row.internal_due_at == row.due_at == earlier.certificate.due_at
    before = INTERNAL.model_copy(update={"due_at": earlier.certificate.due_at - MICROSECOND})
    assert folded(PROMISES, STREAM, MAILED, before, earlier).internal_due_at == before.due_at


def test_what_ended_in_a_merge_that_was_undone_runs_as_if_nothing_had_been() -> None:
    again = FirstResponseReinstated(
        ticket=TICKET,
        customer="customer/erp/C-1001",
        centre="france",
        channel=Channel.EMAIL,
        reinstated_at=paris("11:30"),
        certificate=MAILED.certificate,
    )
    assert folded(PROMISES, STREAM, MAILED, MERGED, again) == folded(PROMISES, STREAM, MAILED)


def test_the_earliest_cancellation_shows_and_the_deadline_as_a_late_call_would_have_it() -> None:
    late, earlier = noted(paris("15:00"), NotChanged.OVER), noted(paris("13:00"), NotChanged.OVER)
    fired = breached(DUE + MICROSECOND, promised=MAILED)
    row = folded(
        PROMISES, STREAM, MAILED, fired, late, earlier, call_noted(paris("10:10"), NotChanged.OVER, paris("12:10"))
    )
    assert (row.state, row.cancelled_at, row.restated_due_at) == ("breached", paris("13:00"), paris("12:10"))


def test_what_was_restated_while_a_merge_stood_keeps_no_newer_calendar_from_the_promise_that_runs_again() -> None:
    again = FirstResponseReinstated(
        ticket=TICKET,
        customer="customer/erp/C-1001",
        centre="france",
        channel=Channel.EMAIL,
        reinstated_at=paris("11:30"),
        certificate=MAILED.certificate,
    )
    row = folded(PROMISES, STREAM, MAILED, MERGED, RESTATED, again)
    assert (row.calendar_version, row.restated, row.restated_because) == (1, None, None)
