"""A part of the published plan: each publication has a greater version than the one before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider
from libs.messages.door import CalendarContent, PricesContent, TargetsContent, VersionsContent
from libs.messages.plan import (
    CentreCalendar,
    CentreCalendarPublished,
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
)
from libs.messages.streams import stream_id
from libs.plan import calendar_objection, prices_objection, targets_objection

Publication = CalendarContent | TargetsContent | PricesContent | VersionsContent
Content = CentreCalendar | ResponseTargets | PriceList | ProductVersions


@dataclass(frozen=True)
class PublishPart:
    """Publish a part of the plan, in force from `occurred_at`."""

    occurred_at: datetime
    publication: Publication


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
        case _:
            assert_never(publication)


def decide(state: State, command: PublishPart) -> PlanEvent:
    """Answer a command with exactly one event."""
    publication = command.publication
    refusal = _stale(state, publication.content) or _objection(publication)
    if refusal:
        return PlanPartRefused(
            refused_at=command.occurred_at,
            part=PlanPart(publication.part),
            version=publication.content.version,
            reason=refusal,
        )
    return _published(command.occurred_at, publication)


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
        case PlanPartRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, PublishPart, PlanEvent] = Decider(Unpublished(), decide, evolve)


def _stale(state: State, content: Content) -> PlanRefusal | None:
    if isinstance(state, Unpublished) or content.version > state.content.version:
        return None
    if content.version < state.content.version:
        return PlanRefusal.OLDER_VERSION
    return PlanRefusal.ALREADY_PUBLISHED if content == state.content else PlanRefusal.SAME_VERSION_OTHER_CONTENT


def _objection(publication: Publication) -> PlanRefusal | None:
    match publication:
        case CalendarContent(content=calendar):
            return calendar_objection(calendar)
        case PricesContent(content=prices):
            return prices_objection(prices)
        case TargetsContent(content=targets):
            return targets_objection(targets)
        case VersionsContent():
            return None
        case _:
            assert_never(publication)


def _published(at: datetime, publication: Publication) -> PlanEvent:
    match publication:
        case CalendarContent(content=calendar):
            return CentreCalendarPublished(published_at=at, calendar=calendar)
        case TargetsContent(content=targets):
            return TargetsPublished(published_at=at, targets=targets)
        case PricesContent(content=prices):
            return PriceListPublished(published_at=at, prices=prices)
        case VersionsContent(content=product):
            return ProductVersionsPublished(published_at=at, product=product)
        case _:
            assert_never(publication)
