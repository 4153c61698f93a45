"""How long to rest where nothing is due yet."""

from datetime import datetime


def rest(now: datetime, soonest: datetime | None, most: float) -> float:
    """Seconds of rest, at most so many: until the soonest instant at which something is due, where that is ahead.

    What is due and can not be done yet is no reason for haste.
    """
    ahead = (soonest - now).total_seconds() if soonest else most
    return ahead if 0 < ahead < most else most
