"""Contracts that end in the week: signed for on the last day, or taken up again after the lapse."""

from datetime import date, timedelta

from libs.messages.catalogue import CONTRACTS_DOOR
from libs.messages.upstream import RenewalSigned, ResubscriptionSigned, Upstream
from libs.plan import yearly_term
from services.ops.demo.cases import ask_and_answer, case_of
from services.ops.demo.cast import ERP, Customer
from services.ops.demo.scribe import Scribe, local

DAY = timedelta(days=1)


def play_contracts(scribe: Scribe) -> None:
    """Write all of them."""
    for customer in scribe.cast.playing("renewing"):
        _renews_on_the_last_day(scribe, customer)
    for customer in scribe.cast.playing("returning"):
        _comes_back(scribe, customer)


def _renews_on_the_last_day(scribe: Scribe, customer: Customer) -> None:
    """Late in the evening, and the next day is covered."""
    last_day = _last_day(customer)
    _sign(scribe, customer, last_day, "23:10:00", RenewalSigned(signed_on=last_day))
    ask_and_answer(scribe, case_of(scribe, customer, last_day + DAY, "09:40:00"))


def _comes_back(scribe: Scribe, customer: Customer) -> None:
    """Nobody signs: a ticket and the old form are refused, a re-subscription brings cover back."""
    last_day = _last_day(customer)
    lapsed, back = last_day + DAY, last_day + 2 * DAY
    ask_and_answer(scribe, case_of(scribe, customer, last_day, "10:05:00"))
    scribe.ask(case_of(scribe, customer, lapsed, "10:35:00"))
    _sign(scribe, customer, lapsed, "11:15:00", RenewalSigned(signed_on=lapsed))
    successor = customer.number.replace("C", "R")
    _sign(scribe, customer, back, "09:15:00", ResubscriptionSigned(contract=successor, signed_on=back))
    ask_and_answer(scribe, case_of(scribe, customer, back, "10:40:00"))


def _last_day(customer: Customer) -> date:
    assert customer.first_day is not None  # noqa: S101 - they have a contract
    return yearly_term(customer.first_day).last_day


def _sign(scribe: Scribe, customer: Customer, day: date, clock: str, form: Upstream) -> None:
    at = local(scribe.calendars[customer.centre], day, clock)
    scribe.say(CONTRACTS_DOOR, ERP, customer.number.replace("C", "K"), at, form)
