"""What a term costs: « un pourcentage de la valeur totale de votre licence, y compris les options »."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from libs.messages.plan import PriceList

WHOLE = 10_000
"""Basis points in a whole."""


@dataclass(frozen=True)
class Quote:
    """Prices of a year in the currency of the list, rounded half to even to its minor unit."""

    first_year: Decimal
    renewal: Decimal
    resubscription: Decimal
    """Always more than `renewal`."""
    adjusted: bool
    """Whether rounding had made the two equal, so that one minor unit was added."""


def quote(prices: PriceList, value: Decimal) -> Quote:
    """Price a licence by its total list value, options included; raises ValueError where that is not positive."""
    if not (value.is_finite() and value > 0):
        raise ValueError(f"{value} is no value of a licence")
    unit = Decimal(1).scaleb(-prices.minor_digits)
    first_year, renewal, resubscription = (
        (value * rate / WHOLE).quantize(unit, ROUND_HALF_EVEN)
        for rate in (prices.first_year, prices.renewal, prices.resubscription)
    )
    dearer = max(resubscription, renewal + unit)
    return Quote(first_year, renewal, dearer, adjusted=dearer != resubscription)
