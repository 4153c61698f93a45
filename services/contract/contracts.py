"""A support contract: terms in local days of the customer's centre, renewed by signature, or else lapsed at the end."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

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
    TermBegan,
    TermKind,
)
from libs.messages.facts import resting_on
from libs.messages.licences import FirstTerm, LicenceKind
from libs.messages.money import Price
from libs.plan import Term, covered_from, covered_until, is_yearly
from services.contract import renewals, resubscriptions
from services.contract.contract_states import (
    OFFERED,
    Active,
    Continued,
    Inactive,
    Lapsed,
    Resubscribed,
    RunningTerm,
    State,
)
from services.contract.facts import KnownCentre, RegisteredCustomer
from services.contract.renewals import OfferRenewal, RemindOfRenewal, SignRenewal
from services.contract.resubscriptions import SignResubscription, UndoResubscription


@dataclass(frozen=True)
class ActivateContract:
    """Let a term of support begin, as another system submits it."""

    occurred_at: datetime
    customer: str
    licence: str
    licence_kind: LicenceKind
    products: tuple[str, ...]
    first_day: date
    last_day: date
    known_customer: RegisteredCustomer | None
    centre: KnownCentre | None
    """The customer's home centre, where its calendar is published."""
    known_products: frozenset[str]
    """Those of the contract's products that the plan knows."""


@dataclass(frozen=True)
class BeginContract:
    """Let the term begin that a purchase or a re-subscription has decided.

    Where that is refused, the licence or the contract that asked for it is told by a reaction.
    """

    occurred_at: datetime
    customer: str
    licence: str
    licence_kind: LicenceKind
    products: tuple[str, ...]
    term: FirstTerm
    kind: TermKind
    asked_by: str
    """The stream of the licence, or of the contract that lapsed."""


@dataclass(frozen=True)
class NoteBeginning:
    """Note that the first term began at `occurred_at`; a duty, so it may produce no event."""

    occurred_at: datetime
    contract: str
    detected_at: datetime


@dataclass(frozen=True)
class EndTerm:
    """Note that the term ended at `occurred_at`; a duty, so it may produce no event."""

    occurred_at: datetime
    contract: str
    detected_at: datetime
    continued_by: str | None = None
    """The contract of the same licence whose term goes on, where there is one."""
    mail_at: datetime | None = None
    """The next opening of the centre."""
    price_to_return: Price | None = None
    """Of a re-subscription on the day after."""


FromDoor = ActivateContract | SignRenewal | SignResubscription
Command = (
    FromDoor
    | BeginContract
    | NoteBeginning
    | OfferRenewal
    | RemindOfRenewal
    | EndTerm
    | UndoResubscription
    | IdUsedOtherwise[FromDoor]
)


def decide(state: State, command: Command) -> ContractEvent | None:
    """Answer a command with exactly one event; None where a duty has nothing to do."""
    match command:
        case ActivateContract():
            return _activate(state, command)
        case BeginContract():
            return _begin(state, command)
        case NoteBeginning():
            return _note_beginning(state, command)
        case OfferRenewal():
            return renewals.offer(state, command)
        case RemindOfRenewal():
            return renewals.remind(state, command)
        case SignRenewal():
            return renewals.sign(state, command)
        case SignResubscription():
            return resubscriptions.sign(state, command)
        case UndoResubscription():
            return resubscriptions.undo(state, command)
        case EndTerm():
            return _end(state, command)
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return _used_otherwise(wish, at)
        case _:
            assert_never(command)


def evolve(state: State, event: ContractEvent) -> State:
    """Fold an event into the state."""
    match event:
        case ContractActivated():
            return Active(_first(event))
        case TermBegan():
            return replace(state, begun=True) if isinstance(state, Active) else state
        case RenewalOffered(price=price):
            return _told(state, OFFERED, price)
        case RenewalReminded(days_before=days) | RenewalReminderSkipped(days_before=days):
            return _told(state, days)
        case ContractRenewed():
            return renewals.renewed(state, event)
        case ContractLapsed():
            return _lapsed(state)
        case ContractContinued():
            return Continued()
        case ContractResubscribed():
            return resubscriptions.resubscribed(state, event)
        case ResubscriptionUndone():
            return resubscriptions.undone(state)
        case ContractRefused() | SignatureRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, ContractEvent] = Decider(Inactive(), decide, evolve)


def _first(activated: ContractActivated) -> RunningTerm:
    return RunningTerm(
        customer=activated.customer,
        centre=activated.centre,
        zone=activated.zone,
        licence=activated.licence,
        licence_kind=activated.licence_kind,
        products=activated.products,
        anchor=activated.first_day,
        number=1,
        first_day=activated.first_day,
        last_day=activated.last_day,
        covered_from=activated.covered_from,
        covered_until=activated.covered_until,
        known_at=activated.activated_at,
    )


def _told(state: State, told: int, offered: Price | None = None) -> State:
    """Note how much was told of the end of the term; a price that was offered before stays."""
    if not isinstance(state, Active):
        return state
    return replace(state, term=replace(state.term, told=told, offered=offered or state.term.offered))


def _lapsed(state: State) -> State:
    match state:
        case Active(term=term):
            return Lapsed(term)
        case Resubscribed():
            return replace(state, lapsed=True)
        case _:
            return state


def _activate(state: State, command: ActivateContract) -> ContractActivated | ContractRefused:
    reason = _in_use(state)
    if reason:
        return _refused(command, reason)
    return _objection(command) or _activated(command)


def _in_use(state: State) -> ContractRefusal | None:
    """Why a contract can not begin under this number; None where it can."""
    match state:
        case Inactive():
            return None
        case Active():
            return ContractRefusal.ALREADY_ACTIVE
        case Lapsed() | Resubscribed():
            return ContractRefusal.ALREADY_LAPSED
        case Continued():
            return ContractRefusal.ALREADY_CONTINUED
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


def _begin(state: State, command: BeginContract) -> ContractActivated | ContractRefused:
    if reason := _in_use(state):
        return ContractRefused(
            refused_at=command.occurred_at, customer=command.customer, reason=reason, asked_by=command.asked_by
        )
    term = command.term
    return ContractActivated(
        activated_at=command.occurred_at,
        customer=command.customer,
        licence=command.licence,
        licence_kind=command.licence_kind,
        products=command.products,
        centre=term.centre,
        zone=term.zone,
        first_day=term.first_day,
        last_day=term.last_day,
        covered_from=term.covered_from,
        covered_until=term.covered_until,
        term_kind=command.kind,
        price=term.price,
        follows=command.asked_by if command.kind is TermKind.RESUBSCRIPTION else None,
    )


def _note_beginning(state: State, command: NoteBeginning) -> TermBegan | None:
    if not isinstance(state, Active) or state.begun or command.occurred_at > command.detected_at:
        return None
    return TermBegan(
        contract=command.contract,
        customer=state.term.customer,
        products=state.term.products,
        began_at=command.occurred_at,
        covered_until=state.term.covered_until,
        detected_at=command.detected_at,
    )


def _refused(command: ActivateContract, reason: ContractRefusal, clause: Clause | None = None) -> ContractRefused:
    return ContractRefused(
        refused_at=command.occurred_at,
        customer=command.customer,
        reason=reason,
        clause=clause,
        rests_on=resting_on(command.known_customer, command.centre),
    )


def _used_otherwise(wish: FromDoor, at: datetime) -> ContractRefused | SignatureRefused:
    match wish:
        case ActivateContract():
            return ContractRefused(refused_at=at, customer=wish.customer, reason=ContractRefusal.ID_USED_OTHERWISE)
        case SignRenewal() | SignResubscription():
            return renewals.used_otherwise(wish.contract, wish.signed_on, at)
        case _:
            assert_never(wish)


def _end(state: State, command: EndTerm) -> ContractLapsed | ContractContinued | None:
    """A contract that was taken up again has lapsed, also where its successor leaves no day between."""
    match state:
        case Active(term=term) | Resubscribed(term=term, lapsed=False) if (
            command.occurred_at == term.covered_until <= command.detected_at
        ):
            taken_up_by = state.successor if isinstance(state, Resubscribed) else None
            goes_on = command.continued_by not in {None, taken_up_by}
            return _continued(term, command) if goes_on else _lapse(term, command)
        case _:
            return None


def _continued(term: RunningTerm, command: EndTerm) -> ContractContinued:
    assert command.continued_by is not None  # noqa: S101 - asked before
    return ContractContinued(
        contract=command.contract,
        customer=term.customer,
        centre=term.centre,
        last_day=term.last_day,
        ended_at=term.covered_until,
        continued_by=command.continued_by,
        detected_at=command.detected_at,
    )


def _lapse(term: RunningTerm, command: EndTerm) -> ContractLapsed:
    return ContractLapsed(
        contract=command.contract,
        customer=term.customer,
        centre=term.centre,
        last_day=term.last_day,
        lapsed_at=term.covered_until,
        detected_at=command.detected_at,
        licence_kind=term.licence_kind,
        zone=term.zone,
        mail_at=command.mail_at,
        price_to_return=command.price_to_return,
    )
