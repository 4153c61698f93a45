"""A renewal is offered once, reminded of, and signed for by a local day; else the contract lapses (K5, K6, K8, K9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example
from hypothesis import given as drawn
from hypothesis import strategies as st

from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractRenewed,
    ReminderSkip,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    SignatureRefusal,
    SignatureRefused,
    TermBegan,
)
from libs.messages.licences import LicenceKind, Payment
from libs.plan import covered_until, yearly_term
from services.contract.contract_rows import CONTRACT_ROWS
from services.contract.contract_states import Active, Lapsed
from services.contract.contracts import DECIDER, Command, NoteBeginning
from services.contract.facts import AddedValue
from services.contract.renewals import RemindOfRenewal
from tests.unit.contract.examples import ACTIVATED, CONTRACT, CUSTOMER, ENDS, JUNE, MICROSECOND
from tests.unit.contract.renewed import (
    END,
    FIRST_DAY,
    GRACE,
    KNOWN,
    LAPSED,
    LAST_DAY,
    LISTS,
    OFFER,
    OFFER_DAY,
    OFFERED,
    price,
    price_list,
    renewed,
    sign,
    take_up,
)
from tests.unit.contract.test_contract_projections import folded
from tests.unit.support import Specification

SUPPORT = Specification(DECIDER)
MAY = datetime(2027, 5, 20, 9, tzinfo=UTC)
SUBSCRIPTION = ACTIVATED.model_copy(update={"licence_kind": LicenceKind.SUBSCRIPTION})


def remind(days: int, at: datetime, skip: ReminderSkip | None = None) -> RemindOfRenewal:
    return RemindOfRenewal(at, CONTRACT, days, at, at, skip)


def refused(signed_on: date, now: datetime, reason: SignatureRefusal, clause: Clause | None = None) -> SignatureRefused:
    return SignatureRefused(
        refused_at=now, contract=CONTRACT, customer=CUSTOMER, signed_on=signed_on, reason=reason, clause=clause
    )


def test_a_renewal_is_offered_once_with_its_form_and_its_price() -> None:
    SUPPORT.given(ACTIVATED).when(OFFER).then(OFFERED)
    SUPPORT.given(ACTIVATED, OFFERED).when(OFFER).then(None)


def test_what_can_not_be_priced_is_offered_without_a_price() -> None:
    offer = replace(OFFER, licence=None)
    SUPPORT.given(ACTIVATED).when(offer).then(OFFERED.model_copy(update={"price": None, "rests_on": ()}))


@pytest.mark.parametrize(
    ("history", "at"),
    [((SUBSCRIPTION,), OFFER.detected_at), ((ACTIVATED,), ENDS), ((ACTIVATED, LAPSED), ENDS), ((), ENDS)],
    ids=["K12: a subscription licence", "when it is over", "when it has lapsed", "of nothing"],
)
def test_nothing_is_offered_where_nothing_can_be_signed(history: tuple[object, ...], at: datetime) -> None:
    SUPPORT.given(*history).when(replace(OFFER, detected_at=at)).then(None)  # type: ignore[arg-type]


def test_reminders_come_nearer_to_the_end_and_each_once() -> None:
    at = OFFER.detected_at
    first = DECIDER.decide(DECIDER.replay((ACTIVATED, OFFERED)), remind(60, at))
    assert isinstance(first, RenewalReminded)
    assert (first.days_before, first.form, first.price) == (60, "renewal-2", OFFERED.price)
    SUPPORT.given(ACTIVATED, OFFERED, first).when(remind(60, at)).then(None)
    SUPPORT.given(ACTIVATED).when(remind(60, at)).then(None)
    skipped = DECIDER.decide(DECIDER.replay((ACTIVATED, OFFERED, first)), remind(30, at, ReminderSkip.NOT_WANTED))
    assert isinstance(skipped, RenewalReminderSkipped)
    SUPPORT.given(ACTIVATED, OFFERED, first, skipped).when(remind(30, at)).then(None)


@pytest.mark.parametrize("signed_on", [date(2027, 5, 20), LAST_DAY])
def test_a_signature_by_the_last_day_renews_without_a_gap(signed_on: date) -> None:
    now = datetime.combine(signed_on, MAY.timetz())
    SUPPORT.given(ACTIVATED, OFFERED).when(sign(signed_on, now)).then(renewed(signed_on, now))


def test_a_renewal_that_is_told_in_one_breath_with_the_purchase_leaves_the_beginning_to_be_noted() -> None:
    first = renewed(MAY.date(), MAY)
    began = DECIDER.decide(DECIDER.replay((ACTIVATED, first)), NoteBeginning(ACTIVATED.covered_from, CONTRACT, MAY))
    assert isinstance(began, TermBegan)
    assert (began.began_at, began.covered_until) == (ACTIVATED.covered_from, first.covered_until)
    row = folded(CONTRACT_ROWS, CONTRACT, ACTIVATED, first)
    assert (row.begun, row.begins_at) == (False, ACTIVATED.covered_from)
    assert folded(CONTRACT_ROWS, CONTRACT, ACTIVATED, first, began).begun
    SUPPORT.given(ACTIVATED, first, began).when(NoteBeginning(ACTIVATED.covered_from, CONTRACT, MAY)).then(None)


def test_k8_a_signature_on_the_last_day_that_is_told_three_days_later_reverses_the_lapse() -> None:
    now = ENDS + timedelta(days=3)
    SUPPORT.given(ACTIVATED, OFFERED, LAPSED).when(sign(LAST_DAY, now)).then(renewed(LAST_DAY, now, reverses=True))
    [state] = {type(DECIDER.replay((ACTIVATED, OFFERED, LAPSED, renewed(LAST_DAY, now, reverses=True))))}
    assert state is Active


def test_k8_it_is_told_of_within_thirty_days() -> None:
    history = (ACTIVATED, OFFERED, LAPSED)
    latest = ENDS + GRACE
    assert isinstance(DECIDER.decide(DECIDER.replay(history), sign(LAST_DAY, latest)), ContractRenewed)
    late = refused(LAST_DAY, latest + MICROSECOND, SignatureRefusal.RECORDED_TOO_LATE, Clause.DEARER)
    SUPPORT.given(*history).when(sign(LAST_DAY, latest + MICROSECOND)).then(late)


def test_k8_a_signature_that_stands_at_the_door_while_nobody_reads_there_was_told_of_when_it_came() -> None:
    latest = ENDS + GRACE
    read_late = replace(sign(LAST_DAY, latest), now=latest + timedelta(days=3))
    for history in ((ACTIVATED, OFFERED), (ACTIVATED, OFFERED, LAPSED)):
        assert isinstance(DECIDER.decide(DECIDER.replay(history), read_late), ContractRenewed)


def test_k8_it_is_refused_once_a_re_subscription_counts() -> None:
    now = ENDS + timedelta(days=2)
    taken_up = DECIDER.decide(DECIDER.replay((ACTIVATED, LAPSED)), take_up(date(2027, 6, 2), now))
    assert taken_up is not None
    expected = refused(LAST_DAY, now, SignatureRefusal.RESUBSCRIBED)
    SUPPORT.given(ACTIVATED, LAPSED, taken_up).when(sign(LAST_DAY, now)).then(expected)


def test_k9_a_signature_on_the_day_after_renews_nothing() -> None:
    now = ENDS + timedelta(hours=10)
    expected = refused(FIRST_DAY, now, SignatureRefusal.LAPSED, Clause.DEARER)
    for history in ((ACTIVATED,), (ACTIVATED, LAPSED)):
        SUPPORT.given(*history).when(sign(FIRST_DAY, now)).then(expected)


@pytest.mark.parametrize(
    ("command", "reason", "clause"),
    [
        (sign(LAST_DAY, MAY), SignatureRefusal.SIGNED_IN_FUTURE, None),
        (sign(date(2026, 5, 31), MAY), SignatureRefusal.SIGNED_BEFORE_TERM, None),
        (sign(MAY.date(), MAY, Payment.MONTHLY), SignatureRefusal.NOT_BY_THE_MONTH, Clause.YEARLY_PROGRAMME),
        (sign(MAY.date(), MAY, Payment.PER_CALL), SignatureRefusal.NOT_BY_THE_CALL, Clause.NO_PAY_PER_CALL),
    ],
)
def test_what_is_no_renewal_is_refused_with_its_reason(
    command: Command, reason: SignatureRefusal, clause: Clause | None
) -> None:
    found = DECIDER.decide(DECIDER.replay((ACTIVATED,)), command)
    assert isinstance(found, SignatureRefused)
    assert (found.reason, found.clause) == (reason, clause)


def test_a_contract_is_renewed_for_one_term_at_a_time() -> None:
    first = renewed(MAY.date(), MAY)
    again = refused(MAY.date(), MAY, SignatureRefusal.ALREADY_RENEWED)
    SUPPORT.given(ACTIVATED, first).when(sign(MAY.date(), MAY)).then(again)


def test_of_the_end_of_the_next_term_is_told_as_of_the_first() -> None:
    first = renewed(MAY.date(), MAY)
    at = OFFER.detected_at.replace(year=2028)
    offer = replace(
        OFFER, occurred_at=OFFERED.due_at.replace(year=2028), detected_at=at, on=OFFER_DAY.replace(year=2028)
    )
    event = DECIDER.decide(DECIDER.replay((ACTIVATED, OFFERED, first)), offer)
    assert isinstance(event, RenewalOffered)
    assert (event.last_day, event.next_last_day) == (date(2028, 5, 31), date(2029, 5, 31))
    SUPPORT.given(ACTIVATED, OFFERED, first).when(remind(60, at)).then(None)


def test_k12_a_subscription_licence_is_not_renewed_by_a_form() -> None:
    included = refused(MAY.date(), MAY, SignatureRefusal.SUBSCRIPTION_INCLUDES_CARE, Clause.SUBSCRIPTION_LICENCE)
    SUPPORT.given(SUBSCRIPTION).when(sign(MAY.date(), MAY)).then(included)


def test_the_offered_price_binds_whatever_price_lists_come_later() -> None:
    dearer = (*LISTS, price_list(version=2, renewal=3000, applies_from=OFFER_DAY + timedelta(days=1)))
    command = replace(sign(MAY.date(), MAY), price_lists=dearer)
    SUPPORT.given(ACTIVATED, OFFERED).when(command).then(renewed(MAY.date(), MAY))
    unoffered = DECIDER.decide(DECIDER.replay((ACTIVATED,)), command)
    assert isinstance(unoffered, ContractRenewed)
    assert unoffered.price
    assert (unoffered.price.amount, unoffered.price.price_list) == ("3703.70", 2)


def test_options_that_were_added_after_the_offer_wait_for_the_next_one() -> None:
    later = sign(MAY.date(), MAY)
    richer = replace(later, licence=replace(later.licence, list_value="99999.00"))  # type: ignore[type-var]
    SUPPORT.given(ACTIVATED, OFFERED).when(richer).then(renewed(MAY.date(), MAY, cost=price("2469.13")))


@pytest.mark.parametrize(
    ("added_on", "value", "amount"),
    [(OFFER_DAY, "12345.67", "2469.13"), (OFFER_DAY + timedelta(days=1), "11345.67", "2269.13")],
)
def test_the_offer_has_the_options_that_are_added_by_its_day_whenever_it_is_made(
    added_on: date, value: str, amount: str
) -> None:
    offer = replace(OFFER, licence=replace(KNOWN, added=(AddedValue(added_on, "1000.00"),)))
    offered = DECIDER.decide(DECIDER.replay((ACTIVATED,)), offer)
    assert isinstance(offered, RenewalOffered)
    assert offered.price
    assert (offered.price.amount, offered.price.licence_value) == (amount, value)


def test_a_lapse_without_a_signature_is_one_event() -> None:
    SUPPORT.given(ACTIVATED, OFFERED).when(END).then(LAPSED)
    assert isinstance(DECIDER.replay((ACTIVATED, OFFERED, LAPSED)), Lapsed)


@example(first_day=date(2024, 2, 29), years=9)
@drawn(first_day=st.dates(date(2024, 1, 1), date(2040, 1, 1)), years=st.integers(1, 9))
def test_k5_k6_terms_follow_each_other_by_the_anniversary_of_the_first_day(first_day: date, years: int) -> None:
    first = yearly_term(first_day)
    end = covered_until(first, "Europe/Paris")
    activated = ACTIVATED.model_copy(update={**vars(first), "covered_until": end})
    history: list[object] = [activated]
    for number in range(2, years + 2):
        state = DECIDER.replay(history)  # type: ignore[arg-type]
        assert isinstance(state, Active)
        day = state.term.last_day
        event = DECIDER.decide(state, sign(day, datetime.combine(day, JUNE.timetz())))
        assert isinstance(event, ContractRenewed)
        assert (event.number, event.first_day) == (number, day + timedelta(days=1))
        assert (event.first_day, event.last_day) == (
            yearly_term(first_day, number).first_day,
            yearly_term(first_day, number).last_day,
        )
        history.append(event)
