"""Promises: one for every ticket, ended once, never early, and never against somebody who had answered in time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from tests.faults.checked.books import Books, instant
from tests.faults.checked.doors import answered
from tests.faults.checked.log import PROMISES, TICKETS, Event, Ledger, name_id

STARTED, NOT_PROMISED = "FirstResponseClockStarted", "FirstResponseNotPromised"
MET, BREACHED, AT_RISK = "FirstResponseMet", "FirstResponseBreached", "FirstResponseAtRisk"
NOTED, RESTATED = "LaterResponseNoted", "FirstResponseRestated"
_AFTERWARDS = (NOTED, "ResponseNotApplied", RESTATED, NOT_PROMISED)
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
    promises = logs[PROMISES].streams
    yield from (f"{ticket.stream} is open, but has no promise" for p, ticket in opened.items() if p not in promises)
    yield from (f"{stream}: there is no such ticket" for stream in promises if stream not in opened)
    doors = _at_the_door(books)
    for stream, events in promises.items():
        ticket = logs[TICKETS].streams.get(stream.replace("promise/", "ticket/", 1), [])
        responses = _responses(ticket, doors)
        yield from (f"{stream}: {problem}" for problem in _promise(events, responses, books.now))


def _promise_of(ticket: str) -> str:
    return ticket.replace("ticket/", "promise/", 1)


def _at_the_door(books: Books) -> Mapping[str, datetime]:
    """Say for every command at which plan time one of its records stood at the door, as the broker acknowledged."""
    found: dict[str, datetime] = {}
    for one in answered(books, _TICKETS_DOOR)[0]:
        if (machine := books.acknowledged.get(one.record.place)) is not None:
            at = books.timeline.at(machine)
            found[one.said.command] = min(at, found.get(one.said.command, at))
    return found


def _responses(ticket: Sequence[Event], doors: Mapping[str, datetime]) -> list[Response]:
    """Give the recorded answers of a ticket; one that was held until its ticket opened came when it was held.

    Whatever is held is counted in one row.
    """
    held = [event for event in ticket if event.name == "MessageHeld"]
    causes = {name_id(event.stream, f"apply-held-{n}"): event.causationid for n, event in enumerate(held, start=1)}
    return [
        Response(
            instant(event.data["responded_at"]),
            doors.get(causes.get(event.causationid, event.causationid), LATE),
            event.data["by"] == "person",
            event.data["help_given"],
        )
        for event in ticket
        if event.name == "ResponseRecorded"
    ]


def _promise(events: Sequence[Event], responses: Sequence[Response], now: datetime) -> Iterator[str]:
    names = Counter(event.name for event in events)
    if events[0].name not in {STARTED, NOT_PROMISED} or names[STARTED] > 1:
        yield f"it does not begin once: {[event.name for event in events]}"
    if names[STARTED] == 0:
        return
    if names[MET] + names[BREACHED] > 1:
        yield f"it ends more than once: met {names[MET]}, breached {names[BREACHED]}"
    if names[AT_RISK] > 1:
        yield f"it is at risk {names[AT_RISK]} times"
    yield from _instants(events, responses, now)
    yield from _restated(events)


def _instants(events: Sequence[Event], responses: Sequence[Response], now: datetime) -> Iterator[str]:
    certificate = next(event for event in events if event.name == STARTED).data["certificate"]
    due, ended = instant(certificate["due_at"]), False
    for event in events:
        match event.name:
            case "FirstResponseAtRisk":
                yield from _at_risk(event, instant(certificate["at_risk_at"]), ended=ended)
            case "FirstResponseMet":
                yield from _met(event, due, responses)
            case "FirstResponseBreached":
                yield from _breached(event, due, responses)
            case _ if event.name not in {STARTED, *_AFTERWARDS}:
                yield f"the checker does not know {event.name}"
        ended = ended or event.name in {MET, BREACHED}
    if not ended and now > due:
        yield f"it was due at {due} and has no verdict at {now}"


def _restated(events: Sequence[Event]) -> Iterator[str]:
    """A breach is restated once where an answer in time came to be known after it; nothing else was published since."""
    due = next((instant(event.data["due_at"]) for event in events if event.name == BREACHED), None)
    in_time = due and [e for e in events if e.name == NOTED and instant(e.data["responded_at"]) <= due]
    said = [(event.data["promised"], event.data["restated"]) for event in events if event.name == RESTATED]
    if said != ([("breached", "met")] if in_time else []):
        yield f"answers in time that came to be known after its breach: {len(in_time or ())}, restated: {said}"


def _at_risk(event: Event, at: datetime, *, ended: bool) -> Iterator[str]:
    if event.recorded_at < at:
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
