"""What is to come of it, reckoned from the plan by arithmetic of its own: nothing here is the product's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.year.cast import A_DAY, DEARER_FROM, Customer, Fate

OFFER, REMINDERS = 90, (60, 30, 7, 1)
RATES = {"first_year": (20, 20), "renewal": (20, 22), "resubscription": (25, 27)}
"""Percent, by the first list and by the second."""
SIGNED: Mapping[Fate, int] = {
    Fate.EARLY: -40,
    Fate.BEFORE_OFFER: -100,
    Fate.LAST_DAY: 0,
    Fate.TOLD_LATE: 0,
    Fate.BY_THE_MONTH: -10,
    Fate.OPTIONS: 0,
    Fate.OPTIONS_LATE: -5,
}
"""Who renews, and on which day, counted from the last one."""
RETURNS: Mapping[Fate, int] = {Fate.DAY_AFTER: 11, Fate.RESUBSCRIBES_FIRST: 2}
"""Who takes it up again, and on which day."""
REFUSED: Mapping[Fate, Mapping[str, str]] = {
    Fate.TOLD_TOO_LATE: {"RenewalSigned": "recorded-too-late"},
    Fate.DAY_AFTER: {"RenewalSigned": "lapsed"},
    Fate.RESUBSCRIBES_FIRST: {"RenewalSigned": "resubscribed"},
    Fate.SUBSCRIPTION: {"RenewalSigned": "subscription-includes-care"},
    Fate.WITHOUT_CARE: {"LicencePurchased": "care-is-compulsory"},
    Fate.BY_THE_MONTH: {"RenewalSigned monthly": "not-by-the-month"},
}
"""Why what is said is refused, by its type."""


class Span(NamedTuple):
    """A term: its local days, and the instants between which it covers."""

    contract: str
    first_day: date
    last_day: date
    begins: datetime
    ends: datetime
    price: str | None


class Happening(NamedTuple):
    """Something on the stream of a contract: when it happens in the world, and the figures that it bears."""

    kind: str
    at: datetime
    figures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Course:
    """The course of a customer's contracts."""

    customer: Customer

    @property
    def is_bought(self) -> bool:
        """Whether there is a contract at all."""
        return self.customer.fate is not Fate.WITHOUT_CARE

    @property
    def has_form(self) -> bool:
        """Whether a renewal is offered; a subscription licence includes it."""
        return self.is_bought and self.customer.fate is not Fate.SUBSCRIPTION

    def first(self) -> Span:
        """The term that begins with the purchase."""
        price = self.price("first_year", self.customer.first_day, options=False) if self.has_form else None
        return self._span(f"K-{self.customer.number}", self.customer.first_day, price)

    def renewed(self) -> Span | None:
        """The term that is signed for, without a gap."""
        if self.customer.fate not in SIGNED:
            return None
        first_day = self.customer.last_day + A_DAY
        signed_on = self.customer.last_day + SIGNED[self.customer.fate] * A_DAY
        on = min(signed_on, self.offer_day)
        options = self.customer.fate is Fate.OPTIONS
        return self._span(f"K-{self.customer.number}", first_day, self.price("renewal", on, options=options))

    def again(self) -> Span | None:
        """The term of another contract, after a gap."""
        if self.customer.fate not in RETURNS:
            return None
        day = self.customer.last_day + RETURNS[self.customer.fate] * A_DAY
        return self._span(f"R-{self.customer.number}", day, self.price("resubscription", day, options=False))

    @property
    def offer_day(self) -> date:
        """The local day of the offer."""
        return self.customer.last_day - OFFER * A_DAY

    @property
    def lapses(self) -> bool:
        """Whether the first term is noted as over without another one."""
        return self.is_bought and (self.customer.fate not in SIGNED or self.customer.fate is Fate.TOLD_LATE)

    def happenings(self) -> list[Happening]:
        """What stands on the stream of the first contract, in the order of the instants; signatures as of noon."""
        if not self.is_bought:
            return []
        first = self.first()
        found = [_begins("ContractActivated", self.customer.first_day, first), Happening("TermBegan", first.begins)]
        found += [one for one in self._told() if self._is_before_signature(one)]
        if self.lapses:
            found.append(Happening("ContractLapsed", first.ends, (str(first.last_day), str(self._price_to_return()))))
        if renewed := self.renewed():
            said = 3 if self.customer.fate is Fate.TOLD_LATE else SIGNED[self.customer.fate]
            found.append(_begins("ContractRenewed", self.customer.last_day + said * A_DAY, renewed))
        if again := self.again():
            found.append(_begins("ContractResubscribed", again.first_day, again))
        return found

    def successor(self) -> list[Happening]:
        """What stands on the stream of the contract that takes it up again."""
        again = self.again()
        if again is None:
            return []
        return [_begins("ContractActivated", again.first_day, again), Happening("TermBegan", again.begins)]

    def benefits(self) -> list[tuple[bool, datetime]]:
        """From when on the benefits of the product hold, or do not."""
        if not self.is_bought:
            return []
        found = [(True, self.first().begins)]
        if self.lapses:
            found.append((False, self.first().ends))
        if self.customer.fate is Fate.TOLD_LATE:
            found.append((True, self.first().ends))
        if again := self.again():
            found.append((True, again.begins))
        return found

    def mails(self) -> list[str]:
        """What the customer is told of its contracts, by the classes of the notices, in any order."""
        told = {
            "RenewalOffered": "renewal-offer",
            "RenewalReminded": "renewal-reminder",
            "ContractLapsed": "lapse",
            "ContractRenewed": "lapse-reversed" if self.customer.fate is Fate.TOLD_LATE else "renewal",
        }
        if not self.is_bought:
            return []
        again = ["resubscription"] if self.again() else []
        return sorted(["welcome", *again, *(told[one.kind] for one in self.happenings() if one.kind in told)])

    def tickets(self) -> Mapping[str, list[str]]:
        """What becomes of each ticket: opened, or refused for a reason, and perhaps restated."""
        return {name: list(self._ticket(at)) for name, at in self.customer.ticket_instants().items()}

    def _ticket(self, at: datetime) -> Iterator[str]:
        spans = [span for span in (self.first(), self.renewed(), self.again()) if span] if self.is_bought else []
        known = [span for span in spans if self._is_told(span, at)]
        if any(span.begins <= at < span.ends for span in known):
            yield "opened"
        elif not spans:
            yield "no-contract"
        elif any(span.begins <= at < span.ends for span in spans):
            yield from ("cover-lapsed", "restated", "opened")
        else:
            yield "cover-lapsed"

    def _is_told(self, span: Span, at: datetime) -> bool:
        """Whether it is known of a term when a ticket comes; signatures are told at noon."""
        if self.customer.fate is Fate.TOLD_LATE:
            return span.first_day <= self.customer.last_day
        return not span.contract.startswith("R-") or at >= _noon(span.first_day, span)

    def price(self, kind: str, on: date, *, options: bool) -> str:
        """A price by the list in force on a day, in the customer's currency."""
        digits = self.customer.home.digits
        value = Fraction(self.customer.value) + (Fraction("100.25") if options else 0)
        listed, renewal = (self._rounded(value, name, on, digits) for name in (kind, "renewal"))
        least = renewal + 1 if kind == "resubscription" else listed
        return _amount(max(listed, least), digits)

    def _rounded(self, value: Fraction, kind: str, on: date, digits: int) -> int:
        percent = RATES[kind][on >= DEARER_FROM]
        minor: int = round(value * percent / 100 * 10**digits)  # a Fraction rounds half to even
        return minor

    def _price_to_return(self) -> str | None:
        if not self.has_form:
            return None
        options = self.customer.fate in {Fate.OPTIONS, Fate.OPTIONS_LATE}
        return self.price("resubscription", self.customer.last_day + A_DAY, options=options)

    def _span(self, contract: str, first_day: date, price: str | None) -> Span:
        next_first = first_day.replace(year=first_day.year + 1)
        begins, ends = self.customer.midnight(first_day), self.customer.midnight(next_first)
        return Span(contract, first_day, next_first - A_DAY, begins, ends, price)

    def _told(self) -> Iterator[Happening]:
        if not self.has_form:
            return
        last = self.customer.last_day
        options = self.customer.fate is Fate.OPTIONS
        price = self.price("renewal", self.offer_day, options=options)
        yield Happening("RenewalOffered", self.customer.midnight(self.offer_day), (str(last), price))
        wanted = self.customer.fate is not Fate.NO_REMINDERS
        for days in REMINDERS:
            at = self.customer.midnight(last - days * A_DAY)
            kind = "RenewalReminded" if wanted else "RenewalReminderSkipped"
            yield Happening(kind, at, (str(days), price) if wanted else (str(days), "not-wanted"))

    def _is_before_signature(self, one: Happening) -> bool:
        if self.customer.fate not in SIGNED or self.customer.fate is Fate.TOLD_LATE:
            return True
        signed = self.customer.last_day + SIGNED[self.customer.fate] * A_DAY
        return one.at < self.customer.midnight(signed) + timedelta(hours=24)


def _begins(kind: str, day: date, span: Span) -> Happening:
    instants = (span.begins.isoformat(), span.ends.isoformat())
    return Happening(kind, _noon(day, span), (str(span.first_day), str(span.last_day), *instants, str(span.price)))


def _noon(day: date, span: Span) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=span.begins.tzinfo)


def _amount(minor: int, digits: int) -> str:
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}}" if digits else str(whole)
