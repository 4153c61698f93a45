"""A licence is bought with OL Care; its first term begins in the same act (K12, K13)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.messages.clauses import Clause
from libs.messages.contracts import ContractActivated, ContractRefused, TermKind
from libs.messages.licences import (
    FirstTermNotBegun,
    LicenceKind,
    LicenceOptionsAdded,
    LicenceRefusal,
    LicenceRefused,
    LicenceRegistered,
    Payment,
)
from libs.plan import Term
from services.contract import contracts
from services.contract.contracts import BeginContract
from services.contract.facts import RegisteredCustomer
from services.contract.licences import DECIDER, AddOptions, BuyLicence, Care, NoteNotBegun
from services.contract.reactions import ReactionFacts, react
from tests.unit.contract.examples import ACTIVATED, CONTRACT, CUSTOMER, FRANCE, JUNE, LICENCE
from tests.unit.contract.renewed import LISTS
from tests.unit.recorded import recorded_event

CARE = Care(CONTRACT, date(2026, 6, 1), Payment.YEARLY)
BUY = BuyLicence(
    occurred_at=JUNE,
    licence=LICENCE,
    customer=CUSTOMER,
    licence_kind=LicenceKind.PERPETUAL,
    products=("planetpress-connect",),
    options=("imposition",),
    list_value="12345.67",
    currency="EUR",
    purchased_on=date(2026, 6, 1),
    care=CARE,
    period=None,
    ends_before_it_begins=False,
    contract_is_there=False,
    now=JUNE,
    known_customer=RegisteredCustomer(CUSTOMER, 1, "france"),
    centre=FRANCE,
    known_products=frozenset({"planetpress-connect"}),
    price_lists=LISTS,
)
PERIOD = Term(date(2026, 6, 1), date(2026, 8, 31))
SUBSCRIBE = replace(BUY, licence_kind=LicenceKind.SUBSCRIPTION, period=PERIOD)
NOTHING_KNOWN = ReactionFacts(JUNE, {}, {})


def bought(command: BuyLicence = BUY) -> LicenceRegistered:
    found = DECIDER.decide(DECIDER.initial, command)
    assert isinstance(found, LicenceRegistered)
    return found


def begun(registered: LicenceRegistered) -> ContractActivated:
    [reaction] = react(recorded_event(LICENCE, 1, registered), NOTHING_KNOWN)
    assert isinstance(reaction.command, BeginContract)
    assert reaction.stream == CONTRACT
    found = contracts.DECIDER.decide(contracts.DECIDER.initial, reaction.command)
    assert isinstance(found, ContractActivated)
    return found


def test_the_first_year_of_a_perpetual_licence_begins_with_it_at_the_price_of_the_list() -> None:
    activated = begun(bought())
    assert (activated.first_day, activated.last_day) == (date(2026, 6, 1), date(2027, 5, 31))
    assert (activated.term_kind, activated.licence, activated.licence_kind) == (
        TermKind.FIRST_YEAR,
        LICENCE,
        LicenceKind.PERPETUAL,
    )
    assert activated.price
    assert (activated.price.amount, activated.price.assumed) == ("2469.13", True)
    assert (activated.covered_from, activated.covered_until) == (ACTIVATED.covered_from, ACTIVATED.covered_until)


def test_k12_a_subscription_licence_includes_it_for_its_period_without_a_price() -> None:
    for command in (SUBSCRIBE, replace(SUBSCRIBE, price_lists=())):
        activated = begun(bought(command))
        assert (activated.first_day, activated.last_day) == (PERIOD.first_day, PERIOD.last_day)
        assert (activated.term_kind, activated.price) == (TermKind.SUBSCRIPTION, None)


@pytest.mark.parametrize(
    ("changes", "reason", "clause"),
    [
        ({"care": None}, LicenceRefusal.CARE_IS_COMPULSORY, Clause.COMPULSORY_FIRST_YEAR),
        (
            {"care": replace(CARE, payment=Payment.MONTHLY)},
            LicenceRefusal.NOT_BY_THE_MONTH,
            Clause.YEARLY_PROGRAMME,
        ),
        ({"care": replace(CARE, payment=Payment.PER_CALL)}, LicenceRefusal.NOT_BY_THE_CALL, Clause.NO_PAY_PER_CALL),
        (
            {"care": replace(CARE, first_day=date(2026, 5, 31))},
            LicenceRefusal.BEGINS_WITH_PURCHASE,
            Clause.COMPULSORY_FIRST_YEAR,
        ),
        (
            {"care": replace(CARE, first_day=date(2027, 6, 3))},
            LicenceRefusal.BEGINS_WITH_PURCHASE,
            Clause.COMPULSORY_FIRST_YEAR,
        ),
        ({"known_customer": None}, LicenceRefusal.UNKNOWN_CUSTOMER, None),
        ({"centre": None}, LicenceRefusal.UNKNOWN_CENTRE, None),
        ({"known_products": frozenset()}, LicenceRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT),
        ({"purchased_on": date(2026, 6, 2)}, LicenceRefusal.BOUGHT_IN_FUTURE, None),
        ({"contract_is_there": True}, LicenceRefusal.CONTRACT_NUMBER_IN_USE, None),
        ({"price_lists": ()}, LicenceRefusal.NO_PRICE_LIST, Clause.PRICE),
        ({"currency": "CHF"}, LicenceRefusal.NO_PRICE_LIST, Clause.PRICE),
        ({"ends_before_it_begins": True}, LicenceRefusal.TERM_ENDS_BEFORE_IT_BEGINS, None),
        (
            {"licence_kind": LicenceKind.SUBSCRIPTION},
            LicenceRefusal.NO_PERIOD,
            Clause.SUBSCRIPTION_LICENCE,
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_what_can_not_be_bought_is_refused_with_its_clause(
    changes: dict[str, Any], reason: LicenceRefusal, clause: Clause | None
) -> None:
    """K13 is the first: a perpetual licence without OL Care."""
    found = DECIDER.decide(DECIDER.initial, replace(BUY, **changes))
    assert isinstance(found, LicenceRefused)
    assert (found.reason, found.clause, found.customer) == (reason, clause, CUSTOMER)


def test_a_licence_is_bought_once() -> None:
    found = DECIDER.decide(DECIDER.replay((bought(),)), BUY)
    assert isinstance(found, LicenceRefused)
    assert found.reason is LicenceRefusal.ALREADY_REGISTERED


def add(value: str, currency: str = "EUR") -> AddOptions:
    return AddOptions(JUNE + timedelta(days=9), ("barcodes",), value, currency, date(2026, 6, 10))


def test_options_raise_the_total_list_value() -> None:
    first = DECIDER.decide(DECIDER.replay((bought(),)), add("800.05"))
    assert isinstance(first, LicenceOptionsAdded)
    assert (first.list_value, first.options) == ("13145.72", ("barcodes",))
    second = DECIDER.decide(DECIDER.replay((bought(), first)), add("0.28"))
    assert isinstance(second, LicenceOptionsAdded)
    assert second.list_value == "13146.00"


@pytest.mark.parametrize(
    ("history", "command", "reason"),
    [
        ((), add("1"), LicenceRefusal.UNKNOWN_LICENCE),
        ((bought(),), add("1", "USD"), LicenceRefusal.OTHER_CURRENCY),
        ((bought(),), add("999999999999999"), LicenceRefusal.VALUE_TOO_LARGE),
    ],
)
def test_options_that_can_not_be_added_are_refused(
    history: tuple[Any, ...], command: AddOptions, reason: LicenceRefusal
) -> None:
    found = DECIDER.decide(DECIDER.replay(history), command)
    assert isinstance(found, LicenceRefused)
    assert found.reason is reason


def test_where_the_contracts_number_was_given_away_meanwhile_the_licence_says_so() -> None:
    registered = bought()
    [reaction] = react(recorded_event(LICENCE, 1, registered), NOTHING_KNOWN)
    in_use = contracts.DECIDER.decide(contracts.DECIDER.replay((ACTIVATED,)), reaction.command)  # type: ignore[arg-type]
    assert isinstance(in_use, ContractRefused)
    [note] = react(recorded_event(CONTRACT, 2, in_use), NOTHING_KNOWN)
    assert (note.stream, note.command) == (LICENCE, NoteNotBegun(JUNE, CONTRACT))
    noted = DECIDER.decide(DECIDER.replay((registered,)), note.command)  # type: ignore[arg-type]
    assert noted == FirstTermNotBegun(contract=CONTRACT, refused_at=JUNE)
    assert DECIDER.decide(DECIDER.replay((registered, noted)), note.command) is None  # type: ignore[arg-type]


def test_a_refused_contract_that_was_submitted_asks_nobody() -> None:
    refused = ContractRefused(refused_at=JUNE, customer=CUSTOMER, reason="unknown-customer")  # type: ignore[arg-type]
    assert list(react(recorded_event(CONTRACT, 1, refused), NOTHING_KNOWN)) == []


def test_the_day_of_the_purchase_is_local() -> None:
    """At 22:30 in UTC it is the next day in Paris."""
    evening = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)
    assert bought(replace(BUY, now=evening)).purchased_on == date(2026, 6, 1)
