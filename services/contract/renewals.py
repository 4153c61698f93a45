"""« le formulaire de renouvellement »: the next term is offered, reminded of, and signed for or not."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import assert_never

from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractRenewed,
    ReminderSkip,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    SignatureRefusal,
    SignatureRefused,
)
from libs.messages.facts import Fact, resting_on
from libs.messages.licences import LicenceKind, Payment
from libs.messages.money import Price
from libs.messages.plan import PriceList
from libs.plan import PriceKind, Term, covered_from, covered_until, yearly_term
from libs.workcal import in_utc, zone
from services.contract.contract_states import (
    NOTHING_TOLD,
    OFFERED,
    Active,
    Continued,
    Inactive,
    Lapsed,
    Resubscribed,
    RunningTerm,
    State,
)
from services.contract.facts import RegisteredLicence
from services.contract.pricing import NOT_BY_THE_YEAR, price_of


@dataclass(frozen=True)
class OfferRenewal:
    """Offer the next term at `occurred_at`, the beginning of its local day; a duty, so it may produce no event."""

    occurred_at: datetime
    contract: str
    on: date
    """The local day, or that on which the contract became known, if later: the price list in force on it binds."""
    mail_at: datetime
    detected_at: datetime
    licence: RegisteredLicence | None
    price_lists: tuple[PriceList, ...]


@dataclass(frozen=True)
class RemindOfRenewal:
    """Remind of the offer at `occurred_at`, or note why not; a duty, so it may produce no event."""

    occurred_at: datetime
    contract: str
    days_before: int
    mail_at: datetime
    detected_at: datetime
    skip: ReminderSkip | None = None


@dataclass(frozen=True)
class SignRenewal:
    """Renew a contract by a signature on a local day, read `now`."""

    occurred_at: datetime
    contract: str
    signed_on: date
    payment: Payment
    now: datetime
    told_at: datetime
    """When it came to the door: at most `grace` after the lapse."""
    grace: timedelta
    licence: RegisteredLicence | None
    price_lists: tuple[PriceList, ...]


def next_term(term: RunningTerm) -> Term:
    """The term after the latest one, by the anniversary of the first day of all."""
    return yearly_term(term.anchor, term.number + 1)


def offer(state: State, command: OfferRenewal) -> RenewalOffered | None:
    """Offer once, as long as it can be signed; a subscription licence includes OL Care and offers none."""
    term = _open(state, command.detected_at)
    if term is None or term.told != NOTHING_TOLD:
        return None
    following = next_term(term)
    return RenewalOffered(
        contract=command.contract,
        customer=term.customer,
        licence=term.licence,
        products=term.products,
        centre=term.centre,
        zone=term.zone,
        form=term.form,
        last_day=term.last_day,
        first_day=following.first_day,
        next_last_day=following.last_day,
        price=price_of(command.licence, command.price_lists, PriceKind.RENEWAL, command.on),
        due_at=command.occurred_at,
        mail_at=command.mail_at,
        detected_at=command.detected_at,
        rests_on=resting_on(command.licence),
    )


def remind(state: State, command: RemindOfRenewal) -> RenewalReminded | RenewalReminderSkipped | None:
    """Remind of what was offered, each time nearer to the end."""
    term = _open(state, command.detected_at)
    if term is None or not command.days_before < term.told <= OFFERED:
        return None
    if command.skip:
        return RenewalReminderSkipped(
            contract=command.contract,
            customer=term.customer,
            last_day=term.last_day,
            days_before=command.days_before,
            due_at=command.occurred_at,
            reason=command.skip,
            detected_at=command.detected_at,
        )
    return RenewalReminded(
        contract=command.contract,
        customer=term.customer,
        centre=term.centre,
        zone=term.zone,
        form=term.form,
        last_day=term.last_day,
        days_before=command.days_before,
        price=term.offered,
        due_at=command.occurred_at,
        mail_at=command.mail_at,
        detected_at=command.detected_at,
    )


def _open(state: State, now: datetime) -> RunningTerm | None:
    """The term whose renewal can still be signed for."""
    match state:
        case Active(term=term) if term.licence_kind is LicenceKind.PERPETUAL and now < term.covered_until:
            return term
        case _:
            return None


def sign(state: State, command: SignRenewal) -> ContractRenewed | SignatureRefused:
    """Renew by the day of the signature, whenever it is told; the term before it decides."""
    if objection := NOT_BY_THE_YEAR.get(command.payment):
        return _refused(command, SignatureRefusal(objection.reason), objection.clause)
    match state:
        case Inactive():
            return _refused(command, SignatureRefusal.UNKNOWN_CONTRACT)
        case Continued():
            return _refused(command, SignatureRefusal.ALREADY_RENEWED)
        case Resubscribed(term=term):
            return _refused(command, SignatureRefusal.RESUBSCRIBED, term=term)
        case Active(term=term) | Lapsed(term=term):
            return _objection(term, command) or _renewed(term, command, lapsed=isinstance(state, Lapsed))
        case _:
            assert_never(state)


def renewed(state: State, event: ContractRenewed) -> State:
    """The state with the term that was signed for: nothing is told of its end yet."""
    if not isinstance(state, Active | Lapsed):
        return state
    term = replace(
        state.term,
        number=event.number,
        first_day=event.first_day,
        last_day=event.last_day,
        covered_from=event.covered_from,
        covered_until=event.covered_until,
        known_at=event.renewed_at,
        told=NOTHING_TOLD,
        offered=None,
    )
    return Active(term, begun=state.begun if isinstance(state, Active) else True)


def local_day(instant: datetime, zone_name: str) -> date:
    """The date of an instant at a centre."""
    return in_utc(instant).astimezone(zone(zone_name)).date()


def _objection(term: RunningTerm, command: SignRenewal) -> SignatureRefused | None:
    if term.licence_kind is LicenceKind.SUBSCRIPTION:
        included = SignatureRefusal.SUBSCRIPTION_INCLUDES_CARE
        return _refused(command, included, Clause.SUBSCRIPTION_LICENCE, term)
    if command.signed_on > local_day(command.now, term.zone):
        return _refused(command, SignatureRefusal.SIGNED_IN_FUTURE, term=term)
    if command.signed_on < term.first_day:
        early = SignatureRefusal.ALREADY_RENEWED if term.number > 1 else SignatureRefusal.SIGNED_BEFORE_TERM
        return _refused(command, early, term=term)
    if command.signed_on > term.last_day:
        return _refused(command, SignatureRefusal.LAPSED, Clause.DEARER, term)
    if command.told_at > term.covered_until + command.grace:
        return _refused(command, SignatureRefusal.RECORDED_TOO_LATE, Clause.DEARER, term)
    return None


def _renewed(term: RunningTerm, command: SignRenewal, *, lapsed: bool) -> ContractRenewed:
    following = next_term(term)
    return ContractRenewed(
        renewed_at=command.occurred_at,
        contract=command.contract,
        customer=term.customer,
        licence=term.licence,
        products=term.products,
        centre=term.centre,
        zone=term.zone,
        number=term.number + 1,
        signed_on=command.signed_on,
        first_day=following.first_day,
        last_day=following.last_day,
        covered_from=covered_from(following, term.zone),
        covered_until=covered_until(following, term.zone),
        price=_price(term, command),
        reverses_lapse_at=term.covered_until if lapsed else None,
        rests_on=resting_on(command.licence),
    )


def _price(term: RunningTerm, command: SignRenewal) -> Price | None:
    """As offered, whatever price lists came later; before the offer, by the list of the day of the signature."""
    if term.told != NOTHING_TOLD:
        return term.offered
    return price_of(command.licence, command.price_lists, PriceKind.RENEWAL, command.signed_on)


def used_otherwise(contract: str, signed_on: date, at: datetime) -> SignatureRefused:
    """The refusal of a signature under an id that had named something else."""
    reason = SignatureRefusal.ID_USED_OTHERWISE
    return SignatureRefused(refused_at=at, contract=contract, signed_on=signed_on, reason=reason)


def _refused(
    command: SignRenewal, reason: SignatureRefusal, clause: Clause | None = None, term: RunningTerm | None = None
) -> SignatureRefused:
    return signature_refused(command.contract, command.signed_on, command.occurred_at, reason, clause, term)


def signature_refused(
    contract: str,
    signed_on: date,
    at: datetime,
    reason: SignatureRefusal,
    clause: Clause | None,
    term: RunningTerm | None,
    *facts: Fact | None,
) -> SignatureRefused:
    """Say why a signature changes nothing."""
    return SignatureRefused(
        refused_at=at,
        contract=contract,
        customer=term.customer if term else None,
        signed_on=signed_on,
        reason=reason,
        clause=clause,
        rests_on=resting_on(*facts),
    )
