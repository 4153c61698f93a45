"""What a term costs, by the published price lists and the value of its licence."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from libs.messages.money import Price
from libs.messages.plan import PriceList
from libs.plan import NoPrice, PriceKind, as_price, quote
from services.contract.facts import KnownLicence


def price_of(licence: KnownLicence | None, lists: Iterable[PriceList], kind: PriceKind, on: date) -> Price | None:
    """Price a year of a licence on a local day; None where its value or a list for its currency is not known."""
    if licence is None:
        return None
    try:
        found = quote(lists, licence.currency, kind, Decimal(licence.list_value), on)
    except NoPrice:
        return None
    return as_price(found, licence.list_value)
