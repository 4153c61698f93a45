"""The currencies of ISO 4217. CLDR has other digits for some of them (none for the forint), as people write them."""

from iso4217 import Currency


def minor_digits(currency: str) -> int | None:
    """Digits after the point: 2 for euro, 0 for yen; None for what nobody pays with, be it unknown or a metal."""
    return Currency(currency).exponent if currency in Currency.__members__ else None
