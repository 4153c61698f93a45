"""A release by which France goes to summer time two weeks earlier in 2027, and a promise that this concerns.

It was mailed on Friday 12 March at 16:00: one hour of four is used by the evening, and on Monday it is due at 12:00.
"""

from datetime import UTC, datetime

from libs.messages.plan import TzDatabase, TzDatabasePublished
from libs.messages.tickets import Channel
from libs.plan import tz_database
from services.sla_timer.published.tz_changes import TzChange
from tests.tz import Installed, moved
from tests.unit.sla_timer.examples import PLAN, started

TZ_STREAM = "tz/plan/iana"
SUMMER, EARLIER = datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 14, 1, tzinfo=UTC)


def march(clock: str, day: int) -> datetime:
    """UTC in March 2027; the 12th is a Friday."""
    return datetime.fromisoformat(f"2027-03-{day:02}T{clock}Z")


OVER_THE_WEEKEND = started(march("15:00", 12), Channel.EMAIL)
DUE, DUE_BY_2027A = march("11:00", 15), march("10:00", 15)
SATURDAY = march("10:00", 13)


def said() -> TzDatabase:
    """Give what is installed of the plan's zones."""
    found = tz_database(PLAN.centres)
    assert found is not None
    return found


def published(database: TzDatabase, at: datetime) -> TzDatabasePublished:
    return TzDatabasePublished(published_at=at, database=database)


def install_2027a(tz: Installed) -> TzDatabase:
    """Install the release; gives what it says."""
    tz.release("2027a", Europe__Paris=moved("Europe/Paris", SUMMER, EARLIER))
    return said()


def change(at: datetime = SATURDAY, version: str = "2027a", zone: str = "Europe/Paris") -> TzChange:
    """Give what the release changed."""
    return TzChange(TZ_STREAM, 2, at, zone, version, EARLIER, SUMMER)
