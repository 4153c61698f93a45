"""The offsets of a tz database version, as values, so that the log itself shows where another version differs."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from libs.messages.plan import CentreCalendar, TzDatabase, ZoneOffset, ZoneOffsets
from libs.workcal import Interval, UnknownZone, offsets, tz_version, zone

ONE_DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def tz_database(calendars: Iterable[CentreCalendar]) -> TzDatabase | None:
    """What the installed database says of the zones of some centres on their published days.

    Zones that it does not hold are left out; None where none is left.
    """
    known = [one for one in calendars if one.first_day <= one.last_day and _is_zone(one.zone)]
    if not known:
        return None
    first, last = min(one.first_day for one in known), max(one.last_day for one in known)
    span, names = _around(first, last), sorted({one.zone for one in known})
    zones = tuple(_offsets_of(name, span) for name in names)
    return TzDatabase(version=tz_version(), first_day=first, last_day=last, zones=zones)


def span_of(database: TzDatabase) -> Interval:
    """The span of instants that a published database covers."""
    return _around(database.first_day, database.last_day)


def differences(before: TzDatabase, after: TzDatabase, name: str) -> list[Interval]:
    """The spans in which two databases that both hold a zone give it different offsets."""
    one, other = _zone_of(before, name), _zone_of(after, name)
    since, until = _both(before, after)
    changes = {offset.from_at for offset in (*one.offsets, *other.offsets) if since < offset.from_at < until}
    cuts = pairwise(sorted({since, until, *changes})) if since < until else ()
    differing = (Interval(*cut) for cut in cuts if _at(one, cut[0]) != _at(other, cut[0]))
    return list(_as_one(differing))


def is_more_of(before: TzDatabase, after: TzDatabase) -> bool:
    """Whether `after` covers everything that `before` does, with the same offsets."""
    names = {each.zone for each in after.zones}
    if _both(before, after) != span_of(before) or not names.issuperset(each.zone for each in before.zones):
        return False
    return not any(differences(before, after, each.zone) for each in before.zones)


def _around(first: date, last: date) -> Interval:
    begins_at, ends_at = (datetime.combine(day, time(), UTC) for day in (first, last))
    return Interval(begins_at - ONE_DAY, ends_at + 2 * ONE_DAY)


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except UnknownZone:
        return False
    return True


def _offsets_of(name: str, span: Interval) -> ZoneOffsets:
    found = (ZoneOffset(from_at=at, seconds=offset // SECOND) for at, offset in offsets(name, *span))
    return ZoneOffsets(zone=name, offsets=tuple(found))


def _both(one: TzDatabase, other: TzDatabase) -> Interval:
    spans = (span_of(one), span_of(other))
    return Interval(max(span.opens_at for span in spans), min(span.closes_at for span in spans))


def _zone_of(database: TzDatabase, name: str) -> ZoneOffsets:
    return next(each for each in database.zones if each.zone == name)


def _at(of: ZoneOffsets, at: datetime) -> int:
    begun = bisect_right(of.offsets, at, key=lambda each: each.from_at)
    return of.offsets[max(0, begun - 1)].seconds


def _as_one(spans: Iterable[Interval]) -> Iterator[Interval]:
    """Merge spans that follow on each other."""
    pending: Interval | None = None
    for span in spans:
        if pending and pending.closes_at == span.opens_at:
            pending = Interval(pending.opens_at, span.closes_at)
            continue
        if pending:
            yield pending
        pending = span
    if pending:
        yield pending
