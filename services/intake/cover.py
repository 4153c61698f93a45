"""Is a ticket under a contract at an instant? A pure decision on what was known of customer, terms and product."""

from dataclasses import dataclass
from datetime import datetime

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.facts import resting_on
from libs.messages.refusals import Contact, TicketRefusal
from libs.messages.tickets import Cover, RequestKind
from libs.plan import VersionSupport, version_support
from libs.workcal import in_utc, zone
from services.intake.facts import KnownContract, KnownCustomer, KnownProduct, TicketFacts


@dataclass(frozen=True)
class Covered:
    """Under cover; `version_unknown` marks the ticket for the agent."""

    cover: Cover
    version_unknown: bool
    rests_on: tuple[FactVersion, ...]


@dataclass(frozen=True)
class NotCovered:
    """Not under cover; the clause is quoted to the requester."""

    reason: TicketRefusal
    clause: Clause
    rests_on: tuple[FactVersion, ...]


def judge_cover(facts: TicketFacts, kind: RequestKind, version: str | None, at: datetime) -> Covered | NotCovered:
    """Decide at the instant of opening, by the local days of the contract's centre."""
    contract = _contract_at(facts, kind, at)
    return contract if isinstance(contract, NotCovered) else _by_version(facts, contract, version, at)


def judge_reopening(facts: TicketFacts, kind: RequestKind, at: datetime) -> Covered | NotCovered:
    """Decide at the instant of reopening; the version was judged at the opening, whatever was released since."""
    contract = _contract_at(facts, kind, at)
    if isinstance(contract, NotCovered):
        return contract
    return Covered(_cover(contract), version_unknown=False, rests_on=resting_on(facts.customer, contract))


def contact_for(customer: KnownCustomer | None) -> Contact:
    """« votre revendeur ou … l'équipe OL Care de votre région »."""
    return Contact.RESELLER if customer and customer.reseller else Contact.REGIONAL_TEAM


def _contract_at(facts: TicketFacts, kind: RequestKind, at: datetime) -> KnownContract | NotCovered:
    """The term that covers an instant, or why none does."""
    customer = facts.customer
    if customer is None:
        return NotCovered(TicketRefusal.UNKNOWN_CUSTOMER, Clause.NOT_COVERED, ())
    if kind is RequestKind.PROFESSIONAL_SERVICE:
        return NotCovered(TicketRefusal.NOT_INCLUDED, Clause.PROFESSIONAL_SERVICES, resting_on(customer))
    if not facts.contracts:
        return _without_contract(customer, facts.product)
    return _covering(facts.contracts, at) or _outside_terms(customer, facts.contracts, at)


def _without_contract(customer: KnownCustomer, product: KnownProduct | None) -> NotCovered:
    if not customer.has_contract:
        return NotCovered(TicketRefusal.NO_CONTRACT, Clause.NOT_COVERED, resting_on(customer))
    if product is None:
        return NotCovered(TicketRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT, resting_on(customer))
    return NotCovered(TicketRefusal.PRODUCT_NOT_COVERED, Clause.NOT_COVERED, resting_on(customer, product))


def _covering(contracts: tuple[KnownContract, ...], at: datetime) -> KnownContract | None:
    """The term that lasts longest, of those that hold the instant."""
    holding = [c for c in contracts if c.covered_from <= at < c.covered_until]
    return max(holding, key=_until, default=None)


def _outside_terms(customer: KnownCustomer, contracts: tuple[KnownContract, ...], at: datetime) -> NotCovered:
    """A customer with an ended term has lapsed, even where the next term is already signed."""
    if ended := [c for c in contracts if c.covered_until <= at]:
        rests_on = resting_on(customer, max(ended, key=_until))
        return NotCovered(TicketRefusal.COVER_LAPSED, Clause.NOT_COVERED, rests_on)
    rests_on = resting_on(customer, min(contracts, key=_from))
    return NotCovered(TicketRefusal.NOT_YET_COVERED, Clause.NOT_COVERED, rests_on)


def _by_version(facts: TicketFacts, contract: KnownContract, version: str | None, at: datetime) -> Covered | NotCovered:
    """« au delà des deux versions produits les plus récentes », as they stand on that local day."""
    product = facts.product
    rests_on = resting_on(facts.customer, contract, product)
    local_day = in_utc(at).astimezone(zone(contract.zone)).date()
    support = version_support(product.versions, version, local_day) if product else VersionSupport.UNKNOWN
    if support is VersionSupport.TOO_OLD:
        return NotCovered(TicketRefusal.VERSION_TOO_OLD, Clause.TWO_NEWEST_VERSIONS, rests_on)
    return Covered(_cover(contract), support is VersionSupport.UNKNOWN, rests_on)


def _cover(contract: KnownContract) -> Cover:
    return Cover(
        contract=contract.stream,
        first_day=contract.first_day,
        last_day=contract.last_day,
        covered_until=contract.covered_until,
    )


def _until(contract: KnownContract) -> tuple[datetime, str]:
    return contract.covered_until, contract.stream


def _from(contract: KnownContract) -> tuple[datetime, str]:
    return contract.covered_from, contract.stream
