"""A part of the published plan: each publication has a greater version than the one before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, assert_never

from libs.decider import Decider, IdUsedOtherwise
from libs.messages.plan import (
    CentreCalendar,
    CentreCalendarPublished,
    NoticeOffsets,
    NoticeOffsetsPublished,
    PlanEvent,
    PlanPart,
    PlanPartRefused,
    PlanRefusal,
    PriceList,
    PriceListPublished,
    ProductVersions,
    ProductVersionsPublished,
    ResponseTargets,
    TargetsPublished,
    TzDatabase,
    TzDatabasePublished,
    TzDatabaseRefused,
)
from libs.messages.streams import stream_id
from libs.messages.upstream import (
    CalendarContent,
    PricesContent,
    RemindersContent,
    TargetsContent,
    TzContent,
    VersionsContent,
)
from libs.plan import calendar_objection, prices_objection, reminders_objection, targets_objection
from services.contract.tz_databases import publish_tz

MOST_RISE = 1_000_000
"""How far a version may be above the one in force, from 0: a slip of the pen leaves room for those that follow."""
Numbered = CalendarContent | TargetsContent | PricesContent | VersionsContent | RemindersContent
Publication = Numbered | TzContent
NumberedContent = CentreCalendar | ResponseTargets | PriceList | ProductVersions | NoticeOffsets
Content = NumberedContent | TzDatabase


EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class PublishPart:
    """Publish a part of the plan, in force from `occurred_at`, at `now` the earliest: none acts on what is over."""

    occurred_at: datetime
    publication: Publication
    now: datetime = EVER
    rehearsal: str | None = None


@dataclass(frozen=True)
class Unpublished:
    """Nothing was published under this name."""

    state: Literal["unpublished"] = "unpublished"


@dataclass(frozen=True)
class Published:
    """What is in force."""

    content: Content
    state: Literal["published"] = "published"


State = Unpublished | Published


def stream_of_publication(publication: Publication) -> str:
    """Name the stream of a part; the plan has one source, whoever submits it."""
    match publication:
        case CalendarContent(content=calendar):
            return stream_id("calendar", "plan", calendar.centre)
        case TargetsContent():
            return stream_id("targets", "plan", "first-response")
        case PricesContent(content=prices):
            return stream_id("prices", "plan", prices.currency)
        case VersionsContent(content=product):
            return stream_id("versions", "plan", product.product)
        case RemindersContent():
            return stream_id("reminders", "plan", "renewal")
        case TzContent():
            return stream_id("tz", "plan", "iana")
        case _:
            assert_never(publication)


Command = PublishPart | IdUsedOtherwise[PublishPart]


def decide(state: State, command: Command) -> PlanEvent:
    """Answer a command with exactly one event."""
    match command:
        case PublishPart():
            return _publish(state, command)
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return _refused(at, wish.publication, PlanRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def _publish(state: State, command: PublishPart) -> PlanEvent:
    publication, known = command.publication, state.content if isinstance(state, Published) else None
    if isinstance(publication, TzContent):
        return publish_tz(known, publication.content, command.occurred_at, max(command.occurred_at, command.now))
    refusal = _stale(known, publication.content) or _objection(publication)
    if refusal:
        return _refused(command.occurred_at, publication, refusal)
    return _published(max(command.occurred_at, command.now), publication, command.rehearsal)


def _refused(at: datetime, publication: Publication, reason: PlanRefusal) -> PlanPartRefused | TzDatabaseRefused:
    if isinstance(publication, TzContent):
        return TzDatabaseRefused(refused_at=at, version=publication.content.version, reason=reason)
    part, version = PlanPart(publication.part), publication.content.version
    return PlanPartRefused(refused_at=at, part=part, version=version, reason=reason)


def evolve(state: State, event: PlanEvent) -> State:
    """Fold an event into the state."""
    match event:
        case CentreCalendarPublished():
            return Published(event.calendar)
        case TargetsPublished():
            return Published(event.targets)
        case PriceListPublished():
            return Published(event.prices)
        case ProductVersionsPublished():
            return Published(event.product)
        case NoticeOffsetsPublished():
            return Published(event.offsets)
        case TzDatabasePublished():
            return Published(event.database)
        case PlanPartRefused() | TzDatabaseRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, PlanEvent] = Decider(Unpublished(), decide, evolve)


def _stale(known: Content | None, content: NumberedContent) -> PlanRefusal | None:
    in_force = 0 if known is None or isinstance(known, TzDatabase) else known.version
    if content.version > in_force + MOST_RISE:
        return PlanRefusal.IMPLAUSIBLE_VERSION
    if known is None or isinstance(known, TzDatabase) or content.version > known.version:
        return None
    if content.version < known.version:
        return PlanRefusal.OLDER_VERSION
    return PlanRefusal.ALREADY_PUBLISHED if content == known else PlanRefusal.SAME_VERSION_OTHER_CONTENT


def _objection(publication: Numbered) -> PlanRefusal | None:
    match publication:
        case CalendarContent(content=calendar):
            return calendar_objection(calendar)
        case PricesContent(content=prices):
            return prices_objection(prices)
        case TargetsContent(content=targets):
            return targets_objection(targets)
        case RemindersContent(content=offsets):
            return reminders_objection(offsets)
        case VersionsContent():
            return None
        case _:
            assert_never(publication)


def _published(at: datetime, publication: Numbered, rehearsal: str | None) -> PlanEvent:
    match publication:
        case CalendarContent(content=calendar):
            return CentreCalendarPublished(published_at=at, calendar=calendar, rehearsal=rehearsal)
        case TargetsContent(content=targets):
            return TargetsPublished(published_at=at, targets=targets, rehearsal=rehearsal)
        case PricesContent(content=prices):
            return PriceListPublished(published_at=at, prices=prices, rehearsal=rehearsal)
        case VersionsContent(content=product):
            return ProductVersionsPublished(published_at=at, product=product, rehearsal=rehearsal)
        case RemindersContent(content=offsets):
            return NoticeOffsetsPublished(published_at=at, offsets=offsets, rehearsal=rehearsal)
        case _:
            assert_never(publication)
