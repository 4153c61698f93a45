"""What intake derives: its own tickets, and from other services' topics what cover and centre are decided on."""

from datetime import date, datetime
from typing import Any, NamedTuple, assert_never, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.put_away import PutAway
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import CONTRACTS, PLAN, TICKETS
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
    CustomerEvent,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.licences import (
    FirstTermNotBegun,
    LicenceEvent,
    LicenceKind,
    LicenceOptionsAdded,
    LicenceRefused,
    LicenceRegistered,
)
from libs.messages.plan import (
    CalendarEvent,
    CentreCalendarPublished,
    PlanPartRefused,
    PriceListPublished,
    PricesEvent,
    ProductVersionsPublished,
    VersionsEvent,
)
from libs.messages.tickets import TicketEvent
from services.intake.domain import DECIDERS, State
from services.intake.ticket_rows import TICKET_ROWS


class CustomerRow(NamedTuple):
    """A customer's home centre and whom it turns to; `sequence` is that of the event it comes from."""

    stream: str
    centre: str
    reseller: str | None
    language: str
    regional_team: str | None
    sequence: int


def _customer(row: CustomerRow | None, event: RecordedEvent[CustomerEvent]) -> CustomerRow | None:
    match event.data:
        case CustomerRegistered() as registered:
            return CustomerRow(
                stream=event.stream,
                centre=registered.centre,
                reseller=registered.reseller,
                language=registered.language,
                regional_team=registered.regional_team,
                sequence=event.sequence,
            )
        case CustomerChanged() as changed:
            return row and row._replace(
                reseller=changed.reseller,
                language=changed.language,
                regional_team=changed.regional_team,
                sequence=event.sequence,
            )
        case CustomerRefused() | RemindersChosen() | PersonErased() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


class TermRow(NamedTuple):
    """A term of a contract; `sequence` is that of the event with which it was signed for."""

    stream: str
    number: int
    customer: str
    licence: str
    licence_kind: str
    products: list[str]
    zone: str
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    sequence: int


def _term(row: TermRow | None, event: RecordedEvent[ContractEvent]) -> TermRow | None:
    """What ends a term changes nothing: its days decide."""
    match event.data:
        case ContractActivated() | ContractRenewed() as begun:
            return TermRow(
                stream=event.stream,
                number=_number(begun),
                customer=begun.customer,
                licence=begun.licence,
                licence_kind=str(_licence_kind(begun)),
                products=list(begun.products),
                zone=begun.zone,
                first_day=begun.first_day,
                last_day=begun.last_day,
                covered_from=begun.covered_from,
                covered_until=begun.covered_until,
                sequence=event.sequence,
            )
        case ContractLapsed() | ContractContinued() | ContractRefused():
            return row
        case TermBegan() | RenewalOffered() | RenewalReminded() | RenewalReminderSkipped() | SignatureRefused():
            return row
        case ContractResubscribed() | ResubscriptionUndone():
            return row
        case _:
            assert_never(event.data)


def _number(begun: ContractActivated | ContractRenewed) -> int:
    return begun.number if isinstance(begun, ContractRenewed) else 1


def _licence_kind(begun: ContractActivated | ContractRenewed) -> LicenceKind:
    """Only a perpetual licence is renewed."""
    return LicenceKind.PERPETUAL if isinstance(begun, ContractRenewed) else begun.licence_kind


def _by_number(event: RecordedEvent[ContractActivated | ContractRenewed]) -> tuple[Key, ...]:
    return ((event.stream, _number(event.data)),)


class LicenceRow(NamedTuple):
    """A licence and its total list value, options included."""

    stream: str
    licence_kind: str
    list_value: str
    currency: str
    sequence: int


def _licence(row: LicenceRow | None, event: RecordedEvent[LicenceEvent]) -> LicenceRow | None:
    match event.data:
        case LicenceRegistered() as bought:
            kind = str(bought.licence_kind)
            return LicenceRow(event.stream, kind, bought.list_value, bought.currency, event.sequence)
        case LicenceOptionsAdded(list_value=value):
            return row and row._replace(list_value=value, sequence=event.sequence)
        case LicenceRefused() | FirstTermNotBegun():
            return row
        case _:
            assert_never(event.data)


class CentreRow(NamedTuple):
    """A centre and its telephone numbers (E.164)."""

    stream: str
    centre: str
    numbers: list[str]
    sequence: int


def _centre(row: CentreRow | None, event: RecordedEvent[CalendarEvent]) -> CentreRow | None:
    match event.data:
        case CentreCalendarPublished(calendar=calendar):
            numbers = [phone.number for phone in calendar.phones]
            return CentreRow(event.stream, calendar.centre, numbers, event.sequence)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


class ProductRow(NamedTuple):
    """A product and its versions, as published, in JSON."""

    stream: str
    product: str
    versions: str
    sequence: int


def _product(row: ProductRow | None, event: RecordedEvent[VersionsEvent]) -> ProductRow | None:
    match event.data:
        case ProductVersionsPublished(product=versions):
            return ProductRow(event.stream, versions.product, versions.model_dump_json(), event.sequence)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


class PriceListRow(NamedTuple):
    """A price list, as published, in JSON; the version before it stays."""

    stream: str
    version: int
    currency: str
    prices: str
    sequence: int


def _price_list(row: PriceListRow | None, event: RecordedEvent[PricesEvent]) -> PriceListRow | None:
    match event.data:
        case PriceListPublished(prices=prices):
            content = prices.model_dump_json()
            return PriceListRow(event.stream, prices.version, prices.currency, content, event.sequence)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


def _by_version(event: RecordedEvent[PriceListPublished]) -> tuple[Key, ...]:
    return ((event.stream, event.data.prices.version),)


STATES: Projection[Any] = state_of("ticket_states", DECIDERS, State, get_args(TicketEvent))

CUSTOMERS: Projection[CustomerRow] = Projection(
    table="customers",
    row=CustomerRow,
    columns="""
        stream text not null, centre text not null, reseller text, language text not null,
        regional_team text, sequence bigint not null""",
    events=(CustomerRegistered, CustomerChanged),
    evolve=_customer,
)

TERMS: Projection[TermRow] = Projection(
    table="terms",
    row=TermRow,
    columns="""
        stream text not null, number int not null, customer text not null, licence text not null,
        licence_kind text not null, products text[] not null, zone text not null,
        first_day date not null, last_day date not null,
        covered_from timestamptz not null, covered_until timestamptz not null, sequence bigint not null""",
    events=(ContractActivated, ContractRenewed),
    evolve=_term,
    key=("stream", "number"),
    keys=_by_number,
    indexes=("(customer)",),
)

LICENCES: Projection[LicenceRow] = Projection(
    table="licences",
    row=LicenceRow,
    columns="""
        stream text not null, licence_kind text not null, list_value text not null, currency text not null,
        sequence bigint not null""",
    events=(LicenceRegistered, LicenceOptionsAdded),
    evolve=_licence,
)

CENTRES: Projection[CentreRow] = Projection(
    table="centres",
    row=CentreRow,
    columns="stream text not null, centre text not null, numbers text[] not null, sequence bigint not null",
    events=(CentreCalendarPublished,),
    evolve=_centre,
)

PRODUCTS: Projection[ProductRow] = Projection(
    table="products",
    row=ProductRow,
    columns="stream text not null, product text not null, versions jsonb not null, sequence bigint not null",
    events=(ProductVersionsPublished,),
    evolve=_product,
    indexes=("(product)",),
)

PRICE_LISTS: Projection[PriceListRow] = Projection(
    table="price_lists",
    row=PriceListRow,
    columns="""
        stream text not null, version int not null, currency text not null, prices jsonb not null,
        sequence bigint not null""",
    events=(PriceListPublished,),
    evolve=_price_list,
    key=("stream", "version"),
    keys=_by_version,
)

EXAMPLES = (
    '[{"clause":"Vous pouvez communiquer avec votre revendeur ou avec l\'équipe OL Care de votre région.",'
    '"held":[],"applied":0,"asked":{"opened_at":"2026-11-24T12:30:00.000000Z","reason":"unknown-customer",'
    '"clause":"Vous pouvez communiquer avec votre revendeur ou avec l\'équipe OL Care de votre région.",'
    '"contact":"regional-team","customer":"customer/erp/C-115","requester":"person/crm-eu/p-150",'
    '"private":{"person":"person/crm-eu/p-150","topic":"olcare.tickets.in.v1","partition":4,"offset":0},'
    '"language":"nl","channel":"email","centre":null,"number_dialled":null,"request_kind":"question",'
    '"product":"planetpress-connect","version":"2023.2","rests_on":[],"doubts":[]},"state":"refused"},{'
    '"opened_at":"2026-11-26T18:30:36Z","customer":"customer/erp/C-102","product":"pres-connect",'
    '"request_kind":"question","centre":"americas","calls":[{"at":"2026-11-26T18:30:36Z","by":null}],'
    '"stage":{"stage":"resolved"},"held":[],"applied":0,"awaiting":[],"state":"opened"}]'
)
"""States as JSON: what those that are put away have in common with them takes no room."""

READERS: tuple[Reader, ...] = (
    Reader("tickets", TICKETS, 14, (STATES, TICKET_ROWS), writes=True, reacts=True, put_away=PutAway(EXAMPLES)),
    Reader("contracts", CONTRACTS, 5, (CUSTOMERS, TERMS, LICENCES)),
    Reader("plan", PLAN, 2, (CENTRES, PRODUCTS, PRICE_LISTS)),
)
