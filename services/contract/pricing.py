"""What a term costs, by the published price lists and the value of its licence; there is none to buy but a year."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from libs.messages.clauses import Clause
from libs.messages.licences import Payment
from libs.messages.money import Price
from libs.messages.plan import PriceList
from libs.plan import NoPrice, PriceKind, as_price, quote
from services.contract.facts import RegisteredLicence


class NotSold(NamedTuple):
    """Why nothing is sold so: the code of the refusal, and the clause."""

    reason: str
    clause: Clause


NOT_BY_THE_YEAR: Mapping[Payment, NotSold] = {
    Payment.MONTHLY: NotSold("not-by-the-month", Clause.YEARLY_PROGRAMME),
    Payment.PER_CALL: NotSold("not-by-the-call", Clause.NO_PAY_PER_CALL),
}


def price_of(licence: RegisteredLicence | None, lists: Iterable[PriceList], kind: PriceKind, on: date) -> Price | None:
    """Price a year of a licence on a local day; None where its value or a list for its currency is not known."""
    if licence is None:
        return None
    value = licence.value_on(on)
    try:
        found = quote(lists, licence.currency, kind, value, on)
    except NoPrice:
        return None
    return as_price(found, str(value))
