"""The tz database as a part of the plan: its versions are texts, and one of them may be published again with more."""

from datetime import datetime

from libs.messages.base import Value
from libs.messages.plan import PlanRefusal, TzDatabase, TzDatabasePublished, TzDatabaseRefused
from libs.plan import is_more_of, tz_objection


def publish_tz(
    known: Value | None, database: TzDatabase, at: datetime, acts_from: datetime
) -> TzDatabasePublished | TzDatabaseRefused:
    """Publish a greater version, or the same one with more zones or days, as for a new centre or longer calendars."""
    refusal = (
        _not_yet(database, at)
        or tz_objection(database)
        or (_stale(known, database) if isinstance(known, TzDatabase) else None)
    )
    if refusal:
        return TzDatabaseRefused(refused_at=at, version=database.version, reason=refusal)
    return TzDatabasePublished(published_at=acts_from, database=database)


def _not_yet(database: TzDatabase, at: datetime) -> PlanRefusal | None:
    """A release bears its own year: one of a later year would stand before all that are still to come."""
    return PlanRefusal.IMPLAUSIBLE_VERSION if int(database.version[:4]) > at.year else None


def _stale(known: TzDatabase, database: TzDatabase) -> PlanRefusal | None:
    if database.version != known.version:
        return PlanRefusal.OLDER_VERSION if database.version < known.version else None
    if is_more_of(database, known):
        return PlanRefusal.ALREADY_PUBLISHED
    return None if is_more_of(known, database) else PlanRefusal.SAME_VERSION_OTHER_CONTENT
