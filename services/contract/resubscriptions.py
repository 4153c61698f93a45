"""OL Care is taken up again after a lapse: « supérieur à celui d'un renouvellement ».

The contract that lapsed arbitrates: a renewal that is told of late and a re-subscription can not both count.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never

from libs.messages.clauses import Clause
from libs.messages.contracts import ContractResubscribed, ResubscriptionUndone, SignatureRefusal, SignatureRefused
from libs.messages.facts import resting_on
from libs.messages.licences import FirstTerm, LicenceKind, Payment
from libs.messages.plan import PriceList
from libs.plan import PriceKind, covered_from, covered_until, yearly_term
from services.contract.contract_states import Active, Continued, Inactive, Lapsed, Resubscribed, RunningTerm, State
from services.contract.facts import RegisteredLicence
from services.contract.pricing import NOT_BY_THE_YEAR, price_of
from services.contract.renewals import local_day, signature_refused

A_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class SignResubscription:
    """Take OL Care up again under another contract, by a signature on a local day; we are told of it `now`."""

    occurred_at: datetime
    contract: str
    """The one that lapsed."""
    successor: str
    successor_is_there: bool
    """Whether its number was given to another contract before."""
    signed_on: date
    first_day: date | None
    """Else the day of the signature."""
    payment: Payment
    now: datetime
    licence: RegisteredLicence | None
    price_lists: tuple[PriceList, ...]


@dataclass(frozen=True)
class UndoResubscription:
    """The successor did not begin, as its number was given away meanwhile; a reaction: it may produce no event."""

    occurred_at: datetime
    contract: str
    successor: str


def sign(state: State, command: SignResubscription) -> ContractResubscribed | SignatureRefused:
    """Begin another contract where this one has lapsed, noted or not; the days between stay uncovered."""
    if objection := NOT_BY_THE_YEAR.get(command.payment):
        return _refused(command, SignatureRefusal(objection.reason), objection.clause)
    match state:
        case Inactive():
            return _refused(command, SignatureRefusal.UNKNOWN_CONTRACT)
        case Continued():
            return _refused(command, SignatureRefusal.NOT_LAPSED)
        case Resubscribed(term=term):
            return _refused(command, SignatureRefusal.RESUBSCRIBED, term=term)
        case Active(term=term) | Lapsed(term=term):
            return _objection(term, command) or _resubscribed(term, command)
        case _:
            assert_never(state)


def resubscribed(state: State, event: ContractResubscribed) -> State:
    """The state in which another contract goes on."""
    match state:
        case Active(term=term) | Lapsed(term=term):
            return Resubscribed(term, event.term.contract, lapsed=isinstance(state, Lapsed))
        case _:
            return state


def undo(state: State, command: UndoResubscription) -> ResubscriptionUndone | None:
    """Be lapsed again, as if nobody had signed."""
    if not isinstance(state, Resubscribed) or state.successor != command.successor:
        return None
    return ResubscriptionUndone(contract=command.contract, successor=command.successor, undone_at=command.occurred_at)


def undone(state: State) -> State:
    """The state once the re-subscription is undone: lapsed, as before it."""
    match state:
        case Resubscribed(term=term, lapsed=True):
            return Lapsed(term)
        case Resubscribed(term=term):
            return Active(term, begun=True)
        case _:
            return state


def _objection(term: RunningTerm, command: SignResubscription) -> SignatureRefused | None:
    if term.licence_kind is LicenceKind.SUBSCRIPTION:
        included = SignatureRefusal.SUBSCRIPTION_INCLUDES_CARE
        return _refused(command, included, Clause.SUBSCRIPTION_LICENCE, term)
    if command.signed_on > local_day(command.now, term.zone):
        return _refused(command, SignatureRefusal.SIGNED_IN_FUTURE, term=term)
    if command.signed_on <= term.last_day:
        return _refused(command, SignatureRefusal.NOT_LAPSED, term=term)
    if not command.signed_on <= (command.first_day or command.signed_on) <= command.signed_on + A_YEAR:
        return _refused(command, SignatureRefusal.BEGINS_WITH_SIGNATURE, term=term)
    if command.successor_is_there or command.successor == command.contract:
        return _refused(command, SignatureRefusal.CONTRACT_NUMBER_IN_USE, term=term)
    return None


def _resubscribed(term: RunningTerm, command: SignResubscription) -> ContractResubscribed:
    year = yearly_term(command.first_day or command.signed_on)
    first = FirstTerm(
        contract=command.successor,
        centre=term.centre,
        zone=term.zone,
        first_day=year.first_day,
        last_day=year.last_day,
        covered_from=covered_from(year, term.zone),
        covered_until=covered_until(year, term.zone),
        price=price_of(command.licence, command.price_lists, PriceKind.RESUBSCRIPTION, command.signed_on),
    )
    return ContractResubscribed(
        resubscribed_at=command.occurred_at,
        contract=command.contract,
        customer=term.customer,
        licence=term.licence,
        licence_kind=term.licence_kind,
        products=term.products,
        signed_on=command.signed_on,
        term=first,
        rests_on=resting_on(command.licence),
    )


def _refused(
    command: SignResubscription,
    reason: SignatureRefusal,
    clause: Clause | None = None,
    term: RunningTerm | None = None,
) -> SignatureRefused:
    return signature_refused(command.contract, command.signed_on, command.occurred_at, reason, clause, term)
