"""What a term costs, by the published price lists and the value of its licence."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from libs.messages.money import Price
from libs.messages.plan import PriceList, Status
from libs.plan import NoPrice, PriceKind, quote
from services.contract.facts import KnownLicence

MOST_DIGITS = 18
"""Before the point, of an amount on the wire."""


def price_of(licence: KnownLicence | None, lists: Iterable[PriceList], kind: PriceKind, on: date) -> Price | None:
    """Price a year of a licence on a local day; None where its value or a list for its currency is not known."""
    if licence is None:
        return None
    try:
        found = quote(lists, licence.currency, kind, Decimal(licence.list_value), on)
    except NoPrice:
        return None
    if found.amount.adjusted() >= MOST_DIGITS:
        return None
    return Price(
        amount=str(found.amount),
        currency=found.currency,
        rate=found.rate,
        price_list=found.price_list,
        applies_from=found.applies_from,
        assumed=found.status is Status.ASSUMPTION,
        adjusted=found.adjusted,
        licence_value=licence.list_value,
    )
