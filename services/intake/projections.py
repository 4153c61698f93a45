"""What intake derives: its own tickets, and from other services' topics what cover and centre are decided on."""

from datetime import date, datetime
from typing import Any, NamedTuple, assert_never, get_args

from libs.eventlog.projection import Projection, Reader, state_of
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
)
from libs.messages.plan import (
    CalendarEvent,
    CentreCalendarPublished,
    PlanPartRefused,
    ProductVersionsPublished,
    VersionsEvent,
)
from libs.messages.tickets import TicketEvent
from services.intake.domain import DECIDERS, State
from services.intake.ticket_rows import TICKET_ROWS


class CustomerRow(NamedTuple):
    """A customer's home centre, reseller and language; `sequence` is that of the event it comes from."""

    stream: str
    centre: str
    reseller: str | None
    language: str
    sequence: int


def _customer(row: CustomerRow | None, event: RecordedEvent[CustomerEvent]) -> CustomerRow | None:
    match event.data:
        case CustomerRegistered() as registered:
            return CustomerRow(
                event.stream, registered.centre, registered.reseller, registered.language, event.sequence
            )
        case CustomerChanged() as changed:
            return row and row._replace(reseller=changed.reseller, language=changed.language, sequence=event.sequence)
        case CustomerRefused() | RemindersChosen() | PersonErased() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


class ContractRow(NamedTuple):
    """A term of support."""

    stream: str
    customer: str
    products: list[str]
    zone: str
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    sequence: int


def _contract(row: ContractRow | None, event: RecordedEvent[ContractEvent]) -> ContractRow | None:
    match event.data:
        case ContractActivated() as activated:
            return ContractRow(
                stream=event.stream,
                customer=activated.customer,
                products=list(activated.products),
                zone=activated.zone,
                first_day=activated.first_day,
                last_day=activated.last_day,
                covered_from=activated.covered_from,
                covered_until=activated.covered_until,
                sequence=event.sequence,
            )
        case ContractLapsed() | ContractContinued():
            return row and row._replace(sequence=event.sequence)
        case ContractRefused():
            return row
        case RenewalOffered() | RenewalReminded() | RenewalReminderSkipped() | ContractRenewed() | SignatureRefused():
            return row
        case ContractResubscribed() | ResubscriptionUndone():
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


STATES: Projection[Any] = state_of("ticket_states", DECIDERS, State, get_args(TicketEvent))

CUSTOMERS: Projection[CustomerRow] = Projection(
    table="customers",
    row=CustomerRow,
    columns="""
        stream text not null, centre text not null, reseller text, language text not null,
        sequence bigint not null""",
    events=(CustomerRegistered, CustomerChanged),
    evolve=_customer,
)

CONTRACT_TERMS: Projection[ContractRow] = Projection(
    table="contracts",
    row=ContractRow,
    columns="""
        stream text not null, customer text not null, products text[] not null, zone text not null,
        first_day date not null, last_day date not null,
        covered_from timestamptz not null, covered_until timestamptz not null, sequence bigint not null""",
    events=(ContractActivated, ContractLapsed, ContractContinued),
    evolve=_contract,
    indexes=("(customer)",),
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

READERS: tuple[Reader, ...] = (
    Reader("tickets", TICKETS, 9, (STATES, TICKET_ROWS), writes=True),
    Reader("contracts", CONTRACTS, 3, (CUSTOMERS, CONTRACT_TERMS)),
    Reader("plan", PLAN, 1, (CENTRES, PRODUCTS)),
)
