"""What cover opens for a customer, product by product: benefits hold from an instant on, or none do."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider
from libs.messages.entitlements import Benefit, EntitlementsChanged, EntitlementsEvent

ALL = tuple(Benefit)


@dataclass(frozen=True)
class GrantBenefits:
    """A term covers a product from `occurred_at` on; a reaction, so it may produce no event."""

    occurred_at: datetime
    customer: str
    product: str
    contract: str
    until: datetime
    """The end of that term."""
    detected_at: datetime


@dataclass(frozen=True)
class EndBenefits:
    """A term of a product ended at `occurred_at`; a reaction, so it may produce no event."""

    occurred_at: datetime
    customer: str
    product: str
    contract: str
    detected_at: datetime
    still_covered: bool
    """Whether another term covers the product at that instant."""


Command = GrantBenefits | EndBenefits


@dataclass(frozen=True)
class EntitlementState:
    """Whether the benefits of a product hold, and since when they do or do not."""

    entitled: bool
    since: datetime


@dataclass(frozen=True)
class Entitlements:
    """By product."""

    products: dict[str, EntitlementState] = field(default_factory=dict)
    state: Literal["entitlements"] = "entitlements"


State = Entitlements


def decide(state: State, command: Command) -> EntitlementsChanged | None:
    """Switch the benefits of a product; None where they stand so already."""
    held = state.products.get(command.product)
    match command:
        case GrantBenefits():
            return _granted(command, held)
        case EndBenefits(still_covered=True):
            return None
        case EndBenefits(occurred_at=at):
            return _changed(command, at, ()) if held and held.entitled and held.since <= at else None
        case _:
            assert_never(command)


def evolve(state: State, event: EntitlementsEvent) -> State:
    """Fold an event into the state."""
    return Entitlements({**state.products, event.product: EntitlementState(bool(event.benefits), event.holds_from)})


DECIDER: Decider[State, Command, EntitlementsEvent] = Decider(Entitlements(), decide, evolve)


def _granted(command: GrantBenefits, held: EntitlementState | None) -> EntitlementsChanged | None:
    """Grant the benefits; None where they hold already.

    None as well for a term that becomes known late, and was over before the benefits ended.
    """
    if held is None:
        return _changed(command, command.occurred_at, ALL)
    if held.entitled or command.until <= held.since:
        return None
    return _changed(command, max(command.occurred_at, held.since), ALL)


def _changed(command: Command, holds_from: datetime, benefits: tuple[Benefit, ...]) -> EntitlementsChanged:
    return EntitlementsChanged(
        customer=command.customer,
        product=command.product,
        benefits=benefits,
        holds_from=holds_from,
        contract=command.contract,
        detected_at=command.detected_at,
    )
