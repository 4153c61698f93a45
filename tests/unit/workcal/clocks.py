"""Every change of clocks that the zones of the world have planned."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped] # the package ships no types

from libs.workcal import zone
from libs.workcal.zones import zone_names

FIRST_YEAR, LAST_YEAR = 2025, 2035
WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)


class Change(NamedTuple):
    """A zone's clocks are moved by so much, at an instant."""

    zone: str
    at: datetime
    shift: timedelta

    @property
    def shown(self) -> datetime:
        """What the clocks would show without it."""
        return (self.at - SECOND).astimezone(zone(self.zone)).replace(tzinfo=None) + SECOND

    @property
    def kind(self) -> tuple[timedelta, timedelta]:
        """By how much, and at what time of the day."""
        shown = self.shown
        return self.shift, shown - shown.replace(hour=0, minute=0, second=0)

    @property
    def near_midnight(self) -> bool:
        """Whether the hours that are skipped or come twice touch another date."""
        return not 2 <= self.shown.hour < 22


@cache
def names() -> dict[str, list[str]]:
    """One name of each zone → all that mean it, for their data are the same to the byte."""
    found: dict[bytes, list[str]] = {}
    for name in sorted(zone_names()):
        found.setdefault(files(tzdata).joinpath("zoneinfo", *name.split("/")).read_bytes(), []).append(name)
    return {same[0]: same for same in found.values()}


@cache
def changes() -> list[Change]:
    """All of them, zone by zone, in order."""
    return [Change(name, at, shift) for name in names() for at, shift in _changes_of(zone(name))]


@cache
def kinds_of_zones() -> dict[str, list[Change]]:
    """Zone → the first change of each kind that it has."""
    found: dict[str, dict[tuple[timedelta, timedelta], Change]] = {}
    for change in changes():
        found.setdefault(change.zone, {}).setdefault(change.kind, change)
    return {name: list(of.values()) for name, of in found.items()}


@cache
def odd_kinds() -> list[Change]:
    """One change for each shift of the clocks, and one more near midnight."""
    found = {(change.shift, change.near_midnight): change for of in kinds_of_zones().values() for change in of}
    return list(found.values())


def _changes_of(civil: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    instant, offset = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), _offset(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), civil)
    while instant.year <= LAST_YEAR:
        following = instant + WEEK
        after = _offset(following, civil)
        if after != offset:
            yield _first_after(instant, following, civil), after - offset
        instant, offset = following, after


def _first_after(before: datetime, after: datetime, civil: ZoneInfo) -> datetime:
    offset = _offset(before, civil)
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        before, after = (middle, after) if _offset(middle, civil) == offset else (before, middle)
    return after


def _offset(instant: datetime, civil: ZoneInfo) -> timedelta:
    return instant.astimezone(civil).utcoffset() or timedelta(0)
