"""The UTC offsets of a zone as the database in use has them, with the exact instants at which they change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from libs.workcal.zones import in_utc, zone

STEP = timedelta(hours=3)
"""No zone has ever gone to another offset and back again within so short a time."""
SECOND = timedelta(seconds=1)
"""Every change is at a whole second."""


def offsets(name: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """The offset in force at `since`, then each change before `until`, both whole seconds; raises `UnknownZone`."""
    civil, at, end = zone(name), in_utc(since), in_utc(until)
    known = _offset(civil, at)
    yield at, known
    while at < end:
        ahead = min(at + STEP, end)
        if _offset(civil, ahead) == known:
            at = ahead
            continue
        at = _change(civil, at, ahead)
        if at < end:
            known = _offset(civil, at)
            yield at, known


def _change(civil: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between two with different offsets from which on the offset of the first no longer holds."""
    known = _offset(civil, before)
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        before, after = (middle, after) if _offset(civil, middle) == known else (before, middle)
    return after


def _offset(civil: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(civil).replace(tzinfo=UTC) - at
