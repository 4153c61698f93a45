"""A contract near the end of its first term, and the price lists by which the next one is priced."""

from datetime import UTC, date, datetime, timedelta

from libs.messages.contracts import ContractLapsed, ContractRenewed, RenewalOffered
from libs.messages.licences import LicenceKind, Payment
from libs.messages.money import Price
from libs.messages.plan import PriceList, Status
from services.contract.contracts import EndTerm
from services.contract.facts import RegisteredLicence
from services.contract.renewals import OfferRenewal, SignRenewal
from services.contract.resubscriptions import SignResubscription
from tests.unit.contract.examples import CONTRACT, CUSTOMER, ENDS, LICENCE

GRACE = timedelta(days=30)
KNOWN = RegisteredLicence(LICENCE, 1, "12345.67", "EUR")
LAST_DAY, FIRST_DAY = date(2027, 5, 31), date(2027, 6, 1)
SUCCESSOR = "contract/erp/K-2002"
OFFER_DAY, OFFERED_AT = date(2027, 3, 2), datetime(2027, 3, 1, 23, tzinfo=UTC)
OPENING = datetime(2027, 3, 2, 8, tzinfo=UTC)


def price_list(version: int = 1, renewal: int = 2000, applies_from: date = date(2026, 1, 1)) -> PriceList:
    return PriceList(
        currency="EUR",
        version=version,
        minor_digits=2,
        first_year=2000,
        renewal=renewal,
        resubscription=renewal + 500,
        applies_from=applies_from,
        status=Status.ASSUMPTION,
    )


LISTS = (price_list(),)


def price(amount: str, rate: int = 2000, *, adjusted: bool = False, value: str = "12345.67") -> Price:
    return Price(
        amount=amount,
        currency="EUR",
        rate=rate,
        price_list=1,
        applies_from=date(2026, 1, 1),
        assumed=True,
        adjusted=adjusted,
        licence_value=value,
    )


OFFER = OfferRenewal(
    occurred_at=OFFERED_AT,
    contract=CONTRACT,
    on=OFFER_DAY,
    mail_at=OPENING,
    detected_at=OFFERED_AT + timedelta(seconds=1),
    licence=KNOWN,
    price_lists=LISTS,
)
OFFERED = RenewalOffered(
    contract=CONTRACT,
    customer=CUSTOMER,
    licence=LICENCE,
    products=("planetpress-connect",),
    centre="france",
    zone="Europe/Paris",
    form="renewal-2",
    last_day=LAST_DAY,
    first_day=FIRST_DAY,
    next_last_day=date(2028, 5, 31),
    price=price("2469.13"),
    due_at=OFFERED_AT,
    mail_at=OPENING,
    detected_at=OFFERED_AT + timedelta(seconds=1),
    rests_on=({"stream": LICENCE, "sequence": 1},),  # type: ignore[arg-type] # as JSON has it
)
END = EndTerm(ENDS, CONTRACT, ENDS)
LAPSED = ContractLapsed(
    contract=CONTRACT,
    customer=CUSTOMER,
    centre="france",
    last_day=LAST_DAY,
    lapsed_at=ENDS,
    detected_at=ENDS,
    licence_kind=LicenceKind.PERPETUAL,
    zone="Europe/Paris",
)


def sign(signed_on: date, now: datetime, payment: Payment = Payment.YEARLY) -> SignRenewal:
    return SignRenewal(
        occurred_at=now,
        contract=CONTRACT,
        signed_on=signed_on,
        payment=payment,
        now=now,
        told_at=now,
        grace=GRACE,
        licence=KNOWN,
        price_lists=LISTS,
    )


def take_up(
    signed_on: date, now: datetime, first_day: date | None = None, *, payment: Payment = Payment.YEARLY
) -> SignResubscription:
    return SignResubscription(
        occurred_at=now,
        contract=CONTRACT,
        successor=SUCCESSOR,
        successor_is_there=False,
        signed_on=signed_on,
        first_day=first_day,
        payment=payment,
        now=now,
        licence=KNOWN,
        price_lists=LISTS,
    )


def renewed(signed_on: date, now: datetime, *, reverses: bool = False, cost: Price | None = None) -> ContractRenewed:
    return ContractRenewed(
        renewed_at=now,
        contract=CONTRACT,
        customer=CUSTOMER,
        licence=LICENCE,
        products=("planetpress-connect",),
        centre="france",
        zone="Europe/Paris",
        number=2,
        signed_on=signed_on,
        first_day=FIRST_DAY,
        last_day=date(2028, 5, 31),
        covered_from=ENDS,
        covered_until=datetime(2028, 5, 31, 22, tzinfo=UTC),
        price=cost or price("2469.13"),
        reverses_lapse_at=ENDS if reverses else None,
        rests_on=({"stream": LICENCE, "sequence": 1},),  # type: ignore[arg-type] # as JSON has it
    )
