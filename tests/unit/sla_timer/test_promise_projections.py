"""What sla_timer keeps of its promises, and of what is published: pure folds of events."""

import json
from datetime import timedelta
from typing import Any

import pytest

from libs.eventlog.projection import Projection
from libs.messages.base import Event
from libs.messages.plan import CentreCalendar, CentreCalendarPublished, ChannelTargets, TargetsPublished
from libs.messages.sla import NoPromise, NotAResponse, PromiseEvent
from libs.messages.tickets import Channel
from libs.workcal import tz_version
from services.sla_timer.projections import READERS, STATES
from services.sla_timer.promise.rows import PROMISES, PromiseRow
from services.sla_timer.published.rows import CALENDARS, TARGETS
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer import examples
from tests.unit.sla_timer.examples import (
    AT_RISK_AT,
    CUSTOMER,
    DUE_AT,
    FRANCE,
    MICROSECOND,
    OPENED_AT,
    STREAM,
    W03,
    WARNED,
    breached,
    later,
    met,
    not_applied,
    not_promised,
    paris,
    started,
)

EARLIER, JUST_LATE, NEXT_MORNING = DUE_AT - timedelta(hours=1), DUE_AT + MICROSECOND, paris("09:00", day=25)
WAITING = PromiseRow(
    stream=STREAM,
    state="waiting",
    ticket="ticket/crm-eu/4711",
    customer="customer/erp/C-1001",
    centre="france",
    channel="phone",
    opened_at=OPENED_AT,
    correlation="test",
    clock_started_at=OPENED_AT,
    at_risk_at=AT_RISK_AT,
    due_at=DUE_AT,
    calendar_version=1,
    targets_version=1,
    zone="Europe/Paris",
    tz_version=tz_version(),
    reckoned_from=OPENED_AT,
    certified_from=OPENED_AT,
    target_seconds=7200,
    target_channel="phone",
    calendar_centre="france",
)


def folded(projection: Projection[Any], stream: str, *events: Event) -> Any:
    row = None
    for sequence, event in enumerate(events, start=1):
        assert type(event) in projection.events
        row = projection.evolve(row, recorded_event(stream, sequence, event))
    return row


def promise(*events: PromiseEvent) -> Any:
    return folded(PROMISES, STREAM, *events)


def test_a_promise_waits_until_its_verdict() -> None:
    assert promise(W03) == WAITING


def test_a_promise_made_in_the_night_shows_when_its_clock_starts() -> None:
    row = promise(started(paris("20:00"), Channel.EMAIL))
    assert (row.opened_at, row.clock_started_at) == (paris("20:00"), NEXT_MORNING)


def test_a_warning_is_remembered() -> None:
    more = WARNED.model_copy(update={"percent": 50, "next_at_risk_at": DUE_AT})
    assert promise(W03, more) == WAITING._replace(warned=50, at_risk_at=DUE_AT)
    assert promise(W03, WARNED) == WAITING._replace(warned=75, at_risk_at=None)


def test_a_met_promise_says_when() -> None:
    assert promise(W03, met(DUE_AT)) == WAITING._replace(state="met", responded_at=DUE_AT)


def test_a_breached_promise_says_since_when_and_when_that_was_noticed() -> None:
    row = WAITING._replace(state="breached", breached_at=DUE_AT, detected_at=NEXT_MORNING)
    assert promise(W03, breached(NEXT_MORNING)) == row


def test_an_answer_between_deadline_and_breach_shows_at_once_and_stays() -> None:
    assert promise(W03, later(JUST_LATE)) == WAITING._replace(responded_at=JUST_LATE)
    assert promise(W03, later(JUST_LATE), breached(NEXT_MORNING, JUST_LATE)).responded_at == JUST_LATE


@pytest.mark.parametrize("verdict", [met(DUE_AT), breached(NEXT_MORNING)])
def test_the_earliest_answer_shows_whatever_came_first(verdict: PromiseEvent) -> None:
    row = promise(W03, verdict, later(NEXT_MORNING), later(EARLIER), later(JUST_LATE))
    assert row == promise(W03, verdict)._replace(responded_at=EARLIER)


def test_what_is_no_response_does_not_show() -> None:
    automatic = not_applied(OPENED_AT, NotAResponse.AUTOMATIC)
    call = not_applied(OPENED_AT, NotAResponse.CALL_WITHOUT_HELP)
    assert promise(W03, automatic, call) == WAITING


def test_a_ticket_without_a_promise_is_listed_with_the_reason_and_shows_when_it_was_answered() -> None:
    row = PromiseRow(
        stream=STREAM,
        state="not-promised",
        ticket="ticket/crm-eu/4711",
        customer=CUSTOMER,
        centre="france",
        channel="phone",
        opened_at=OPENED_AT,
        correlation="test",
        reason="no-calendar",
        wanting="grounds",
    )
    refused, answered = not_promised(NoPromise.NO_CALENDAR), not_applied(DUE_AT, NotAResponse.NO_PROMISE)
    assert promise(refused) == row
    assert promise(refused, answered) == row._replace(responded_at=DUE_AT)
    assert promise(refused, answered, refused) == row._replace(responded_at=DUE_AT)


def test_a_promise_that_was_made_is_not_unsaid() -> None:
    again = not_promised(NoPromise.ALREADY_PROMISED)
    assert promise(W03, again) == WAITING
    assert promise(W03, met(DUE_AT), again) == promise(W03, met(DUE_AT))


def test_an_answer_to_what_was_never_opened_leaves_no_row() -> None:
    assert promise(not_applied(DUE_AT, NotAResponse.NO_PROMISE)) is None


def test_every_publication_is_kept_under_its_place() -> None:
    published = CentreCalendarPublished(published_at=OPENED_AT, calendar=FRANCE)
    recorded = recorded_event("calendar/plan/france", 7, published)
    assert CALENDARS.keys(recorded) == (("calendar/plan/france", 7),)
    row = CALENDARS.evolve(None, recorded)
    assert row is not None
    assert row[:-1] == ("calendar/plan/france", 7, "france", FRANCE.version, OPENED_AT)
    assert CentreCalendar.model_validate_json(row.content) == FRANCE


def test_every_publication_of_the_targets_is_kept_under_its_place() -> None:
    published = TargetsPublished(published_at=OPENED_AT, targets=examples.TARGETS)
    recorded = recorded_event("targets/plan/first-response", 2, published)
    assert TARGETS.keys(recorded) == (("targets/plan/first-response", 2),)
    row = TARGETS.evolve(None, recorded)
    assert row is not None
    assert row[:-1] == (
        "targets/plan/first-response",
        2,
        examples.TARGETS.version,
        OPENED_AT,
        examples.TARGETS.model_dump_json(),
    )
    assert json.loads(row.seconds) == {"phone": 7200, "email": 14_400, "web": 14_400}


def test_a_channel_on_which_nothing_is_promised_has_no_seconds() -> None:
    targets = examples.TARGETS.model_copy(update={"targets": ChannelTargets(phone_seconds=60)})
    row = TARGETS.evolve(
        None,
        recorded_event("targets/plan/first-response", 3, TargetsPublished(published_at=OPENED_AT, targets=targets)),
    )
    assert row is not None
    assert json.loads(row.seconds) == {"phone": 60}


def test_a_stored_state_comes_back() -> None:
    row = folded(STATES, STREAM, W03, WARNED, later(JUST_LATE))
    assert STATES.loaded(STATES.dump(row)) == row


def test_every_table_has_one_name_and_its_columns_in_the_order_of_its_row() -> None:
    projections = [projection for reader in READERS for projection in reader.projections]
    assert len({projection.table for projection in projections}) == len(projections)
    for projection in projections:
        names = [column.split()[0] for column in projection.columns.split(",")]
        assert tuple(names) == projection.row._fields
        assert projection.row._fields[: len(projection.key)] == projection.key
