"""Who is covered and at what price, reckoned from what was said at contract's door."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from libs.messages.base import Event, event_type
from libs.messages.contracts import (
    ContractActivated,
    ContractRefusal,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerRefusal,
    CustomerRefused,
    CustomerRegistered,
    SignatureRefusal,
    SignatureRefused,
)
from libs.messages.licences import LicenceRegistered
from libs.messages.plan import (
    CentreCalendarPublished,
    NoticeOffsetsPublished,
    PriceList,
    PriceListPublished,
    ProductVersionsPublished,
    TargetsPublished,
    TzDatabasePublished,
)
from libs.messages.receipts import Outcome
from libs.messages.refusals import TicketRefusal
from libs.messages.streams import stream_id
from libs.messages.tickets import RequestKind
from libs.messages.upstream import (
    ContractSubmitted,
    CustomerSubmitted,
    LicencePurchased,
    PlanPartSubmitted,
    RenewalSigned,
    ResubscriptionSigned,
    TicketSubmitted,
    Upstream,
)
from libs.plan import (
    Plan,
    PriceKind,
    Term,
    VersionSupport,
    covered_until,
    home_centre,
    is_covered,
    quote,
    version_support,
    yearly_term,
)
from libs.workcal import zone

PUBLISHED: Mapping[str, type[Event]] = {
    "calendar": CentreCalendarPublished,
    "targets": TargetsPublished,
    "prices": PriceListPublished,
    "versions": ProductVersionsPublished,
    "reminders": NoticeOffsetsPublished,
    "tz": TzDatabasePublished,
}


class Outcomes(NamedTuple):
    """What a record at a door leads to; `event` is the type of its counting event."""

    event: str
    outcome: Outcome
    reason: str | None = None


class CustomerAsTold(NamedTuple):
    """A registered customer: its home centre, and where its contact gets mail."""

    centre: str
    email: str | None


class Money(NamedTuple):
    """An amount with just the digits of its currency."""

    amount: str
    currency: str


class TermKnownSince(NamedTuple):
    """A term, and the instant from which it is known."""

    term: Term
    known_at: datetime
    price: Money | None = None


@dataclass
class Contract:
    """A contract with its terms, one after the other; `value` of its licence, where its purchase was told."""

    customer: str
    products: tuple[str, ...]
    centre: str
    zone: str
    value: Money | None
    terms: list[TermKnownSince] = field(default_factory=list)
    takes_up: str | None = None
    """The contract that had lapsed."""

    @property
    def until(self) -> datetime:
        """The instant at which cover ends."""
        return covered_until(self.terms[-1].term, self.zone)

    def covers(self, at: datetime) -> bool:
        """Whether any term has the instant."""
        return any(is_covered(known.term, self.zone, at) for known in self.terms)


class CustomerRegister:
    """Customers and contracts, as they stand when everything is said."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._zones = {centre.centre: centre.zone for centre in plan.centres}
        self._products = {product.product: product for product in plan.products}
        self.customers: dict[str, CustomerAsTold] = {}
        self.contracts: dict[str, Contract] = {}
        self._prices: list[PriceList] = []

    def take(self, event: Mapping[str, Any], said: Upstream) -> Outcomes:
        """Take what is said; raises ValueError for what the script never says."""
        at = datetime.fromisoformat(event["time"])
        match said:
            case PlanPartSubmitted(publication=publication):
                if isinstance(publication.content, PriceList):
                    self._prices.append(publication.content)
                return accepted(PUBLISHED[publication.part])
            case CustomerSubmitted():
                return self._customer(stream_id("customer", event["source"], event["subject"]), said)
            case ContractSubmitted():
                return self._contract(_contract_of(event), said, at)
            case LicencePurchased():
                return self._purchase(event["source"], said, at)
            case RenewalSigned():
                return self._renewal(_contract_of(event), said, at)
            case ResubscriptionSigned():
                return self._taken_up(
                    stream_id("contract", event["source"], event["subject"]), event["source"], said, at
                )
            case _:
                raise ValueError(f"the script says {event['type']} at contract's door")

    def refusal(self, asked: TicketSubmitted, at: datetime) -> TicketRefusal | None:
        """Why a ticket is not opened."""
        if asked.customer not in self.customers:
            return TicketRefusal.UNKNOWN_CUSTOMER
        if asked.request_kind is RequestKind.PROFESSIONAL_SERVICE:
            return TicketRefusal.NOT_INCLUDED
        contracts = self._contracts_of(asked.customer)
        if not contracts:
            return TicketRefusal.NO_CONTRACT
        contracts = [contract for contract in contracts if asked.product in contract.products]
        if not contracts:
            known = asked.product in self._products
            return TicketRefusal.PRODUCT_NOT_COVERED if known else TicketRefusal.UNKNOWN_PRODUCT
        if not any(contract.covers(at) for contract in contracts):
            lapsed = any(contract.until <= at for contract in contracts)
            return TicketRefusal.COVER_LAPSED if lapsed else TicketRefusal.NOT_YET_COVERED
        day = at.astimezone(zone(contracts[0].zone)).date()
        support = version_support(self._products[asked.product], asked.version, day)
        return TicketRefusal.VERSION_TOO_OLD if support is VersionSupport.TOO_OLD else None

    def price_to_return(self, asked: TicketSubmitted, at: datetime) -> Money | None:
        """What a re-subscription costs on the day of a ticket that is refused."""
        lapsed = [c for c in self._contracts_of(asked.customer) if asked.product in c.products and c.until <= at]
        last = max(lapsed, key=lambda contract: contract.until)
        return self.price(last, PriceKind.RESUBSCRIPTION, at.astimezone(zone(last.zone)).date())

    def price(self, contract: Contract, kind: PriceKind, on: date) -> Money | None:
        """What a year of a contract costs on a local day; None where its licence is not known."""
        if contract.value is None:
            return None
        value, currency = contract.value
        return Money(f"{quote(self._prices, currency, kind, Decimal(value), on).amount:f}", currency)

    def offered(self, contract: Contract, term: Term) -> Money | None:
        """The price of the term after this one, by the list of the day on which it is offered."""
        day = term.last_day - timedelta(days=self._plan.notices.renewal_offer_days)
        return self.price(contract, PriceKind.RENEWAL, day)

    def _contracts_of(self, customer: str) -> list[Contract]:
        return [contract for contract in self.contracts.values() if contract.customer == customer]

    def _customer(self, customer: str, said: CustomerSubmitted) -> Outcomes:
        centre = said.centre or home_centre(self._plan.centres, said.country)
        if centre is None:
            return refused(CustomerRefused, CustomerRefusal.NO_CENTRE_FOR_COUNTRY)
        self.customers[customer] = CustomerAsTold(centre, said.contact.email)
        return accepted(CustomerRegistered)

    def _contract(self, number: str, said: ContractSubmitted, at: datetime) -> Outcomes:
        if said.customer not in self.customers:
            return refused(ContractRefused, ContractRefusal.UNKNOWN_CUSTOMER)
        if said.last_day != yearly_term(said.first_day).last_day:
            return refused(ContractRefused, ContractRefusal.TERM_IS_NOT_A_YEAR)
        self.contracts[number] = self._begun(said, None, Term(said.first_day, said.last_day), at)
        return accepted(ContractActivated)

    def _purchase(self, source: str, said: LicencePurchased, at: datetime) -> Outcomes:
        if said.care is None or said.care.contract is None or said.care.first_day is None:
            raise ValueError("the script buys no licence without a contract and its first day")
        value, number = Money(said.list_value, said.currency), stream_id("contract", source, said.care.contract)
        self.contracts[number] = self._begun(said, value, yearly_term(said.care.first_day), at)
        return accepted(LicenceRegistered)

    def _begun(
        self, said: ContractSubmitted | LicencePurchased, value: Money | None, term: Term, at: datetime
    ) -> Contract:
        centre = self.customers[said.customer].centre
        return Contract(said.customer, said.products, centre, self._zones[centre], value, [TermKnownSince(term, at)])

    def _renewal(self, number: str, said: RenewalSigned, at: datetime) -> Outcomes:
        contract = self.contracts[number]
        term = contract.terms[-1].term
        if said.signed_on > term.last_day:
            return refused(SignatureRefused, SignatureRefusal.LAPSED)
        following = yearly_term(contract.terms[0].term.first_day, len(contract.terms) + 1)
        contract.terms.append(TermKnownSince(following, at, self.offered(contract, term)))
        return accepted(ContractRenewed)

    def _taken_up(self, lapsed: str, source: str, said: ResubscriptionSigned, at: datetime) -> Outcomes:
        before = self.contracts[lapsed]
        term, price = yearly_term(said.signed_on), self.price(before, PriceKind.RESUBSCRIPTION, said.signed_on)
        self.contracts[stream_id("contract", source, said.contract)] = replace(
            before, terms=[TermKnownSince(term, at, price)], takes_up=lapsed
        )
        return accepted(ContractResubscribed)


def _contract_of(event: Mapping[str, Any]) -> str:
    return stream_id("contract", event["source"], event["subject"])


def accepted(event: type[Event], outcome: Outcome = Outcome.ACCEPTED) -> Outcomes:
    """An outcome without a reason."""
    return Outcomes(event_type(event), outcome)


def refused(event: type[Event], reason: str) -> Outcomes:
    """A refusal."""
    return Outcomes(event_type(event), Outcome.REFUSED, str(reason))
