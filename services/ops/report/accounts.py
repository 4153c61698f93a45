"""What the tables say of each promise, and what became of it in one of two ledgers."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from libs.workcal import Interval, start_of_day, zone
from services.ops.sla.grounds import Grounds
from services.ops.sla.response_times import TimedAnswer, Times, as_promised, as_restated


class Ledger(StrEnum):
    """Which of two verdicts is counted."""

    PROMISED = "promised"
    """The verdict as it was given."""
    RESTATED = "restated"
    """What it would be if all that is known now had been known in time."""


class PromiseAccount(NamedTuple):
    """What the tables say of one promise; `since` and `intervals` are those of its certificate, where it has one."""

    ticket: str
    centre: str
    channel: str
    state: str
    opened_at: datetime
    due_at: datetime | None = None
    responded_at: datetime | None = None
    detected_at: datetime | None = None
    calendar_centre: str | None = None
    restated: str | None = None
    restated_due_at: datetime | None = None
    restated_because: str | None = None
    since: datetime | None = None
    intervals: tuple[Interval, ...] = ()

    def verdict(self, ledger: Ledger) -> str:
        """What became of the promise."""
        return self.restated or self.state if ledger is Ledger.RESTATED else self.state

    def due(self, ledger: Ledger) -> datetime | None:
        """Its deadline."""
        return self.restated_due_at or self.due_at if ledger is Ledger.RESTATED else self.due_at

    def times(self, ledger: Ledger, grounds: Grounds) -> Times | None:
        """How long the answer took; None where there is none."""
        due_at = self.due(ledger)
        if self.responded_at is None or self.due_at is None or due_at is None:
            return None
        centre = self.calendar_centre or self.centre
        answer = TimedAnswer(self.responded_at, self.since or self.opened_at, self.due_at, centre, self.intervals)
        return as_promised(answer, grounds) if due_at == self.due_at else as_restated(answer, due_at, grounds)


@dataclass(frozen=True)
class Days:
    """Local days of each centre, from one to another, which is excluded."""

    from_day: date
    to_day: date
    grounds: Grounds
    _spans: dict[str, Interval] = field(default_factory=dict)

    def of(self, centre: str) -> Interval:
        """The instants of these days at a centre; in UTC where no calendar is published, so nothing promised."""
        if centre not in self._spans:
            civil = self.grounds.newest(centre).civil if centre in self.grounds.calendars else zone("UTC")
            self._spans[centre] = Interval(start_of_day(self.from_day, civil), start_of_day(self.to_day, civil))
        return self._spans[centre]

    def hold(self, centre: str, instant: datetime) -> bool:
        """Whether an instant lies in them."""
        begins_at, ends_at = self.of(centre)
        return begins_at <= instant < ends_at
