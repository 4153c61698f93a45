"""What is told of a term's end, and when: local days of the centre, and after a standstill the latest alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.eventlog.errors import Unavailable
from libs.messages.contracts import ReminderSkip
from libs.messages.plan import NoticeOffsets, Status
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.contract.handlers import Beginning, NotBegun
from services.contract.plan_facts import CalendarsAndPrices, next_told
from services.contract.renewals import OfferRenewal, RemindOfRenewal
from services.contract.telling import EndOfTerm, Scheduled, due_at, mail_at, schedule, why_skipped
from tests.unit.contract.examples import CALENDAR, CONTRACT, CUSTOMER, JUNE, LICENCE
from tests.unit.contract.renewed import LISTS, OFFER, OFFERED_AT
from tests.unit.eventlog.environment import Machine

OFFSETS = NoticeOffsets(version=1, renewal_offer_days=90, reminder_days=(60, 30, 7, 1), status=Status.ASSUMPTION)
END = EndOfTerm(date(2027, 5, 31), "Europe/Paris", JUNE)
A_SECOND, A_DAY = timedelta(seconds=1), timedelta(days=1)


def test_what_follows_on_what_was_told_is_the_next_nearer_day() -> None:
    follows = {one.told: one.days for one in schedule(OFFSETS)}
    assert follows[NOTHING_TOLD] == 90
    assert follows[OFFERED] == follows[61] == 60
    assert follows[60] == follows[31] == 30
    assert (follows[30], follows[7]) == (7, 1)
    assert 1 not in follows


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Paris", datetime(2027, 3, 1, 23, tzinfo=UTC)),
        ("Australia/Melbourne", datetime(2027, 3, 1, 13, tzinfo=UTC)),
        ("America/Toronto", datetime(2027, 3, 2, 5, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2027, 3, 1, 15, tzinfo=UTC)),
    ],
)
def test_it_falls_at_the_beginning_of_the_local_day(zone: str, expected: datetime) -> None:
    assert due_at(date(2027, 5, 31), 90, zone) == expected


def test_after_a_standstill_over_several_days_only_the_latest_is_sent() -> None:
    now = END.before(7) + A_DAY
    said = [why_skipped(OFFSETS, days, END, now, is_wanted=True) for days in (60, 30, 7)]
    assert said == [ReminderSkip.LATER_ONE_DUE, ReminderSkip.LATER_ONE_DUE, None]


def test_one_that_is_not_wanted_is_noted_and_one_of_before_the_contract_is_none() -> None:
    assert why_skipped(OFFSETS, 60, END, END.before(60), is_wanted=False) is ReminderSkip.NOT_WANTED
    late = replace(END, known_at=END.before(60) + A_SECOND)
    assert why_skipped(OFFSETS, 60, late, late.known_at, is_wanted=True) is ReminderSkip.BEFORE_CONTRACT
    assert why_skipped(OFFSETS, 30, late, END.before(30), is_wanted=True) is None


def test_mails_leave_at_the_next_opening_of_the_centre() -> None:
    assert mail_at(CALENDAR, datetime(2026, 11, 23, 23, tzinfo=UTC)) == datetime(2026, 11, 24, 8, tzinfo=UTC)
    open_now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert mail_at(CALENDAR, open_now) == open_now


def test_where_no_opening_is_published_they_leave_at_once() -> None:
    beyond = datetime(2090, 1, 1, tzinfo=UTC)
    assert mail_at(CALENDAR, beyond) == beyond
    assert mail_at(None, beyond) == beyond


def row(**changes: object) -> dict[str, Any]:
    known: dict[str, Any] = {
        "stream": CONTRACT,
        "customer": CUSTOMER,
        "licence": LICENCE,
        "licence_stream": LICENCE,
        "licence_sequence": 1,
        "list_value": "12345.67",
        "currency": "EUR",
        "added": "[]",
        "centre": "france",
        "zone": "Europe/Paris",
        "last_day": date(2027, 5, 31),
        "known_at": JUNE,
        "told": NOTHING_TOLD,
        "reminders": None,
    }
    return known | changes


def test_the_offer_is_priced_on_its_own_local_day() -> None:
    facts = CalendarsAndPrices({"france": CALENDAR}, LISTS)
    one = next_told(row(), schedule(OFFSETS))
    assert one.due_at == OFFERED_AT
    offer = facts.tell(one, OFFSETS, OFFER.detected_at)
    assert isinstance(offer, OfferRenewal)
    assert (offer.on, offer.licence, offer.price_lists) == (OFFER.on, OFFER.licence, LISTS)


@pytest.mark.parametrize(
    ("known_at", "on"),
    [
        (OFFERED_AT, OFFER.on),
        (datetime(2027, 4, 9, 21, 59, tzinfo=UTC), date(2027, 4, 9)),
        (datetime(2027, 4, 9, 22, tzinfo=UTC), date(2027, 4, 10)),
    ],
)
def test_the_offer_of_a_contract_that_became_known_after_its_day_is_priced_on_the_day_it_did(
    known_at: datetime, on: date
) -> None:
    one = next_told(row(known_at=known_at), schedule(OFFSETS))
    offer = CalendarsAndPrices({"france": CALENDAR}, LISTS).tell(one, OFFSETS, known_at + timedelta(days=3))
    assert isinstance(offer, OfferRenewal)
    assert (offer.occurred_at, offer.on) == (OFFERED_AT, on)


def test_a_customer_that_is_not_known_here_is_reminded() -> None:
    one = next_told(row(told=OFFERED), [Scheduled(OFFERED, 60)])
    reminder = CalendarsAndPrices({}, ()).tell(one, OFFSETS, one.due_at)
    assert reminder == RemindOfRenewal(one.due_at, CONTRACT, 60, one.due_at, one.due_at)


def test_what_is_said_of_a_contract_waits_until_it_has_begun_but_not_for_ever() -> None:
    clock = Machine()
    beginning, other = Beginning(clock, patience=30), {"contract/erp/K-1"}
    beginning.wait_for(other, frozenset())
    for seconds in (0, 30):
        clock.seconds = seconds
        with pytest.raises(Unavailable, match="K-2001 is about to begin"):
            beginning.wait_for({CONTRACT}, frozenset({CONTRACT}))
    clock.seconds = 30.1
    beginning.wait_for(other, frozenset())  # as when a batch is halved, to find out which record it is
    with pytest.raises(NotBegun, match="olcare stuck list"):
        beginning.wait_for({CONTRACT}, frozenset({CONTRACT}))
    beginning.wait_for({CONTRACT}, frozenset())
    with pytest.raises(Unavailable):
        beginning.wait_for({CONTRACT}, frozenset({CONTRACT}))
