"""What is published of calendars and targets as rows, each publication and what it changed."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from libs.eventlog.projection import Key, Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import (
    CalendarEvent,
    CentreCalendar,
    CentreCalendarPublished,
    PlanPartRefused,
    ResponseTargets,
    TargetsEvent,
    TargetsPublished,
)
from libs.messages.tickets import Channel
from libs.plan import changed_hours, target_of


class CalendarRow(NamedTuple):
    """A publication of a centre's calendar, in JSON."""

    stream: str
    sequence: int
    centre: str
    version: int
    published_at: datetime
    content: str


def _calendar(row: CalendarRow | None, event: RecordedEvent[CalendarEvent]) -> CalendarRow | None:
    match event.data:
        case CentreCalendarPublished(calendar=calendar, published_at=at):
            centre, version, content = calendar.centre, calendar.version, calendar.model_dump_json()
            return CalendarRow(event.stream, event.sequence, centre, version, at, content)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


class CalendarChangesRow(NamedTuple):
    """A centre's calendar, and the hours that each of its publications changed."""

    stream: str
    centre: str
    content: str
    changes: str
    """JSON: version and published_at of each publication, with from_at and until_at of each time that it changed."""


def _calendar_changes(row: CalendarChangesRow | None, event: RecordedEvent[CalendarEvent]) -> CalendarChangesRow | None:
    match event.data:
        case CentreCalendarPublished() as published:
            return _changed(row, event.stream, published)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


def _changed(row: CalendarChangesRow | None, stream: str, published: CentreCalendarPublished) -> CalendarChangesRow:
    calendar = published.calendar
    changes: list[dict[str, object]] = json.loads(row.changes) if row else []
    hours = changed_hours(CentreCalendar.model_validate_json(row.content), calendar) if row else ()
    changes += (
        {
            "version": calendar.version,
            "published_at": published.published_at.isoformat(),
            "from_at": changed.opens_at.isoformat(),
            "until_at": changed.closes_at.isoformat(),
        }
        for changed in hours
    )
    return CalendarChangesRow(stream, calendar.centre, calendar.model_dump_json(), json.dumps(changes))


class TargetsRow(NamedTuple):
    """A publication of the targets, in JSON, and of it the seconds promised, by channel."""

    stream: str
    sequence: int
    version: int
    published_at: datetime
    content: str
    seconds: str


def _targets(row: TargetsRow | None, event: RecordedEvent[TargetsEvent]) -> TargetsRow | None:
    match event.data:
        case TargetsPublished(targets=targets, published_at=at):
            content, seconds = targets.model_dump_json(), json.dumps(_seconds(targets))
            return TargetsRow(event.stream, event.sequence, targets.version, at, content, seconds)
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


def _seconds(targets: ResponseTargets) -> dict[str, int]:
    promised = {channel: target_of(targets, channel) for channel in Channel}
    return {channel: target // timedelta(seconds=1) for channel, target in promised.items() if target is not None}


def _by_publication(event: RecordedEvent) -> tuple[Key, ...]:
    return ((event.stream, event.sequence),)


CALENDARS: Projection[CalendarRow] = Projection(
    table="calendars",
    row=CalendarRow,
    columns="""
        stream text not null, sequence bigint not null, centre text not null, version int not null,
        published_at timestamptz not null, content jsonb not null""",
    events=(CentreCalendarPublished,),
    evolve=_calendar,
    key=("stream", "sequence"),
    keys=_by_publication,
    indexes=("(centre)",),
)

CALENDAR_CHANGES: Projection[CalendarChangesRow] = Projection(
    table="calendar_changes",
    row=CalendarChangesRow,
    columns="stream text not null, centre text not null, content jsonb not null, changes jsonb not null",
    events=(CentreCalendarPublished,),
    evolve=_calendar_changes,
)

TARGETS: Projection[TargetsRow] = Projection(
    table="targets",
    row=TargetsRow,
    columns="""
        stream text not null, sequence bigint not null, version int not null, published_at timestamptz not null,
        content jsonb not null, seconds jsonb not null""",
    events=(TargetsPublished,),
    evolve=_targets,
    key=("stream", "sequence"),
    keys=_by_publication,
)
