"""How a promise stands at the end of a history, and what people were told of it."""

from datetime import datetime
from typing import NamedTuple

MET, BREACHED, CANCELLED, RUNNING, NOT_PROMISED = "met", "breached", "cancelled", "waiting", "not-promised"


class MailAsked(NamedTuple):
    """A mail that is asked for: its template, to whom, and when."""

    template: str
    role: str
    at: datetime


class PromiseOutcome(NamedTuple):
    """How a promise stands; without one there is a `reason` and no deadline."""

    centre: str
    channel: str
    opened_at: datetime
    verdict: str
    """met, breached, cancelled, waiting or not-promised: as it fell."""
    due_at: datetime | None = None
    responded_at: datetime | None = None
    """The earliest answer by a person that is known, in time or not."""
    calendar_version: int | None = None
    targets_version: int | None = None
    target_seconds: int | None = None
    reason: str | None = None
    restated: str | None = None
    """What the verdict would be if all had been known in time, where that was said."""
    restated_due_at: datetime | None = None
    mails: tuple[MailAsked, ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether it counts for attainment."""
        return self.verdict in {MET, BREACHED}
