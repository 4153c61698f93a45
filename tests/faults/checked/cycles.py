"""Cycles: reckoned on all that is known of a ticket, missed once each, and never against what ended them in time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.faults.checked.books import Books, instant
from tests.faults.checked.log import PLAN, PROMISES, TICKETS, Event, Ledger
from tests.faults.checked.promises import LATE, at_the_door

WHOLE, RECKONED, MISSED = "CyclesReckoned", "CycleReckoned", "CycleTargetMissed"
_ALWAYS = ("TicketOpened", "CustomerCallRecorded", "TicketsMerged", "MergeUndone", "TicketPaused", "TicketResumed")
_ENDING = {"ResponseRecorded": "responded_at", "CustomerCallRecorded": "called_at", "TicketResolved": "resolved_at"}
Cycle = Mapping[str, Any]


def check_cycles(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find what does not balance between tickets and cycles, and tickets that wait without having been told to."""
    tickets, streams = logs[TICKETS].streams, logs[PROMISES].streams
    opened = {event.stream for event in logs[TICKETS].named("TicketOpened")}
    facts, ends = Counter[str](), _ends(tickets, at_the_door(books))
    for stream, events in tickets.items():
        yield from (f"{stream}: {problem}" for problem in _waiting(events))
        for event in events:
            facts[event.data.get("merged_into") or stream] += _counted(event)
    for stream, events in streams.items():
        if stream.startswith("cycles/"):
            ticket = stream.replace("cycles/", "ticket/", 1)
            known = facts[ticket] if ticket in opened else 0
            yield from (f"{stream}: {problem}" for problem in _cycles(events, known, ends.get(ticket, {}), books.now))
    if any(event.data["targets"].get("cycles") for event in logs[PLAN].named("TargetsPublished")):
        missing = sorted(opened - {stream.replace("cycles/", "ticket/", 1) for stream in streams})
        yield from (f"{ticket} is open, but its cycles were not reckoned" for ticket in missing)


def _waiting(events: Sequence[Event]) -> Iterator[str]:
    """A ticket waits only when it is open, goes on only when it waits, and a resolution ends the waiting."""
    stage, before = "open", "open"
    for event in events:
        match event.name, stage:
            case ("TicketPaused", "open") | ("TicketResumed", "waiting"):
                stage = "waiting" if stage == "open" else "open"
            case "TicketPaused" | "TicketResumed", _:
                yield f"{event.name}, but it is {stage}"
            case "TicketsMerged", _:
                stage, before = "merged", stage
            case "MergeUndone", _:
                stage = before
            case ("TicketReopened", _):
                stage = "open"
            case ("TicketResolved" | "WorkExcluded" | "TicketWithdrawn", _):
                stage = "over"


def _counted(event: Event) -> int:
    """Say how many facts an event is."""
    data = event.data
    match event.name:
        case "ResponseRecorded":
            return int(data["by"] == "person" and not data.get("known_call"))
        case "NoteRecorded":
            return int(data["by"] == "customer")
        case "TicketReopened":
            return 2 if data["by"] == "customer" else 1
        case name:
            return int(name in {*_ALWAYS, "TicketResolved", "WorkExcluded", "TicketWithdrawn"})


def _ends(
    tickets: Mapping[str, Sequence[Event]], doors: Mapping[str, datetime]
) -> Mapping[str, Mapping[datetime, datetime]]:
    """Give by ticket, for the instants of what may end a cycle, when it stood at the door; held messages: never."""
    found: dict[str, dict[datetime, datetime]] = {}
    for stream, events in tickets.items():
        for event in events:
            if event.name in _ENDING:
                of_ticket = found.setdefault(event.data.get("merged_into") or stream, {})
                of_ticket[instant(event.data[_ENDING[event.name]])] = doors.get(event.causationid, LATE)
    return found


def _cycles(events: Sequence[Event], known: int, ends: Mapping[datetime, datetime], now: datetime) -> Iterator[str]:
    if not known or events[0].name not in {WHOLE, RECKONED}:
        yield f"there is no such ticket, or nothing was reckoned before {events[0].name}"
        return
    cycles: dict[tuple[str, str], Cycle] = {}
    facts = 0
    missed: dict[tuple[str, str], datetime] = {}
    for event in events:
        if event.name in {WHOLE, RECKONED}:
            _reckon(event, cycles)
            facts = event.data["facts"] if event.data.get("is_last", True) else facts
            continue
        yield from _missed(event, [*cycles.values()], missed)
        missed[_begun(event.data)] = instant(event.data["due_at"])
    if facts != known:
        yield f"it was reckoned on {facts} facts, but {known} are known"
    for cycle in cycles.values():
        yield from _at_the_end(cycle, missed.get(_begun(cycle)), ends, now)


def _reckon(event: Event, cycles: dict[tuple[str, str], Cycle]) -> None:
    """Follow what is reckoned: of a whole ticket, or of one cycle."""
    if event.name == WHOLE:
        cycles.clear()
        cycles.update({_begun(cycle): cycle for cycle in event.data["cycles"]})
    if gone := event.data.get("gone"):
        cycles.pop(_begun(gone), None)
    if cycle := event.data.get("cycle"):
        cycles[_begun(cycle)] = cycle


def _begun(cycle: Cycle) -> tuple[str, str]:
    return cycle["measure"], cycle["started_at"]


def _missed(event: Event, cycles: Sequence[Cycle], missed: Mapping[tuple[str, str], datetime]) -> Iterator[str]:
    due = instant(event.data["due_at"])
    if event.name != MISSED:
        yield f"the checker does not know {event.name}"
    if _begun(event.data) in missed:
        yield f"the {event.data['measure']} of {event.data['started_at']} was missed more than once"
    if min(instant(event.data["detected_at"]), event.recorded_at) <= due or instant(event.data["missed_at"]) != due:
        yield f"it was missed at {event.data['missed_at']} and recorded at {event.recorded_at}, not after {due}"
    reckoned = next((cycle for cycle in cycles if _begun(cycle) == _begun(event.data)), None)
    if reckoned is None or reckoned["due_at"] != event.data["due_at"]:
        yield f"the {event.data['measure']} due at {due} was missed, but not reckoned so"


def _at_the_end(
    cycle: Cycle, missed: datetime | None, ends: Mapping[datetime, datetime], now: datetime
) -> Iterator[str]:
    ended = instant(cycle["ended_at"]) if cycle["ended_at"] else LATE
    if missed is None and cycle["due_at"] and instant(cycle["due_at"]) < min(ended, now):
        yield f"its {cycle['measure']} was due at {cycle['due_at']} and is not missed"
    if missed is not None and ended <= missed and ends.get(ended, LATE) <= missed:
        yield f"its {cycle['measure']} was missed, but what ended it at {ended} was at the door before {missed}"
