"""sla_timer in memory, for one promise: its decider, its row, and its duties as duties.sql finds them.

What the queries say is written here once more, in Python; tests/integration holds the queries themselves.
"""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from libs.messages.sla import PromiseEvent
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.reconsidering import ReconsiderPromise
from services.sla_timer.promise.responses import JudgeAnswer
from services.sla_timer.promise.restatement import RestatePromise, restate
from services.sla_timer.promise.rows import PROMISES, PromiseRow
from services.sla_timer.promise.state import State
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.sla_timer.examples import STREAM


class Timer:
    """One promise, and what is published that it knows of."""

    def __init__(self, calendars: Sequence[PublishedCalendar], targets: Sequence[PublishedTargets]) -> None:
        self.calendars, self.targets = list(calendars), list(targets)
        self.events: list[PromiseEvent] = []
        self.state: State = DECIDER.initial
        self.row: PromiseRow | None = None

    def ask(self, command: Command) -> None:
        """Answer a command by its event."""
        event = DECIDER.decide(self.state, command)
        if event is None:
            return
        self.events.append(event)
        self.state = DECIDER.evolve(self.state, event)
        self.row = PROMISES.evolve(self.row, _recorded(event))

    def do_what_is_due(self, now: datetime) -> None:
        """Go through the duties until none finds anything; one that comes to nothing for ever is a defect."""
        for _ in range(20):
            command = self._due(now)
            if command is None:
                return
            before = len(self.events)
            self.ask(command)
            assert len(self.events) > before, f"{command} comes to nothing, and is due again"
        raise AssertionError("something is due for ever")

    def _due(self, now: datetime) -> Command | None:
        row = self.row
        if row is not None and self._is_wanted(row, now):
            return ReconsiderPromise(now, tuple(self.calendars), tuple(self.targets))
        if row is None or row.due_at is None:
            return None
        if row.state == "waiting":
            return self._due_of_running(row, row.due_at, now)
        if row.state in {"met", "breached", "cancelled"} and (
            _differs(row, row.due_at) or self._has_other_hours(row, now)
        ):
            return RestatePromise(now, tuple(self.calendars), tuple(self.targets))
        return None

    def _due_of_running(self, row: PromiseRow, due_at: datetime, now: datetime) -> Command | None:
        if any(c.content.version > (row.calendar_version or 0) and c.published_at < due_at for c in self._known(now)):
            return RecomputePromise(now, tuple(self.calendars), tuple(self.targets))
        if row.responded_at and row.responded_at <= due_at:
            return JudgeAnswer(row.responded_at)
        if row.at_risk_at and row.at_risk_at <= now <= due_at:
            return WarnAtRisk(row.at_risk_at)
        return FireDeadline(due_at, now) if due_at < now else None

    def _is_wanted(self, row: PromiseRow, now: datetime) -> bool:
        if row.wanting is None or row.responded_at or row.cancelled_at or not self.targets:
            return False
        if row.wanting == "grounds":
            return any(calendar.content.centre == row.centre for calendar in self.calendars)
        return any(calendar.content.version > (row.calendar_version or 0) for calendar in self._known(now))

    def _known(self, now: datetime) -> list[PublishedCalendar]:
        return [calendar for calendar in self.calendars if calendar.published_at <= now]

    def _has_other_hours(self, row: PromiseRow, now: datetime) -> bool:
        """Whether a publication changed hours while the promise ran, so that something new is to be said."""
        command = RestatePromise(now, tuple(self.calendars), tuple(self.targets))
        is_newer = any(calendar.content.version > (row.calendar_version or 0) for calendar in self._known(now))
        return is_newer and restate(self.state, command) is not None


def _differs(row: PromiseRow, due_at: datetime) -> bool:
    due = row.restated_due_at or due_at
    if row.responded_at and row.responded_at <= min(due, row.cancelled_at or due):
        current = "met"
    elif row.cancelled_at and row.cancelled_at <= due:
        current = "cancelled"
    else:
        current = "breached"
    return (row.restated or row.state) != current


def _recorded(event: PromiseEvent) -> Any:
    """What a fold looks at of a recorded event; to write and to read each would take most of the time."""
    return SimpleNamespace(stream=STREAM, data=event, correlationid="test")
