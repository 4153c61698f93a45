"""The life of one contract, reckoned from its terms: what the calendar and its signatures make of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from libs.messages.base import Event, event_type
from libs.messages.contracts import (
    ContractActivated,
    ContractLapsed,
    ReminderSkip,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    TermBegan,
)
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.notices import NoticeClass
from libs.messages.plan import NoticeOffsets
from libs.plan import PriceKind, covered_from, covered_until
from libs.workcal import WorkingCalendar, next_opening, start_of_day, zone
from services.ops.demo.figures import ContractFigure, ContractNews
from services.ops.demo.register import Contract, CustomerRegister, Money, Outcomes, TermKnownSince, accepted, refused


class Letter(NamedTuple):
    """A notice to the customer, and when its mail leaves."""

    notice_class: NoticeClass
    leaves_at: datetime


class Happening(NamedTuple):
    """What nobody said, and what the customer is told of it."""

    event: Outcomes
    letter: Letter | None = None


@dataclass(frozen=True)
class Timetable:
    """What contracts are reckoned by: when whom is told, when centres open, and the end of the story."""

    offsets: NoticeOffsets
    calendar: WorkingCalendar
    ends: datetime

    def letter(self, notice_class: NoticeClass, at: datetime, closed: datetime | None = None) -> Letter:
        """A letter that leaves at the next opening; raises ValueError where it is untrue by then."""
        leaves_at = next_opening(self.calendar, at)
        if closed and closed <= leaves_at:
            raise ValueError(f"the script has a {notice_class} that is untrue before its mail leaves")
        return Letter(notice_class, leaves_at)


def happenings(contract: Contract, timetable: Timetable) -> Iterator[Happening]:
    """Reckon a contract until the story ends."""
    yield from _begun(contract, timetable)
    for known, following in pairwise([*contract.terms, None]):
        assert known is not None  # noqa: S101 - only the last one has none after it
        closed = following.known_at if following else covered_until(known.term, contract.zone)
        yield from _told(known, contract.zone, timetable, closed)
    if contract.until <= timetable.ends:
        yield Happening(accepted(ContractLapsed), timetable.letter(NoticeClass.LAPSE, contract.until))
        yield from _switched(contract)


def _begun(contract: Contract, timetable: Timetable) -> Iterator[Happening]:
    """A purchase and a re-subscription begin their contract by themselves; benefits begin with the first day."""
    known_at = contract.terms[0].known_at
    if contract.value:
        greeting = NoticeClass.RESUBSCRIPTION if contract.takes_up else NoticeClass.WELCOME
        yield Happening(accepted(ContractActivated), Letter(greeting, known_at))
    if covered_from(contract.terms[0].term, contract.zone) <= timetable.ends:
        yield Happening(accepted(TermBegan))
        yield from _switched(contract)


def _switched(contract: Contract) -> Iterator[Happening]:
    return (Happening(accepted(EntitlementsChanged)) for _ in contract.products)


def _told(known: TermKnownSince, local: str, timetable: Timetable, closed: datetime) -> Iterator[Happening]:
    """A term is told of until it ends or the next one is signed for; what is due before it is known, at once."""

    def due(days: int) -> datetime:
        return start_of_day(known.term.last_day - timedelta(days=days), zone(local))

    def comes(days: int) -> bool:
        return due(days) < closed and due(days) <= timetable.ends

    offered = timetable.offsets.renewal_offer_days
    if comes(offered):
        at = max(due(offered), known.known_at)
        yield Happening(accepted(RenewalOffered), timetable.letter(NoticeClass.RENEWAL_OFFER, at, closed))
    for days in filter(comes, timetable.offsets.reminder_days):
        if due(days) < known.known_at:
            yield Happening(refused(RenewalReminderSkipped, ReminderSkip.BEFORE_CONTRACT))
        else:
            letter = timetable.letter(NoticeClass.RENEWAL_REMINDER, due(days), closed)
            yield Happening(accepted(RenewalReminded), letter)


def contract_figures(contract: Contract, register: CustomerRegister, happened: set[str]) -> Iterator[ContractFigure]:
    """What the report tells of a contract to which events of these types happened."""

    def figure(what: ContractNews, price: Money | None) -> ContractFigure:
        return ContractFigure(contract.centre, what, *price or (None, None))

    def has(event: type[Event]) -> bool:
        return event_type(event) in happened

    if contract.takes_up:
        yield figure(ContractNews.TAKEN_UP, contract.terms[0].price)
    if has(RenewalOffered):
        yield figure(ContractNews.OFFERED, register.offered(contract, contract.terms[0].term))
    yield from (figure(ContractNews.RENEWED, known.price) for known in contract.terms[1:])
    if has(ContractLapsed):
        day_after = contract.terms[-1].term.last_day + timedelta(days=1)
        yield figure(ContractNews.LAPSED, register.price(contract, PriceKind.RESUBSCRIPTION, day_after))
