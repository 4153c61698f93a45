"""A customer: registered once, with a home centre that stays, and forgotten where a person asks for it."""

from dataclasses import replace

import pytest

from libs.messages.base import FactVersion
from libs.messages.contracts import (
    CustomerEvent,
    CustomerRefusal,
    CustomerRefused,
    ErasureRefusal,
    PersonErased,
    PersonErasureRefused,
)
from services.contract.customers import DECIDER, ErasePerson
from tests.unit.contract.examples import CHANGED, COLLEAGUE, CONTACT, ERASE, ERASED, JULY, JUNE, REGISTERED, SUBMIT
from tests.unit.support import Specification

CUSTOMER = Specification(DECIDER)


def refused(reason: CustomerRefusal) -> CustomerRefused:
    return CustomerRefused(refused_at=JUNE, reason=reason)


def not_erased(reason: ErasureRefusal) -> PersonErasureRefused:
    return PersonErasureRefused(person=CONTACT, refused_at=JULY, by="ops-anna", reason=reason)


def test_a5_the_country_names_the_home_centre() -> None:
    CUSTOMER.given().when(SUBMIT).then(REGISTERED)
    CUSTOMER.given().when(replace(SUBMIT, country="BE")).then(REGISTERED.model_copy(update={"country": "BE"}))


def test_a5_a_country_without_a_centre_is_no_guess() -> None:
    CUSTOMER.given().when(replace(SUBMIT, country="CH")).then(refused(CustomerRefusal.NO_CENTRE_FOR_COUNTRY))


def test_a_centre_that_is_asked_for_goes_before_the_country() -> None:
    on_japan = (FactVersion(stream="calendar/plan/japan", sequence=1),)
    CUSTOMER.given().when(replace(SUBMIT, centre="japan")).then(
        REGISTERED.model_copy(update={"centre": "japan", "rests_on": on_japan})
    )


def test_a_centre_that_is_not_published_is_none() -> None:
    CUSTOMER.given().when(replace(SUBMIT, centre="atlantis")).then(refused(CustomerRefusal.UNKNOWN_CENTRE))


def test_a_customer_that_was_refused_can_come_again() -> None:
    CUSTOMER.given(refused(CustomerRefusal.NO_CENTRE_FOR_COUNTRY)).when(SUBMIT).then(REGISTERED)


def test_what_is_said_anew_about_a_customer_is_a_change() -> None:
    CUSTOMER.given(REGISTERED).when(SUBMIT).then(CHANGED)
    moved = replace(SUBMIT, country="CH", language="de", contact=COLLEAGUE, reseller=None)
    expected = {"country": "CH", "language": "de", "contact": COLLEAGUE, "reseller": None}
    CUSTOMER.given(REGISTERED).when(moved).then(CHANGED.model_copy(update=expected))


def test_a4_the_home_centre_stays() -> None:
    CUSTOMER.given(REGISTERED).when(replace(SUBMIT, centre="japan")).then(refused(CustomerRefusal.CENTRE_IS_FIXED))
    CUSTOMER.given(REGISTERED, CHANGED).when(replace(SUBMIT, centre="france")).then(CHANGED)


def test_a_person_of_a_customer_is_erased_once() -> None:
    CUSTOMER.given(REGISTERED).when(ERASE).then(ERASED)
    CUSTOMER.given(REGISTERED, ERASED).when(ERASE).then(not_erased(ErasureRefusal.ALREADY_ERASED))
    CUSTOMER.given(REGISTERED, ERASED, CHANGED).when(ERASE).then(not_erased(ErasureRefusal.ALREADY_ERASED))


def test_erasing_one_person_leaves_the_others() -> None:
    CUSTOMER.given(REGISTERED, ERASED).when(ErasePerson(JULY, COLLEAGUE, "ops-anna")).then(
        PersonErased(person=COLLEAGUE, erased_at=JULY, by="ops-anna")
    )


@pytest.mark.parametrize("past", [(), (refused(CustomerRefusal.UNKNOWN_CENTRE),)])
def test_nobody_is_erased_of_a_customer_that_is_not_ours(past: tuple[CustomerEvent, ...]) -> None:
    CUSTOMER.given(*past).when(ERASE).then(not_erased(ErasureRefusal.UNKNOWN_CUSTOMER))
