"""What is measured of a ticket beside its first response: cycles, reckoned whole from the facts (docs/adr/0003).

A pure function of the facts, whatever the order in which they became known. A pause stops every cycle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from libs.messages.cycles import CycleEnd, Measure
from libs.messages.tickets import Channel


class Kind(StrEnum):
    """What a fact says; facts of one instant are taken in this order, one that does not apply yet after the rest."""

    ANSWERED = "answered"
    """By a person."""
    RANG_WITHOUT_HELP = "rang-without-help"
    """By a person on the telephone, without help: an answer, unless it is the call that opened the ticket."""
    RESUMED = "resumed"
    PAUSED = "paused"
    RESOLVED = "resolved"
    EXCLUDED = "excluded"
    """The plan does not help with the cause; as a resolution, but that nothing was solved."""
    REOPENED = "reopened"
    ASKED = "asked"
    """The customer wrote, called without getting help, or reopened the ticket."""
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    UNMERGED = "unmerged"


ORDER = {kind: place for place, kind in enumerate(Kind)}


class CycleFact(NamedTuple):
    """Something that happened to a ticket, as far as it counts for its cycles."""

    at: datetime
    kind: Kind
    into: str | None = None
    """The survivor of a merge."""


@dataclass(frozen=True)
class TicketHistory:
    """A ticket from its opening on, with all facts said of it, also those said of tickets absorbed in it."""

    ticket: str
    centre: str
    channel: Channel
    opened_at: datetime
    facts: tuple[CycleFact, ...]


class Pause(NamedTuple):
    """Half-open; `resumed_at` is None while it lasts."""

    paused_at: datetime
    resumed_at: datetime | None


class Cycle(NamedTuple):
    """One run of a measure; `instance` counts them from 1, in the order of their beginning."""

    measure: Measure
    instance: int
    started_at: datetime
    ended_at: datetime | None
    ended_by: CycleEnd | None
    pauses: tuple[Pause, ...]

    @property
    def is_abandoned(self) -> bool:
        """Whether it ended by something else than what it waited for, so that it has no figure."""
        return self.ended_by is not None and self.ended_by is not PROPER_END[self.measure]

    @property
    def is_paused(self) -> bool:
        """Whether it stands still now."""
        return self.ended_at is None and bool(self.pauses) and self.pauses[-1].resumed_at is None


PROPER_END = {
    Measure.NEXT_RESPONSE: CycleEnd.ANSWERED,
    Measure.RESOLUTION: CycleEnd.RESOLVED,
    Measure.PERIODIC_UPDATE: CycleEnd.ANSWERED,
}


def cycles_of(story: TicketHistory) -> list[Cycle]:
    """The cycles of a ticket, in the order of their beginning."""
    walk = _Walk()
    walk.start(Measure.RESOLUTION, story.opened_at)
    for _, moment in groupby(_counting(story), key=attrgetter("at")):
        _take_all(walk, list(moment))
    every = [*walk.ended, *(run.ended(None, None) for run in walk.running.values())]
    pauses = [*walk.pauses, *([Pause(walk.paused_at, None)] if walk.paused_at else [])]
    found = (cycle._replace(pauses=_within(cycle, pauses)) for cycle in every)
    return sorted(found, key=lambda cycle: (cycle.started_at, cycle.measure, cycle.instance))


def _counting(story: TicketHistory) -> list[CycleFact]:
    """Leave out what is from before the opening, what is said twice, and merges that were undone."""
    since = [fact for fact in story.facts if fact.at >= story.opened_at and not _is_opening_call(story, fact)]
    ordered = sorted(since, key=lambda fact: (fact.at, ORDER[fact.kind], fact.into or ""))
    return list(dict.fromkeys(_without_undone(ordered)))


def _is_opening_call(story: TicketHistory, fact: CycleFact) -> bool:
    by_call = story.channel is Channel.PHONE and fact.kind is Kind.RANG_WITHOUT_HELP
    return by_call and fact.at == story.opened_at


def _without_undone(facts: Iterable[CycleFact]) -> list[CycleFact]:
    """Drop every undoing, and with each the last merge into the same survivor before it."""
    left: list[CycleFact] = []
    for fact in facts:
        if fact.kind is not Kind.UNMERGED:
            left.append(fact)
        elif merges := [one for one in left if one.kind is Kind.MERGED and one.into == fact.into]:
            left.remove(merges[-1])
    return left


class _Run(NamedTuple):
    measure: Measure
    instance: int
    started_at: datetime

    def ended(self, at: datetime | None, by: CycleEnd | None) -> Cycle:
        return Cycle(self.measure, self.instance, self.started_at, at, by, ())


@dataclass
class _Walk:
    """The state of a ticket between two facts."""

    stage: Kind | None = None
    """The kind of fact that ended it, None while it is open."""
    is_answered: bool = False
    paused_at: datetime | None = None
    running: dict[Measure, _Run] = field(default_factory=dict)
    ended: list[Cycle] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)

    def start(self, measure: Measure, at: datetime) -> None:
        instance = 1 + sum(cycle.measure is measure for cycle in self.ended)
        self.running[measure] = _Run(measure, instance, at)

    def end(self, measures: Iterable[Measure], at: datetime, by: CycleEnd) -> None:
        self.ended += [self.running.pop(measure).ended(at, by) for measure in measures if measure in self.running]

    def take(self, fact: CycleFact) -> bool:
        """Apply a fact; False where it does not apply in this state."""
        match self.stage, fact.kind:
            case None, Kind.ANSWERED | Kind.RANG_WITHOUT_HELP:
                self._answered(fact.at)
            case _, Kind.ANSWERED | Kind.RANG_WITHOUT_HELP:
                self.is_answered = True
            case None, Kind.ASKED if self.is_answered and Measure.NEXT_RESPONSE not in self.running:
                self.start(Measure.NEXT_RESPONSE, fact.at)
            case None, Kind.PAUSED if self.paused_at is None:
                self.paused_at = fact.at
            case None, Kind.RESUMED if self.paused_at is not None:
                self._resumed(fact.at)
            case Kind.RESOLVED | Kind.EXCLUDED, Kind.REOPENED:
                self.stage = None
                self.start(Measure.RESOLUTION, fact.at)
            case None, Kind.RESOLVED | Kind.EXCLUDED | Kind.WITHDRAWN | Kind.MERGED:
                self._over(fact)
            case (Kind.EXCLUDED, Kind.RESOLVED) | (Kind.RESOLVED | Kind.EXCLUDED, Kind.WITHDRAWN | Kind.MERGED):
                self.stage = fact.kind
            case _:
                return False
        return True

    def _answered(self, at: datetime) -> None:
        self.is_answered = True
        self.end((Measure.NEXT_RESPONSE, Measure.PERIODIC_UPDATE), at, CycleEnd.ANSWERED)
        self.start(Measure.PERIODIC_UPDATE, at)

    def _resumed(self, at: datetime) -> None:
        if self.paused_at is not None:
            self.pauses.append(Pause(self.paused_at, at))
        self.paused_at = None

    def _over(self, fact: CycleFact) -> None:
        self._resumed(fact.at)
        self.end(Measure, fact.at, CycleEnd(fact.kind.value))
        self.stage = fact.kind


def _take_all(walk: _Walk, moment: list[CycleFact]) -> None:
    """Apply the facts of one instant: those that do not apply yet are tried again after the others."""
    left: list[CycleFact] = []
    while moment != left:
        left, moment = moment, [fact for fact in moment if not walk.take(fact)]


def _within(cycle: Cycle, pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    """Cut the pauses of a ticket at both ends of a cycle."""
    cut = (_cut(cycle, pause) for pause in pauses)
    return tuple(pause for pause in cut if pause and pause.paused_at != pause.resumed_at)


def _cut(cycle: Cycle, pause: Pause) -> Pause | None:
    ends = [at for at in (cycle.ended_at, pause.resumed_at) if at is not None]
    begins, resumed = max(cycle.started_at, pause.paused_at), min(ends, default=None)
    return Pause(begins, resumed) if resumed is None or begins <= resumed else None
