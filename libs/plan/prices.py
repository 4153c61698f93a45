"""What a year costs: « un pourcentage de la valeur totale de votre licence, y compris les options »."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import assert_never

from libs.messages.money import Price
from libs.messages.plan import PriceList, Status

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN)
"""Loses no digit, however many there are."""
MOST_DIGITS = 1_000_000
"""Before the point: an exponent could ask for more than there is memory. After the point there may be any number."""
LARGEST_PRICE = Decimal(10) ** 18
"""More is no `Amount`."""
PERCENT_OF_PERCENT = 4
"""Basis points in a whole, as a power of ten."""


class PriceKind(StrEnum):
    """What a year is bought as."""

    FIRST_YEAR = "first_year"
    RENEWAL = "renewal"
    RESUBSCRIPTION = "resubscription"
    """« un nouvel abonnement », after a lapse."""


class NoPriceCode(StrEnum):
    """Why something has no price."""

    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_CURRENCY = "unknown_currency"
    """No price list was ever published in it."""
    NO_PRICE_LIST = "no_price_list"
    """None of the currency is in force yet."""
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    """More than `MOST_DIGITS` before the point."""


class NoPrice(ValueError):  # noqa: N818 - named for the answer
    """Something has no price: a code, which argument of `quote` is to blame, and a sentence."""

    def __init__(self, code: NoPriceCode, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message


@dataclass(frozen=True)
class Quote:
    """What a year costs, and by which price list."""

    amount: Decimal
    """Not negative, with just the digits after the point that the currency has."""
    currency: str
    rate: int
    """Basis points of the total list value."""
    price_list: int
    """Its version."""
    applies_from: date
    status: Status
    adjusted: bool
    """Whether a re-subscription would have cost no more than a renewal, so that it was put one minor unit above it."""


def quote(lists: Iterable[PriceList], currency: str, kind: str, value: Decimal, on: date) -> Quote:
    """Price a year on a local day by the total list value of the licence, options included.

    `lists` are all that are published, in any order; `kind` is a `PriceKind`. Raises `NoPrice`.
    """
    known = price_kind(kind)
    prices = prices_in_force(lists, currency, on)
    return quote_by(prices, known, value)


def as_price(found: Quote, licence_value: str) -> Price | None:
    """A quote as events have it, with the list value that was priced; None where the amount is beyond theirs."""
    if found.amount >= LARGEST_PRICE:
        return None
    return Price(
        amount=f"{found.amount:f}",
        currency=found.currency,
        rate=found.rate,
        price_list=found.price_list,
        applies_from=found.applies_from,
        assumed=found.status is Status.ASSUMPTION,
        adjusted=found.adjusted,
        licence_value=licence_value,
    )


def price_kind(kind: str) -> PriceKind:
    """Read a kind; raises `NoPrice`."""
    try:
        return PriceKind(kind)
    except ValueError as error:
        raise NoPrice(NoPriceCode.UNKNOWN_KIND, "kind", f"the kind is none of {', '.join(PriceKind)}") from error


def prices_in_force(lists: Iterable[PriceList], currency: str, on: date) -> PriceList:
    """The list that began last on or before a day, and of two that began together the newer one; raises `NoPrice`."""
    known = [prices for prices in lists if prices.currency == currency]
    if not known:
        raise NoPrice(NoPriceCode.UNKNOWN_CURRENCY, "currency", "no price list is published in this currency")
    begun = [prices for prices in known if prices.applies_from <= on]
    if not begun:
        first = min(prices.applies_from for prices in known)
        raise NoPrice(NoPriceCode.NO_PRICE_LIST, "on", f"the first price list in {currency} applies from {first}")
    return max(begun, key=lambda prices: (prices.applies_from, prices.version))


def quote_by(prices: PriceList, kind: PriceKind, value: Decimal) -> Quote:
    """Price a year by a given list, rounded half to even to the minor unit; raises `NoPrice`."""
    checked = _checked(value)
    rate = _rate(prices, kind)
    listed = _share(checked, rate, prices.minor_digits)
    amount = max(listed, _least(checked, prices)) if kind is PriceKind.RESUBSCRIPTION else listed
    return Quote(
        amount, prices.currency, rate, prices.version, prices.applies_from, prices.status, adjusted=amount != listed
    )


def _least(value: Decimal, prices: PriceList) -> Decimal:
    """« le coût d'un nouvel abonnement est supérieur à celui d'un renouvellement »: by one minor unit at least."""
    renewal = _share(value, prices.renewal, prices.minor_digits)
    return EXACT.add(renewal, EXACT.scaleb(Decimal(1), -prices.minor_digits))


def _rate(prices: PriceList, kind: PriceKind) -> int:
    match kind:
        case PriceKind.FIRST_YEAR:
            return prices.first_year
        case PriceKind.RENEWAL:
            return prices.renewal
        case PriceKind.RESUBSCRIPTION:
            return prices.resubscription
        case _:
            assert_never(kind)


def _share(value: Decimal, rate: int, minor_digits: int) -> Decimal:
    unit = EXACT.scaleb(Decimal(1), PERCENT_OF_PERCENT - minor_digits)
    return EXACT.scaleb(EXACT.quantize(EXACT.multiply(value, rate), unit), -PERCENT_OF_PERCENT)


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise NoPrice(NoPriceCode.NOT_FINITE, "value", "the value of a licence is a finite number")
    if not value:
        return Decimal(0)
    if value.is_signed():
        raise NoPrice(NoPriceCode.NEGATIVE, "value", "the value of a licence is not below 0")
    if value.adjusted() >= MOST_DIGITS:
        raise NoPrice(NoPriceCode.TOO_LARGE, "value", f"a value has at most {MOST_DIGITS} digits before the point")
    return value
