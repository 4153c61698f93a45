"""A support contract: activated with a term in local days of the customer's centre; at its end continued or lapsed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never

from libs.decider import Decider, IdUsedOtherwise
from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefusal,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
)
from libs.messages.facts import resting_on
from libs.messages.licences import LicenceKind
from libs.plan import Term, covered_from, covered_until, is_yearly
from services.contract.facts import KnownCentre, KnownCustomer


@dataclass(frozen=True)
class ActivateContract:
    """Let a term of support begin."""

    occurred_at: datetime
    customer: str
    licence: str
    licence_kind: LicenceKind
    products: tuple[str, ...]
    first_day: date
    last_day: date
    known_customer: KnownCustomer | None
    centre: KnownCentre | None
    """The customer's home centre, where its calendar is published."""
    known_products: frozenset[str]
    """Those of the contract's products that the plan knows."""


@dataclass(frozen=True)
class EndTerm:
    """Note that the term ended at `occurred_at`; a duty, so it may produce no event."""

    occurred_at: datetime
    contract: str
    detected_at: datetime
    continued_by: str | None = None
    """The contract of the same licence whose term goes on, where there is one."""


Command = ActivateContract | EndTerm | IdUsedOtherwise[ActivateContract]


@dataclass(frozen=True)
class Inactive:
    """No term was activated yet."""

    state: Literal["inactive"] = "inactive"


@dataclass(frozen=True)
class Active:
    """A term that runs, or is to begin."""

    customer: str
    centre: str
    last_day: date
    covered_until: datetime
    state: Literal["active"] = "active"


@dataclass(frozen=True)
class Lapsed:
    """A term that ended without a new one."""

    state: Literal["lapsed"] = "lapsed"


@dataclass(frozen=True)
class Continued:
    """A term that ended while another one of its licence goes on."""

    state: Literal["continued"] = "continued"


State = Inactive | Active | Lapsed | Continued


def decide(state: State, command: Command) -> ContractEvent | None:
    """Answer a command with exactly one event; None where a duty has nothing to do."""
    match command:
        case ActivateContract():
            return _activate(state, command)
        case EndTerm():
            return _end(state, command)
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return ContractRefused(refused_at=at, customer=wish.customer, reason=ContractRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def evolve(state: State, event: ContractEvent) -> State:
    """Fold an event into the state."""
    match event:
        case ContractActivated():
            return Active(event.customer, event.centre, event.last_day, event.covered_until)
        case ContractLapsed():
            return Lapsed()
        case ContractContinued():
            return Continued()
        case ContractRefused():
            return state
        case RenewalOffered() | RenewalReminded() | RenewalReminderSkipped() | ContractRenewed() | SignatureRefused():
            return state
        case ContractResubscribed() | ResubscriptionUndone():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, ContractEvent] = Decider(Inactive(), decide, evolve)


def _activate(state: State, command: ActivateContract) -> ContractActivated | ContractRefused:
    match state:
        case Active():
            return _refused(command, ContractRefusal.ALREADY_ACTIVE)
        case Lapsed():
            return _refused(command, ContractRefusal.ALREADY_LAPSED)
        case Continued():
            return _refused(command, ContractRefusal.ALREADY_CONTINUED)
        case Inactive():
            return _objection(command) or _activated(command)
        case _:
            assert_never(state)


def _objection(command: ActivateContract) -> ContractRefused | None:
    if command.known_customer is None:
        return _refused(command, ContractRefusal.UNKNOWN_CUSTOMER)
    if command.centre is None:
        return _refused(command, ContractRefusal.UNKNOWN_CENTRE)
    if not command.known_products.issuperset(command.products):
        return _refused(command, ContractRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT)
    if command.last_day < command.first_day:
        return _refused(command, ContractRefusal.TERM_ENDS_BEFORE_IT_BEGINS)
    if not _has_its_length(command):
        return _refused(command, ContractRefusal.TERM_IS_NOT_A_YEAR, Clause.YEARLY_PROGRAMME)
    return None


def _has_its_length(command: ActivateContract) -> bool:
    """Whether a term is a year, or the period of its subscription licence (« inclus pour la période couverte »)."""
    match command.licence_kind:
        case LicenceKind.SUBSCRIPTION:
            return True
        case LicenceKind.PERPETUAL:
            return is_yearly(Term(command.first_day, command.last_day))
        case _:
            assert_never(command.licence_kind)


def _activated(command: ActivateContract) -> ContractActivated:
    centre = command.centre
    assert centre is not None  # noqa: S101 - without one there was an objection
    term = Term(command.first_day, command.last_day)
    return ContractActivated(
        activated_at=command.occurred_at,
        customer=command.customer,
        licence=command.licence,
        licence_kind=command.licence_kind,
        products=command.products,
        centre=centre.centre,
        zone=centre.zone,
        first_day=command.first_day,
        last_day=command.last_day,
        covered_from=covered_from(term, centre.zone),
        covered_until=covered_until(term, centre.zone),
        rests_on=resting_on(command.known_customer, centre),
    )


def _refused(command: ActivateContract, reason: ContractRefusal, clause: Clause | None = None) -> ContractRefused:
    return ContractRefused(
        refused_at=command.occurred_at,
        customer=command.customer,
        reason=reason,
        clause=clause,
        rests_on=resting_on(command.known_customer, command.centre),
    )


def _end(state: State, command: EndTerm) -> ContractLapsed | ContractContinued | None:
    match state:
        case Active(covered_until=until) if not command.occurred_at == until <= command.detected_at:
            return None
        case Active(covered_until=until) if command.continued_by:
            return ContractContinued(
                contract=command.contract,
                customer=state.customer,
                centre=state.centre,
                last_day=state.last_day,
                ended_at=until,
                continued_by=command.continued_by,
                detected_at=command.detected_at,
            )
        case Active(covered_until=until):
            return ContractLapsed(
                contract=command.contract,
                customer=state.customer,
                centre=state.centre,
                last_day=state.last_day,
                lapsed_at=until,
                detected_at=command.detected_at,
            )
        case _:
            return None
