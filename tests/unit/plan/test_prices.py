"""Prices: K10 and K11 of tests/cases/lifecycle.md."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.plan import PlanRefusal, PriceList
from libs.plan import Quote, prices_objection, quote
from tests.unit.plan.seed import PLAN

EURO, YEN = (next(each for each in PLAN.prices if each.currency == currency) for currency in ("EUR", "JPY"))


def euros(**changes: int) -> PriceList:
    return EURO.model_copy(update=changes)


def test_k10_a_term_costs_a_share_of_the_value_of_the_licence() -> None:
    assert quote(EURO, Decimal("12345.67")) == Quote(
        first_year=Decimal("2469.13"),
        renewal=Decimal("2469.13"),
        resubscription=Decimal("3086.42"),
        adjusted=False,
    )


def test_k11_where_rounding_makes_them_equal_coming_back_costs_one_unit_more() -> None:
    small = quote(EURO, Decimal("0.05"))
    assert (small.renewal, small.resubscription, small.adjusted) == (Decimal("0.01"), Decimal("0.02"), True)


@pytest.mark.parametrize(("value", "price"), [("0.10", "0.02"), ("0.30", "0.08"), ("0.50", "0.12")])
def test_half_a_unit_goes_to_the_even_neighbour(value: str, price: str) -> None:
    assert quote(euros(first_year=2_500), Decimal(value)).first_year == Decimal(price)


def test_a_currency_without_minor_units_has_none() -> None:
    assert str(quote(YEN, Decimal(123_456)).renewal) == "24691"


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_value_has_no_price(value: str) -> None:
    with pytest.raises(ValueError, match="no value"):
        quote(EURO, Decimal(value))


@given(
    st.decimals("0.01", "1e12", places=2),
    st.integers(0, 5_000),
    st.integers(1, 5_000),
    st.sampled_from([0, 2, 3]),
)
def test_coming_back_is_dearer_than_renewing_whatever_the_rates(
    value: Decimal, renewal: int, surcharge: int, digits: int
) -> None:
    prices = euros(renewal=renewal, resubscription=renewal + surcharge, minor_digits=digits)
    assert quote(prices, value).resubscription > quote(prices, value).renewal


def test_a_price_list_whose_surcharge_is_nothing_is_not_published() -> None:
    assert prices_objection(euros(resubscription=EURO.renewal)) is PlanRefusal.RESUBSCRIPTION_NOT_DEARER
    assert prices_objection(euros(resubscription=EURO.renewal + 1)) is None
