"""What contract derives from its own topics: customers, terms, erased persons and the published plan."""

from datetime import date, datetime
from typing import Any, NamedTuple, assert_never, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.put_away import PutAway
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import CONTRACTS, EVENTS, PLAN
from libs.messages.contracts import (
    CustomerChanged,
    CustomerEvent,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
)
from libs.messages.plan import (
    CentreCalendarPublished,
    NoticeOffsetsPublished,
    PlanEvent,
    PlanPart,
    PlanPartRefused,
    PriceListPublished,
    PricesEvent,
    ProductVersionsPublished,
    TargetsPublished,
    TzDatabasePublished,
    TzDatabaseRefused,
    TzEvent,
)
from libs.messages.streams import parse_stream
from services.contract import plan_parts
from services.contract.contract_rows import CONTRACT_ROWS, ENTITLEMENTS, LICENCES, TERMS
from services.contract.domain import DECIDERS, State
from services.contract.plan_parts import NumberedContent


class CustomerRow(NamedTuple):
    """A customer as people see it; `sequence` is that of the last event that changed it."""

    stream: str
    country: str
    centre: str
    language: str
    contact: str
    private_key: str
    """The key of the private record with the names and the address."""
    reseller: str | None
    regional_team: str | None
    reminders: bool
    """Whether the customer wants to be reminded of renewals."""
    registered_at: datetime
    sequence: int


def _customer(row: CustomerRow | None, event: RecordedEvent[CustomerEvent]) -> CustomerRow | None:
    match event.data:
        case CustomerRegistered() as registered:
            return CustomerRow(
                stream=event.stream,
                country=registered.country,
                centre=registered.centre,
                language=registered.language,
                contact=registered.contact,
                private_key=registered.private.text(),
                reseller=registered.reseller,
                regional_team=registered.regional_team,
                reminders=True,
                registered_at=registered.registered_at,
                sequence=event.sequence,
            )
        case CustomerChanged() as changed:
            return row and row._replace(
                country=changed.country,
                language=changed.language,
                contact=changed.contact,
                private_key=changed.private.text(),
                reseller=changed.reseller,
                regional_team=changed.regional_team,
                sequence=event.sequence,
            )
        case RemindersChosen(wanted=wanted):
            return row and row._replace(reminders=wanted)
        case CustomerRefused() | PersonErased() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


class ErasedRow(NamedTuple):
    """A person of a customer whose erasure is recorded."""

    stream: str
    person: str
    erased_at: datetime
    ordered_by: str


def _erased(row: ErasedRow | None, event: RecordedEvent[CustomerEvent]) -> ErasedRow | None:
    match event.data:
        case PersonErased() as erased:
            return ErasedRow(event.stream, erased.person, erased.erased_at, erased.by)
        case CustomerRegistered() | CustomerChanged() | RemindersChosen():
            return row
        case CustomerRefused() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


def _by_person(event: RecordedEvent[PersonErased]) -> tuple[Key, ...]:
    return ((event.stream, event.data.person),)


class PlanPartRow(NamedTuple):
    """A part of the plan that is in force, its content in JSON."""

    stream: str
    part: str
    name: str
    version: int
    published_at: datetime
    content: str
    sequence: int


def _plan_part(row: PlanPartRow | None, event: RecordedEvent[PlanEvent]) -> PlanPartRow | None:
    match event.data:
        case CentreCalendarPublished(calendar=calendar, published_at=at):
            return _in_force(event, PlanPart.CALENDAR, calendar, at)
        case TargetsPublished(targets=targets, published_at=at):
            return _in_force(event, PlanPart.TARGETS, targets, at)
        case PriceListPublished(prices=prices, published_at=at):
            return _in_force(event, PlanPart.PRICES, prices, at)
        case ProductVersionsPublished(product=product, published_at=at):
            return _in_force(event, PlanPart.VERSIONS, product, at)
        case NoticeOffsetsPublished(offsets=offsets, published_at=at):
            return _in_force(event, PlanPart.REMINDERS, offsets, at)
        case PlanPartRefused() | TzDatabasePublished() | TzDatabaseRefused():
            return row
        case _:
            assert_never(event.data)


def _in_force(event: RecordedEvent, part: PlanPart, content: NumberedContent, at: datetime) -> PlanPartRow:
    return PlanPartRow(
        stream=event.stream,
        part=str(part),
        name=parse_stream(event.stream).number,
        version=content.version,
        published_at=at,
        content=content.model_dump_json(),
        sequence=event.sequence,
    )


class PriceListRow(NamedTuple):
    """A price list that was published, whether others of its currency followed or not; its content in JSON."""

    stream: str
    version: int
    applies_from: date
    published_at: datetime
    content: str
    sequence: int


def _price_list(row: PriceListRow | None, event: RecordedEvent[PricesEvent]) -> PriceListRow | None:
    match event.data:
        case PriceListPublished(prices=prices, published_at=at):
            content = prices.model_dump_json()
            return PriceListRow(event.stream, prices.version, prices.applies_from, at, content, event.sequence)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


def _by_version(event: RecordedEvent[PriceListPublished]) -> tuple[Key, ...]:
    return ((event.stream, event.data.prices.version),)


class TzDatabaseRow(NamedTuple):
    """The version of the tz database that is in force, its content in JSON."""

    stream: str
    version: str
    published_at: datetime
    content: str
    sequence: int


def _tz_database(row: TzDatabaseRow | None, event: RecordedEvent[TzEvent]) -> TzDatabaseRow | None:
    match event.data:
        case TzDatabasePublished(database=database, published_at=at):
            return TzDatabaseRow(event.stream, database.version, at, database.model_dump_json(), event.sequence)
        case TzDatabaseRefused():
            return row
        case _:
            assert_never(event.data)


CONTRACT_STATES: Projection[Any] = state_of(
    "contract_states",
    DECIDERS,
    State,
    EVENTS[CONTRACTS],
)

PLAN_STATES: Projection[Any] = state_of("plan_states", DECIDERS, plan_parts.State, get_args(PlanEvent))

CUSTOMERS: Projection[CustomerRow] = Projection(
    table="customers",
    row=CustomerRow,
    columns="""
        stream text not null, country text not null, centre text not null, language text not null,
        contact text not null, private_key text not null, reseller text, regional_team text, reminders bool not null,
        registered_at timestamptz not null, sequence bigint not null""",
    events=(CustomerRegistered, CustomerChanged, RemindersChosen),
    evolve=_customer,
)

ERASED: Projection[ErasedRow] = Projection(
    table="erased_persons",
    row=ErasedRow,
    columns="stream text not null, person text not null, erased_at timestamptz not null, ordered_by text not null",
    events=(PersonErased,),
    evolve=_erased,
    key=("stream", "person"),
    keys=_by_person,
    indexes=("(person)",),
)

PLAN_PARTS: Projection[PlanPartRow] = Projection(
    table="plan_parts",
    row=PlanPartRow,
    columns="""
        stream text not null, part text not null, name text not null, version int not null,
        published_at timestamptz not null, content jsonb not null, sequence bigint not null""",
    events=(
        CentreCalendarPublished,
        TargetsPublished,
        PriceListPublished,
        ProductVersionsPublished,
        NoticeOffsetsPublished,
    ),
    evolve=_plan_part,
)

PRICE_LISTS: Projection[PriceListRow] = Projection(
    table="price_lists",
    row=PriceListRow,
    columns="""
        stream text not null, version int not null, applies_from date not null, published_at timestamptz not null,
        content jsonb not null, sequence bigint not null""",
    events=(PriceListPublished,),
    evolve=_price_list,
    key=("stream", "version"),
    keys=_by_version,
)

TZ_DATABASES: Projection[TzDatabaseRow] = Projection(
    table="tz_databases",
    row=TzDatabaseRow,
    columns="""
        stream text not null, version text not null, published_at timestamptz not null, content jsonb not null,
        sequence bigint not null""",
    events=(TzDatabasePublished,),
    evolve=_tz_database,
)

EXAMPLES = (
    '[{"centre":"americas","erased":[],"state":"registered"},{"customer":"customer/erp/C-101",'
    '"centre":"americas","last_day":"2027-02-15","covered_until":"2027-02-16T05:00:00Z","state":"active"}]'
)
"""States as JSON: what those that are put away have in common with them takes no room."""

READERS: tuple[Reader, ...] = (
    Reader(
        "contracts",
        CONTRACTS,
        9,
        (CONTRACT_STATES, CUSTOMERS, CONTRACT_ROWS, TERMS, LICENCES, ENTITLEMENTS, ERASED),
        writes=True,
        reacts=True,
        put_away=PutAway(EXAMPLES),
    ),
    Reader("plan", PLAN, 6, (PLAN_STATES, PLAN_PARTS, PRICE_LISTS, TZ_DATABASES), writes=True),
)

PRIVATE_RECORDS = "private_records"
"""The table of the state topic with names and addresses: key, partition, value."""
