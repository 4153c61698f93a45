"""Some tickets once more, event by event, on what a timeline says: sla_timer's reactions and duties, as time passes.

Every fact is told when it was told, and what is due is done at its own instant, after all that was told by then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import event_type
from libs.messages.sla import PromiseEvent
from libs.messages.tickets import Channel, TicketEvent
from services.notification.reactions import NO_FACTS as NOBODY_KNOWN
from services.notification.reactions import react as notices_for
from services.ops.rehearse.outcome import MailAsked, PromiseOutcome
from services.ops.rehearse.timeline import PlanTimeline
from services.sla_timer.promise.calls import ReckonCalls
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.histories import PromiseHistory, WhatFollows
from services.sla_timer.promise.history_rows import HISTORIES, HistoryRow
from services.sla_timer.promise.merged import lacking
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.reconsidering import ReconsiderPromise, Wanting
from services.sla_timer.promise.responses import JudgeAnswer
from services.sla_timer.promise.restatement import RestatePromise, restate, stand_merged
from services.sla_timer.promise.rows import PROMISES, Ground, PromiseRow, stands_for
from services.sla_timer.promise.state import State
from services.sla_timer.published.publications import (
    Publications,
    PublishedTargets,
    of_centre,
    published_by,
)
from services.sla_timer.reactions import (
    ENDS,
    NO_FACTS,
    FactsNeeded,
    PlanFacts,
    called_about,
    facts_needed,
    react,
    react_to_promise,
)

MOST_TURNS = 1_000
"""In which all that is due at one instant is done; more would be a fault of ours."""
RUNNING = "waiting"
NOWHERE = "00000000-0000-5000-8000-000000000000"
"""The id of what stands in no log."""
JUDGED = frozenset({"met", "breached", "cancelled"})


class ToldEvent(NamedTuple):
    """An event of a promise, and when it would have been told."""

    at: datetime
    event: PromiseEvent


@dataclass
class PromiseReplayed:
    """One promise as time passes."""

    ticket: str
    stream: str
    state: State = DECIDER.initial
    row: PromiseRow | None = None
    told: list[ToldEvent] = field(default_factory=list)
    passed_on: int = 0
    """How many of its events other promises have reacted to."""
    stays: int = 0
    """The newest calendar of which nothing new is to be said."""

    def ask(self, command: Command, now: datetime) -> bool:
        """Answer a command; whether anything came of it."""
        event = DECIDER.decide(self.state, command)
        if event is None:
            return False
        self.state = DECIDER.evolve(self.state, event)
        self.row = PROMISES.evolve(self.row, _recorded(self.stream, len(self.told) + 1, event, now))
        self.told.append(ToldEvent(now, event))
        return True


@dataclass
class Replay:
    """Tickets that may ask something of each other, and what is published by the instant that it has come to."""

    timeline: PlanTimeline
    promises: dict[str, PromiseReplayed] = field(default_factory=dict)
    histories: dict[str, HistoryRow] = field(default_factory=dict)
    known: PlanTimeline = field(default_factory=lambda: PlanTimeline(()))
    """What of the timeline is known at the instant that it has come to."""

    def run(self, events: Iterable[RecordedEvent[TicketEvent]], until: datetime) -> None:
        """Let all this happen, and what is due by an instant; what was recorded at one instant in the order given."""
        ordered = sorted(events, key=lambda event: event.recordedtime)
        published = (at for at in self.timeline.moments if at <= until)
        moments = sorted({*(event.recordedtime for event in ordered), *published, until})
        said = iter(ordered)
        event = next(said, None)
        for now in moments:
            self._pass_until(now)
            self.known = self.timeline.known_by(now)
            while event is not None and event.recordedtime <= now:
                self._tell(event, now)
                event = next(said, None)
            self._settle(now)

    def _pass_until(self, now: datetime) -> None:
        """Do what is due before an instant, each at its own."""
        while (due := min(self._dues(), default=now)) < now:
            self._settle(due)

    def _dues(self) -> Iterator[datetime]:
        for promise in self.promises.values():
            row = promise.row
            if row is not None and row.state == RUNNING and row.due_at is not None:
                warns = row.at_risk_at is not None and row.at_risk_at <= row.due_at
                yield row.at_risk_at if warns and row.at_risk_at else row.due_at + timedelta.resolution

    def _tell(self, event: RecordedEvent[TicketEvent], now: datetime) -> None:
        if type(event.data) in HISTORIES.events and (row := HISTORIES.evolve(self.histories.get(event.stream), event)):
            self.histories[event.stream] = row
        for reaction in react(event, self._facts(event)):
            self._of(reaction.stream).ask(reaction.command, now)  # type: ignore[arg-type]
        self._pass_on(now)

    def _of(self, stream: str) -> PromiseReplayed:
        if stream not in self.promises:
            ticket = "ticket" + stream.removeprefix("promise")
            self.promises[stream] = PromiseReplayed(ticket, stream)
        return self.promises[stream]

    def _facts(self, event: RecordedEvent[TicketEvent]) -> PlanFacts:
        rows = [(stream, self._of(stream).row) for stream in called_about([event])]
        about = {stream: FactsNeeded(_centres(row), row.opened_at) for stream, row in rows if row}
        needed = facts_needed(event, about)
        return self.known.facts(needed.centres) if needed else NO_FACTS

    def _pass_on(self, now: datetime) -> None:
        """Let promises ask each other until all is quiet."""
        for _ in range(MOST_TURNS):
            news = [(one, told) for one in self.promises.values() for told in one.told[one.passed_on :]]
            if not news:
                return
            for promise, told in news:
                promise.passed_on += 1
                if isinstance(told.event, ENDS):
                    about = _recorded(promise.stream, promise.passed_on, told.event, now)
                    for reaction in react_to_promise(about):
                        self._of(reaction.stream).ask(reaction.command, now)  # type: ignore[arg-type]
        raise _endless(self.promises)

    def _settle(self, now: datetime) -> None:
        """Do all that is due at an instant."""
        for _ in range(MOST_TURNS):
            self._pass_on(now)
            done = [self._do(promise, now) for promise in [*self.promises.values()]]
            if not any(done):
                return
        raise _endless(self.promises)

    def _do(self, promise: PromiseReplayed, now: datetime) -> bool:
        return any(promise.ask(command, now) for command in self._due(promise, now))

    def _due(self, promise: PromiseReplayed, now: datetime) -> Iterator[Command]:
        """What duties find, the first of them first; what comes to nothing is passed by."""
        row = promise.row
        if row is None:
            return
        if self._is_wanted(row, now):
            facts = self.known.facts({row.centre})
            yield ReconsiderPromise(now, facts.calendars, facts.targets)
        elif row.due_at is not None and row.state == RUNNING:
            yield from self._due_of_running(row, row.due_at, now)
        elif row.due_at is not None and row.state in JUDGED:
            yield from self._due_of_judged(promise, row, row.due_at, now)

    def _is_wanted(self, row: PromiseRow, now: datetime) -> bool:
        if row.wanting is None or row.responded_at or row.cancelled_at or not self.known.targets:
            return False
        calendars, known = self.known.facts({row.centre}).calendars, row.calendar_version or 0
        if row.wanting == Wanting.GROUNDS:
            return bool(calendars)
        return any(one.content.version > known for one in published_by(calendars, now))

    def _due_of_running(self, row: PromiseRow, due_at: datetime, now: datetime) -> Iterator[Command]:
        facts = self.known.facts(_centres(row))
        is_newest = row.beside is None and row.reckoned_from is not None and row.reckoned_from > self.known.moments[-1]
        if not is_newest and any(_is_older(ground, facts, now) for ground in stands_for(row)):
            yield RecomputePromise(now, facts.calendars, facts.targets, facts.tz_changes)
        if row.owed_call_at:
            yield ReckonCalls(row.owed_call_at, facts.calendars, facts.targets, facts.tz_changes)
        if row.responded_at and row.responded_at <= due_at:
            yield JudgeAnswer(row.responded_at)
        if merged := self._merged_with(row.ticket):
            together, found = self._reckoned(merged, row.ticket, now)
            published = Publications(together.calendars, together.targets, together.tz_changes)
            if found and (command := lacking(row, found, published, now)):
                yield command
        if row.at_risk_at and row.at_risk_at <= now <= due_at:
            yield WarnAtRisk(row.at_risk_at)
        if due_at < now:
            yield FireDeadline(due_at, now)

    def _due_of_judged(
        self, promise: PromiseReplayed, row: PromiseRow, due_at: datetime, now: datetime
    ) -> Iterator[Command]:
        if merged := self._merged_with(row.ticket):
            facts, found = self._reckoned(merged, row.ticket, now)
            command = RestatePromise(now, facts.calendars, facts.targets, merged, facts.tz_changes)
            publications = Publications(facts.calendars, facts.targets, facts.tz_changes)
            if found and (lack := lacking(row, found, publications, now)):
                yield lack
            if found and found.verdict and found.verdict != (row.restated or row.state):
                yield command
            return
        facts = self.known.facts({row.calendar_centre or row.centre})
        newest = max((one.content.version for one in published_by(facts.calendars, now)), default=0)
        command = RestatePromise(now, facts.calendars, facts.targets)
        if _differs(row, due_at):
            yield command
        elif newest > max(row.calendar_version or 0, promise.stays):
            promise.stays = newest
            if restate(promise.state, command) is not None:
                yield command

    def _merged_with(self, ticket: str) -> tuple[PromiseHistory, ...]:
        """The histories of a ticket and of all that it was ever merged with; none where it never was."""
        if not any(row.survivors for row in self.histories.values()):
            return ()
        found, more = set[str](), {ticket}
        while more:
            found |= more
            near = [{one, *row.survivors} for one, row in self.histories.items()]
            more = {other for some in near if some & found for other in some} - found
        histories = [_history(self.histories[one]) for one in sorted(found) if one in self.histories]
        return tuple(histories) if len(found) > 1 else ()

    def _reckoned(
        self, merged: tuple[PromiseHistory, ...], ticket: str, now: datetime
    ) -> tuple[PlanFacts, WhatFollows | None]:
        facts = self.known.facts({one.centre for one in merged})
        command = RestatePromise(now, facts.calendars, facts.targets, merged, facts.tz_changes)
        return facts, stand_merged(command).get(ticket)


def replayed(
    timeline: PlanTimeline, events: Iterable[RecordedEvent[TicketEvent]], until: datetime
) -> Mapping[str, PromiseReplayed]:
    """What would become of tickets that may ask something of each other, by ticket."""
    found = Replay(timeline)
    found.run(events, until)
    return {promise.ticket: promise for promise in found.promises.values() if promise.row is not None}


def outcome_of(promise: PromiseReplayed) -> PromiseOutcome | None:
    """How a promise stands; None where nothing was ever promised or refused."""
    row = promise.row
    if row is None:
        return None
    return PromiseOutcome(
        centre=row.centre,
        channel=row.channel,
        opened_at=row.opened_at,
        verdict=row.state,
        due_at=row.due_at,
        responded_at=row.responded_at,
        calendar_version=row.calendar_version,
        targets_version=row.targets_version,
        target_seconds=row.target_seconds,
        reason=row.reason if row.due_at is None else None,
        restated=row.restated,
        restated_due_at=row.restated_due_at,
        mails=tuple(mail for n, told in enumerate(promise.told, 1) for mail in _mails(promise.stream, n, told)),
    )


def _mails(stream: str, sequence: int, told: ToldEvent) -> Iterator[MailAsked]:
    for reaction in notices_for(_recorded(stream, sequence, told.event, told.at), NOBODY_KNOWN, "rehearsal.invalid"):
        command: Any = reaction.command
        yield MailAsked(command.template, str(command.role), told.at)


def _centres(row: PromiseRow) -> tuple[str, ...]:
    """On whose calendars a promise runs, those that it stands for included."""
    if row.beside is None:
        return (row.calendar_centre or row.centre,)
    return tuple(ground.centre for ground in stands_for(row))


def _history(row: HistoryRow) -> PromiseHistory:
    return PromiseHistory(row.stream, row.centre, Channel(row.channel), row.opened_at, row.facts)


def _is_older(ground: Ground, facts: PlanFacts, now: datetime) -> bool:
    """Whether something that is in force by now may move the deadline of a promise that rests on this."""
    until = min(now, datetime.fromisoformat(ground.due_at) - timedelta.resolution)
    calendars = published_by(of_centre(facts.calendars, ground.centre), until)
    return (
        any(one.content.version > ground.version for one in calendars)
        or any(_is_shorter(one, ground) for one in published_by(facts.targets, until))
        or any(one.zone == ground.zone and one.version > ground.tz_version for one in facts.tz_changes)
    )


def _is_shorter(targets: PublishedTargets, ground: Ground) -> bool:
    seconds = targets.content.targets.model_dump().get(f"{ground.target_channel}_seconds")
    return targets.content.version > ground.targets_version and seconds is not None and seconds < ground.target_seconds


def _differs(row: PromiseRow, due_at: datetime) -> bool:
    """Whether the verdict stated last is not the one that follows from what is known."""
    due = row.restated_due_at or due_at
    if row.responded_at and row.responded_at <= min(due, row.cancelled_at or due):
        return (row.restated or row.state) != "met"
    if row.cancelled_at and row.cancelled_at <= due:
        return (row.restated or row.state) != "cancelled"
    return (row.restated or row.state) != "breached"


def _recorded(stream: str, sequence: int, event: PromiseEvent, now: datetime) -> RecordedEvent[Any]:
    """An event as a reader hands it on; it stands in no log."""
    return RecordedEvent(
        id=NOWHERE,
        type=event_type(type(event)),
        stream=stream,
        time=now,
        sequence_text=f"{sequence:010}",
        recordedtime=now,
        causationid=NOWHERE,
        correlationid="rehearsal",
        source="olcare/rehearsal",
        raw=msgspec.Raw(b""),
        data=event,
    )


def _endless(promises: Mapping[str, PromiseReplayed]) -> RuntimeError:
    return RuntimeError(f"what is due of {', '.join(sorted(promises))} is never done")


def groups(events: Iterable[RecordedEvent[TicketEvent]], together: Iterable[tuple[str, str]]) -> Sequence[list[Any]]:
    """Put the events of tickets that were ever merged into one list, those of each other ticket into its own."""
    root: dict[str, str] = {}

    def find(ticket: str) -> str:
        while root.get(ticket, ticket) != ticket:
            ticket = root[ticket]
        return ticket

    for one, other in together:
        root[find(one)] = find(other)
    found: dict[str, list[RecordedEvent[TicketEvent]]] = {}
    for event in events:
        found.setdefault(find(event.stream), []).append(event)
    return list(found.values())
