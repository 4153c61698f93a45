"""Who buys what, who signs when, and what is said of it: the same for the same number of customers.

Everything is said at noon in UTC, when it is the same date at every centre.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.faults.script import CONTRACTS_DOOR, TICKETS_DOOR, Message, said

BEGIN, END = datetime(2026, 10, 30, 12, tzinfo=UTC), datetime(2028, 2, 1, 12, tzinfo=UTC)
PRODUCT = "planetpress-connect"
A_DAY, A_SECOND = timedelta(days=1), timedelta(seconds=1)
DEARER_SAID, DEARER_FROM = date(2027, 9, 15), date(2027, 10, 1)
"""When a second price list is published, and from when on it applies."""


class Home(NamedTuple):
    """A centre and what its customers have in common."""

    country: str
    zone: ZoneInfo
    currency: str
    digits: int


HOMES = (
    Home("FR", ZoneInfo("Europe/Paris"), "EUR", 2),
    Home("DE", ZoneInfo("Europe/Berlin"), "EUR", 2),
    Home("NL", ZoneInfo("Europe/Amsterdam"), "EUR", 2),
    Home("GB", ZoneInfo("Europe/London"), "GBP", 2),
    Home("CA", ZoneInfo("America/Toronto"), "CAD", 2),
    Home("AU", ZoneInfo("Australia/Melbourne"), "AUD", 2),
    Home("MY", ZoneInfo("Asia/Kuala_Lumpur"), "MYR", 2),
    Home("JP", ZoneInfo("Asia/Tokyo"), "JPY", 0),
)
FIRST_DAYS = (date(2026, 11, 2), date(2026, 11, 16), date(2026, 11, 28), date(2026, 12, 1), date(2026, 12, 31))
VALUES = ("12345.67", "0.05", "0.02", "999999999.99", "0", "800.5", "33.33", "1000")


class Fate(StrEnum):
    """What becomes of a customer."""

    EARLY = "signs early"
    BEFORE_OFFER = "signs before anything is offered"
    LAST_DAY = "signs on the last day"
    TOLD_LATE = "signs on the last day, which is told three days later"
    TOLD_TOO_LATE = "signs on the last day, which is told a month later"
    DAY_AFTER = "signs on the day after, and takes it up again"
    NEVER = "never signs"
    RESUBSCRIBES_FIRST = "takes it up again before a signature in time is told"
    SUBSCRIPTION = "has a subscription licence"
    WITHOUT_CARE = "buys without"
    BY_THE_MONTH = "wants to pay by the month, then signs"
    NO_REMINDERS = "wants no reminders, and never signs"
    OPTIONS = "adds options before the offer"
    OPTIONS_LATE = "adds options after the offer"


@dataclass(frozen=True)
class Customer:
    """One of them."""

    number: int

    @property
    def home(self) -> Home:
        """Where it is at home."""
        return HOMES[self.number % len(HOMES)]

    @property
    def fate(self) -> Fate:
        """What becomes of it."""
        return list(Fate)[self.number // len(HOMES) % len(Fate)]

    @property
    def first_day(self) -> date:
        """Of its first term."""
        return FIRST_DAYS[(self.number // len(HOMES) + self.number) % len(FIRST_DAYS)]

    @property
    def last_day(self) -> date:
        """Of its first term."""
        return self.first_day.replace(year=self.first_day.year + 1) - A_DAY

    @property
    def value(self) -> str:
        """The list value of its licence."""
        return VALUES[self.number % 7]

    @property
    def opens_tickets(self) -> bool:
        """Every third one does."""
        return self.number % 3 == 0

    def midnight(self, day: date) -> datetime:
        """The beginning of a local day; no clock changes at midnight at any centre."""
        return datetime.combine(day, time(), self.home.zone).astimezone(UTC)

    def messages(self) -> Iterator[Message]:
        """All that is said of it, in order."""
        yield self._said(BEGIN.date(), "CustomerSubmitted", self._customer())
        yield self._said(self.first_day, "LicencePurchased", self._purchase(), f"L-{self.number}")
        yield from self._signatures()
        if self.opens_tickets:
            yield from self._tickets()

    def _signatures(self) -> Iterator[Message]:
        last = self.last_day
        match self.fate:
            case Fate.EARLY:
                yield self.renewal(last - 40 * A_DAY)
            case Fate.BEFORE_OFFER:
                yield self.renewal(last - 100 * A_DAY)
            case Fate.LAST_DAY:
                yield self.renewal(last)
            case Fate.TOLD_LATE:
                yield self.renewal(last + 3 * A_DAY, signed_on=last)
            case Fate.TOLD_TOO_LATE:
                yield self.renewal(last + 33 * A_DAY, signed_on=last)
            case Fate.DAY_AFTER:
                yield self.renewal(last + A_DAY)
                yield self.resubscription(last + 11 * A_DAY)
            case Fate.RESUBSCRIBES_FIRST:
                yield self.resubscription(last + 2 * A_DAY)
                yield self.renewal(last + 3 * A_DAY, signed_on=last)
            case Fate.SUBSCRIPTION:
                yield self.renewal(last - 40 * A_DAY)
            case Fate.BY_THE_MONTH:
                yield self.renewal(last - 20 * A_DAY, payment="monthly")
                yield self.renewal(last - 10 * A_DAY)
            case Fate.NO_REMINDERS:
                yield self._said(self.first_day + 30 * A_DAY, "RemindersChosen", {"wanted": False})
            case Fate.OPTIONS:
                yield self._options(self.first_day + 60 * A_DAY)
                yield self.renewal(last)
            case Fate.OPTIONS_LATE:
                yield self._options(last - 50 * A_DAY)
                yield self.renewal(last - 5 * A_DAY)
            case Fate.NEVER | Fate.WITHOUT_CARE:
                return

    def renewal(self, day: date, signed_on: date | None = None, payment: str = "yearly") -> Message:
        """Say that the form was signed."""
        data = {"signed_on": str(signed_on or day), "payment": payment}
        return self._said(day, "RenewalSigned", data, f"K-{self.number}")

    def resubscription(self, day: date) -> Message:
        """Say that it is taken up again."""
        data = {"contract": f"R-{self.number}", "signed_on": str(day)}
        return self._said(day, "ResubscriptionSigned", data, f"K-{self.number}")

    def _options(self, day: date) -> Message:
        data = {"options": ["barcodes"], "added_value": "100.25", "currency": self.home.currency, "added_on": str(day)}
        return self._said(day, "OptionsAdded", data, f"L-{self.number}")

    def _customer(self) -> Mapping[str, Any]:
        contact = {"person": f"person/erp/P-{self.number}", "email": f"c{self.number}@client.example"}
        return {
            "organisation": f"Exemple {self.number}",
            "country": self.home.country,
            "language": ("fr", "en")[self.number % 2],
            "contact": contact,
        }

    def _purchase(self) -> Mapping[str, Any]:
        first, last = str(self.first_day), str(self.last_day)
        kind = "subscription" if self.fate is Fate.SUBSCRIPTION else "perpetual"
        bought: dict[str, Any] = {
            "customer": f"customer/erp/C-{self.number}",
            "licence_kind": kind,
            "products": [PRODUCT],
            "list_value": self.value,
            "currency": self.home.currency,
            "purchased_on": first,
        }
        if self.fate is Fate.SUBSCRIPTION:
            bought["period"] = {"first_day": first, "last_day": last}
        if self.fate is not Fate.WITHOUT_CARE:
            bought["care"] = {"contract": f"K-{self.number}"}
        return bought

    def ticket_instants(self) -> Mapping[str, datetime]:
        """When it opens tickets: at the edges of its first term, and of the one that follows a gap."""
        ends = self.midnight(self.last_day + A_DAY)
        instants = {
            "first": self.midnight(self.first_day) + timedelta(hours=36),
            "last-second": ends - A_SECOND,
            "end": ends,
            "two-days-later": ends + 2 * A_DAY,
        }
        if self.fate is Fate.DAY_AFTER:
            again = self.midnight(self.last_day + 11 * A_DAY)
            instants |= {
                "last-second-of-gap": again - A_SECOND,
                "again-untold": again + timedelta(hours=1),
                "again": again + timedelta(hours=36),
            }
        return instants

    def _tickets(self) -> Iterator[Message]:
        for name, at in self.ticket_instants().items():
            number = f"{self.number}-{name}"
            data = {
                "customer": f"customer/erp/C-{self.number}",
                "product": PRODUCT,
                "channel": "web",
                "request_kind": "question",
                "language": "fr",
                "requester": {"person": f"person/crm/{number}", "email": f"r{number}@client.example"},
                "subject": "Rien ne marche",
                "text": "Depuis ce matin.",
            }
            yield said(TICKETS_DOOR, at, "crm", f"open-{number}", number, "TicketSubmitted", data)

    def _said(self, day: date, kind: str, data: object, subject: str | None = None) -> Message:
        at = datetime.combine(day, time(12), UTC)
        identity = f"{kind}-{self.number}-{day}"
        return said(CONTRACTS_DOOR, at, "erp", identity, subject or f"C-{self.number}", kind, data)
