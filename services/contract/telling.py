"""When what is told of a term's end: local days of the centre, counted back from the last covered one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.messages.contracts import ReminderSkip
from libs.messages.plan import CentreCalendar, NoticeOffsets
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, TooFarAhead, next_opening, start_of_day, zone
from services.contract.contract_states import NOTHING_TOLD, OFFERED

TOLD = range(1, OFFERED + 1)
"""What may have been told before a reminder: the offer, or an earlier one."""


@dataclass(frozen=True)
class Scheduled:
    """What comes next once `told` was told of a term: it is due `days` local days before the last covered one."""

    told: int
    days: int


def schedule(offsets: NoticeOffsets) -> Sequence[Scheduled]:
    """The offer, due when nothing was told yet; and the reminder that follows on each thing that may have been told."""
    reminders = [(told, [days for days in offsets.reminder_days if days < told]) for told in TOLD]
    offer = Scheduled(NOTHING_TOLD, offsets.renewal_offer_days)
    return [offer, *(Scheduled(told, max(nearer)) for told, nearer in reminders if nearer)]


def in_lists(asked: Sequence[Scheduled]) -> dict[str, list[int]]:
    """The schedule as parameters of the queries."""
    return {"told": [one.told for one in asked], "days": [one.days for one in asked]}


def due_at(last_day: date, days: int, zone_name: str) -> datetime:
    """The beginning of the local day that lies so many days before the last one."""
    return start_of_day(last_day - timedelta(days=days), zone(zone_name))


@dataclass(frozen=True)
class EndOfTerm:
    """The last covered local day of a term, and since when the term is known."""

    last_day: date
    zone: str
    known_at: datetime

    def before(self, days: int) -> datetime:
        """The beginning of the local day that lies so many days before it."""
        return due_at(self.last_day, days, self.zone)


def why_skipped(
    offsets: NoticeOffsets, days: int, end: EndOfTerm, now: datetime, *, is_wanted: bool
) -> ReminderSkip | None:
    """Why a reminder that is due is not sent; None where it is."""
    if end.before(days) < end.known_at:
        return ReminderSkip.BEFORE_CONTRACT
    if any(end.before(nearer) <= now for nearer in offsets.reminder_days if nearer < days):
        return ReminderSkip.LATER_ONE_DUE
    return None if is_wanted else ReminderSkip.NOT_WANTED


def mail_at(calendar: CentreCalendar | None, at: datetime) -> datetime:
    """The next opening of a centre, at once where it is open; at once, too, beyond its published days."""
    if calendar is None:
        return at
    try:
        return next_opening(working_calendar(calendar), at)
    except (CalendarEnds, TooFarAhead):
        return at
