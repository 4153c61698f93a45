"""Which verdicts follow from what happened to tickets that were merged, whatever was told first.

Time passes once more over all facts of these tickets, each at its own instant: a requester is answered by any answer on
the ticket that theirs was part of by then. A merge passes a promise on where the survivor's still runs; where that has
its end, or none was made, the promise goes on by itself. A merge that was undone has never been.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from libs.messages.sla import Verdict
from libs.messages.tickets import Channel


class FactKind(StrEnum):
    """What a fact says; facts of one instant are taken in this order."""

    OPENED = "opened"
    ANSWERED = "answered"
    """By a person, or by a call in which help was given."""
    RANG_WITHOUT_HELP = "rang-without-help"
    """By a person of ours on the telephone, without help: an answer, unless it is the call that opened the ticket."""
    CALLED = "called"
    """The customer rang and got no help."""
    MERGED = "merged"
    UNMERGED = "unmerged"
    WITHDRAWN = "withdrawn"
    """By the customer."""


ORDER = {kind: place for place, kind in enumerate(FactKind)}


class PromiseFact(NamedTuple):
    """Something that happened to a ticket, as far as it counts for promises."""

    at: datetime
    kind: FactKind
    into: str | None = None
    """The survivor of a merge."""


@dataclass(frozen=True)
class PromiseHistory:
    """A ticket, and all facts said on its own stream."""

    ticket: str
    centre: str
    channel: Channel
    opened_at: datetime
    facts: tuple[PromiseFact, ...]


class WaitingTicket(NamedTuple):
    """A ticket whose requester waits for an answer: its own deadline, and the calls about it."""

    ticket: str
    due_at: datetime | None
    calls: tuple[datetime, ...] = ()


class WhatFollows(NamedTuple):
    """How a promise ended; `verdict` is None while it runs."""

    verdict: Verdict | None
    due_at: datetime
    responded_at: datetime | None = None
    cancelled_at: datetime | None = None
    grounds: tuple[WaitingTicket, ...] = ()
    """Those who wait by it, or did at its end, its own first."""
    part_of: frozenset[str] = frozenset()
    """The tickets that are the same as this one now."""


DeadlineOf = Callable[[PromiseHistory, Sequence[datetime]], datetime | None]
"""The deadline of a ticket alone, with the calls about it; None where nothing can be promised."""


def what_follows(histories: Iterable[PromiseHistory], deadline_of: DeadlineOf, now: datetime) -> dict[str, WhatFollows]:
    """By ticket, how the promises of merged tickets stand at an instant; tickets without a promise are left out."""
    walk = _Walk({one.ticket: one for one in histories}, deadline_of)
    moments = [(fact.at, ORDER[fact.kind], ticket, fact) for ticket, fact in walk.facts()]
    for at, _, ticket, fact in sorted(moments, key=lambda moment: moment[:3]):
        walk.pass_until(at)
        walk.take(ticket, fact)
    walk.pass_until(now)
    return {ticket: walk.found(ticket, run) for ticket, run in walk.runs.items()}


def counting(history: PromiseHistory) -> list[PromiseFact]:
    """The facts that count for a ticket: from its opening on, without its opening call and merges that were undone."""
    left: list[PromiseFact] = []
    for fact in sorted(history.facts, key=lambda fact: (fact.at, ORDER[fact.kind], fact.into or "")):
        undone = [one for one in left if one.kind is FactKind.MERGED and one.into == fact.into]
        if fact.kind is FactKind.UNMERGED and undone:
            left.remove(undone[-1])
        elif (
            fact.kind is not FactKind.UNMERGED and fact.at >= history.opened_at and not _is_opening_call(history, fact)
        ):
            left.append(fact)
    return left


def _is_opening_call(history: PromiseHistory, fact: PromiseFact) -> bool:
    by_call = history.channel is Channel.PHONE and fact.kind is FactKind.RANG_WITHOUT_HELP
    return by_call and fact.at == history.opened_at


@dataclass
class _Run:
    """A promise while the facts are gone through; `grounds` are the tickets whose requesters wait, its own first."""

    grounds: list[str]
    verdict: Verdict | None = None
    responded_at: datetime | None = None
    cancelled_at: datetime | None = None
    due_at: datetime | None = None
    """The deadline at its end."""

    def end(self, verdict: Verdict, due_at: datetime) -> None:
        self.verdict, self.due_at = verdict, due_at


@dataclass
class _Walk:
    histories: Mapping[str, PromiseHistory]
    deadline_of: DeadlineOf
    runs: dict[str, _Run] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    calls: dict[str, list[datetime]] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """Grounds passed on to a ticket that is opened later."""
    known: dict[tuple[str, int], datetime | None] = field(default_factory=dict)

    def facts(self) -> Iterable[tuple[str, PromiseFact]]:
        for ticket, history in self.histories.items():
            yield ticket, PromiseFact(history.opened_at, FactKind.OPENED)
            yield from ((ticket, fact) for fact in counting(history))

    def pass_until(self, now: datetime) -> None:
        for run in self._running():
            if (due_at := self.due_at(run)) < now:
                run.end(Verdict.BREACHED, due_at)

    def take(self, ticket: str, fact: PromiseFact) -> None:
        match fact.kind:
            case FactKind.OPENED:
                self._open(ticket)
            case FactKind.ANSWERED | FactKind.RANG_WITHOUT_HELP:
                self._answer(ticket, fact.at)
            case FactKind.CALLED:
                for run in self._together(ticket):
                    for ground in run.grounds:
                        self.calls.setdefault(ground, []).append(fact.at)
            case FactKind.MERGED if fact.into is not None:
                self._merge(ticket, fact.into, fact.at)
            case FactKind.WITHDRAWN:
                self._cancel(self.runs.get(ticket), fact.at)
            case _:
                pass

    def found(self, ticket: str, run: _Run) -> WhatFollows:
        grounds = [WaitingTicket(one, self._deadline(one), tuple(self.calls.get(one, ()))) for one in run.grounds]
        due_at = run.due_at or self.due_at(run)
        return WhatFollows(run.verdict, due_at, run.responded_at, run.cancelled_at, tuple(grounds), self._same(ticket))

    def _same(self, ticket: str) -> frozenset[str]:
        """All that are merged with a ticket, also where two went into each other and neither is undone yet."""
        found, before = {ticket}, set[str]()
        while found != before:
            before = set(found)
            found |= {one for link in self.into.items() if found & set(link) for one in link}
        return frozenset(found)

    def due_at(self, run: _Run) -> datetime:
        """The earliest deadline of those who wait."""
        return min(due_at for ground in run.grounds if (due_at := self._deadline(ground)))

    def _deadline(self, ticket: str) -> datetime | None:
        calls = self.calls.get(ticket, [])
        key = ticket, len(calls)
        if key not in self.known:
            self.known[key] = self.deadline_of(self.histories[ticket], calls)
        return self.known[key]

    def _running(self) -> list[_Run]:
        return [run for run in self.runs.values() if run.verdict is None]

    def _together(self, ticket: str) -> list[_Run]:
        """The promises that run for whoever is part of the same ticket now."""
        root = self._root(ticket)
        return [run for one, run in self.runs.items() if run.verdict is None and self._root(one) == root]

    def _root(self, ticket: str) -> str:
        for _ in self.histories:
            if ticket not in self.into:
                break
            ticket = self.into[ticket]
        return ticket

    def _open(self, ticket: str) -> None:
        if self._deadline(ticket) is not None:
            self.runs[ticket] = _Run([ticket, *self.waiting.pop(ticket, [])])

    def _answer(self, ticket: str, at: datetime) -> None:
        for run in self._together(ticket):
            run.responded_at = at
            run.end(Verdict.MET, self.due_at(run))

    def _merge(self, ticket: str, into: str, at: datetime) -> None:
        self.into[ticket] = into
        root = self._root(into)
        run, survivor = self.runs.get(ticket), self.runs.get(root) if root != ticket else None
        if run is None or run.verdict is not None or self.due_at(run) <= at:
            return
        if survivor is not None and survivor.verdict is None:
            survivor.grounds += run.grounds
            self._cancel(run, at)
        elif survivor is None and root != ticket and root in self.histories and self._deadline(root) is not None:
            self.waiting.setdefault(root, []).extend(run.grounds)
            self._cancel(run, at)

    def _cancel(self, run: _Run | None, at: datetime) -> None:
        if run is not None and run.verdict is None:
            run.cancelled_at = at
            run.end(Verdict.CANCELLED, self.due_at(run))
