"""What was published in the course of time: as it was, or as if a draft had been published at an instant."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import (
    CentreCalendar,
    CentreCalendarPublished,
    PlanEvent,
    PriceList,
    PriceListPublished,
    ResponseTargets,
    TargetsPublished,
    TzDatabasePublished,
)
from libs.messages.streams import stream_id
from services.ops.sla.grounds import Grounds
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, published_by
from services.sla_timer.published.tz_changes import TzChange
from services.sla_timer.published.tz_rows import TZ_DATABASES, TzDatabaseRow
from services.sla_timer.reactions import PlanFacts

Content = CentreCalendar | ResponseTargets | PriceList
"""What a draft can be rehearsed of."""


class DatedPart(NamedTuple):
    """A part of the plan as published: where that was said, when it was recorded, and from when it is in force."""

    stream: str
    sequence: int
    recorded_at: datetime
    published_at: datetime
    content: Content


class DraftPlan(NamedTuple):
    """Parts of the plan, as if they had been published at an instant."""

    published_at: datetime
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class PlanTimeline:
    """Every publication, each stream's in order, and what versions of the tz database changed."""

    parts: tuple[DatedPart, ...]
    tz_changes: tuple[TzChange, ...] = ()

    def with_draft(self, draft: DraftPlan) -> "PlanTimeline":
        """As it would be: later publications of the same parts would have been refused, as they are older."""
        kept, at = list(self.parts), draft.published_at
        begun = set[str]()
        for content in draft.contents:
            stream = stream_of(content)
            if stream not in begun:
                kept = [one for one in kept if one.stream != stream or one.recorded_at < at]
            begun.add(stream)
            sequence = 1 + max((one.sequence for one in kept if one.stream == stream), default=0)
            kept.append(DatedPart(stream, sequence, at, at, content))
        return replace(self, parts=tuple(kept))

    def known_by(self, instant: datetime) -> "PlanTimeline":
        """What was recorded by an instant, though it may be in force later; it is asked for again and again."""
        place = bisect_right(self.moments, instant)
        if place not in self._known:
            parts = tuple(one for one in self.parts if one.recorded_at <= instant)
            self._known[place] = replace(self, parts=parts, tz_changes=tuple(published_by(self.tz_changes, instant)))
        return self._known[place]

    @cached_property
    def _known(self) -> "dict[int, PlanTimeline]":
        return {}

    @cached_property
    def moments(self) -> tuple[datetime, ...]:
        """When something of it became known, or begins to be in force, in order."""
        instants = {at for one in self.parts for at in (one.recorded_at, one.published_at)}
        return tuple(sorted(instants | {change.published_at for change in self.tz_changes}))

    def facts(self, centres: Iterable[str]) -> PlanFacts:
        """What may move a promise that is reckoned on the calendars of some centres."""
        wanted = frozenset(centres)
        if wanted not in self._facts:
            calendars = tuple(one for one in self.calendars if one.content.centre in wanted)
            zones = {one.content.zone for one in calendars}
            changes = tuple(one for one in self.tz_changes if one.zone in zones)
            self._facts[wanted] = PlanFacts(calendars, self.targets, changes)
        return self._facts[wanted]

    @cached_property
    def _facts(self) -> dict[frozenset[str], PlanFacts]:
        return {}

    @cached_property
    def calendars(self) -> tuple[PublishedCalendar, ...]:
        """The calendars of all centres."""
        return tuple(
            PublishedCalendar(one.stream, one.sequence, one.published_at, one.content)
            for one in self.parts
            if isinstance(one.content, CentreCalendar)
        )

    @cached_property
    def targets(self) -> tuple[PublishedTargets, ...]:
        """The targets."""
        return tuple(
            PublishedTargets(one.stream, one.sequence, one.published_at, one.content)
            for one in self.parts
            if isinstance(one.content, ResponseTargets)
        )

    @cached_property
    def grounds(self) -> Grounds:
        """Calendars and targets, as explanations take them."""
        found: dict[str, list[PublishedCalendar]] = {}
        for one in self.calendars:
            found.setdefault(one.content.centre, []).append(one)
        return Grounds(found, self.targets)

    def prices_by(self, instant: datetime) -> list[PriceList]:
        """The price lists that were known at an instant."""
        return [one.content for one in self.parts if isinstance(one.content, PriceList) and one.recorded_at <= instant]


def stream_of(content: Content) -> str:
    """Name the stream of a part."""
    match content:
        case CentreCalendar(centre=centre):
            return stream_id("calendar", "plan", centre)
        case ResponseTargets():
            return stream_id("targets", "plan", "first-response")
        case PriceList(currency=currency):
            return stream_id("prices", "plan", currency)


def timeline_of(events: Iterable[RecordedEvent[PlanEvent]]) -> PlanTimeline:
    """Gather what counts of the plan's topic."""
    parts = list[DatedPart]()
    database: TzDatabaseRow | None = None
    for event in events:
        match event.data:
            case CentreCalendarPublished(published_at=at, calendar=content):
                parts.append(DatedPart(event.stream, event.sequence, event.recordedtime, at, content))
            case TargetsPublished(published_at=at, targets=content):
                parts.append(DatedPart(event.stream, event.sequence, event.recordedtime, at, content))
            case PriceListPublished(published_at=at, prices=content):
                parts.append(DatedPart(event.stream, event.sequence, event.recordedtime, at, content))
            case TzDatabasePublished():
                database = TZ_DATABASES.evolve(database, event)
            case _:
                pass
    return PlanTimeline(tuple(parts), _tz_changes(database) if database else ())


def _tz_changes(row: TzDatabaseRow) -> tuple[TzChange, ...]:
    changes: Sequence[Mapping[str, str | int]] = json.loads(row.changes)
    return tuple(
        TzChange(
            stream=row.stream,
            sequence=int(one["sequence"]),
            published_at=_instant(one["published_at"]),
            zone=str(one["zone"]),
            version=str(one["version"]),
            from_at=_instant(one["from_at"]),
            until_at=_instant(one["until_at"]),
        )
        for one in changes
    )


def _instant(text: str | int) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
