"""What is published of calendars, targets and tz versions, and which of it is in force at an instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from libs.messages.plan import CentreCalendar, ResponseTargets
from services.sla_timer.published.tz_changes import TzChange


@dataclass(frozen=True)
class PublishedCalendar:
    """A centre's calendar as published, and where that was said."""

    stream: str
    sequence: int
    published_at: datetime
    content: CentreCalendar


@dataclass(frozen=True)
class PublishedTargets:
    """The targets as published, and where that was said."""

    stream: str
    sequence: int
    published_at: datetime
    content: ResponseTargets


Publication = PublishedCalendar | PublishedTargets | TzChange
P = TypeVar("P", PublishedCalendar, PublishedTargets, TzChange)


class Publications(NamedTuple):
    """All that is published and may matter."""

    calendars: Sequence[PublishedCalendar]
    targets: Sequence[PublishedTargets]
    tz_changes: Sequence[TzChange] = ()


def in_force(published: Iterable[P], instant: datetime) -> P | None:
    """The last publication by an instant; the first one where the instant is older than all."""
    ordered = sorted(published, key=lambda one: one.sequence)
    earlier = [one for one in ordered if one.published_at <= instant]
    return earlier[-1] if earlier else next(iter(ordered), None)


def of_centre(published: Iterable[PublishedCalendar], centre: str) -> list[PublishedCalendar]:
    """Keep the calendars of one centre: facts may be of another, or of several."""
    return [one for one in published if one.content.centre == centre]


def published_by(published: Iterable[P], instant: datetime) -> list[P]:
    """Keep what was published by an instant."""
    return [one for one in published if one.published_at <= instant]
