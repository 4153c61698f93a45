"""A support contract: its term in local days of the centre, from its activation to its end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefusal,
    ContractRefused,
)
from libs.messages.licences import LicenceKind
from libs.plan import yearly_term
from services.contract.contracts import DECIDER, ActivateContract, EndTerm
from services.contract.facts import KnownCentre
from tests.unit.contract.examples import (
    ACTIVATE,
    ACTIVATED,
    AMERICAS,
    AUSTRALIA,
    CONTRACT,
    CUSTOMER,
    ENDS,
    FRANCE,
    JAPAN,
    JUNE,
    MICROSECOND,
    ON_CUSTOMER,
    ON_FRANCE,
    term,
)
from tests.unit.support import Specification

SUPPORT = Specification(DECIDER)
LAPSED = ContractLapsed(
    contract=CONTRACT,
    customer=CUSTOMER,
    centre="france",
    last_day=date(2027, 5, 31),
    lapsed_at=ENDS,
    detected_at=ENDS,
    licence_kind=LicenceKind.PERPETUAL,
    zone="Europe/Paris",
)
NEXT = "contract/erp/K-2001-2"
CONTINUED = ContractContinued(
    contract=CONTRACT,
    customer=CUSTOMER,
    centre="france",
    last_day=date(2027, 5, 31),
    ended_at=ENDS,
    continued_by=NEXT,
    detected_at=ENDS,
)


def refused(reason: ContractRefusal, clause: Clause | None = None) -> ContractRefused:
    return ContractRefused(
        refused_at=JUNE, customer=CUSTOMER, reason=reason, clause=clause, rests_on=(ON_CUSTOMER, ON_FRANCE)
    )


def activated(command: ActivateContract) -> ContractActivated:
    event = SUPPORT.given().when(command).event
    assert isinstance(event, ContractActivated)
    return event


def test_a_contract_of_a_year_is_activated_with_its_term() -> None:
    SUPPORT.given().when(ACTIVATE).then(ACTIVATED)


@pytest.mark.parametrize(
    ("case", "centre", "last_day", "ends"),
    [
        ("K1", AUSTRALIA, date(2027, 6, 30), datetime(2027, 6, 30, 14, tzinfo=UTC)),
        ("K2", AMERICAS, date(2027, 6, 30), datetime(2027, 7, 1, 4, tzinfo=UTC)),
        ("K3", FRANCE, date(2027, 3, 27), datetime(2027, 3, 27, 23, tzinfo=UTC)),
        ("K4", JAPAN, date(2026, 12, 31), datetime(2026, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_cover_ends_with_the_last_local_day(case: str, centre: KnownCentre, last_day: date, ends: datetime) -> None:
    first_day = last_day - timedelta(days=364)
    event = activated(term(first_day, last_day, centre))
    assert (event.covered_until, event.zone) == (ends, centre.zone), case


@pytest.mark.parametrize(
    ("case", "first_day", "last_day"),
    [("K5", date(2026, 11, 23), date(2027, 11, 22)), ("K6", date(2028, 2, 29), date(2029, 2, 27))],
)
def test_a_term_is_a_year_to_the_day(case: str, first_day: date, last_day: date) -> None:
    assert activated(term(first_day, last_day)).last_day == last_day, case
    for off in (-1, 1):
        SUPPORT.given().when(term(first_day, last_day + timedelta(days=off))).then(
            refused(ContractRefusal.TERM_IS_NOT_A_YEAR, Clause.YEARLY_PROGRAMME)
        )


K6_BEGINS = (date(2028, 2, 29), date(2029, 2, 28), date(2030, 2, 28), date(2031, 2, 28), date(2032, 2, 29))


@pytest.mark.parametrize(("first_day", "next_first_day"), list(pairwise(K6_BEGINS)))
def test_k6_every_term_of_a_contract_begun_on_a_leap_day_is_a_year_by_that_day(
    first_day: date, next_first_day: date
) -> None:
    last_day = next_first_day - timedelta(days=1)
    assert activated(term(first_day, last_day)).last_day == last_day
    SUPPORT.given().when(term(first_day, last_day + timedelta(days=1))).then(
        refused(ContractRefusal.TERM_IS_NOT_A_YEAR, Clause.YEARLY_PROGRAMME)
    )


def test_k12_a_subscription_licence_is_covered_for_its_own_period() -> None:
    a_day = replace(term(date(2026, 6, 1), date(2026, 6, 1)), licence_kind=LicenceKind.SUBSCRIPTION)
    event = activated(a_day)
    assert event.covered_until - event.covered_from == timedelta(days=1)


@pytest.mark.parametrize("kind", LicenceKind)
def test_a_term_can_not_end_before_it_begins(kind: LicenceKind) -> None:
    backwards = replace(term(date(2026, 6, 2), date(2026, 6, 1)), licence_kind=kind)
    SUPPORT.given().when(backwards).then(refused(ContractRefusal.TERM_ENDS_BEFORE_IT_BEGINS))


def test_a_contract_needs_a_customer() -> None:
    unknown = replace(ACTIVATE, known_customer=None, centre=None)
    expected = refused(ContractRefusal.UNKNOWN_CUSTOMER).model_copy(update={"rests_on": ()})
    SUPPORT.given().when(unknown).then(expected)


def test_a_contract_needs_a_centre_whose_days_it_counts() -> None:
    expected = refused(ContractRefusal.UNKNOWN_CENTRE).model_copy(update={"rests_on": (ON_CUSTOMER,)})
    SUPPORT.given().when(replace(ACTIVATE, centre=None)).then(expected)


def test_a_contract_is_for_products_of_the_plan_each_of_them() -> None:
    two = replace(ACTIVATE, products=("planetpress-connect", "abacus"))
    SUPPORT.given().when(two).then(refused(ContractRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT))


def test_a_contract_that_was_refused_can_come_again() -> None:
    SUPPORT.given(refused(ContractRefusal.UNKNOWN_CUSTOMER)).when(ACTIVATE).then(ACTIVATED)


def test_a_contract_is_activated_once() -> None:
    SUPPORT.given(ACTIVATED).when(ACTIVATE).then(refused(ContractRefusal.ALREADY_ACTIVE))
    SUPPORT.given(ACTIVATED, LAPSED).when(ACTIVATE).then(refused(ContractRefusal.ALREADY_LAPSED))
    SUPPORT.given(ACTIVATED, CONTINUED).when(ACTIVATE).then(refused(ContractRefusal.ALREADY_CONTINUED))


def test_a_term_lapses_at_its_end_and_no_microsecond_before() -> None:
    SUPPORT.given(ACTIVATED).when(EndTerm(ENDS, CONTRACT, detected_at=ENDS)).then(LAPSED)
    SUPPORT.given(ACTIVATED).when(EndTerm(ENDS, CONTRACT, detected_at=ENDS - MICROSECOND)).then(None)


def test_a_term_that_is_followed_by_another_never_lapses() -> None:
    SUPPORT.given(ACTIVATED).when(EndTerm(ENDS, CONTRACT, detected_at=ENDS, continued_by=NEXT)).then(CONTINUED)
    early = EndTerm(ENDS, CONTRACT, detected_at=ENDS - MICROSECOND, continued_by=NEXT)
    SUPPORT.given(ACTIVATED).when(early).then(None)


def test_a_lapse_that_is_noticed_late_happened_when_the_term_ended() -> None:
    late = ENDS + timedelta(days=3)
    SUPPORT.given(ACTIVATED).when(EndTerm(ENDS, CONTRACT, detected_at=late)).then(
        LAPSED.model_copy(update={"detected_at": late})
    )


@pytest.mark.parametrize(
    "past", [(), (refused(ContractRefusal.UNKNOWN_CUSTOMER),), (ACTIVATED, LAPSED), (ACTIVATED, CONTINUED)]
)
def test_what_does_not_run_can_not_lapse(past: tuple[ContractEvent, ...]) -> None:
    SUPPORT.given(*past).when(EndTerm(ENDS, CONTRACT, detected_at=ENDS)).then(None)


def test_the_end_of_another_term_is_not_the_end_of_this_one() -> None:
    SUPPORT.given(ACTIVATED).when(EndTerm(ENDS - MICROSECOND, CONTRACT, detected_at=ENDS)).then(None)


@drawn(st.dates(date(1970, 1, 1), date(2198, 1, 1)), st.sampled_from([FRANCE, AUSTRALIA, AMERICAS, JAPAN]))
def test_every_year_that_can_be_said_is_a_term_that_ends_after_it_begins(first_day: date, centre: KnownCentre) -> None:
    event = activated(term(first_day, yearly_term(first_day).last_day, centre))
    assert timedelta(days=364) < event.covered_until - event.covered_from < timedelta(days=367)
