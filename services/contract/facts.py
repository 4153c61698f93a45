"""What a decision on a customer or a contract rests on beside its stream; it may lag the log by some seconds."""

from dataclasses import dataclass

from pydantic import TypeAdapter


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
class KnownCustomer:
    """A registered customer."""

    stream: str
    sequence: int
    centre: str


@dataclass(frozen=True)
class ContractFacts:
    """The plan's centres and products, and those of the customers asked for that are registered."""

    centres: tuple[KnownCentre, ...] = ()
    products: frozenset[str] = frozenset()
    customers: tuple[KnownCustomer, ...] = ()

    def centre(self, name: str | None) -> KnownCentre | None:
        """Find a centre by its name."""
        return next((centre for centre in self.centres if centre.centre == name), None)

    def customer(self, stream: str) -> KnownCustomer | None:
        """Find a customer by its id."""
        return next((customer for customer in self.customers if customer.stream == stream), None)


FACTS: TypeAdapter[ContractFacts] = TypeAdapter(ContractFacts)
"""Reads what the query `facts_for_contracts` gives."""
