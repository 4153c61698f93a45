"""How a contract stands: its terms follow each other, until one ends without another."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from libs.messages.licences import LicenceKind
from libs.messages.money import Price

OFFERED = 367
"""Told of a term: its offer; every reminder is nearer to the end."""
NOTHING_TOLD = OFFERED + 1


@dataclass(frozen=True)
class RunningTerm:
    """The latest term of a contract, and what was told of its end."""

    customer: str
    centre: str
    zone: str
    licence: str
    licence_kind: LicenceKind
    products: tuple[str, ...]
    anchor: date
    """The first day of the first term, from which all are counted."""
    number: int
    first_day: date
    last_day: date
    covered_from: datetime
    covered_until: datetime
    known_at: datetime
    """When it was activated or renewed."""
    told: int = NOTHING_TOLD
    """`OFFERED`, or how many days before the end the last reminder was that is sent or skipped."""
    offered: Price | None = None
    """The price that binds until the last day; None before the offer, or where it names none."""

    @property
    def form(self) -> str:
        """The number of the form with which the next term is signed."""
        return f"renewal-{self.number + 1}"


@dataclass(frozen=True)
class Inactive:
    """No term was activated yet."""

    state: Literal["inactive"] = "inactive"


@dataclass(frozen=True)
class Active:
    """A term that runs, or is to begin."""

    term: RunningTerm
    begun: bool = False
    """Whether it is recorded that the first term has begun."""
    state: Literal["active"] = "active"


@dataclass(frozen=True)
class Lapsed:
    """The last term ended without a new one; a signature of before may still be told."""

    term: RunningTerm
    state: Literal["lapsed"] = "lapsed"


@dataclass(frozen=True)
class Continued:
    """A contract whose last term ended while another one of its licence goes on."""

    state: Literal["continued"] = "continued"


@dataclass(frozen=True)
class Resubscribed:
    """Taken up again by another contract, perhaps before anybody noted that it had lapsed."""

    term: RunningTerm
    successor: str
    lapsed: bool
    state: Literal["resubscribed"] = "resubscribed"


State = Inactive | Active | Lapsed | Continued | Resubscribed
