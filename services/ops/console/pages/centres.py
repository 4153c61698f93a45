"""`/centres`: when each centre works in a week, and on which days of a year it does not."""

from datetime import date, datetime

from pydantic import Field

from libs.messages.plan import CentreCalendar
from services.ops.console.pages.now import CentreNow, centre_now
from services.ops.console.pages.page import NotThere, Page, PageView, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.sla.grounds import Grounds, grounds_in_tables


class CentresQuery(Query):
    """Of one centre or of all, and of which year."""

    centre: str | None = Field(default=None, description="One centre alone")
    year: int | None = Field(default=None, ge=1970, le=9998, description="Of whose closures; else the present one")


class HoursOfDay(PageView):
    """Opening hours of a weekday, 1 for Monday, in the centre's civil time; none where it is closed."""

    weekday: int
    hours: tuple[str, ...]


class ClosedDay(PageView):
    """A day, or a part of it, without opening hours; `status` says how well that is known."""

    day: date
    name: str
    closed_from: str | None
    closed_to: str | None
    status: str
    note: str | None


class ExtraDay(PageView):
    """Hours beside those of the week."""

    day: date
    hours: str


class CentreView(PageView):
    """One centre by the calendar in force now."""

    now: CentreNow
    version: int
    published_at: datetime
    first_day: date
    last_day: date
    language: str
    currency: str
    countries: tuple[str, ...]
    phones: tuple[str, ...]
    mailbox: str
    week: tuple[HoursOfDay, ...]
    closures: tuple[ClosedDay, ...]
    extra: tuple[ExtraDay, ...]


class CentresView(PageView):
    """Centres with their closures of one year; `years` are those of which anything is published."""

    year: int
    years: tuple[int, ...]
    centre: str | None
    centres: tuple[CentreView, ...]


def centre_view(calendar: CentreCalendar, published_at: datetime, now: datetime, year: int) -> CentreView:
    """One centre and its closures of a year."""
    week = {day: tuple(f"{w.opens}-{w.closes}" for w in calendar.weekly if w.weekday == day) for day in range(1, 8)}
    return CentreView(
        now=centre_now(calendar, now),
        version=calendar.version,
        published_at=published_at,
        first_day=calendar.first_day,
        last_day=calendar.last_day,
        language=calendar.language,
        currency=calendar.currency,
        countries=calendar.countries,
        phones=tuple(phone.printed for phone in calendar.phones),
        mailbox=calendar.mailbox,
        week=tuple(HoursOfDay(weekday=day, hours=hours) for day, hours in week.items()),
        closures=tuple(
            ClosedDay(
                day=c.day,
                name=c.name,
                closed_from=c.closed_from,
                closed_to=c.closed_to,
                status=str(c.status),
                note=c.note,
            )
            for c in sorted(calendar.closures, key=lambda c: (c.day, c.closed_from or ""))
            if c.day.year == year
        ),
        extra=tuple(
            ExtraDay(day=e.day, hours=f"{e.opens}-{e.closes}") for e in calendar.extra_openings if e.day.year == year
        ),
    )


def centres_view(grounds: Grounds, query: CentresQuery, now: datetime) -> CentresView:
    """All that is asked for; raises NotThere."""
    if query.centre is not None and query.centre not in grounds.calendars:
        known = ", ".join(sorted(grounds.calendars))
        raise NotThere(f"there is no centre {query.centre}; there are {known}")
    year = query.year or now.year
    wanted = [query.centre] if query.centre else sorted(grounds.calendars)
    found = [grounds.published_at(centre, now) for centre in wanted]
    first, last = min(c.content.first_day.year for c in found), max(c.content.last_day.year for c in found)
    views = [centre_view(one.content, one.published_at, now, year) for one in found]
    return CentresView(
        year=year,
        years=tuple(range(first, last + 1)),
        centre=query.centre,
        centres=tuple(sorted(views, key=lambda one: one.now.name)),
    )


async def look(sources: Sources, query: CentresQuery) -> CentresView:
    """The centres by the calendars in force now; raises NotThere."""
    grounds = await grounds_in_tables(await sources.database("sla_timer"))
    if not grounds.calendars:
        raise NotThere("no calendars are published yet: `olcare plan publish` does it")
    return centres_view(grounds, query, sources.clock.now())


PAGE = Page("/centres", look, CentresQuery, CentresView, "centres.html", N_("Centres"), nav=60, live=False)
