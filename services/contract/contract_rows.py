"""Rows of contracts: the latest term of each, all terms, licences, and the benefits that hold."""

from datetime import date, datetime
from typing import NamedTuple, assert_never

from libs.eventlog.projection import Key, Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.licences import (
    FirstTermNotBegun,
    LicenceEvent,
    LicenceOptionsAdded,
    LicenceRefused,
    LicenceRegistered,
)
from libs.messages.money import Price
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.contract.facts import ADDED, AddedValue

ACTIVE, LAPSED, CONTINUED = "active", "lapsed", "continued"


class ContractRow(NamedTuple):
    """A contract with its latest term, as people see it."""

    stream: str
    state: str
    """active, lapsed or continued."""
    customer: str
    licence: str
    licence_kind: str
    products: list[str]
    centre: str
    zone: str
    number: int
    """Which term it is, from 1."""
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    known_at: datetime
    """When the term was activated or renewed."""
    begins_at: datetime
    """When cover begins with the first term."""
    begun: bool
    """Whether it is recorded that the first term has begun."""
    told: int
    """What was told of the term's end: `OFFERED`, or the days before it of the last reminder."""
    price: str | None
    """Of the term, in JSON."""
    offered: str | None
    """The price that is offered for the next one, in JSON."""
    successor: str | None
    """The contract by which it was taken up again."""
    correlation: str
    """The correlation id of the activation, which the end of the term keeps."""
    detected_at: datetime | None = None
    """When the end of the term was noticed."""


def _contract(row: ContractRow | None, event: RecordedEvent[ContractEvent]) -> ContractRow | None:
    match event.data:
        case ContractActivated() as activated:
            return _activated(event, activated)
        case ContractRenewed() as renewed:
            return row and _renewed(row, renewed)
        case TermBegan():
            return row and row._replace(begun=True)
        case RenewalOffered(price=price):
            return row and row._replace(told=OFFERED, offered=_json(price))
        case RenewalReminded(days_before=days) | RenewalReminderSkipped(days_before=days):
            return row and row._replace(told=days)
        case ContractLapsed() as lapsed:
            return row and row._replace(state=LAPSED, detected_at=lapsed.detected_at)
        case ContractContinued() as continued:
            return row and row._replace(state=CONTINUED, detected_at=continued.detected_at)
        case ContractResubscribed(term=term):
            return row and row._replace(successor=term.contract)
        case ResubscriptionUndone():
            return row and row._replace(successor=None)
        case ContractRefused() | SignatureRefused():
            return row
        case _:
            assert_never(event.data)


def _activated(event: RecordedEvent[ContractEvent], activated: ContractActivated) -> ContractRow:
    return ContractRow(
        stream=event.stream,
        state=ACTIVE,
        customer=activated.customer,
        licence=activated.licence,
        licence_kind=str(activated.licence_kind),
        products=list(activated.products),
        centre=activated.centre,
        zone=activated.zone,
        number=1,
        first_day=activated.first_day,
        last_day=activated.last_day,
        covered_from=activated.covered_from,
        covered_until=activated.covered_until,
        known_at=activated.activated_at,
        begins_at=activated.covered_from,
        begun=False,
        told=NOTHING_TOLD,
        price=_json(activated.price),
        offered=None,
        successor=None,
        correlation=event.correlationid,
    )


def _renewed(row: ContractRow, renewed: ContractRenewed) -> ContractRow:
    return row._replace(
        state=ACTIVE,
        number=renewed.number,
        first_day=renewed.first_day,
        last_day=renewed.last_day,
        covered_from=renewed.covered_from,
        covered_until=renewed.covered_until,
        known_at=renewed.renewed_at,
        begun=row.begun or row.state == LAPSED,
        told=NOTHING_TOLD,
        price=_json(renewed.price),
        offered=None,
        detected_at=None,
    )


def _json(price: Price | None) -> str | None:
    return price.model_dump_json() if price else None


class TermRow(NamedTuple):
    """One term of a contract."""

    stream: str
    number: int
    customer: str
    licence: str
    products: list[str]
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    signed_on: date | None
    """None of a first term."""
    price: str | None


def _term(row: TermRow | None, event: RecordedEvent[ContractActivated | ContractRenewed]) -> TermRow:  # noqa: ARG001 - written once
    said = event.data
    return TermRow(
        stream=event.stream,
        number=_number(event),
        customer=said.customer,
        licence=said.licence,
        products=list(said.products),
        first_day=said.first_day,
        last_day=said.last_day,
        covered_from=said.covered_from,
        covered_until=said.covered_until,
        signed_on=said.signed_on if isinstance(said, ContractRenewed) else None,
        price=_json(said.price),
    )


def _number(event: RecordedEvent[ContractActivated | ContractRenewed]) -> int:
    return event.data.number if isinstance(event.data, ContractRenewed) else 1


def _by_number(event: RecordedEvent[ContractActivated | ContractRenewed]) -> tuple[Key, ...]:
    return ((event.stream, _number(event)),)


class LicenceRow(NamedTuple):
    """A licence at its total list value."""

    stream: str
    customer: str
    licence_kind: str
    products: list[str]
    options: list[str]
    list_value: str
    currency: str
    purchased_on: date
    contract: str
    """The one that began with it."""
    begun: bool
    """Whether that contract began, as far as is known."""
    sequence: int
    added: str = "[]"
    """`AddedValue`s, in JSON."""


def _licence(row: LicenceRow | None, event: RecordedEvent[LicenceEvent]) -> LicenceRow | None:
    match event.data:
        case LicenceRegistered() as registered:
            return LicenceRow(
                stream=event.stream,
                customer=registered.customer,
                licence_kind=str(registered.licence_kind),
                products=list(registered.products),
                options=list(registered.options),
                list_value=registered.list_value,
                currency=registered.currency,
                purchased_on=registered.purchased_on,
                contract=registered.first_term.contract,
                begun=True,
                sequence=event.sequence,
            )
        case LicenceOptionsAdded() as more:
            return row and _with_options(row, more)._replace(sequence=event.sequence)
        case FirstTermNotBegun():
            return row and row._replace(begun=False)
        case LicenceRefused():
            return row
        case _:
            assert_never(event.data)


def _with_options(row: LicenceRow, more: LicenceOptionsAdded) -> LicenceRow:
    added = (*ADDED.validate_json(row.added), AddedValue(more.added_on, more.added_value))
    return row._replace(
        options=[*row.options, *more.options], list_value=more.list_value, added=ADDED.dump_json(added).decode()
    )


class EntitlementRow(NamedTuple):
    """From when on a customer had all benefits of a product, or none; the newest instant is what holds."""

    stream: str
    product: str
    holds_from: datetime
    benefits: list[str]
    contract: str
    sequence: int


def _entitlement(row: EntitlementRow | None, event: RecordedEvent[EntitlementsChanged]) -> EntitlementRow:  # noqa: ARG001 - the later event holds
    changed = event.data
    return EntitlementRow(
        stream=event.stream,
        product=changed.product,
        holds_from=changed.holds_from,
        benefits=[str(benefit) for benefit in changed.benefits],
        contract=changed.contract,
        sequence=event.sequence,
    )


def _by_instant(event: RecordedEvent[EntitlementsChanged]) -> tuple[Key, ...]:
    return ((event.stream, event.data.product, event.data.holds_from),)


CONTRACT_ROWS: Projection[ContractRow] = Projection(
    table="contracts",
    row=ContractRow,
    columns="""
        stream text not null, state text not null, customer text not null, licence text not null,
        licence_kind text not null, products text[] not null, centre text not null, zone text not null,
        number int not null, first_day date not null, last_day date not null,
        covered_from timestamptz not null, covered_until timestamptz not null, known_at timestamptz not null,
        begins_at timestamptz not null, begun bool not null, told int not null, price jsonb, offered jsonb,
        successor text, correlation text not null, detected_at timestamptz""",
    events=(
        ContractActivated,
        ContractRenewed,
        TermBegan,
        RenewalOffered,
        RenewalReminded,
        RenewalReminderSkipped,
        ContractLapsed,
        ContractContinued,
        ContractResubscribed,
        ResubscriptionUndone,
    ),
    evolve=_contract,
    indexes=(
        "(customer)",
        "(licence)",
        "(successor) where successor is not null",
        "(covered_until) where state = 'active' and covered_until is not null",
        "(begins_at) where state = 'active' and not begun and begins_at is not null",
        "(zone, told, last_day) where state = 'active' and licence_kind = 'perpetual'",
    ),
)

TERMS: Projection[TermRow] = Projection(
    table="terms",
    row=TermRow,
    columns="""
        stream text not null, number int not null, customer text not null, licence text not null,
        products text[] not null, first_day date not null, last_day date not null,
        covered_from timestamptz not null, covered_until timestamptz not null, signed_on date, price jsonb""",
    events=(ContractActivated, ContractRenewed),
    evolve=_term,
    key=("stream", "number"),
    keys=_by_number,
    indexes=("(licence)", "(customer)"),
)

LICENCES: Projection[LicenceRow] = Projection(
    table="licences",
    row=LicenceRow,
    columns="""
        stream text not null, customer text not null, licence_kind text not null, products text[] not null,
        options text[] not null, list_value text not null, currency text not null, purchased_on date not null,
        contract text not null, begun bool not null, sequence bigint not null, added jsonb not null""",
    events=(LicenceRegistered, LicenceOptionsAdded, FirstTermNotBegun),
    evolve=_licence,
    indexes=("(contract)", "(customer)"),
)

ENTITLEMENTS: Projection[EntitlementRow] = Projection(
    table="entitlements",
    row=EntitlementRow,
    columns="""
        stream text not null, product text not null, holds_from timestamptz not null, benefits text[] not null,
        contract text not null, sequence bigint not null""",
    events=(EntitlementsChanged,),
    evolve=_entitlement,
    key=("stream", "product", "holds_from"),
    keys=_by_instant,
)
