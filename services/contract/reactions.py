"""What our own facts ask of other streams of ours: decided contracts begin, and benefits switch with cover."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, assert_never, get_args

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Event
from libs.messages.catalogue import ContractsEvent
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
    TermKind,
)
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.licences import (
    FirstTermNotBegun,
    LicenceKind,
    LicenceOptionsAdded,
    LicenceRefused,
    LicenceRegistered,
)
from libs.messages.streams import parse_stream, stream_id
from services.contract.contracts import BeginContract
from services.contract.entitlements import EndBenefits, GrantBenefits
from services.contract.licences import NoteNotBegun
from services.contract.resubscriptions import UndoResubscription

Asking = (
    LicenceRegistered
    | ContractResubscribed
    | ContractRefused
    | TermBegan
    | ContractRenewed
    | ContractLapsed
    | ContractContinued
)
ABOUT: tuple[type[Event], ...] = get_args(Asking)
"""The events that ask for anything."""
ASK_NOTHING = (
    *(CustomerRegistered, CustomerChanged, CustomerRefused, RemindersChosen, PersonErased, PersonErasureRefused),
    *(LicenceOptionsAdded, LicenceRefused, FirstTermNotBegun, EntitlementsChanged),
    *(ContractActivated, RenewalOffered, RenewalReminded, RenewalReminderSkipped, SignatureRefused),
    ResubscriptionUndone,
)
"""All others: a contract that is activated opens nothing before its term begins."""


class CoverAsked(NamedTuple):
    """Whether a product of a customer is covered at an instant, and by which term after it."""

    customer: str
    product: str
    instant: datetime


class CoveringTerm(NamedTuple):
    """The next term of a product, after an instant, that has begun by now."""

    contract: str
    covered_from: datetime
    covered_until: datetime


class Covering(NamedTuple):
    """What the terms say: whether one covers the instant, and which one has begun since."""

    covered_then: bool = False
    later: CoveringTerm | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Covering":
        """Read a row of `covering_terms`."""
        if row["contract"] is None:
            return cls(row["covered_then"])
        return cls(row["covered_then"], CoveringTerm(row["contract"], row["covered_from"], row["covered_until"]))


NOT_COVERED = Covering()


def in_columns(asked: Sequence[CoverAsked]) -> Mapping[str, list[Any]]:
    """The parameters of the query `covering_terms`."""
    return {
        "customers": [one.customer for one in asked],
        "products": [one.product for one in asked],
        "instants": [one.instant for one in asked],
    }


class ReactionFacts(NamedTuple):
    """What the reactions to some events rest on, as the tables have it at `now`."""

    now: datetime
    products: Mapping[str, Sequence[str]]
    """Of contracts."""
    cover: Mapping[CoverAsked, Covering]


def asking(event: ContractsEvent) -> Asking | None:
    """The event where it asks for anything, else None."""
    return None if isinstance(event, ASK_NOTHING) else event


def cover_asked(event: RecordedEvent[ContractsEvent], products: Mapping[str, Sequence[str]]) -> Iterator[CoverAsked]:
    """The products of a term that ended: another term may go on."""
    asked = asking(event.data)
    match asked:
        case ContractLapsed(customer=customer, lapsed_at=at) | ContractContinued(customer=customer, ended_at=at):
            yield from (CoverAsked(customer, product, at) for product in products.get(event.stream, ()))
        case None | LicenceRegistered() | ContractResubscribed() | ContractRefused() | TermBegan() | ContractRenewed():
            return
        case _:
            assert_never(asked)


def react(event: RecordedEvent[ContractsEvent], known: ReactionFacts) -> Sequence[Reaction]:
    """The commands that an event asks for; those about benefits by product."""
    asked = asking(event.data)
    match asked:
        case None:
            return ()
        case LicenceRegistered() as registered:
            return [_first_term(event.stream, registered)]
        case ContractResubscribed() as resubscribed:
            return [_taken_up(event.stream, resubscribed)]
        case ContractRefused(asked_by=str() as asker, refused_at=at):
            return [_not_begun(asker, event.stream, at)]
        case TermBegan(customer=customer, products=products, began_at=at, covered_until=until):
            term = CoveringTerm(event.stream, at, until)
            return [_grant(customer, product, term, known.now) for product in products]
        case ContractRenewed(customer=customer, products=products, reverses_lapse_at=datetime() as at) as renewed:
            term = CoveringTerm(event.stream, at, renewed.covered_until)
            return [_grant(customer, product, term, known.now) for product in products]
        case ContractRefused() | ContractRenewed():
            return ()
        case ContractLapsed() | ContractContinued():
            return list(_ended(event.stream, cover_asked(event, known.products), known))
        case _:
            assert_never(asked)


def _first_term(licence: str, registered: LicenceRegistered) -> Reaction:
    begin = BeginContract(
        occurred_at=registered.registered_at,
        customer=registered.customer,
        licence=licence,
        licence_kind=registered.licence_kind,
        products=registered.products,
        term=registered.first_term,
        kind=_kind(registered.licence_kind),
        asked_by=licence,
    )
    return Reaction("begin", registered.first_term.contract, begin)


def _kind(licence_kind: LicenceKind) -> TermKind:
    match licence_kind:
        case LicenceKind.PERPETUAL:
            return TermKind.FIRST_YEAR
        case LicenceKind.SUBSCRIPTION:
            return TermKind.SUBSCRIPTION
        case _:
            assert_never(licence_kind)


def _taken_up(lapsed: str, resubscribed: ContractResubscribed) -> Reaction:
    begin = BeginContract(
        occurred_at=resubscribed.resubscribed_at,
        customer=resubscribed.customer,
        licence=resubscribed.licence,
        licence_kind=resubscribed.licence_kind,
        products=resubscribed.products,
        term=resubscribed.term,
        kind=TermKind.RESUBSCRIPTION,
        asked_by=lapsed,
    )
    return Reaction("begin", resubscribed.term.contract, begin)


def _not_begun(asking: str, contract: str, at: datetime) -> Reaction:
    if parse_stream(asking).kind == "licence":
        return Reaction("not-begun", asking, NoteNotBegun(at, contract))
    return Reaction("not-begun", asking, UndoResubscription(at, asking, contract))


def _grant(customer: str, product: str, term: CoveringTerm, now: datetime) -> Reaction:
    command = GrantBenefits(term.covered_from, customer, product, term.contract, term.covered_until, now)
    return Reaction(f"grant-{product}", entitlements_of(customer), command)


def _ended(contract: str, asked: Iterator[CoverAsked], known: ReactionFacts) -> Iterator[Reaction]:
    """Benefits end with the term, unless another one goes on; one that began since opens them from its beginning."""
    for one in asked:
        cover = known.cover.get(one, NOT_COVERED)
        end = EndBenefits(one.instant, one.customer, one.product, contract, known.now, cover.covered_then)
        yield Reaction(f"end-{one.product}", entitlements_of(one.customer), end)
        if cover.later:
            yield _grant(one.customer, one.product, cover.later, known.now)


def entitlements_of(customer: str) -> str:
    """The stream of a customer's entitlements."""
    known = parse_stream(customer)
    return stream_id("entitlements", known.source, known.number)
