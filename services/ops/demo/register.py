"""Who is covered, reckoned from what was said at contract's door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from libs.messages.base import Event, event_type
from libs.messages.contracts import (
    ContractActivated,
    ContractRefusal,
    ContractRefused,
    CustomerRefusal,
    CustomerRefused,
    CustomerRegistered,
)
from libs.messages.plan import (
    CentreCalendarPublished,
    NoticeOffsetsPublished,
    PriceListPublished,
    ProductVersionsPublished,
    TargetsPublished,
    TzDatabasePublished,
)
from libs.messages.receipts import Outcome
from libs.messages.refusals import TicketRefusal
from libs.messages.streams import stream_id
from libs.messages.tickets import RequestKind
from libs.messages.upstream import ContractSubmitted, CustomerSubmitted, PlanPartSubmitted, TicketSubmitted, Upstream
from libs.plan import Plan, Term, VersionSupport, covered_until, home_centre, is_covered, version_support, yearly_term
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


class RegisteredCustomer(NamedTuple):
    """A registered customer: its home centre, and where its contact gets mail."""

    centre: str
    email: str | None


class Covered(NamedTuple):
    """A contract in force."""

    customer: str
    products: tuple[str, ...]
    term: Term
    zone: str

    @property
    def until(self) -> datetime:
        """The instant at which it lapses."""
        return covered_until(self.term, self.zone)


class Register:
    """Customers and contracts as they stand before the week."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._zones = {centre.centre: centre.zone for centre in plan.centres}
        self._products = {product.product: product for product in plan.products}
        self.customers: dict[str, RegisteredCustomer] = {}
        self.contracts: list[Covered] = []

    def take(self, event: Mapping[str, Any], said: Upstream) -> Outcomes:
        """Take what is said; raises ValueError for what the script never says."""
        match said:
            case PlanPartSubmitted(publication=publication):
                return accepted(PUBLISHED[publication.part])
            case CustomerSubmitted():
                return self._customer(stream_id("customer", event["source"], event["subject"]), said)
            case ContractSubmitted():
                return self._contract(said)
            case _:
                raise ValueError(f"the script says {event['type']} at contract's door")

    def refusal(self, asked: TicketSubmitted, at: datetime) -> TicketRefusal | None:
        """Why a ticket is not opened."""
        if asked.customer not in self.customers:
            return TicketRefusal.UNKNOWN_CUSTOMER
        if asked.request_kind is RequestKind.PROFESSIONAL_SERVICE:
            return TicketRefusal.NOT_INCLUDED
        contracts = [contract for contract in self.contracts if contract.customer == asked.customer]
        if not contracts:
            return TicketRefusal.NO_CONTRACT
        contracts = [contract for contract in contracts if asked.product in contract.products]
        if not contracts:
            known = asked.product in self._products
            return TicketRefusal.PRODUCT_NOT_COVERED if known else TicketRefusal.UNKNOWN_PRODUCT
        if not any(is_covered(contract.term, contract.zone, at) for contract in contracts):
            lapsed = any(contract.until <= at for contract in contracts)
            return TicketRefusal.COVER_LAPSED if lapsed else TicketRefusal.NOT_YET_COVERED
        day = at.astimezone(zone(contracts[0].zone)).date()
        support = version_support(self._products[asked.product], asked.version, day)
        return TicketRefusal.VERSION_TOO_OLD if support is VersionSupport.TOO_OLD else None

    def _customer(self, customer: str, said: CustomerSubmitted) -> Outcomes:
        centre = said.centre or home_centre(self._plan.centres, said.country)
        if centre is None:
            return refused(CustomerRefused, CustomerRefusal.NO_CENTRE_FOR_COUNTRY)
        self.customers[customer] = RegisteredCustomer(centre, said.contact.email)
        return accepted(CustomerRegistered)

    def _contract(self, said: ContractSubmitted) -> Outcomes:
        if said.customer not in self.customers:
            return refused(ContractRefused, ContractRefusal.UNKNOWN_CUSTOMER)
        if said.last_day != yearly_term(said.first_day).last_day:
            return refused(ContractRefused, ContractRefusal.TERM_IS_NOT_A_YEAR)
        local = self._zones[self.customers[said.customer].centre]
        self.contracts.append(Covered(said.customer, said.products, Term(said.first_day, said.last_day), local))
        return accepted(ContractActivated)


def accepted(event: type[Event], outcome: Outcome = Outcome.ACCEPTED) -> Outcomes:
    """An outcome without a reason."""
    return Outcomes(event_type(event), outcome)


def refused(event: type[Event], reason: str) -> Outcomes:
    """A refusal."""
    return Outcomes(event_type(event), Outcome.REFUSED, str(reason))
