"""`/`: the centres now; what is at risk, late or without promise; and what stands still."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from libs.messages.plan import CentreCalendar
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, WorkingCalendar, is_open
from services.ops.console.pages.page import Page, Query, View
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.sla.grounds import grounds_in_tables


class NextClosure(View):
    """A day, or a part of it, on which a centre does not work though it would."""

    day: date
    name: str
    status: str
    in_days: int
    closed_from: str | None
    closed_to: str | None


class CentreNow(View):
    """One centre at this instant."""

    centre: str
    name: str
    zone: str
    local_time: datetime
    open: bool
    changes_at: datetime | None
    """When it closes, or opens; None where no hours are published any more."""
    next_closure: NextClosure | None


class NowView(View):
    """What somebody on call sees first."""

    now: datetime
    centres: tuple[CentreNow, ...]


def centre_now(calendar: CentreCalendar, now: datetime) -> CentreNow:
    """One centre at an instant."""
    working = working_calendar(calendar)
    opened = _is_open(working, now)
    return CentreNow(
        centre=calendar.centre,
        name=calendar.printed_name,
        zone=calendar.zone,
        local_time=now.astimezone(ZoneInfo(calendar.zone)),
        open=opened,
        changes_at=change_after(working, now),
        next_closure=next_closure(calendar, now),
    )


def _is_open(calendar: WorkingCalendar, now: datetime) -> bool:
    try:
        return is_open(calendar, now)
    except CalendarEnds:
        return False


def change_after(calendar: WorkingCalendar, now: datetime) -> datetime | None:
    """When a centre that is open closes, and one that is closed opens; hours that touch are one."""
    line = calendar.timeline
    at = line.index(now)
    if at == len(line.opens):
        return None
    if line.opens[at] > now:
        return line.opens[at]
    while at + 1 < len(line.opens) and line.opens[at + 1] == line.closes[at]:
        at += 1
    return line.closes[at]


def next_closure(calendar: CentreCalendar, now: datetime) -> NextClosure | None:
    """The next closure that takes hours away, one that is on now included."""
    today = now.astimezone(ZoneInfo(calendar.zone)).date()
    weekdays = {window.weekday for window in calendar.weekly}
    ahead = (c for c in calendar.closures if c.day >= today and c.day.isoweekday() in weekdays)
    found = min(ahead, key=lambda closure: (closure.day, closure.closed_from or ""), default=None)
    if found is None:
        return None
    return NextClosure(
        day=found.day,
        name=found.name,
        status=str(found.status),
        in_days=(found.day - today) // timedelta(days=1),
        closed_from=found.closed_from,
        closed_to=found.closed_to,
    )


def in_order(centres: Iterable[CentreNow]) -> Sequence[CentreNow]:
    """Those that are open first, then by when they change, then by name."""
    return sorted(centres, key=lambda c: (not c.open, c.changes_at is None, c.changes_at or c.local_time, c.name))


async def centres(sources: Sources) -> tuple[CentreNow, ...]:
    """All centres by the calendars in force now; raises Refused and Unavailable."""
    grounds = await grounds_in_tables(await sources.database("sla_timer"))
    now = sources.clock.now()
    newest = [grounds.published_at(centre, now) for centre in grounds.calendars]
    return tuple(in_order(centre_now(calendar, now) for calendar in newest))


async def look(sources: Sources, _query: Query) -> NowView:
    """What is so now."""
    return NowView(now=sources.clock.now(), centres=await centres(sources))


PAGE = Page("/", look, Query, NowView, "now.html", N_("Now"), nav=1)
