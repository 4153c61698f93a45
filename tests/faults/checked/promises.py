"""Promises: one for every ticket, ended once, never early, and never against somebody who had answered in time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from tests.faults.checked.books import Books, instant
from tests.faults.checked.doors import answered
from tests.faults.checked.log import PROMISES, TICKETS, Event, Ledger, name_id

STARTED, NOT_PROMISED = "FirstResponseClockStarted", "FirstResponseNotPromised"
MET, BREACHED, AT_RISK = "FirstResponseMet", "FirstResponseBreached", "FirstResponseAtRisk"
NOTED, RESTATED, RETARGETED = "LaterResponseNoted", "FirstResponseRestated", "FirstResponseRetargeted"
CANCELLED, REINSTATED, MERGED = "FirstResponseCancelled", "FirstResponseReinstated", "MergeNoted"
_WITHOUT_EFFECT = (
    *("ResponseNotApplied", "CallNoted", "CancellationNoted", "ReinstatementNotApplied", MERGED),
    *("InternalTargetSet", "InternalTargetNotSet", NOTED, RESTATED, NOT_PROMISED),
)
_BEFORE = {MERGED, "ResponseNotApplied", "CallNoted", "CancellationNoted"}
"""What a promise may be told of before its ticket is: it goes on from one that was absorbed."""
_ENDS = {MET: "met", BREACHED: "breached", CANCELLED: "cancelled"}
_TICKETS_DOOR = "olcare.tickets.in.v1"
LATE = datetime.max.replace(tzinfo=UTC)


class Response(NamedTuple):
    """A recorded answer, and the plan time at which it stood at the door."""

    responded_at: datetime
    at_the_door: datetime
    by_a_person: bool
    helped: bool


def check_promises(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find what does not balance between tickets and promises."""
    opened = {_promise_of(event.stream): event for event in logs[TICKETS].named("TicketOpened")}
    promises = {name: events for name, events in logs[PROMISES].streams.items() if not name.startswith("cycles/")}
    yield from (f"{ticket.stream} is open, but has no promise" for p, ticket in opened.items() if p not in promises)
    given = _given(logs[TICKETS].streams.values(), at_the_door(books))
    together = _together(logs[TICKETS].named("TicketsMerged"))
    for stream, events in promises.items():
        if stream in opened:
            merged = [r for one in together[stream] for r in given.get(one, [])] if stream in together else None
            found = _promise(events, given.get(stream, []), merged, books.now)
            yield from (f"{stream}: {problem}" for problem in found)
        elif {event.name for event in events} - _BEFORE:
            yield f"{stream}: there is no such ticket"


def _together(merges: Iterable[Event]) -> Mapping[str, frozenset[str]]:
    """By promise, those of all tickets that its own was ever merged with, also by way of others."""
    found: dict[str, frozenset[str]] = {}
    for merge in merges:
        pair = (_promise_of(merge.stream), _promise_of(merge.data["into"]))
        whole = frozenset(pair).union(*(found.get(one, frozenset()) for one in pair))
        found.update(dict.fromkeys(whole, whole))
    return found


def _promise_of(ticket: str) -> str:
    return ticket.replace("ticket/", "promise/", 1)


def at_the_door(books: Books) -> Mapping[str, datetime]:
    """Say for every command at which plan time one of its records stood at the door, as the broker acknowledged."""
    found: dict[str, datetime] = {}
    for one in answered(books, _TICKETS_DOOR)[0]:
        if (machine := books.acknowledged.get(one.record.place)) is not None:
            at = books.timeline.at(machine)
            found[one.command] = min(at, found.get(one.command, at))
    return found


def _given(tickets: Iterable[Sequence[Event]], doors: Mapping[str, datetime]) -> Mapping[str, list[Response]]:
    """Give by promise the answers that it was told of: those on an absorbed ticket are the survivor's."""
    found: dict[str, list[Response]] = {}
    for ticket in tickets:
        for event, response in _responses(ticket, doors):
            found.setdefault(_promise_of(event.data.get("merged_into") or event.stream), []).append(response)
    return found


def _responses(ticket: Sequence[Event], doors: Mapping[str, datetime]) -> Iterator[tuple[Event, Response]]:
    """Give the recorded answers of a ticket; one that was held until its ticket opened came when it was held.

    Whatever is held is counted in one row.
    """
    held = [event for event in ticket if event.name == "MessageHeld" and not event.data.get("awaits")]
    causes = {name_id(event.stream, f"apply-held-{n}"): event.causationid for n, event in enumerate(held, start=1)}
    for event in ticket:
        if event.name == "ResponseRecorded":
            at_the_door = doors.get(causes.get(event.causationid, event.causationid), LATE)
            by_a_person, helped = event.data["by"] == "person", event.data["help_given"]
            yield event, Response(instant(event.data["responded_at"]), at_the_door, by_a_person, helped)


def _promise(
    events: Sequence[Event], responses: Sequence[Response], merged: Sequence[Response] | None, now: datetime
) -> Iterator[str]:
    """See that one promise is kept by its rules; `merged` are the answers on all tickets merged with its own, if any.

    Which verdict they all come to is reckoned from their histories in tests/unit/sla_timer/test_merged_histories.py.
    """
    names = Counter(event.name for event in events)
    first = next((event.name for event in events if event.name not in _BEFORE), None)
    if first not in {STARTED, NOT_PROMISED} or names[STARTED] > 1:
        yield f"it does not begin once: {[event.name for event in events]}"
    if names[STARTED] == 0:
        return
    if names[MET] + names[BREACHED] > 1:
        yield f"it ends more than once: met {names[MET]}, breached {names[BREACHED]}"
    shares = Counter(event.data["percent"] for event in events if event.name == AT_RISK)
    for percent, times in shares.items():
        if times > 1 + names[REINSTATED]:
            yield f"it is at risk {times} times by {percent} %"
    yield from _instants(events, responses, merged or (), now)
    yield from _restated(events) if merged is None else _restated_of_merged(events, merged)


def _instants(
    events: Sequence[Event], responses: Sequence[Response], merged: Sequence[Response], now: datetime
) -> Iterator[str]:
    certificate = next(event for event in events if event.name == STARTED).data["certificate"]
    due, ended = instant(certificate["due_at"]), False
    for event in events:
        match event.name:
            case "FirstResponseRetargeted":
                yield from _retargeted(event, due)
                certificate, due = event.data["certificate"], instant(event.data["certificate"]["due_at"])
            case "FirstResponseAtRisk":
                yield from _at_risk(event, certificate["at_risk"], ended=ended)
            case "FirstResponseMet":
                yield from _met(event, due, [*responses, *merged])
            case "FirstResponseBreached":
                in_time = [r for r in responses if r.responded_at >= instant(certificate["opened_at"])]
                yield from _breached(event, due, in_time)
            case "FirstResponseCancelled" if instant(event.data["cancelled_at"]) > due:
                yield f"it was cancelled at {event.data['cancelled_at']}, after {due}"
            case _ if event.name not in {STARTED, CANCELLED, REINSTATED, *_WITHOUT_EFFECT}:
                yield f"the checker does not know {event.name}"
        ended = event.name in {MET, BREACHED, CANCELLED} or (ended and event.name != REINSTATED)
    if not ended and now > due:
        yield f"it was due at {due} and has no verdict at {now}"


def _retargeted(event: Event, due: datetime) -> Iterator[str]:
    """Nothing but calls and merges moves a deadline here, to an earlier one; a merge that is undone gives it back."""
    after = instant(event.data["certificate"]["due_at"])
    is_undone = "merge-undone" in [change["cause"] for change in event.data["certificate"]["changes"][-1:]]
    if instant(event.data["was_due_at"]) != due or (after <= due if is_undone else after >= due):
        yield f"its deadline {due} moved from {event.data['was_due_at']} to {after}"


def _restated(events: Sequence[Event]) -> Iterator[str]:
    """See that what was said last is the verdict that follows from all that came to be known."""
    end = next((event for event in reversed(events) if event.name in {MET, BREACHED, CANCELLED}), None)
    if end is None or events.index(end) < max((events.index(e) for e in events if e.name == REINSTATED), default=-1):
        return
    said = [event.data for event in events if event.name == RESTATED]
    last = said[-1]["restated"] if said else _ENDS[end.name]
    if last != (wanted := _what_follows(events)):
        yield f"it is {last} by what was said last, but {wanted} follows from what came to be known"
    if len(said) > 1 and any(one["restated"] == other["restated"] for one, other in pairwise(said)):
        yield f"it was restated {len(said)} times"


def _restated_of_merged(events: Sequence[Event], merged: Sequence[Response]) -> Iterator[str]:
    """See that what was said last of merged tickets has somebody's answer behind it, where it is met."""
    said = [event.data["restated"] for event in events if event.name == RESTATED]
    if said and said[-1] == "met" and not any(response.by_a_person for response in merged):
        yield "it is met by what was said last, but nobody answered"


def _what_follows(events: Sequence[Event]) -> str:
    starts = [e.data["certificate"]["due_at"] for e in events if e.name in {STARTED, RETARGETED, REINSTATED}]
    dues = [*starts, *(e.data["restated_due_at"] for e in events if e.data.get("restated_due_at"))]
    due = min(map(instant, dues))  # nothing makes it later here
    told = [e.data.get("responded_at") for e in events if e.name in {NOTED, MET, STARTED}]
    answered = min((instant(at) for at in told if at), default=LATE)
    ends = [e for e in events if e.name == CANCELLED or (e.name == "CancellationNoted" and e.data["reason"] == "over")]
    undone = any(e.name == REINSTATED for e in events)
    cancelled = min((instant(e.data["cancelled_at"]) for e in ends if not undone), default=LATE)
    if answered <= min(due, cancelled):
        return "met"
    return "cancelled" if cancelled <= due else "breached"


def _at_risk(event: Event, warnings: Sequence[Mapping[str, Any]], *, ended: bool) -> Iterator[str]:
    at = next((instant(one["at_risk_at"]) for one in warnings if one["percent"] == event.data["percent"]), None)
    if at is None:
        yield f"it was at risk by {event.data['percent']} %, of which the certificate does not speak"
    elif event.recorded_at < at:
        yield f"it was at risk at {event.recorded_at}, before {at}"
    if ended:
        yield "it was at risk after its verdict"


def _met(event: Event, due: datetime, responses: Sequence[Response]) -> Iterator[str]:
    at = instant(event.data["responded_at"])
    if at > due:
        yield f"it was met at {at}, after {due}"
    if not any(response.responded_at == at and response.by_a_person for response in responses):
        yield f"it was met at {at}, when nobody answered"


def _breached(event: Event, due: datetime, responses: Sequence[Response]) -> Iterator[str]:
    breached, detected = instant(event.data["breached_at"]), instant(event.data["detected_at"])
    if breached != due:
        yield f"it was breached at {breached}, but due at {due}"
    if detected <= due or event.recorded_at <= due:
        yield f"the breach was detected at {detected} and recorded at {event.recorded_at}, not after {due}"
    if event.data.get("responded_at") and instant(event.data["responded_at"]) <= due:
        yield f"it was breached, though it says that somebody answered at {event.data['responded_at']}"
    in_time = [r for r in responses if r.by_a_person and r.helped and max(r.responded_at, r.at_the_door) <= due]
    if in_time:
        yield f"it was breached, but the answer of {in_time[0].responded_at} was at the door before {due}"
