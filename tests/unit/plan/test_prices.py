"""Prices: K10 and K11 of tests/cases/lifecycle.md, and what is so of every currency, rate and value."""

from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.messages.plan import PlanRefusal, PriceList, Status
from libs.plan import NoPrice, NoPriceCode, PriceKind, Quote, prices_in_force, prices_objection, quote, quote_by
from libs.plan.prices import MOST_DIGITS
from tests.unit.plan.seed import PLAN, day

EURO, YEN = (next(each for each in PLAN.prices if each.currency == currency) for currency in ("EUR", "JPY"))
FIRST_YEAR, RENEWAL, RESUBSCRIPTION = PriceKind
NOVEMBER = day("2026-11-24")
MINOR_DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3, "CLF": 4}
MOST_RATE = 100_000


def euros(**changes: object) -> PriceList:
    return EURO.model_copy(update=changes)


def amount(kind: PriceKind, value: str, prices: PriceList = EURO) -> str:
    return str(quote_by(prices, kind, Decimal(value)).amount)


def test_k10_a_term_costs_a_share_of_the_value_of_the_licence() -> None:
    assert [amount(kind, "12345.67") for kind in PriceKind] == ["2469.13", "2469.13", "3086.42"]
    assert quote(PLAN.prices, "EUR", "renewal", Decimal("12345.67"), NOVEMBER) == Quote(
        amount=Decimal("2469.13"),
        currency="EUR",
        rate=2_000,
        price_list=1,
        applies_from=day("2026-01-01"),
        status=Status.ASSUMPTION,
        adjusted=False,
    )


def test_k11_where_rounding_makes_them_equal_coming_back_costs_one_unit_more() -> None:
    renewal, back = (quote_by(EURO, kind, Decimal("0.05")) for kind in (RENEWAL, RESUBSCRIPTION))
    assert (str(renewal.amount), renewal.adjusted) == ("0.01", False)
    assert (str(back.amount), back.rate, back.adjusted) == ("0.02", 2_500, True)


@pytest.mark.parametrize(("value", "rounded"), [("0.10", "0.02"), ("0.30", "0.08"), ("0.50", "0.12")])
def test_half_a_unit_goes_to_the_even_neighbour(value: str, rounded: str) -> None:
    assert amount(FIRST_YEAR, value, euros(first_year=2_500)) == rounded


def test_a_currency_without_minor_units_has_none() -> None:
    assert amount(RENEWAL, "123456", YEN) == "24691"


@pytest.mark.parametrize(
    ("value", "amounts"),
    [
        ("0", ["0.00", "0.00", "0.01"]),
        ("-0", ["0.00", "0.00", "0.01"]),
        ("0E+999999999", ["0.00", "0.00", "0.01"]),
        ("0.02", ["0.00", "0.00", "0.01"]),
        ("1E-999999999", ["0.00", "0.00", "0.01"]),
    ],
)
def test_what_rounds_to_nothing_is_quoted_at_nothing_and_coming_back_still_costs_more(
    value: str, amounts: list[str]
) -> None:
    assert [amount(kind, value) for kind in PriceKind] == amounts


def test_the_first_year_has_the_rate_that_is_listed_for_it() -> None:
    prices = euros(first_year=100, renewal=200, resubscription=300)
    assert [(amount(kind, "100", prices), quote_by(prices, kind, Decimal(100)).rate) for kind in PriceKind] == [
        ("1.00", 100),
        ("2.00", 200),
        ("3.00", 300),
    ]


def test_no_digit_is_lost_of_the_longest_value() -> None:
    value = Decimal("9" * MOST_DIGITS + "." + "9" * 50)
    assert quote_by(EURO, RENEWAL, value).amount == Decimal(f"2E+{MOST_DIGITS - 1}")


def test_a_tie_is_broken_by_the_last_of_many_digits() -> None:
    tie = "0.125" + "0" * 1000
    assert [amount(RENEWAL, f"{tie}{digit}", euros(renewal=10_000)) for digit in "01"] == ["0.12", "0.13"]


def test_the_context_of_the_caller_changes_nothing() -> None:
    with localcontext(Context(prec=2)):
        assert amount(RENEWAL, "123456789.99") == "24691358.00"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("-0.01", NoPriceCode.NEGATIVE),
        ("-1E-999999999", NoPriceCode.NEGATIVE),
        ("-1E+999999999", NoPriceCode.NEGATIVE),
        ("NaN", NoPriceCode.NOT_FINITE),
        ("sNaN", NoPriceCode.NOT_FINITE),
        ("-NaN", NoPriceCode.NOT_FINITE),
        ("Infinity", NoPriceCode.NOT_FINITE),
        ("-Infinity", NoPriceCode.NOT_FINITE),
        ("1E+999999999", NoPriceCode.TOO_LARGE),
        (f"1E+{MOST_DIGITS}", NoPriceCode.TOO_LARGE),
    ],
)
def test_what_is_no_value_has_no_quote_by(value: str, code: NoPriceCode) -> None:
    with pytest.raises(NoPrice) as refused:
        quote_by(EURO, RENEWAL, Decimal(value))
    assert (refused.value.code, refused.value.field) == (code, "value")


@pytest.mark.parametrize(
    ("currency", "kind", "on", "code", "field"),
    [
        ("CHF", "renewal", NOVEMBER, NoPriceCode.UNKNOWN_CURRENCY, "currency"),
        ("eur", "renewal", NOVEMBER, NoPriceCode.UNKNOWN_CURRENCY, "currency"),
        ("EUR", "upgrade", NOVEMBER, NoPriceCode.UNKNOWN_KIND, "kind"),
        ("EUR", "first-year", NOVEMBER, NoPriceCode.UNKNOWN_KIND, "kind"),
        ("EUR", "renewal", day("2025-12-31"), NoPriceCode.NO_PRICE_LIST, "on"),
    ],
)
def test_what_the_price_lists_do_not_know_has_no_quote_by(
    currency: str, kind: str, on: date, code: NoPriceCode, field: str
) -> None:
    with pytest.raises(NoPrice) as refused:
        quote(PLAN.prices, currency, kind, Decimal(1), on)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_list_is_in_force_from_its_day_on_until_the_next_one_begins() -> None:
    lists = [euros(version=number, applies_from=day(f"{2025 + number}-07-01")) for number in (2, 3, 1)]
    on = ["2026-07-01", "2027-06-30", "2027-07-01", "2028-06-30", "2028-07-01", "2100-01-01"]
    assert [prices_in_force(lists, "EUR", day(text)).version for text in on] == [1, 1, 2, 2, 3, 3]


def test_of_two_lists_from_one_day_the_newer_version_is_in_force() -> None:
    lists = [euros(version=version) for version in (9, 10, 2)]
    assert prices_in_force(lists, "EUR", NOVEMBER).version == 10


def test_a_newer_version_that_begins_earlier_does_not_replace_one_that_begins_later() -> None:
    lists = [euros(version=1, applies_from=NOVEMBER), euros(version=2, applies_from=NOVEMBER - timedelta(days=2))]
    on = [NOVEMBER - timedelta(days=1), NOVEMBER]
    assert [prices_in_force(lists, "EUR", one).version for one in on] == [2, 1]


def test_lists_of_other_currencies_do_not_count() -> None:
    lists = [EURO, YEN.model_copy(update={"version": 7, "applies_from": NOVEMBER})]
    assert prices_in_force(lists, "EUR", NOVEMBER) is EURO


@st.composite
def price_lists(draw: st.DrawFn) -> PriceList:
    currency = draw(st.sampled_from(sorted(MINOR_DIGITS)))
    renewal = draw(st.integers(0, MOST_RATE - 1))
    rates = {
        "first_year": draw(st.integers(0, MOST_RATE)),
        "renewal": renewal,
        "resubscription": draw(st.integers(renewal + 1, min(renewal + 3, MOST_RATE)) | st.just(MOST_RATE)),
    }
    return euros(currency=currency, minor_digits=MINOR_DIGITS[currency], **rates)


VALUES = st.one_of(
    st.decimals("0", "1e12", allow_nan=False),
    st.decimals("0", "1", places=5),
    st.builds(lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(0, 10**40), st.integers(-90, 90)),
    st.builds(lambda units, half: Decimal(units) + half, st.integers(0, 10**30), st.just(Decimal("0.5"))),
)


def rounded(exact: Fraction, minor_digits: int) -> Fraction:
    """Half to even, by whole numbers alone."""
    units, rest = divmod(exact * 10**minor_digits, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and units % 2 == 1)
    return Fraction(units + up, 10**minor_digits)


@settings(deadline=None)
@given(price_lists(), VALUES)
@example(EURO, Decimal("12345.67"))
@example(EURO, Decimal("0.05"))
@example(euros(renewal=0, resubscription=1), Decimal(0))
def test_every_price_is_the_exact_share_rounded_once(prices: PriceList, value: Decimal) -> None:
    rates = prices.first_year, prices.renewal, prices.resubscription
    shares = [rounded(Fraction(value) * rate / 10_000, prices.minor_digits) for rate in rates]
    priced = [quote_by(prices, kind, value) for kind in PriceKind]
    least = shares[1] + Fraction(1, 10**prices.minor_digits)
    assert [Fraction(one.amount) for one in priced] == [*shares[:2], max(shares[2], least)]
    assert [one.adjusted for one in priced] == [False, False, shares[2] < least]
    assert [one.rate for one in priced] == list(rates)
    assert {-int(one.amount.as_tuple().exponent) for one in priced} == {prices.minor_digits}
    assert not any(one.amount.is_signed() for one in priced)


@settings(deadline=None)
@given(price_lists(), VALUES)
def test_coming_back_is_dearer_than_renewing_whatever_the_rates(prices: PriceList, value: Decimal) -> None:
    assert quote_by(prices, RESUBSCRIPTION, value).amount > quote_by(prices, RENEWAL, value).amount


@settings(deadline=None)
@given(price_lists(), st.tuples(VALUES, VALUES), st.sampled_from(PriceKind))
def test_a_licence_of_greater_value_never_costs_less(
    prices: PriceList, values: tuple[Decimal, Decimal], kind: PriceKind
) -> None:
    lesser, greater = (quote_by(prices, kind, value).amount for value in sorted(values))
    assert lesser <= greater


def test_a_price_list_whose_surcharge_is_nothing_is_not_published() -> None:
    assert prices_objection(euros(resubscription=EURO.renewal)) is PlanRefusal.RESUBSCRIPTION_NOT_DEARER
    assert prices_objection(euros(resubscription=EURO.renewal + 1)) is None


@pytest.mark.parametrize("currency", ["XYZ", "XAU", "XXX", "ZZZ", "DEM", "name"])
def test_a_price_list_in_no_currency_is_not_published(currency: str) -> None:
    assert prices_objection(euros(currency=currency)) is PlanRefusal.UNKNOWN_CURRENCY


@pytest.mark.parametrize(("currency", "digits"), [*MINOR_DIGITS.items(), ("HUF", 2), ("IQD", 3), ("KRW", 0)])
def test_a_price_list_has_the_minor_digits_of_its_currency(currency: str, digits: int) -> None:
    found = {n: prices_objection(euros(currency=currency, minor_digits=n)) for n in range(5)}
    assert [n for n, objection in found.items() if objection is None] == [digits]
    assert set(found.values()) == {None, PlanRefusal.OTHER_MINOR_DIGITS}
