"""What the board of promises says of each: how its clock stands at its centre, and how days were kept."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from io import StringIO
from typing import Any

from libs.messages.base import rfc3339
from libs.workcal import CalendarEnds, WorkingCalendar, working_time_between
from services.ops.console.pages.now import change_after, is_open_at
from services.ops.console.pages.page import PageView
from services.ops.sla.grounds import Grounds

COLUMNS = (
    "ticket",
    "state",
    "customer",
    "centre",
    "channel",
    "opened_at",
    "due_at",
    "seconds_left",
    "working_seconds_left",
    "stands_until",
    "zone",
    "warned_percent",
    "reason",
)
"""Of the board as CSV; new ones are added at the end."""


class PromiseStanding(StrEnum):
    """How the promise of a ticket stands that nobody has answered yet."""

    LATE = "late"
    AT_RISK = "at-risk"
    IN_TIME = "in-time"
    WITHOUT_PROMISE = "without-promise"


class OpenPromise(PageView):
    """A ticket that nobody has answered yet."""

    stream: str
    ticket: str
    customer: str | None
    centre: str
    channel: str
    state: PromiseStanding
    opened_at: datetime
    due_at: datetime | None
    zone: str
    """The centre's."""
    closed: bool
    """Whether its centre is closed, so that its clock stands."""
    stands_until: datetime | None
    """When a closed centre opens; None where it is open, or no hours are published beyond."""
    seconds_left: int | None
    """Until it is due, negative where it is late."""
    working_seconds_left: int | None
    """The same in opening hours; None where no hours are published until then."""
    warned: int
    """The greatest share of the target, in percent, that somebody was warned of."""
    reason: str | None
    """Why nothing is promised."""


class DayKept(PageView):
    """How the promises due on a local day of their centres were kept."""

    day: date
    met: int
    breached: int
    attainment: float | None
    """The share that was met, from 0 to 1."""


def open_promise(row: Mapping[str, Any], grounds: Grounds, now: datetime) -> OpenPromise:
    """Say how one stands at an instant, by the calendar that is in force then."""
    calendar = calendar_of(grounds, row["calendar_centre"], now)
    closed = calendar is not None and not is_open_at(calendar, now)
    due_at: datetime | None = row["due_at"]
    return OpenPromise(
        stream=row["stream"],
        ticket=row["ticket"],
        customer=row["customer"],
        centre=row["centre"],
        channel=row["channel"],
        state=PromiseStanding(row["standing"]),
        opened_at=row["opened_at"],
        due_at=due_at,
        zone=calendar.zone if calendar else "UTC",
        closed=closed,
        stands_until=change_after(calendar, now) if calendar and closed else None,
        seconds_left=None if due_at is None else (due_at - now) // timedelta(seconds=1),
        working_seconds_left=working_seconds(calendar, now, due_at) if calendar and due_at else None,
        warned=row["warned"],
        reason=row["reason"] if due_at is None else None,
    )


def calendar_of(grounds: Grounds, centre: str, now: datetime) -> WorkingCalendar | None:
    """A centre's calendar in force at an instant; None where none was published by then."""
    try:
        return grounds.calendar_at(centre, now)
    except LookupError:
        return None


def working_seconds(calendar: WorkingCalendar, now: datetime, due_at: datetime) -> int | None:
    """Opening hours from one instant to another, in whole seconds; None where they are not published."""
    try:
        return working_time_between(calendar, now, due_at) // timedelta(seconds=1)
    except CalendarEnds:
        return None


def days_kept(rows: Iterable[Mapping[str, Any]], first: date, days: int) -> tuple[DayKept, ...]:
    """Every day of a span in order, those on which nothing was due too."""
    counted = {row["day"]: (row["met"], row["breached"]) for row in rows}
    return tuple(_kept(day, *counted.get(day, (0, 0))) for day in _days(first, days))


def _kept(day: date, met: int, breached: int) -> DayKept:
    judged = met + breached
    return DayKept(day=day, met=met, breached=breached, attainment=met / judged if judged else None)


def _days(first: date, days: int) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(days))


def as_csv(promises: Sequence[OpenPromise]) -> str:
    """Lines as RFC 4180 has them; instants in UTC, lengths in seconds."""
    written = StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    lines.writerows(_line(one) for one in promises)
    return written.getvalue()


def _line(one: OpenPromise) -> list[object]:
    said = {**one.model_dump(), "warned_percent": one.warned}
    return [_cell(said[name]) for name in COLUMNS]


def _cell(value: object) -> object:
    return rfc3339(value.astimezone(UTC)) if isinstance(value, datetime) else value
