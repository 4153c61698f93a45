from datetime import timedelta
from typing import Any

import pytest

from libs.eventlog.projection import Projection
from libs.messages.base import Event
from libs.messages.notices import (
    Cancellation,
    DeliveryProblem,
    NoticeCancelled,
    NoticeClass,
    NoticeEvent,
    NoticeFailed,
    NoticeRequested,
    NoticeResendOrdered,
    NoticeSettled,
    Settlement,
)
from services.notification.domain import DECIDER
from services.notification.projections import (
    CENTRES,
    CUSTOMERS,
    ERASED_PERSONS,
    NOTICE_ROWS,
    READERS,
    STATES,
    CentreSheet,
    NoticeRow,
)
from tests.unit.notification.foreign import example
from tests.unit.notification.stories import (
    ANA,
    FIRST,
    MACHINE,
    SECOND,
    TICKET,
    TUESDAY,
    deferred,
    in_doubt,
    requested,
    sent,
    taken,
)
from tests.unit.recorded import NOON, recorded_event

NOTICE = "notice/7/requester"
SOON = TUESDAY + timedelta(minutes=1)


def folded(projection: Projection[Any], stream: str, *events: Event) -> Any:
    row = None
    for sequence, event in enumerate(events, start=1):
        assert type(event) in projection.events
        row = projection.evolve(row, recorded_event(stream, sequence, event))
    return row


def notice(*events: NoticeEvent) -> NoticeRow:
    row = folded(NOTICE_ROWS, NOTICE, requested(), *events)
    assert isinstance(row, NoticeRow)
    return row


def test_a_notice_shows_whom_it_tells_of_what() -> None:
    row = notice()
    assert (row.state, row.notice_class, row.role, row.about_stream) == (
        "requested", "acknowledgement", "requester", TICKET,
    )  # fmt: skip
    assert (row.person, row.private_key, row.centre) == (ANA.person, ANA.text(), "france")
    assert (row.requested_at, row.changed_at) == (TUESDAY, NOON)


def test_a_centre_is_told_itself_where_there_is_no_person() -> None:
    row = folded(NOTICE_ROWS, NOTICE, requested(NoticeClass.BREACH))
    assert (row.person, row.private_key, row.centre) == (None, None, "france")


def test_a_notice_in_hand_shows_who_claimed_it_and_when_on_that_machine() -> None:
    row = notice(taken(FIRST), deferred(FIRST, SOON), taken(SECOND))
    assert (row.state, row.attempts, row.process, row.claimed_wall) == ("handing-over", 2, SECOND.process, MACHINE)
    assert row.retry_at is None


def test_a_deferred_notice_shows_why_and_until_when() -> None:
    row = notice(taken(FIRST), deferred(FIRST, SOON))
    assert (row.state, row.retry_at, row.problem) == ("deferred", SOON, "no-connection")


def test_a_notice_shows_from_when_on_it_may_leave_until_it_is_tried_or_ordered() -> None:
    asked = requested().model_copy(update={"not_before": SOON, "territory": "CA"})
    row = folded(NOTICE_ROWS, NOTICE, asked)
    assert (row.state, row.not_before, row.territory) == ("requested", SOON, "CA")
    assert folded(NOTICE_ROWS, NOTICE, asked, taken(FIRST, SOON)).not_before is None
    assert folded(NOTICE_ROWS, NOTICE, asked, NoticeResendOrdered(ordered_at=TUESDAY, by="a")).not_before is None


def test_a_failed_notice_shows_what_the_server_said_in_codes() -> None:
    failed = NoticeFailed(
        attempt=1, failed_at=TUESDAY, problem=DeliveryProblem.REFUSED, smtp_code=550, enhanced_code="5.1.1"
    )
    row = notice(taken(FIRST), failed)
    assert (row.state, row.problem, row.smtp_code, row.enhanced_code) == ("failed", "refused", 550, "5.1.1")


def test_a_sent_notice_shows_no_former_problem() -> None:
    row = notice(taken(FIRST), deferred(FIRST, SOON), taken(SECOND), sent(SECOND))
    assert (row.state, row.problem, row.smtp_code, row.retry_at) == ("sent", None, 250, None)


def test_a_doubt_is_counted_even_when_it_is_settled_later() -> None:
    row = notice(taken(FIRST), in_doubt(FIRST, will_resend=True))
    assert (row.state, row.will_resend, row.doubts) == ("ambiguous", True, 1)
    row = notice(taken(FIRST), in_doubt(FIRST, will_resend=True), taken(SECOND))
    assert (row.will_resend, row.doubts) == (False, 1)
    twice = (taken(FIRST), in_doubt(FIRST, will_resend=True), taken(SECOND), in_doubt(SECOND, will_resend=False))
    assert notice(*twice).doubts == len([FIRST, SECOND])


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.PERSON_ERASED), "cancelled"),
        (NoticeResendOrdered(ordered_at=TUESDAY, by="agent-7"), "requested"),
        (NoticeSettled(settled_at=TUESDAY, by="agent-7", settled_as=Settlement.SENT), "settled"),
    ],
)
def test_what_a_person_or_an_erasure_does_ends_the_doubt(event: NoticeEvent, state: str) -> None:
    row = notice(taken(FIRST), in_doubt(FIRST, will_resend=True), event)
    assert (row.state, row.will_resend) == (state, False)


def test_the_row_and_the_state_that_is_decided_on_say_the_same() -> None:
    story: list[NoticeEvent] = [
        requested(), taken(FIRST), deferred(FIRST, SOON), taken(SECOND), in_doubt(SECOND, will_resend=False),
        NoticeResendOrdered(ordered_at=TUESDAY, by="agent-7"),
    ]  # fmt: skip
    for end in range(1, len(story) + 1):
        row, state = folded(NOTICE_ROWS, NOTICE, *story[:end]), DECIDER.replay(story[:end])
        assert row.state == state.state


def test_a_customer_who_changes_keeps_the_home_centre() -> None:
    registered, changed = example("CustomerRegistered"), example("CustomerChanged")
    row = folded(CUSTOMERS, registered.stream, registered.data, changed.data)
    assert row.centre == registered.data.centre
    assert (row.language, row.contact) == (changed.data.language, changed.data.contact)


def test_an_erased_person_is_remembered_under_the_customer() -> None:
    erased = example("PersonErased")
    assert ERASED_PERSONS.keys(erased) == ((erased.stream, erased.data.person),)
    assert folded(ERASED_PERSONS, erased.stream, erased.data)[:2] == (erased.stream, erased.data.person)


def test_a_centre_is_known_by_its_newest_calendar() -> None:
    published = example("CentreCalendarPublished")
    moved = published.data.calendar.model_copy(update={"mailbox": "elsewhere@olcare.example"})
    later = published.data.model_copy(update={"calendar": moved})
    row = folded(CENTRES, published.stream, published.data, later)
    assert row.mailbox == "elsewhere@olcare.example"
    assert CentreSheet.model_validate_json(row.sheet).zone == published.data.calendar.zone


@pytest.mark.parametrize("event", [e for e in NOTICE_ROWS.events if e is not NoticeRequested])
def test_nothing_shows_of_a_notice_that_nobody_asked_for(event: type[Event]) -> None:
    recorded = example(event.__name__)
    assert NOTICE_ROWS.evolve(None, recorded) is None


def test_every_table_names_its_columns_as_its_rows_do() -> None:
    for reader in READERS:
        for projection in reader.projections:
            columns = [column.split()[0] for column in projection.columns.split(",")]
            assert columns == list(projection.row._fields)


def test_a_stored_state_comes_back() -> None:
    row = folded(STATES, NOTICE, requested(), taken(FIRST))
    assert STATES.loaded(STATES.dump(row)) == row
