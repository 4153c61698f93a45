"""The life of a ticket as lanes along the hours: one for each topic, idle gaps folded, opening hours behind them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from libs.workcal import Interval

IDLE = timedelta(hours=2)
"""A gap that is longer is folded."""
FOLDED, NARROWEST, WIDEST = 108, 112, 520
"""Widths: of a folded gap, and of a stretch between two of them."""
AN_HOUR = 96
"""The width of an hour, where the stretch is not made narrower or wider."""
LEFT, RIGHT = 92, 24
"""What stands before the first stretch, and after the last one."""
APART = 15
"""Marks nearer to each other in a lane are one."""
MARGIN = 12
"""Between the edge of a stretch and what is in it."""


class LaneStretch(NamedTuple):
    """Hours that are drawn to scale, or a gap that is folded; `open` is how long the centre was open in a gap."""

    since: datetime
    until: datetime
    x: float
    width: float
    is_folded: bool
    open: timedelta | None = None


class Happened(NamedTuple):
    """What is marked in a lane."""

    at: datetime
    topic: str
    type: str
    standing: str


class LaneMark(NamedTuple):
    """What happened about then in a lane; `standing` is the most notable of all."""

    x: float
    topic: str
    standing: str
    types: tuple[str, ...]


class Band(NamedTuple):
    """Opening hours."""

    x: float
    width: float


def stretches(instants: Iterable[datetime], hours: Sequence[Interval] | None = None) -> list[LaneStretch]:
    """Lay instants out from left to right; every one lies in a stretch that is not folded."""
    every = sorted(set(instants))
    found: list[LaneStretch] = []
    x = float(LEFT)
    for group in _together(every):
        if found:
            found.append(_gap(found[-1].until, group[0], x, hours))
            x += FOLDED
        width = round(min(max((group[-1] - group[0]) / timedelta(hours=1) * AN_HOUR, NARROWEST), WIDEST))
        found.append(LaneStretch(group[0], group[-1], x, width, is_folded=False))
        x += width
    return found


def _together(every: Sequence[datetime]) -> Iterator[Sequence[datetime]]:
    begins = [0, *(n + 1 for n, (a, b) in enumerate(pairwise(every)) if b - a > IDLE), len(every)]
    return (every[first:last] for first, last in pairwise(begins) if first < last)


def _gap(since: datetime, until: datetime, x: float, hours: Sequence[Interval] | None) -> LaneStretch:
    known = None if hours is None else sum((b - a for a, b in _within(hours, since, until)), timedelta(0))
    return LaneStretch(since, until, x, FOLDED, is_folded=True, open=known)


def _within(hours: Iterable[Interval], since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    clipped = ((max(one.opens_at, since), min(one.closes_at, until)) for one in hours)
    return ((opens, closes) for opens, closes in clipped if opens < closes)


def place(along: Sequence[LaneStretch], at: datetime) -> float:
    """Where an instant lies; raises LookupError where no stretch holds it."""
    for one in along:
        if not one.is_folded and one.since <= at <= one.until:
            inner = one.width - 2 * MARGIN
            return one.x + MARGIN + (_along(one, at, inner) if one.until > one.since else inner / 2)
    raise LookupError(f"no stretch holds {at}")


def _along(stretch: LaneStretch, at: datetime, inner: float) -> float:
    """How far into it: to scale, and nearer together where it would not fit, never further apart."""
    to_scale = (at - stretch.since) / timedelta(hours=1) * AN_HOUR
    return min(to_scale, (at - stretch.since) / (stretch.until - stretch.since) * inner)


def width_of(along: Sequence[LaneStretch]) -> float:
    """How wide all of it is."""
    return (along[-1].x + along[-1].width if along else LEFT) + RIGHT


def bands(along: Sequence[LaneStretch], hours: Sequence[Interval]) -> list[Band]:
    """Opening hours within the stretches that are drawn to scale; an instant alone is open or not, all over."""
    found = []
    for one in along:
        if one.is_folded:
            continue
        if one.since == one.until:
            if any(each.opens_at <= one.since < each.closes_at for each in hours):
                found.append(Band(one.x, one.width))
            continue
        for opens, closes in _within(hours, one.since, one.until):
            left = one.x if opens == one.since else place(along, opens)
            right = one.x + one.width if closes == one.until else place(along, closes)
            found.append(Band(left, right - left))
    return found


NOTABLE = ("stands", "later", "not-yet", "not-known")
"""How an event stands, the most notable last."""


def marks(along: Sequence[LaneStretch], happened: Iterable[Happened]) -> list[LaneMark]:
    """What happened, lane by lane; what is nearer than a mark is wide is one."""
    by_topic: dict[str, list[Happened]] = {}
    for one in happened:
        by_topic.setdefault(one.topic, []).append(one)
    return [mark for topic, each in by_topic.items() for mark in _marks(along, topic, sorted(each, key=lambda e: e.at))]


def _marks(along: Sequence[LaneStretch], topic: str, happened: Sequence[Happened]) -> Iterator[LaneMark]:
    near: list[Happened] = []
    for one in happened:
        if near and place(along, one.at) - place(along, near[0].at) >= APART:
            yield _mark(along, topic, near)
            near = []
        near.append(one)
    if near:
        yield _mark(along, topic, near)


def _mark(along: Sequence[LaneStretch], topic: str, near: Sequence[Happened]) -> LaneMark:
    standing = max((one.standing for one in near), key=NOTABLE.index)
    return LaneMark(place(along, near[0].at), topic, standing, tuple(one.type for one in near))
