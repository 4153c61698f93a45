"""`/`: the centres now; what is at risk, late or without promise; and what stands still."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from libs.eventlog.errors import Unavailable
from libs.messages.plan import CentreCalendar
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, WorkingCalendar, is_open
from services.ops.cli.output import Refused
from services.ops.console.pages.page import Page, PageView, Query
from services.ops.console.service_states import ServiceState
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.sla.grounds import grounds_in_tables

T = TypeVar("T")
PROMISES, NOTICES = (Path(__file__).parents[1] / name for name in ("promises.sql", "notices.sql"))
OVERDUE = timedelta(days=92)
"""A ticket that is late and unanswered for longer is no news for who is on call: `/promises` has it."""
A_ROUND = timedelta(seconds=10)
"""A round of deadlines waits for less than this, where nothing holds it up."""


class NextClosure(PageView):
    """A day, or a part of it, on which a centre does not work though it would."""

    day: date
    name: str
    status: str
    in_days: int
    closed_from: str | None
    closed_to: str | None


class CentreNow(PageView):
    """One centre at this instant."""

    centre: str
    name: str
    zone: str
    local_time: datetime
    open: bool
    changes_at: datetime | None
    """When it closes, or opens; None where no hours are published any more."""
    next_closure: NextClosure | None


class PromisesNow(PageView):
    """Tickets that nobody has answered yet."""

    in_time: int
    at_risk: int
    """Somebody was warned of them."""
    late: int
    next_due_at: datetime | None
    late_since: datetime | None
    """The deadline that passed first."""
    without_promise: int
    without_promise_since: datetime | None


class Count(PageView):
    """How many, and since when the oldest."""

    number: int
    since: datetime | None


class Stopped(PageView):
    """A partition that a service can not read on."""

    service: str
    topic: str
    partition: int


class DeadlinesWait(PageView):
    """A duty that may not fire what is due before all that was said earlier is read and answered."""

    service: str
    duty: str
    since: datetime


class ServiceNow(PageView):
    """One service, by its own word."""

    name: str
    ready: bool
    build: str | None
    why: str | None
    degraded: str | None
    left_aside: int


class UnknownState(PageView):
    """What could not be asked, and why."""

    what: str
    why: str


class NowView(PageView):
    """What somebody on call sees first; what could not be asked is None, and `unknown` says why."""

    now: datetime
    machine_time: datetime
    """By which dead letters have their age: the broker dates them, whatever the plan's time is."""
    centres: tuple[CentreNow, ...] | None
    promises: PromisesNow | None
    ambiguous: Count | None
    dead_letters: Count | None
    services: tuple[ServiceNow, ...] | None
    stopped: tuple[Stopped, ...] | None
    deadlines_wait: tuple[DeadlinesWait, ...] | None
    unknown: tuple[UnknownState, ...] = ()


def centre_now(calendar: CentreCalendar, now: datetime) -> CentreNow:
    """One centre at an instant."""
    working = working_calendar(calendar)
    opened = is_open_at(working, now)
    return CentreNow(
        centre=calendar.centre,
        name=calendar.printed_name,
        zone=calendar.zone,
        local_time=now.astimezone(ZoneInfo(calendar.zone)),
        open=opened,
        changes_at=change_after(working, now),
        next_closure=next_closure(calendar, now),
    )


def is_open_at(calendar: WorkingCalendar, now: datetime) -> bool:
    """Whether a centre works at an instant; not where no hours are published."""
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
    newest = [grounds.published_at(centre, now).content for centre in grounds.calendars]
    return tuple(in_order(centre_now(calendar, now) for calendar in newest))


async def promises(sources: Sources) -> PromisesNow:
    """Promises that wait; raises Refused and Unavailable."""
    queries, now = await sources.queries("sla_timer", PROMISES), sources.clock.now()
    waiting = await queries.row("promises_now", now=now, since=now - OVERDUE)
    without = await queries.row("not_promised_now")
    assert waiting  # noqa: S101 - a count has a row
    assert without  # noqa: S101 - likewise
    return PromisesNow(**waiting, without_promise=without["tickets"], without_promise_since=without["since"])


async def ambiguous(sources: Sources) -> Count:
    """Notices that a person has to settle; raises Refused and Unavailable."""
    found = await (await sources.queries("notification", NOTICES)).row("ambiguous_now")
    assert found  # noqa: S101 - a count has a row
    return Count(number=found["notices"], since=found["since"])


async def dead_letters(sources: Sources) -> Count:
    """What the doors could not read and nobody is done with; raises Refused and Unavailable."""
    found = (await sources.dead_letters.undone(await sources.log())).values()
    since = [one.since for one in found if one.since]
    return Count(number=sum(one.letters for one in found), since=min(since, default=None))


async def services(sources: Sources) -> Sequence[ServiceState]:
    """What the services say; raises Refused where nobody knows where they are."""
    return await sources.services.now()


def waits(found: Sequence[ServiceState], now: datetime) -> tuple[DeadlinesWait, ...]:
    """Duties that have waited for longer than any round takes, the longest first."""
    waiting = [
        DeadlinesWait(service=service.name, duty=duty, since=since)
        for service in found
        for duty, since in service.waiting.items()
        if now - since > A_ROUND
    ]
    return tuple(sorted(waiting, key=lambda one: one.since))


async def look(sources: Sources, _query: Query) -> NowView:
    """What is so now, each part by itself: where one can not be asked, the others are shown."""
    unknown = list[UnknownState]()

    async def tried(what: str, asking: Awaitable[T]) -> T | None:
        try:
            return await asking
        except (Refused, Unavailable) as error:
            unknown.append(UnknownState(what=what, why=str(error)))
            return None

    every, waiting, mails, letters, found = await asyncio.gather(
        tried("centres", centres(sources)),
        tried("promises", promises(sources)),
        tried("notices", ambiguous(sources)),
        tried("dead letters", dead_letters(sources)),
        tried("services", services(sources)),
    )
    now = sources.clock.now()
    return NowView(
        now=now,
        machine_time=sources.clock.wall(),
        centres=every,
        promises=waiting,
        ambiguous=mails,
        dead_letters=letters,
        services=None if found is None else tuple(_service(one) for one in found),
        stopped=None if found is None else _stopped(found),
        deadlines_wait=None if found is None else waits(found, now),
        unknown=tuple(sorted(unknown, key=lambda one: one.what)),
    )


def _service(one: ServiceState) -> ServiceNow:
    return ServiceNow(
        name=one.name, ready=one.ready, build=one.build, why=one.why, degraded=one.degraded, left_aside=one.left_aside
    )


def _stopped(found: Iterable[ServiceState]) -> tuple[Stopped, ...]:
    return tuple(Stopped(service=s.name, topic=topic, partition=p) for s in found for topic, p in s.stopped)


PAGE = Page("/", look, Query, NowView, "now.html", N_("Now"), nav=1)
