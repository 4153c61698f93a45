"""Cycles counted once more, from the records of tickets alone: nothing here is the report's own arithmetic.

A ticket is cut into the times in which it was open; of each, cycles are looked for by what they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from libs.eventlog.wire.record import Record
from tests.acceptance.recount import Json, Log, counting, instant, spreads, worked

MEASURES = ("next-response", "resolution", "periodic-update")
ORDER = ("answer", "resume", "pause", "resolve", "reopen", "word", "withdraw", "merge")
"""Of what happened at the same instant."""
NOTHING = timedelta(0)


@dataclass
class Ticket:
    """What happened to it, and when."""

    centre: str = ""
    opened_at: datetime | None = None
    by_call: bool = False
    said: list[tuple[datetime, str]] = field(default_factory=list)

    def when(self, *kinds: str) -> list[datetime]:
        return sorted({at for at, kind in self.said if kind in kinds})


class Open(NamedTuple):
    """A time in which a ticket was open, and what ended it."""

    since: datetime
    until: datetime | None
    by: str | None


class Cycle(NamedTuple):
    """`abandoned` where it ended by something else than what it waited for; `waits` where it stands still."""

    measure: str
    since: datetime
    until: datetime | None
    abandoned: bool
    working: Sequence[tuple[datetime, datetime]]
    waits: bool


def tickets(records: Iterable[Record]) -> list[Ticket]:
    """Gather what was said of each ticket that was opened, also on one absorbed in it."""
    found: defaultdict[str, Ticket] = defaultdict(Ticket)
    for stream, kind, data in counting(records):
        if kind == "TicketOpened":
            one = found[stream]
            one.centre, one.opened_at = data["centre"], instant(data["opened_at"])
            one.by_call = data["channel"] == "phone"
        else:
            of = found[data.get("merged_into") or stream]
            of.said += [(instant(data[name]), word) for name, word in _words(of, kind, data)]
    return [one for one in found.values() if one.opened_at]


def _words(ticket: Ticket, kind: str, data: Json) -> Iterator[tuple[str, str]]:
    assert kind != "MergeUndone"  # no merges cross in what is recounted
    idle = kind == "ResponseRecorded" and data["medium"] == "call" and not data["help_given"]
    if kind == "ResponseRecorded" and data["by"] == "person" and not data.get("known_call"):
        if not (idle and ticket.by_call and instant(data["responded_at"]) == ticket.opened_at):
            yield "responded_at", "answer"
    elif kind == "CustomerCallRecorded":
        yield "called_at", "answer" if data["help_given"] else "word"
    elif kind in {"NoteRecorded", "TicketReopened"} and data["by"] == "customer":
        yield "noted_at" if kind == "NoteRecorded" else "reopened_at", "word"
    simple = {
        "TicketPaused": ("paused_at", "pause"),
        "TicketResumed": ("resumed_at", "resume"),
        "TicketResolved": ("resolved_at", "resolve"),
        "TicketReopened": ("reopened_at", "reopen"),
        "TicketWithdrawn": ("withdrawn_at", "withdraw"),
        "TicketsMerged": ("merged_at", "merge"),
    }
    if kind in simple:
        yield simple[kind]


def recounted_cycles(log: Log, found: Iterable[Ticket], from_day: date, to_day: date) -> Json:
    """Give what the report should say of cycles, where the plan has no target for any."""
    counted: defaultdict[tuple[str, str], list[Cycle]] = defaultdict(list)
    for ticket in found:
        zone = ZoneInfo(log.calendars[ticket.centre][-1][1]["zone"])
        for cycle in cycles(ticket):
            if cycle.until is None or from_day <= cycle.until.astimezone(zone).date() < to_day:
                counted[cycle.measure, ticket.centre].append(cycle)
    names = sorted(counted, key=lambda name: (MEASURES.index(name[0]), name[1]))
    of_all = {m: {name: counted[name] for name in names if name[0] == m} for m in MEASURES}
    return {
        "groups": [_figures(log, *name, {name: counted[name]}) for name in names],
        "totals": [_figures(log, measure, None, groups) for measure, groups in of_all.items()],
    }


def _figures(
    log: Log, measure: str, centre: str | None, groups: Mapping[tuple[str, str], Sequence[Cycle]]
) -> dict[str, Any]:
    every = [cycle for cycles in groups.values() for cycle in cycles]
    lengths = [
        _lengths(log, of, cycle, cycle.until)
        for (_, of), cycles in groups.items()
        for cycle in cycles
        if cycle.until and not cycle.abandoned
    ]
    return {
        "measure": measure,
        "centre": centre,
        "ended": len(lengths),
        "abandoned": sum(cycle.abandoned for cycle in every),
        "running": sum(cycle.until is None and not cycle.waits for cycle in every),
        "paused": sum(cycle.waits for cycle in every),
        **dict.fromkeys(("met", "missed", "missed_and_running")),
        "took": spreads(lengths),
    }


def _lengths(log: Log, centre: str, cycle: Cycle, until: datetime) -> tuple[timedelta, timedelta]:
    calendar = [calendar for at, calendar in log.calendars[centre] if at <= until][-1]
    return sum((worked(calendar, *span) for span in cycle.working), NOTHING), until - cycle.since


def cycles(ticket: Ticket) -> Iterator[Cycle]:
    """Find the cycles of each time in which the ticket was open."""
    for time in times_open(ticket):
        for measure, since, until, abandoned in _found(ticket, time):
            waits = until is None and any(end is None for _, end in _pauses(ticket, time))
            running = list(_without(since, until, _pauses(ticket, time))) if until else []
            yield Cycle(measure, since, until, abandoned, running, waits)


def times_open(ticket: Ticket) -> list[Open]:
    """Cut it at its ends; only what is resolved can be reopened."""
    assert ticket.opened_at
    found = [Open(ticket.opened_at, None, None)]
    for at, kind in sorted(ticket.said, key=lambda one: (one[0], ORDER.index(one[1]))):
        last = found[-1]
        if at >= ticket.opened_at and kind in {"resolve", "withdraw", "merge"} and last.by in {None, "resolve"}:
            found[-1] = Open(last.since, last.until or at, kind)
        elif kind == "reopen" and last.by == "resolve":
            found.append(Open(at, None, None))
    return found


def _found(ticket: Ticket, time: Open) -> Iterator[tuple[str, datetime, datetime | None, bool]]:
    cut = time.until is not None
    yield "resolution", time.since, time.until, cut and time.by != "resolve"
    answers = [at for at in ticket.when("answer") if _is_in(at, time)]
    yield from (("periodic-update", since, until, False) for since, until in pairwise(answers))
    yield from (("periodic-update", since, time.until, cut) for since in answers[-1:])
    since: datetime | None = None
    for word in (at for at in ticket.when("word") if _is_in(at, time)):
        is_new = since is None or any(since < answer <= word for answer in answers)
        if is_new and any(answer <= word for answer in ticket.when("answer")):
            since = word
            later = [answer for answer in answers if answer > word]
            yield "next-response", since, later[0] if later else time.until, not later and cut


def _is_in(at: datetime, time: Open) -> bool:
    return time.since <= at and (time.until is None or at <= time.until)


def _pauses(ticket: Ticket, time: Open) -> list[tuple[datetime, datetime | None]]:
    """Give the times in which it waited: from a pause to the next resumption, or to the end."""
    found: list[tuple[datetime, datetime | None]] = []
    for pause in (at for at in ticket.when("pause") if _is_in(at, time)):
        ends = [at for at in ticket.when("resume") if at > pause and _is_in(at, time)]
        end = ends[0] if ends else time.until
        if not found or (found[-1][1] and found[-1][1] <= pause):
            found.append((pause, end))
    return found


def _without(
    since: datetime, until: datetime, pauses: Iterable[tuple[datetime, datetime | None]]
) -> Iterator[tuple[datetime, datetime]]:
    for pause, resumed in pauses:
        if since < pause < until:
            yield since, pause
        since = max(since, min(resumed or until, until))
    if since < until:
        yield since, until
