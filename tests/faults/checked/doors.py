"""Doors: every record has its receipt, every command exactly one counting event, what is unreadable is kept whole."""

import json
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.faults.checked.books import Books, Record
from tests.faults.checked.log import CONTRACTS, NOTICES, PLAN, TICKETS, Event, Ledger, name_id

DOORS: Mapping[str, tuple[str, ...]] = {
    "olcare.tickets.in.v1": (TICKETS,),
    "olcare.contracts.in.v1": (CONTRACTS, PLAN),
    "olcare.notices.in.v1": (NOTICES,),
}
"""Door → the logs that it leads to."""

_PARTS = {"calendar": "centre", "prices": "currency", "versions": "product"}
_ALONE = {"targets": "first-response", "reminders": "renewal", "tz": "iana"}
"""Parts of which there is one."""
_KINDS = {
    **dict.fromkeys(("CustomerSubmitted", "RemindersChosen"), "customer"),
    **dict.fromkeys(("LicencePurchased", "OptionsAdded"), "licence"),
    **dict.fromkeys(("ContractSubmitted", "RenewalSigned", "ResubscriptionSigned"), "contract"),
}


class Said(NamedTuple):
    """What an upstream system said."""

    source: str
    id: str
    type: str
    subject: str
    data: Mapping[str, Any]

    @property
    def stream(self) -> str:
        """Name the stream that it is about."""
        name = self.type.split(".")[2]
        if name == "PersonErasureOrdered":
            return str(self.data["customer"])
        if name == "PlanPartSubmitted":
            return _part(self.data["publication"])
        if name in {"ResendOrdered", "SettlementOrdered"}:
            return self.subject
        return f"{_KINDS.get(name, 'ticket')}/{quote(self.source, safe='')}/{quote(self.subject, safe='')}"

    @property
    def command(self) -> str:
        """Give the command's id."""
        return name_id(self.source, self.id, self.stream)


def _part(publication: Mapping[str, Any]) -> str:
    part = publication["part"]
    number = publication["content"][_PARTS[part]] if part in _PARTS else _ALONE[part]
    return f"{part}/plan/{quote(number, safe='')}"


def said(record: Record) -> Said:
    """Read a door record that can be read, in either mode."""
    headers = {name.lower(): (value or b"").decode() for name, value in record.headers}
    content = json.loads(record.value or b"")
    if headers.get("content-type", "").startswith("application/cloudevents"):
        data = content["data"] if "data" in content else json.loads(b64decode(content["data_base64"]))
        return Said(content["source"], content["id"], content["type"], content["subject"], data)
    return Said(headers["ce_source"], headers["ce_id"], headers["ce_type"], headers["ce_subject"], content)


class Receipt(NamedTuple):
    """A receipt, as what it says, and the record that it is."""

    says: Mapping[str, Any]
    record: Record


class Answered(NamedTuple):
    """A readable record, its words, its receipt, and the second one where it was held and is decided."""

    record: Record
    said: Said
    receipt: Mapping[str, Any]
    receipts: Sequence[Receipt]

    @property
    def otherwise(self) -> bool:
        """Whether its id is said to have named another message before."""
        return self.receipt.get("reason") == "id-used-otherwise"

    @property
    def command(self) -> str:
        """Give the command's id; that of a message under a used id is checked where its event is at hand."""
        return str(self.receipt.get("command")) if self.otherwise else self.said.command

    @property
    def words(self) -> str:
        """Give what it says, in the form that all its spellings have."""
        return json.dumps([self.said.type, without_nulls(self.said.data)], sort_keys=True)


def without_nulls(value: Any) -> Any:
    """Leave out what is null."""
    if isinstance(value, dict):
        return {name: without_nulls(content) for name, content in value.items() if content is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def answered(books: Books, door: str) -> tuple[list[Answered], list[Record], list[str]]:
    """Part the records of a door by their receipts into readable and unreadable; the findings of that."""
    findings: list[str] = []
    receipts = _receipts(books, door)
    readable, unreadable = list[Answered](), list[Record]()
    for record in books.topic(door).records:
        own = receipts.pop(record.place, [])
        first = own[0].says if own else {"outcome": None}
        if not own:
            findings.append(f"{record.place} has no receipt")
        elif first["outcome"] == "unreadable":
            unreadable.append(record)
        else:
            readable.append(Answered(record, said(record), first, own))
        if len(own) > (2 if first["outcome"] == "held" else 1):
            findings.append(f"{record.place} has receipts that differ")
    findings += [f"there is a receipt for {place}, where nothing was said" for place in receipts]
    return readable, unreadable, findings


def _receipts(books: Books, door: str) -> dict[str, list[Receipt]]:
    """The different receipts of each place, in their order."""
    found: dict[str, list[Receipt]] = defaultdict(list)
    for record in books.topic(door.replace(".in.", ".receipts.")).records:
        receipt = Receipt(json.loads(record.value or b""), record)
        known = found[_place(receipt.says["place"])]
        if all(_wire(one.record) != _wire(record) for one in known):
            known.append(receipt)
    return found


def _wire(record: Record) -> tuple[object, ...]:
    return record.partition, record.key, record.value, record.headers


def _place(place: Mapping[str, Any]) -> str:
    return f"{place['topic']}/{place['partition']}/{place['offset']}"


def check_doors(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find what does not balance at the doors."""
    for door, topics in DOORS.items():
        readable, unreadable, findings = answered(books, door)
        yield from findings
        yield from _dead_letters(books, door, unreadable)
        events = {event.id: event for topic in topics for event in logs[topic].counting.values()}
        for one in readable:
            yield from _receipt(one, events)
        yield from _held(readable, logs[topics[0]].counting.values())
        yield from _are_left(logs[topics[0]])
        yield from _used_ids(readable)
        yield from _commands({one.command for one in readable}, list(events.values()), door)


def _decided_place(event: Event) -> str | None:
    """Where the message stands that is held, or was held until this event."""
    record = event.data.get("door_record")
    return _place(record["place"]) if record else None


def _held(readable: Sequence[Answered], events: Iterable[Event]) -> Iterator[str]:
    """See that whoever was told that a message is held was told what it came to, and nobody else was told twice."""
    decisions: dict[str, Event] = {}
    for event in events:
        place = _decided_place(event)
        if place and event.name != "MessageHeld" and decisions.setdefault(place, event) is not event:
            yield f"{place}: {event.id} decides what {decisions[place].id} had decided"
    for one in readable:
        decision, second = decisions.pop(one.record.place, None), one.receipts[1:]
        if decision is None and second:
            yield f"{one.record.place} has a second receipt, and nothing decided it"
        elif decision is not None and not second:
            yield f"{one.record.place} was held, {decision.id} decided it, and it has no second receipt"
        elif decision is not None:
            yield from _second_receipt(one, decision)
    yield from (f"{event.id} decides {place}, where nothing was held" for place, event in decisions.items())


def _second_receipt(one: Answered, event: Event) -> Iterator[str]:
    """Compare it with the first one, which says whose message it is, and with the event."""
    place, first, second = one.record.place, one.receipts[0], one.receipts[1]
    of_event = {"event": event.id, "event_type": event.type, "outcome": "accepted"}
    of_event |= {name: event.data[name] for name in ("reason", "clause") if event.data.get(name) is not None}
    if event.name.endswith("Refused"):
        of_event["outcome"] = "refused"
    if second.says != {**first.says, **of_event}:
        yield f"{place}: the second receipt is {second.says}, the first one {first.says}, the event {event.id}"
    if _wire(first.record)[:2] != _wire(second.record)[:2] or first.record.headers != second.record.headers:
        yield f"{place}: the second receipt stands elsewhere than the first one, or under another key"


def _are_left(ledger: Ledger) -> Iterator[str]:
    """See that nothing is held of a ticket that was opened or refused, but merges that wait for another ticket."""
    held: dict[str, dict[str, Event]] = defaultdict(dict)
    for event in ledger.counting.values():
        place = _decided_place(event)
        if place and event.name == "MessageHeld" and not event.data.get("awaits"):
            held[event.stream][place] = event
        elif place:
            held[event.stream].pop(place, None)
    there = {event.stream for event in ledger.counting.values() if event.name in {"TicketOpened", "TicketRefused"}}
    yield from (f"{place} is held, though {stream} is there" for stream in there for place in held[stream])


def _used_ids(readable: Sequence[Answered]) -> Iterator[str]:
    """See that an id names one message: the same words got one answer, and other words were told so."""
    first = {one.said.command: one.words for one in readable if not one.otherwise}
    events: dict[tuple[str, str], object] = {}
    for one in readable:
        if (first.get(one.said.command) == one.words) is one.otherwise:
            before = "the same" if one.otherwise else "something else"
            yield f"{one.record.place}: under its id {before} was said before"
        if events.setdefault((one.said.command, one.words), one.receipt.get("event")) != one.receipt.get("event"):
            yield f"{one.record.place}: the same words got another answer"


def _receipt(one: Answered, events: Mapping[str, Event]) -> Iterator[str]:
    """Compare a receipt with the record and with the event that it names."""
    place, receipt, event = one.record.place, one.receipt, events.get(one.receipt.get("event", ""))
    if (receipt.get("command"), receipt.get("stream")) != (one.command, one.said.stream):
        yield f"{place}: the receipt is for another command: {receipt.get('command')} on {receipt.get('stream')}"
    if event is None:
        yield f"{place}: the receipt names {receipt.get('event')}, which does not count"
        return
    said = one.said
    named = (
        name_id("door", said.source, said.id, said.stream, str(event.fingerprint)) if one.otherwise else said.command
    )
    if (event.causationid, event.stream) != (named, said.stream):
        yield f"{place}: the receipt names an event of another command, {event.id}"
    for part in ("reason", "clause"):
        if receipt.get(part) != event.data.get(part):
            yield f"{place}: the receipt says {part} {receipt.get(part)}, the event {event.data.get(part)}"


def _commands(commands: set[str], events: Sequence[Event], door: str) -> Iterator[str]:
    """Compare the distinct commands with the counting events that a door caused: theirs is the first cause of all."""
    caused = Counter(event.causationid for event in events if event.causationid == event.correlationid)
    yield from (f"{door}: the command {command} has no counting event" for command in commands - caused.keys())
    yield from (f"{door}: nobody gave the command {command}, but it counts" for command in caused.keys() - commands)
    yield from (f"{door}: the command {command} counts {n} times" for command, n in caused.items() if n > 1)


def _dead_letters(books: Books, door: str, unreadable: Sequence[Record]) -> Iterator[str]:
    """See that exactly the unreadable records stand among the dead letters, as they came."""
    letters: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in books.topic(f"{door}.dlq").records:
        letter = json.loads(record.value or b"")
        if letter["kind"] == "dead-letter":
            letters[_place(letter["place"])].append(letter)
    for record in unreadable:
        kept = letters.pop(record.place, [])
        if not kept:
            yield f"{record.place} is unreadable and has no dead letter"
        elif any(letter != kept[0] for letter in kept):
            yield f"{record.place} has dead letters that differ"
        elif _original(kept[0]) != (record.key, record.value, record.headers):
            yield f"{record.place}: the dead letter does not hold what came"
    yield from (f"{place} has a dead letter, but can be read" for place in letters)


def _original(letter: Mapping[str, Any]) -> tuple[object, ...]:
    headers = tuple((header["name"], _bytes(header.get("value"))) for header in letter["headers"])
    return _bytes(letter.get("key")), _bytes(letter.get("value")), headers


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
