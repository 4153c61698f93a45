"""A licence: bought with OL Care, whose first term begins in the same act; its value grows with its options."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, assert_never

from libs.decider import Decider, IdUsedOtherwise
from libs.messages.clauses import Clause
from libs.messages.facts import resting_on
from libs.messages.licences import (
    FirstTerm,
    FirstTermNotBegun,
    LicenceEvent,
    LicenceKind,
    LicenceOptionsAdded,
    LicenceRefusal,
    LicenceRefused,
    LicenceRegistered,
    Payment,
)
from libs.messages.money import Price
from libs.messages.plan import PriceList
from libs.plan import PriceKind, Term, covered_from, covered_until, yearly_term
from services.contract.facts import KnownCentre, RegisteredCustomer, RegisteredLicence
from services.contract.pricing import NOT_BY_THE_YEAR, price_of
from services.contract.renewals import local_day

MOST_DIGITS = 15
"""Before the point, of a list value: its prices have more."""
A_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class Care:
    """The contract that begins with a licence."""

    contract: str
    first_day: date
    payment: Payment


@dataclass(frozen=True)
class BuyLicence:
    """Register a licence that was bought, and let OL Care begin; `now` is when we are told of it."""

    occurred_at: datetime
    licence: str
    customer: str
    licence_kind: LicenceKind
    products: tuple[str, ...]
    options: tuple[str, ...]
    list_value: str
    currency: str
    purchased_on: date
    care: Care | None
    """None where a perpetual licence is bought without."""
    period: Term | None
    """Of a subscription licence; None where its days were not said."""
    ends_before_it_begins: bool
    contract_is_there: bool
    now: datetime
    known_customer: RegisteredCustomer | None
    centre: KnownCentre | None
    known_products: frozenset[str]
    price_lists: tuple[PriceList, ...]


@dataclass(frozen=True)
class AddOptions:
    """Add options that were bought for a licence."""

    occurred_at: datetime
    options: tuple[str, ...]
    added_value: str
    currency: str
    added_on: date


@dataclass(frozen=True)
class NoteNotBegun:
    """The contract did not begin, as its number was given away meanwhile; a reaction, so it may produce no event."""

    occurred_at: datetime
    contract: str


FromDoor = BuyLicence | AddOptions
Command = FromDoor | NoteNotBegun | IdUsedOtherwise[FromDoor]


@dataclass(frozen=True)
class Unregistered:
    """A licence that nobody bought."""

    state: Literal["no-licence"] = "no-licence"


@dataclass(frozen=True)
class Registered:
    """A licence with its total list value."""

    customer: str
    contract: str
    list_value: str
    currency: str
    begun: bool = True
    """Whether its contract began, as far as is known."""
    state: Literal["licence"] = "licence"


State = Unregistered | Registered


def decide(state: State, command: Command) -> LicenceEvent | None:
    """Answer a command with exactly one event; None where a reaction has nothing to do."""
    match command:
        case BuyLicence():
            return _buy(state, command)
        case AddOptions():
            return _add(state, command)
        case NoteNotBegun():
            return _not_begun(state, command)
        case IdUsedOtherwise(occurred_at=at):
            return LicenceRefused(refused_at=at, reason=LicenceRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def evolve(state: State, event: LicenceEvent) -> State:
    """Fold an event into the state."""
    match event:
        case LicenceRegistered():
            return Registered(event.customer, event.first_term.contract, event.list_value, event.currency)
        case LicenceOptionsAdded(list_value=value):
            return replace(state, list_value=value) if isinstance(state, Registered) else state
        case FirstTermNotBegun():
            return replace(state, begun=False) if isinstance(state, Registered) else state
        case LicenceRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, LicenceEvent] = Decider(Unregistered(), decide, evolve)


def _buy(state: State, command: BuyLicence) -> LicenceRegistered | LicenceRefused:
    if isinstance(state, Registered):
        return _refused(command, LicenceRefusal.ALREADY_REGISTERED)
    return _objection(command) or _registered(command)


def _objection(command: BuyLicence) -> LicenceRefused | None:
    if command.known_customer is None:
        return _refused(command, LicenceRefusal.UNKNOWN_CUSTOMER)
    if command.centre is None:
        return _refused(command, LicenceRefusal.UNKNOWN_CENTRE)
    if not command.known_products.issuperset(command.products):
        return _refused(command, LicenceRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT)
    if command.purchased_on > local_day(command.now, command.centre.zone):
        return _refused(command, LicenceRefusal.BOUGHT_IN_FUTURE)
    return _objection_to_care(command)


def _objection_to_care(command: BuyLicence) -> LicenceRefused | None:
    care = command.care
    if care is None:
        return _refused(command, LicenceRefusal.CARE_IS_COMPULSORY, Clause.COMPULSORY_FIRST_YEAR)
    if objection := NOT_BY_THE_YEAR.get(care.payment):
        return _refused(command, LicenceRefusal(objection.reason), objection.clause)
    if not command.purchased_on <= care.first_day <= command.purchased_on + A_YEAR:
        return _refused(command, LicenceRefusal.BEGINS_WITH_PURCHASE, Clause.COMPULSORY_FIRST_YEAR)
    if command.ends_before_it_begins:
        return _refused(command, LicenceRefusal.TERM_ENDS_BEFORE_IT_BEGINS)
    if command.licence_kind is LicenceKind.SUBSCRIPTION and command.period is None:
        return _refused(command, LicenceRefusal.NO_PERIOD, Clause.SUBSCRIPTION_LICENCE)
    if command.contract_is_there:
        return _refused(command, LicenceRefusal.CONTRACT_NUMBER_IN_USE)
    if command.licence_kind is LicenceKind.PERPETUAL and _price(command) is None:
        return _refused(command, LicenceRefusal.NO_PRICE_LIST, Clause.PRICE)
    return None


def _registered(command: BuyLicence) -> LicenceRegistered:
    return LicenceRegistered(
        registered_at=command.occurred_at,
        customer=command.customer,
        licence_kind=command.licence_kind,
        products=command.products,
        options=command.options,
        list_value=command.list_value,
        currency=command.currency,
        purchased_on=command.purchased_on,
        first_term=_first_term(command),
        rests_on=resting_on(command.known_customer, command.centre),
    )


def _first_term(command: BuyLicence) -> FirstTerm:
    care, centre = command.care, command.centre
    assert care is not None and centre is not None  # noqa: PT018, S101 - without them there was an objection
    term = command.period or yearly_term(care.first_day)
    return FirstTerm(
        contract=care.contract,
        centre=centre.centre,
        zone=centre.zone,
        first_day=term.first_day,
        last_day=term.last_day,
        covered_from=covered_from(term, centre.zone),
        covered_until=covered_until(term, centre.zone),
        price=_price(command),
    )


def _price(command: BuyLicence) -> Price | None:
    """By the list in force on the day of the purchase; a subscription licence includes OL Care."""
    match command.licence_kind:
        case LicenceKind.SUBSCRIPTION:
            return None
        case LicenceKind.PERPETUAL:
            licence = RegisteredLicence(command.licence, 1, command.list_value, command.currency)
            return price_of(licence, command.price_lists, PriceKind.FIRST_YEAR, command.purchased_on)
        case _:
            assert_never(command.licence_kind)


def _add(state: State, command: AddOptions) -> LicenceOptionsAdded | LicenceRefused:
    if not isinstance(state, Registered):
        return LicenceRefused(refused_at=command.occurred_at, reason=LicenceRefusal.UNKNOWN_LICENCE)
    total = Decimal(state.list_value) + Decimal(command.added_value)
    reason = _objection_to_options(state, command, total)
    if reason:
        return LicenceRefused(refused_at=command.occurred_at, customer=state.customer, reason=reason)
    return LicenceOptionsAdded(
        added_at=command.occurred_at,
        added_on=command.added_on,
        options=command.options,
        added_value=command.added_value,
        list_value=str(total),
    )


def _objection_to_options(state: Registered, command: AddOptions, total: Decimal) -> LicenceRefusal | None:
    if command.currency != state.currency:
        return LicenceRefusal.OTHER_CURRENCY
    return LicenceRefusal.VALUE_TOO_LARGE if total.adjusted() >= MOST_DIGITS else None


def _not_begun(state: State, command: NoteNotBegun) -> FirstTermNotBegun | None:
    if not isinstance(state, Registered) or not state.begun or state.contract != command.contract:
        return None
    return FirstTermNotBegun(contract=command.contract, refused_at=command.occurred_at)


def _refused(command: BuyLicence, reason: LicenceRefusal, clause: Clause | None = None) -> LicenceRefused:
    return LicenceRefused(
        refused_at=command.occurred_at,
        customer=command.customer,
        reason=reason,
        clause=clause,
        rests_on=resting_on(command.known_customer, command.centre),
    )
