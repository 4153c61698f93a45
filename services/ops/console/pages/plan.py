"""`/plan`: what is published, part by part: in force now, and each version before it with what it changed."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, assert_never

from pydantic import Field

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import PLAN
from libs.messages.plan import (
    CentreCalendarPublished,
    NoticeOffsetsPublished,
    PlanEvent,
    PlanPartRefused,
    PriceListPublished,
    ProductVersionsPublished,
    TargetsPublished,
    TzDatabasePublished,
    TzDatabaseRefused,
)
from libs.messages.streams import parse_stream
from services.ops.console.pages.page import NotThere, Page, PageView, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.plan.comparison import places_that_differ
from services.ops.watch.counting import counting_events

MOST = 60
"""Differences between two versions that are listed."""
NAMED_BY = ("day", "weekday", "version", "number", "zone", "product", "from_at")
"""What tells the entries of a list apart, so that one that is new does not make all after it differ."""


class PlanQuery(Query):
    """Which part; all of them where none is named."""

    part: str | None = Field(default=None, description="The stream of a part: calendar/plan/france")


class VersionDifference(PageView):
    """A place of a part and what stands there before and after; None where nothing does."""

    place: str
    before: str | None
    after: str | None


class VersionView(PageView):
    """One publication of a part."""

    version: int | str
    sequence: int
    published_at: datetime
    in_force: bool
    """The newest by now."""
    coming: bool
    """In force later than now."""
    differs: tuple[VersionDifference, ...]
    """From the one before it."""
    more: int
    """Differences that are not listed."""
    content: dict[str, Any]
    rehearsal: str | None
    """The digest of the rehearsal on which it was published."""


class PartView(PageView):
    """One part of the plan, its versions from the newest on."""

    part: str
    kind: str
    name: str
    versions: tuple[VersionView, ...]


class PlanView(PageView):
    """What is asked for."""

    now: datetime
    part: str | None
    parts: tuple[PartView, ...]


class PublishedVersion(NamedTuple):
    """One version of a part, and where and when it was published."""

    sequence: int
    published_at: datetime
    content: Any
    rehearsal: str | None


def content_of(event: RecordedEvent[PlanEvent]) -> tuple[datetime, Any] | None:
    """When something was published, and what; None where an event publishes nothing."""
    match event.data:
        case CentreCalendarPublished(published_at=at, calendar=content):
            return at, content
        case TargetsPublished(published_at=at, targets=content):
            return at, content
        case PriceListPublished(published_at=at, prices=content):
            return at, content
        case ProductVersionsPublished(published_at=at, product=content):
            return at, content
        case NoticeOffsetsPublished(published_at=at, offsets=content):
            return at, content
        case TzDatabasePublished(published_at=at, database=content):
            return at, content
        case PlanPartRefused() | TzDatabaseRefused():
            return None
        case _:
            assert_never(event.data)


def parts_of(events: Iterable[RecordedEvent], now: datetime) -> Iterator[PartView]:
    """Every part with its versions."""
    streams: dict[str, list[PublishedVersion]] = {}
    for event in events:
        if found := content_of(event):
            rehearsal = getattr(event.data, "rehearsal", None)
            streams.setdefault(event.stream, []).append(PublishedVersion(event.sequence, *found, rehearsal))
    for stream, published in sorted(streams.items()):
        name = parse_stream(stream)
        yield PartView(
            part=stream, kind=name.kind, name=name.number, versions=tuple(reversed(_versions(published, now)))
        )


def _versions(published: Iterable[PublishedVersion], now: datetime) -> list[VersionView]:
    ordered = sorted(published, key=lambda one: one.sequence)
    by_now = [one.sequence for one in ordered if one.published_at <= now]
    views = list[VersionView]()
    before: dict[str, Any] | None = None
    for sequence, at, content, rehearsal in ordered:
        data = content.model_dump(mode="json")
        found: list[VersionDifference] = list(changes(before, data)) if before else []
        views.append(
            VersionView(
                version=content.version,
                sequence=sequence,
                published_at=at,
                in_force=bool(by_now) and sequence == by_now[-1],
                coming=at > now,
                differs=tuple(found[:MOST]),
                more=max(0, len(found) - MOST),
                content=data,
                rehearsal=rehearsal,
            )
        )
        before = data
    return views


def changes(before: Any, after: Any) -> Iterator[VersionDifference]:
    """Where two versions differ, the number of the version apart."""
    for place, was, is_ in places_that_differ(by_name(before), by_name(after)):
        if place != "/version":
            yield VersionDifference(place=place.lstrip("/"), before=_short(was), after=_short(is_))


def by_name(value: Any) -> Any:
    """The same with lists of named entries as mappings by their names."""
    match value:
        case dict():
            return {name: by_name(inner) for name, inner in value.items()}
        case list() if names := _names(value):
            return {name: by_name(inner) for name, inner in zip(names, value, strict=True)}
        case list():
            return [by_name(inner) for inner in value]
        case _:
            return value


def _names(entries: list[Any]) -> list[str] | None:
    """What tells the entries apart; None where nothing does."""
    for key in NAMED_BY:
        names = [str(one[key]) if isinstance(one, dict) and key in one else None for one in entries]
        if names and None not in names and len(set(names)) == len(names):
            return [name for name in names if name is not None]
    return None


def _short(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(inner)}" for name, inner in value.items() if inner is not None)
    return str(value)


async def look(sources: Sources, query: PlanQuery) -> PlanView:
    """What counts of the plan's topic; raises NotThere."""
    log, now = await sources.log(), sources.clock.now()
    events = [event async for event in counting_events(log, sources.cards[PLAN])]
    parts = [part for part in parts_of(events, now) if query.part in (None, part.part)]
    if query.part is not None and not parts:
        raise NotThere(f"no part {query.part} is published; /plan has all that are")
    return PlanView(now=now, part=query.part, parts=tuple(parts))


PAGE = Page("/plan", look, PlanQuery, PlanView, "plan.html", N_("Plan"), nav=61, live=False)
