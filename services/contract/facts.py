"""What a decision on a customer, licence or contract rests on beside its stream; it may lag the log by some seconds."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pydantic import TypeAdapter

from libs.messages.plan import PriceList


@dataclass(frozen=True)
class KnownCentre:
    """A centre of the published plan."""

    stream: str
    sequence: int
    centre: str
    zone: str
    countries: tuple[str, ...]
    """Countries whose customers have their home centre here."""


@dataclass(frozen=True)
class RegisteredCustomer:
    """A registered customer."""

    stream: str
    sequence: int
    centre: str


@dataclass(frozen=True)
class AddedValue:
    """What options have added to the value of a licence on a local day."""

    on: date
    value: str


ADDED: TypeAdapter[tuple[AddedValue, ...]] = TypeAdapter(tuple[AddedValue, ...])
"""Reads what the table of licences has of it."""


@dataclass(frozen=True)
class RegisteredLicence:
    """A registered licence, at its total list value, options included."""

    stream: str
    sequence: int
    list_value: str
    currency: str
    added: tuple[AddedValue, ...] = ()

    def value_on(self, day: date) -> Decimal:
        """The total list value without the options that are added after a local day."""
        later = (Decimal(one.value) for one in self.added if one.on > day)
        return Decimal(self.list_value) - sum(later, Decimal(0))


@dataclass(frozen=True)
class ContractFacts:
    """The plan's centres, products and price lists, and what is known of the streams asked for."""

    centres: tuple[KnownCentre, ...] = ()
    products: frozenset[str] = frozenset()
    price_lists: tuple[PriceList, ...] = ()
    customers: tuple[RegisteredCustomer, ...] = ()
    licences: dict[str, RegisteredLicence] = field(default_factory=dict)
    """By the contract that was asked about."""
    contracts: frozenset[str] = frozenset()
    """Those of the contracts asked about that are there."""

    beginning: frozenset[str] = frozenset()
    """Those that a purchase or a re-subscription has decided, and that are not there yet."""

    def centre(self, name: str | None) -> KnownCentre | None:
        """Find a centre by its name."""
        return next((centre for centre in self.centres if centre.centre == name), None)

    def customer(self, stream: str) -> RegisteredCustomer | None:
        """Find a customer by its id."""
        return next((customer for customer in self.customers if customer.stream == stream), None)

    def licence_of(self, contract: str) -> RegisteredLicence | None:
        """Find the licence of a contract."""
        return self.licences.get(contract)


FACTS: TypeAdapter[ContractFacts] = TypeAdapter(ContractFacts)
"""Reads what the query `facts_for_contracts` gives."""
