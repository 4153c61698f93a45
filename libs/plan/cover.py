"""Who is under cover at an instant, by which term; and where nobody is, why, whom to contact, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.facts import resting_on
from libs.messages.licences import LicenceKind
from libs.messages.money import Price
from libs.messages.plan import PriceList, ProductVersions
from libs.messages.refusals import Contact, TicketRefusal
from libs.messages.tickets import Cover
from libs.plan.prices import NoPrice, PriceKind, as_price, quote
from libs.plan.versions import VersionSupport, version_support
from libs.workcal import in_utc, zone


class RequestedHelp(StrEnum):
    """What is asked for, as far as cover is concerned."""

    SUPPORT = "support"
    PROFESSIONAL_SERVICES = "professional_services"
    """« ne sont pas compris dans l'abonnement OL Care »."""


@dataclass(frozen=True)
class CoverRequest:
    """A customer asks for help with a product, in a version where one is named, at an instant."""

    customer: str
    product: str
    version: str | None
    kind: RequestedHelp
    at: datetime


@dataclass(frozen=True)
class KnownCustomer:
    """A customer as contract registered it."""

    stream: str
    sequence: int
    centre: str
    """The home centre."""
    reseller: str | None
    has_contract: bool
    """Whether any contract of this customer was ever activated, for whatever product."""
    language: str = "en"
    regional_team: str | None = None
    """The centre whose team helps, where it is not the home centre."""


@dataclass(frozen=True)
class KnownTerm:
    """A term of a contract of the customer."""

    stream: str
    """The contract."""
    sequence: int
    """Of the event with which this term was signed for."""
    products: tuple[str, ...]
    zone: str
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    number: int = 1
    licence: str | None = None
    licence_kind: LicenceKind = LicenceKind.PERPETUAL


@dataclass(frozen=True)
class KnownProduct:
    """The published versions of the product."""

    stream: str
    sequence: int
    versions: ProductVersions


@dataclass(frozen=True)
class KnownLicence:
    """A licence and its total list value, options included."""

    stream: str
    sequence: int
    licence_kind: LicenceKind
    list_value: str
    currency: str


@dataclass(frozen=True)
class KnownPriceList:
    """A published price list."""

    stream: str
    sequence: int
    prices: PriceList


@dataclass(frozen=True)
class CoverFacts:
    """What cover rests on; a field is empty where nothing was found."""

    customer: KnownCustomer | None = None
    terms: tuple[KnownTerm, ...] = ()
    product: KnownProduct | None = None
    licences: tuple[KnownLicence, ...] = ()
    price_lists: tuple[KnownPriceList, ...] = ()


@dataclass(frozen=True)
class Covered:
    """Under cover by a term; `version_unknown` marks the ticket for the agent."""

    cover: Cover
    term: KnownTerm
    version_unknown: bool
    rests_on: tuple[FactVersion, ...]
    contact: Contact
    team: str
    """The centre of the regional team."""
    clause: Clause = Clause.UNLIMITED_SUPPORT


@dataclass(frozen=True)
class NotCovered:
    """Not under cover; the clause is quoted to whoever asked."""

    reason: TicketRefusal
    clause: Clause
    rests_on: tuple[FactVersion, ...]
    contact: Contact = Contact.REGIONAL_TEAM
    team: str | None = None
    """The centre of the regional team; None where the customer is unknown."""
    term: KnownTerm | None = None
    """The term that has ended last, or begins next, or does not cover the version."""
    price_to_return: Price | None = None
    """What a re-subscription costs on that local day; None where nothing has lapsed, where nothing could be priced, and
    where the next term is signed."""


REASON_WORDS: Mapping[TicketRefusal, str] = MappingProxyType(
    {
        TicketRefusal.UNKNOWN_CUSTOMER: "unknown_customer",
        TicketRefusal.UNKNOWN_PRODUCT: "unknown_product",
        TicketRefusal.NO_CONTRACT: "no_contract",
        TicketRefusal.PRODUCT_NOT_COVERED: "product_not_covered",
        TicketRefusal.NOT_YET_COVERED: "not_started",
        TicketRefusal.COVER_LAPSED: "lapsed",
        TicketRefusal.VERSION_TOO_OLD: "version_too_old",
        TicketRefusal.NOT_INCLUDED: "professional_services",
    }
)
"""The reasons for which nobody is covered, as people name them."""


def cover(facts: CoverFacts, request: CoverRequest) -> Covered | NotCovered:
    """Decide at an instant, by the local days of the contract's centre, and explain it."""
    found = cover_again(facts, request)
    return found if isinstance(found, NotCovered) else _by_version(facts, request, found)


def cover_again(facts: CoverFacts, request: CoverRequest) -> Covered | NotCovered:
    """Decide on a reopening: its version was judged at the opening, whatever was released since."""
    customer = facts.customer
    if customer is None or customer.stream != request.customer:
        return NotCovered(TicketRefusal.UNKNOWN_CUSTOMER, Clause.NOT_COVERED, ())
    if request.kind is RequestedHelp.PROFESSIONAL_SERVICES:
        return _not(customer, TicketRefusal.NOT_INCLUDED, Clause.PROFESSIONAL_SERVICES, resting_on(customer))
    terms = [term for term in facts.terms if request.product in term.products]
    if not terms:
        return _without_term(customer, facts.product)
    holding = [term for term in terms if term.covered_from <= request.at < term.covered_until]
    if holding:
        return _covered(customer, max(holding, key=_until))
    return _outside_terms(facts, customer, terms, request.at)


def _not(
    customer: KnownCustomer,
    reason: TicketRefusal,
    clause: Clause,
    rests_on: tuple[FactVersion, ...],
    term: KnownTerm | None = None,
    price: Price | None = None,
) -> NotCovered:
    return NotCovered(reason, clause, rests_on, _contact(customer), _team(customer), term, price)


def _contact(customer: KnownCustomer) -> Contact:
    """« votre revendeur ou … l'équipe OL Care de votre région »."""
    return Contact.RESELLER if customer.reseller else Contact.REGIONAL_TEAM


def _team(customer: KnownCustomer) -> str:
    return customer.regional_team or customer.centre


def _without_term(customer: KnownCustomer, product: KnownProduct | None) -> NotCovered:
    if not customer.has_contract:
        return _not(customer, TicketRefusal.NO_CONTRACT, Clause.NOT_COVERED, resting_on(customer))
    if product is None:
        return _not(customer, TicketRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT, resting_on(customer))
    return _not(customer, TicketRefusal.PRODUCT_NOT_COVERED, Clause.NOT_COVERED, resting_on(customer, product))


def _covered(customer: KnownCustomer, term: KnownTerm) -> Covered:
    found = Cover(
        contract=term.stream, first_day=term.first_day, last_day=term.last_day, covered_until=term.covered_until
    )
    return Covered(
        cover=found,
        term=term,
        version_unknown=False,
        rests_on=resting_on(customer, term),
        contact=_contact(customer),
        team=_team(customer),
    )


def _by_version(facts: CoverFacts, request: CoverRequest, found: Covered) -> Covered | NotCovered:
    """« au delà des deux versions produits les plus récentes », as they stand on that local day."""
    customer, product, term = facts.customer, facts.product, found.term
    assert customer is not None  # noqa: S101 - nobody else is covered
    rests_on = resting_on(customer, term, product)
    support = (
        version_support(product.versions, request.version, _local_day(request.at, term))
        if product
        else VersionSupport.UNKNOWN
    )
    if support is VersionSupport.TOO_OLD:
        return _not(customer, TicketRefusal.VERSION_TOO_OLD, Clause.TWO_NEWEST_VERSIONS, rests_on, term)
    return replace(found, version_unknown=support is VersionSupport.UNKNOWN, rests_on=rests_on)


def _outside_terms(facts: CoverFacts, customer: KnownCustomer, terms: list[KnownTerm], at: datetime) -> NotCovered:
    """A customer with an ended term has lapsed, even where the next term is already signed."""
    if ended := [term for term in terms if term.covered_until <= at]:
        last = max(ended, key=_until)
        back = _coming_back(facts, last, at) if len(ended) == len(terms) else _ComingBack()
        rests_on = resting_on(customer, last, *back.rests_on)
        return _not(customer, TicketRefusal.COVER_LAPSED, _why_it_ended(last), rests_on, last, back.price)
    first = min(terms, key=_from)
    return _not(customer, TicketRefusal.NOT_YET_COVERED, Clause.NOT_COVERED, resting_on(customer, first), first)


def _why_it_ended(term: KnownTerm) -> Clause:
    """« inclus pour la période couverte »: with a subscription licence it ends, and there is nothing to renew."""
    included = term.licence_kind is LicenceKind.SUBSCRIPTION
    return Clause.SUBSCRIPTION_LICENCE if included else Clause.NOT_COVERED


class _ComingBack(NamedTuple):
    price: Price | None = None
    rests_on: tuple[KnownLicence | KnownPriceList, ...] = ()


def _coming_back(facts: CoverFacts, ended: KnownTerm, at: datetime) -> _ComingBack:
    """« le coût d'un nouvel abonnement », where the licence is perpetual and has a price on that local day."""
    licence = next((one for one in facts.licences if one.stream == ended.licence), None)
    if licence is None or licence.licence_kind is not LicenceKind.PERPETUAL:
        return _ComingBack()
    lists = {one.prices.version: one for one in facts.price_lists if one.prices.currency == licence.currency}
    try:
        found = quote(
            (one.prices for one in lists.values()),
            licence.currency,
            PriceKind.RESUBSCRIPTION,
            Decimal(licence.list_value),
            _local_day(at, ended),
        )
    except NoPrice:
        return _ComingBack()
    price = as_price(found, licence.list_value)
    return _ComingBack(price, (licence, lists[found.price_list])) if price else _ComingBack()


def _local_day(at: datetime, term: KnownTerm) -> date:
    return in_utc(at).astimezone(zone(term.zone)).date()


def _until(term: KnownTerm) -> tuple[datetime, str, int]:
    return term.covered_until, term.stream, term.number


def _from(term: KnownTerm) -> tuple[datetime, str, int]:
    return term.covered_from, term.stream, term.number
