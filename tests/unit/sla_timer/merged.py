"""Tickets that are merged, their promises and sla_timer's reactions, in memory; what intake takes is told here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from libs.messages.sla import PromiseEvent
from libs.messages.tickets import Channel, MergeUndone, TicketEvent, TicketOpened, TicketsMerged, TicketTransferred
from services.sla_timer.promise.calls import ReckonCalls
from services.sla_timer.promise.decider import Command
from services.sla_timer.promise.histories import PromiseHistory, WhatFollows, what_follows
from services.sla_timer.promise.history_rows import HISTORIES, HistoryRow
from services.sla_timer.promise.merged import lacking
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.restatement import RestatePromise, deadline_of
from services.sla_timer.promise.rows import Ground, PromiseRow, stands_for
from services.sla_timer.published.publications import (
    Publications,
    PublishedCalendar,
    PublishedTargets,
    of_centre,
    published_by,
)
from services.sla_timer.reactions import ENDS, PlanFacts, promise_of, react, react_to_promise
from tests.unit.sla_timer.timer import Timer


class MergedTimer(Timer):
    """One promise of several; it is restated by the facts of all where its ticket was ever merged."""

    def __init__(
        self, system: "System", calendars: Sequence[PublishedCalendar], targets: Sequence[PublishedTargets]
    ) -> None:
        super().__init__(calendars, targets)
        self._system = system
        self.told = 0
        """How many of its events were reacted to."""

    def _due(self, now: datetime) -> Command | None:
        row = self.row
        if row is None or row.due_at is None:
            return None
        merged = self._system.merged_with(row.ticket)
        if row.state == "waiting":
            return self._due_of_running(row, row.due_at, now)
        if not merged:
            return super()._due(now)
        return self._lacking(row, merged, now) or self._restating(row, merged, now)

    def _restating(self, row: PromiseRow, merged: tuple[PromiseHistory, ...], now: datetime) -> Command | None:
        found = self._system.follows(merged, now).get(row.ticket)
        if not found or not found.verdict or found.verdict == (row.restated or row.state):
            return None
        return RestatePromise(now, tuple(self.calendars), tuple(self.targets), merged)

    def _lacking(self, row: PromiseRow, merged: tuple[PromiseHistory, ...], now: datetime) -> Command | None:
        found = self._system.follows(merged, now).get(row.ticket)
        return lacking(row, found, Publications(self.calendars, self.targets), now) if found else None

    def _due_of_running(self, row: PromiseRow, due_at: datetime, now: datetime) -> Command | None:
        if any(self._is_newer(ground, now) for ground in stands_for(row)):
            return RecomputePromise(now, tuple(self.calendars), tuple(self.targets))
        if row.owed_call_at:
            return ReckonCalls(row.owed_call_at, tuple(self.calendars), tuple(self.targets))
        merged = self._system.merged_with(row.ticket)
        command = self._lacking(row, merged, now) if merged else None
        return command or super()._due_of_running(row, due_at, now)

    def _is_newer(self, ground: Ground, now: datetime) -> bool:
        due_at = datetime.fromisoformat(ground.due_at)
        calendars = of_centre(self.calendars, ground.centre)
        newer: list[PublishedCalendar | PublishedTargets] = [c for c in calendars if c.content.version > ground.version]
        newer += [t for t in self.targets if t.content.version > ground.targets_version and _is_shorter(t, ground)]
        return any(one.published_at <= now and one.published_at < due_at for one in newer)

    def _known(self, now: datetime) -> list[PublishedCalendar]:
        """Leave those of running promises out, which were asked for each that it stands for."""
        centre = self.row.calendar_centre if self.row and self.row.state != "waiting" else None
        return of_centre(super()._known(now), centre or "")


def _is_shorter(targets: PublishedTargets, ground: Ground) -> bool:
    seconds = targets.content.targets.model_dump().get(f"{ground.target_channel}_seconds")
    return seconds is not None and seconds < ground.target_seconds


class System:
    """All promises; what is said of tickets comes in the order of telling."""

    def __init__(
        self,
        calendars: Mapping[str, PublishedCalendar],
        targets: Sequence[PublishedTargets],
        tickets: Sequence[str],
    ) -> None:
        self._calendars, self._targets = list(calendars.values()), list(targets)
        self.histories: dict[str, HistoryRow] = {}
        self.into: dict[str, tuple[str, datetime]] = {}
        self.promises = {promise_of(one): MergedTimer(self, self._calendars, targets) for one in tickets}
        self._follows: dict[tuple[datetime, tuple[str, ...]], dict[str, WhatFollows]] = {}
        """What was reckoned since something was told last."""
        self._deadlines: dict[tuple[object, ...], datetime | None] = {}

    def of(self, ticket: str) -> MergedTimer:
        return self.promises[promise_of(ticket)]

    def publish(self, published: PublishedCalendar | PublishedTargets) -> None:
        self._follows.clear()
        if isinstance(published, PublishedTargets):
            self._targets.append(published)
        else:
            self._calendars.append(published)
        for timer in self.promises.values():
            timer.calendars, timer.targets = list(self._calendars), list(self._targets)

    def tell(self, ticket: str, said: TicketEvent, now: datetime) -> None:
        self._follows.clear()
        if hasattr(said, "merged_into"):
            at = getattr(said, "responded_at", None) or getattr(said, "called_at", now)
            into, merged_at = self.into.get(ticket, (None, now))
            said = said.model_copy(update={"merged_into": into if at and at > merged_at else None})
        if isinstance(said, TicketsMerged):
            self.into[ticket] = said.into, said.merged_at
        elif isinstance(said, MergeUndone):
            self.into.pop(ticket, None)
        event: Any = SimpleNamespace(stream=ticket, data=said, recordedtime=now, correlationid="test")
        if type(said) in HISTORIES.events and (row := HISTORIES.evolve(self.histories.get(ticket), event)):
            self.histories[ticket] = row
        for reaction in react(event, self._facts(ticket, said)):
            self.promises[reaction.stream].ask(reaction.command)  # type: ignore[arg-type]
        self._react(now)

    def _facts(self, ticket: str, said: TicketEvent) -> PlanFacts:
        if isinstance(said, TicketOpened | TicketTransferred):
            centres = {said.centre if isinstance(said, TicketOpened) else said.to_centre}
        else:
            row = self.of(getattr(said, "merged_into", None) or ticket).row
            centres = {ground.centre for ground in stands_for(row)} if row else set[str]()
        return PlanFacts(tuple(c for c in self._calendars if c.content.centre in centres), tuple(self._targets))

    def _react(self, now: datetime) -> None:
        """Let promises ask each other until all is quiet."""
        while news := list(self._news()):
            for stream, event in news:
                about: Any = SimpleNamespace(stream=stream, data=event, time=now)
                for reaction in react_to_promise(about) if isinstance(event, ENDS) else []:
                    self.promises[reaction.stream].ask(reaction.command)  # type: ignore[arg-type]

    def _news(self) -> Iterator[tuple[str, PromiseEvent]]:
        for stream, timer in self.promises.items():
            new, timer.told = timer.events[timer.told :], len(timer.events)
            yield from ((stream, event) for event in new)

    def merged_with(self, ticket: str) -> tuple[PromiseHistory, ...]:
        """The histories of a ticket and of all that it was ever merged with; none where it never was."""
        found, more = set[str](), {ticket}
        while more:
            found |= more
            rows = self.histories.items()
            more = {s for t, row in rows for s in (t, *row.survivors) if {t, *row.survivors} & found} - found
        histories = [self._history(one) for one in sorted(found) if one in self.histories]
        return tuple(histories) if len(histories) > 1 else ()

    def follows(self, merged: tuple[PromiseHistory, ...], now: datetime) -> dict[str, WhatFollows]:
        """Give what `stand_merged` gives, and reckon no deadline twice: most of the time went there."""
        asked = now, tuple(one.ticket for one in merged)
        if asked not in self._follows:
            self._follows[asked] = what_follows(merged, partial(self._deadline, now), now)
        return self._follows[asked]

    def _deadline(self, now: datetime, history: PromiseHistory, calls: Sequence[datetime]) -> datetime | None:
        calendars, targets = published_by(self._calendars, now), published_by(self._targets, now)
        key = (history.ticket, history.centre, history.channel, history.opened_at, *calls, len(calendars), len(targets))
        if key not in self._deadlines:
            self._deadlines[key] = deadline_of(history, calls, calendars, targets)
        return self._deadlines[key]

    def _history(self, ticket: str) -> PromiseHistory:
        row: Any = self.histories[ticket]
        return PromiseHistory(ticket, row.centre, Channel(row.channel), row.opened_at, row.facts)

    def pass_until(self, now: datetime) -> None:
        """Let what comes due before an instant be done just after its own."""
        while due := [
            t.row.due_at for t in self.promises.values() if t.row and t.row.state == "waiting" and t.row.due_at
        ]:
            if min(due) >= now:
                break
            self._do(min(due) + timedelta.resolution)
        self._do(now)

    def _do(self, now: datetime) -> None:
        for timer in self.promises.values():
            timer.do_what_is_due(now)
        self._react(now)
