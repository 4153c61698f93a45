"""What is known besides a ticket's own stream when something about it is decided."""

from dataclasses import dataclass
from typing import NamedTuple

from pydantic import TypeAdapter

from libs.plan import CoverFacts


@dataclass(frozen=True)
class KnownCentre:
    """A published centre."""

    stream: str
    sequence: int
    centre: str


@dataclass(frozen=True)
class KnownTicket:
    """Another ticket of ours, from its row, which may be some seconds old."""

    stream: str
    sequence: int
    state: str
    """As in the table of tickets."""
    customer: str | None = None
    """Whose it is; none while it is not opened."""


@dataclass(frozen=True)
class TicketFacts(CoverFacts):
    """What a decision about a ticket rests on besides its own stream; a field is empty where nothing was found."""

    called: KnownCentre | None = None
    """The centre whose published number was dialled."""
    receiving: KnownCentre | None = None
    """The centre to which the ticket is to be transferred."""
    survivor: KnownTicket | None = None
    """The ticket into which this one is to be merged."""


class FactsNeeded(NamedTuple):
    """What facts are asked for, by the parameters of the query `facts_for_tickets`."""

    customer: str | None = None
    product: str | None = None
    number: str | None = None
    ticket: str | None = None
    """The ticket whose customer and product are meant."""
    receiving: str | None = None
    survivor: str | None = None


NO_FACTS = TicketFacts()
FACTS: TypeAdapter[TicketFacts] = TypeAdapter(TicketFacts)
"""Reads what the query `facts_for_tickets` gives for one message."""
