"""Where a published version of the tz database differs from the one before it, and which promises that concerns."""

from dataclasses import dataclass
from datetime import datetime

from libs.messages.certificates import Certificate
from libs.plan import current_grounds, reckoned_from
from libs.workcal import tz_version


@dataclass(frozen=True)
class TzChange:
    """A span of time in which a zone has other offsets than by the version before, and where that was said."""

    stream: str
    sequence: int
    published_at: datetime
    zone: str
    version: str
    from_at: datetime
    until_at: datetime


def concerns(change: TzChange, certificate: Certificate) -> bool:
    """Whether a promise that rests on an older version had the changed time ahead of it at the publication.

    A version that is not installed here concerns no promise yet: no hours can be reckoned by it.
    """
    begins_at = max(change.published_at, reckoned_from(certificate))
    is_newer = current_grounds(certificate).tz_version < change.version <= tz_version()
    is_ahead = change.from_at <= certificate.due_at and begins_at < change.until_at
    return change.zone == certificate.zone and is_newer and is_ahead
