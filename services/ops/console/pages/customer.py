"""`/customers/{source}/{number}`: terms, licences, benefits, cover at an instant and why, and tickets; ids alone."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from libs.eventlog.tables.queries import Queries
from libs.messages.money import Price
from libs.messages.streams import normal, stream_id
from libs.plan import CoverRequest, RequestedHelp
from services.ops.console.pages.page import NotThere, Page, PageView, TwoClocks
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.contract.entitlements import QUERIES
from services.ops.contract.tables import as_they_stood, asked
from services.ops.contract.terms import ContractRows, shown
from services.ops.cover.command import QUERIES as COVER
from services.ops.cover.command import known
from services.ops.cover.explanation import explained
from services.ops.trail.as_of import Cut
from services.ops.trail.opened import Trail

TICKETS = Path(__file__).parents[1] / "customer_tickets.sql"
MOST = 100
"""Tickets."""


class WhichCustomer(TwoClocks):
    """Whose page, and at which instants."""

    source: str
    number: str
    at: datetime | None = Field(default=None, description="Of cover and benefits; else now; UTC without an offset")


class CustomerTerm(PageView):
    """A year of cover, its days included."""

    number: int
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    signed_on: date | None
    price: Price | None


class CustomerContract(PageView):
    """A contract with all its terms."""

    contract: str
    state: str
    licence: str
    licence_kind: str
    products: tuple[str, ...]
    centre: str
    zone: str
    terms: tuple[CustomerTerm, ...]
    offered: Price | None
    """What the next term costs, where it is offered."""
    reminded_days_before: int | None
    lapsed_at: datetime | None
    follows: str | None
    successor: str | None


class CustomerLicence(PageView):
    """A licence that was bought."""

    licence: str
    kind: str
    products: tuple[str, ...]
    options: tuple[str, ...]
    value: str
    currency: str
    purchased_on: date


class Entitlement(PageView):
    """What a customer has of a product."""

    product: str
    holds: bool
    since: datetime
    benefits: tuple[str, ...]
    contract: str | None


class CustomerCover(PageView):
    """The term that a decision is about."""

    contract: str
    number: int
    zone: str
    first_day: date
    last_day: date


class Rested(PageView):
    """A fact that a decision rests on."""

    stream: str
    sequence: int


class CoverOfProduct(PageView):
    """Whether support for a product is under cover at an instant, and why."""

    product: str
    covered: bool
    reason: str | None
    term: CustomerCover | None
    clause: str
    contact: str
    """The reseller or the centre to ask."""
    contact_kind: str
    price_to_return: Price | None
    rests_on: tuple[Rested, ...]


class CustomerTicket(PageView):
    """A ticket of the customer."""

    stream: str
    state: str
    centre: str | None
    channel: str | None
    product: str | None
    opened_at: datetime | None
    first_responded_at: datetime | None
    reason: str | None


class CustomerView(PageView):
    """All about a customer that is no name and no address."""

    customer: str
    asked_at: datetime | None
    at: datetime
    held_at: datetime
    """Of the benefits: what will hold is not recorded yet."""
    as_of: datetime | None
    known_at: datetime | None
    contracts: tuple[CustomerContract, ...]
    licences: tuple[CustomerLicence, ...]
    entitlements: tuple[Entitlement, ...]
    cover: tuple[CoverOfProduct, ...] | None
    """None where history is cut: cover is judged on what is known now."""
    tickets: tuple[CustomerTicket, ...] | None
    """The youngest; None where history is cut."""


def contract(said: Mapping[str, Any]) -> CustomerContract:
    """A contract as `olcare contract show` says it."""
    told, lapse = said["told"] or {}, said["lapse"] or {}
    return CustomerContract.model_validate(
        {
            **_own(CustomerContract, said),
            "terms": [_own(CustomerTerm, term) for term in said["terms"]],
            "offered": told.get("offered"),
            "reminded_days_before": told.get("last_reminder_days_before"),
            "lapsed_at": lapse.get("lapsed_at"),
        }
    )


def licence(said: Mapping[str, Any]) -> CustomerLicence:
    """A licence as `olcare contract show` says it."""
    value = said["value"]
    return CustomerLicence.model_validate(
        {**_own(CustomerLicence, said), "value": value["amount"], "currency": value["currency"]}
    )


def cover_of(said: Mapping[str, Any]) -> CoverOfProduct:
    """A decision as `olcare cover explain` says it."""
    contact, term = said["contact"], said["term"]
    return CoverOfProduct.model_validate(
        {
            **_own(CoverOfProduct, said),
            "term": _own(CustomerCover, term) if term else None,
            "contact": contact["reseller"] or contact["centre"] or "",
            "contact_kind": "reseller" if contact["reseller"] else "centre",
        }
    )


def _own(view: type[PageView], said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in view.model_fields if name in said}


def products(rows: ContractRows) -> list[str]:
    """The products that the contracts and licences of a customer name."""
    return sorted({product for row in [*rows.contracts, *rows.licences] for product in row["products"]})


async def look(sources: Sources, query: WhichCustomer) -> CustomerView:
    """All about a customer, now or as it stood; raises NotThere where nothing is known, or the instant lies ahead."""
    customer = stream_id("customer", normal(query.source), normal(query.number))
    now = sources.clock.now()
    if max(query.as_of or now, query.known_at or now) > now:
        raise NotThere("as_of or known_at lies ahead: nobody knows yet what will be known then")
    at = query.at or min(query.as_of or now, query.known_at or now)
    rows = await _rows(sources, customer, query.cut, min(at, now))
    tickets = await _tickets(sources, customer) if query.cut is None else None
    if not (rows.customers or rows.contracts or rows.licences or tickets):
        if query.cut:
            raise NotThere(f"there was no {customer}: /contracts has all that had a contract")
        raise NotThere(f"there is no {customer}: /contracts has all that have a contract")
    said = shown(rows)
    return CustomerView(
        customer=customer,
        asked_at=query.at,
        at=at,
        held_at=min(at, now),
        as_of=query.as_of,
        known_at=query.known_at,
        contracts=tuple(contract(one) for one in said["contracts"]),
        licences=tuple(licence(one) for one in said["licences"]),
        entitlements=tuple(Entitlement.model_validate(_own(Entitlement, one)) for one in said["entitlements"]),
        cover=tuple(await _cover(sources, customer, products(rows), at)) if query.cut is None else None,
        tickets=tickets,
    )


async def _rows(sources: Sources, customer: str, cut: Cut | None, at: datetime) -> ContractRows:
    queries = await sources.queries("contract", QUERIES)
    if cut is None:
        return await asked(queries, [customer], at)
    trail = Trail(await sources.chain(), await sources.log(), sources.cards)
    return await as_they_stood(trail, await sources.database("contract"), [customer], cut, at)


async def _cover(sources: Sources, customer: str, names: Iterable[str], at: datetime) -> list[CoverOfProduct]:
    intake: Queries = await sources.queries("intake", COVER)
    requests = [CoverRequest(customer, name, None, RequestedHelp.SUPPORT, at) for name in names]
    return [cover_of(explained(await known(intake, request), request)) for request in requests]


async def _tickets(sources: Sources, customer: str) -> tuple[CustomerTicket, ...]:
    rows = await (await sources.queries("intake", TICKETS)).rows("tickets_of_customer", customer=customer, most=MOST)
    return tuple(CustomerTicket(**row) for row in rows)


PAGE = Page(
    "/customers/{source}/{number:path}", look, WhichCustomer, CustomerView, "customer.html", N_("Customer"), live=False
)
