"""What duties by the calendar rest on beside a contract: opening hours, price lists and the value of its licence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from libs.messages.plan import CentreCalendar, NoticeOffsets, PriceList
from libs.plan import PriceKind
from services.contract.contract_states import NOTHING_TOLD
from services.contract.contracts import EndTerm
from services.contract.facts import ADDED, RegisteredLicence
from services.contract.pricing import price_of
from services.contract.renewals import OfferRenewal, RemindOfRenewal, local_day
from services.contract.telling import EndOfTerm, Scheduled, due_at, mail_at, why_skipped

Row = Mapping[str, Any]


class ToTell(NamedTuple):
    """A contract, the next thing to tell of its term's end, and since when that is due."""

    row: Row
    days: int
    due_at: datetime


def next_told(row: Row, asked: Sequence[Scheduled]) -> ToTell:
    """The next thing to tell of a contract."""
    [days] = [one.days for one in asked if one.told == row["told"]]
    return ToTell(row, days, due_at(row["last_day"], days, row["zone"]))


@dataclass(frozen=True)
class CalendarsAndPrices:
    """The published calendars by their centres, and all price lists."""

    calendars: Mapping[str, CentreCalendar]
    price_lists: tuple[PriceList, ...]

    def end_term(self, row: Row, now: datetime) -> EndTerm:
        """Note the end of a term, with the price of coming back on the day after."""
        following_day = row["last_day"] + timedelta(days=1)
        return EndTerm(
            occurred_at=row["covered_until"],
            contract=row["stream"],
            detected_at=now,
            continued_by=row["continued_by"],
            mail_at=mail_at(self.calendars.get(row["centre"]), now),
            price_to_return=price_of(_licence(row), self.price_lists, PriceKind.RESUBSCRIPTION, following_day),
        )

    def tell(self, one: ToTell, offsets: NoticeOffsets, now: datetime) -> OfferRenewal | RemindOfRenewal:
        """Offer a renewal, or remind of it."""
        row = one.row
        leaves_at = mail_at(self.calendars.get(row["centre"]), now)
        if row["told"] == NOTHING_TOLD:
            on = max(row["last_day"] - timedelta(days=one.days), local_day(row["known_at"], row["zone"]))
            return OfferRenewal(one.due_at, row["stream"], on, leaves_at, now, _licence(row), self.price_lists)
        end = EndOfTerm(row["last_day"], row["zone"], row["known_at"])
        skip = why_skipped(offsets, one.days, end, now, is_wanted=row["reminders"] is not False)
        return RemindOfRenewal(one.due_at, row["stream"], one.days, leaves_at, now, skip)


def _licence(row: Row) -> RegisteredLicence | None:
    if row["licence_stream"] is None:
        return None
    added = ADDED.validate_json(row["added"])
    return RegisteredLicence(row["licence_stream"], row["licence_sequence"], row["list_value"], row["currency"], added)
