"""How long to rest where nothing is due yet."""

from datetime import datetime


def rest(now: datetime, soonest: datetime | None, most: float) -> float:
    """Seconds to wait, at most `most`: until the soonest instant at which something is due, where that is ahead.

    What is due already but can not be done yet does not shorten the wait.
    """
    ahead = (soonest - now).total_seconds() if soonest else most
    return ahead if 0 < ahead < most else most
