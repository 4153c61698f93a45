"""What is known of a promise: it runs, it has its verdict, or none was made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from libs.messages.sla import Certificate, NoPromise, Verdict
from libs.messages.tickets import Channel


@dataclass(frozen=True)
class Untracked:
    """No promise, and none refused."""

    state: Literal["untracked"] = "untracked"


@dataclass(frozen=True)
class Promise:
    """What is promised, to whom, and how the ticket was opened."""

    ticket: str
    customer: str
    centre: str
    channel: Channel
    certificate: Certificate

    @property
    def opened_at(self) -> datetime:
        """When the ticket was opened."""
        return self.certificate.opened_at

    @property
    def at_risk_at(self) -> datetime:
        """When the warning share is used up."""
        return self.certificate.at_risk_at

    @property
    def due_at(self) -> datetime:
        """The deadline."""
        return self.certificate.due_at


@dataclass(frozen=True)
class Waiting:
    """A promise that runs; `late_at` is the earliest answer known that came after the deadline.

    `passed_over` is the version of a calendar on which no deadline could be given, 0 where there was none;
    `restated_due_at` is the deadline if all had been known from the opening on, where it is another one.
    """

    promise: Promise
    warned: bool = False
    late_at: datetime | None = None
    passed_over: int = 0
    restated_due_at: datetime | None = None
    state: Literal["waiting"] = "waiting"


@dataclass(frozen=True)
class Judged:
    """A promise with its verdict, which stays; beside it what was restated of it, and on which calendar.

    `responded_at` is the earliest answer known.
    """

    promise: Promise
    verdict: Verdict
    responded_at: datetime | None = None
    restated_due_at: datetime | None = None
    restated: Verdict | None = None
    calendar_version: int = 0
    state: Literal["judged"] = "judged"


@dataclass(frozen=True)
class NotPromised:
    """No deadline could be given; it stays so, since answers may have been passed over meanwhile."""

    reason: NoPromise
    state: Literal["not-promised"] = "not-promised"


State = Untracked | Waiting | Judged | NotPromised
