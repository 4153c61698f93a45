"""The rule of the log, written a second time: what counts, what is void, and what cannot be."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

import msgspec
from aiokafka.partitioner import murmur2

from tests.faults.checked.books import Record, Topic, instant

TICKETS, PROMISES, CONTRACTS = "olcare.tickets.v1", "olcare.sla.v1", "olcare.contracts.v1"
PLAN, NOTICES, PRIVATE = "olcare.plan.v1", "olcare.notices.v1", "olcare.private.v1"
LOGS = (TICKETS, PROMISES, CONTRACTS, PLAN, NOTICES)

_NAMESPACE = UUID("6f1d3c52-2f0b-5a39-9d4c-0c1a5e0b7c11")
_HEADERS = (("content-type", b"application/cloudevents+json"),)


def name_id(*parts: str) -> str:
    """Name something by what it follows from."""
    return str(uuid5(_NAMESPACE, json.dumps(parts, ensure_ascii=False, separators=(",", ":"))))


class Event(msgspec.Struct, frozen=True, rename={"stream": "subject", "sequence_text": "sequence", "raw": "data"}):
    """An event of the log as it is written."""

    id: str
    type: str
    stream: str
    time: str
    sequence_text: str
    recordedtime: str
    causationid: str
    correlationid: str
    raw: msgspec.Raw
    previousid: str | None = None
    fingerprint: str | None = None

    @property
    def sequence(self) -> int:
        """Give the place in the stream, from 1."""
        return int(self.sequence_text)

    @property
    def name(self) -> str:
        """Give `TicketOpened` for `olcare.TicketOpened.v1`."""
        return self.type.split(".")[1]

    @property
    def data(self) -> Mapping[str, Any]:
        """Give what it says."""
        data: Mapping[str, Any] = json.loads(bytes(self.raw))
        return data

    @property
    def recorded_at(self) -> datetime:
        """Give the writer's plan time when it appended."""
        return instant(self.recordedtime)

    def computed_id(self) -> str:
        """Compute the id that it must have."""
        data = bytes(self.raw).decode()
        return name_id(self.stream, self.causationid, self.previousid or "", self.type, self.time, data)


@dataclass
class Ledger:
    """What one log topic says by the rule; `counting` by the record's place."""

    counting: dict[str, Event] = field(default_factory=dict)
    voids: set[tuple[int, int]] = field(default_factory=set)
    heads: dict[str, Event] = field(default_factory=dict)
    partitions: dict[str, int] = field(default_factory=dict)
    command_indexes: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    findings: list[str] = field(default_factory=list)

    @cached_property
    def streams(self) -> Mapping[str, list[Event]]:
        """Give the counting events of every stream, in order."""
        found = defaultdict(list)
        for event in self.counting.values():
            found[event.stream].append(event)
        return found

    def named(self, *names: str) -> Iterator[Event]:
        """Give the counting events of these types."""
        return (event for event in self.counting.values() if event.name in names)


def ledger(topic: Topic) -> Ledger:
    """Go through a log topic record by record."""
    book = Ledger()
    expected: Counter[int] = Counter()
    for record in topic.records:
        if record.offset != expected[record.partition]:
            book.findings.append(f"{record.place}: offset {expected[record.partition]} is missing before it")
        expected[record.partition] = record.offset + 1
        _take(book, record, topic.partitions)
    for stream, events in book.streams.items():
        twice = [cause for cause, n in Counter(event.causationid for event in events).items() if n > 1]
        book.findings += [f"{stream}: the command {cause} counts more than once" for cause in twice]
    return book


def _take(book: Ledger, record: Record, partitions: int) -> None:
    try:
        event = msgspec.json.decode(record.value or b"", type=Event)
    except msgspec.MsgspecError as error:
        book.findings.append(f"{record.place}: no event can be read: {error}")
        return
    book.findings += [f"{record.place}: {problem}" for problem in _misshapen(event, record, partitions)]
    head = book.heads.get(event.stream)
    if event.sequence <= (head.sequence if head else 0):
        book.voids.add((record.partition, record.offset))
        return
    if problem := _out_of_place(event, head):
        book.findings.append(f"{record.place}: {problem}")
    book.counting[record.place] = event
    book.heads[event.stream] = event
    book.partitions[event.stream] = record.partition
    book.command_indexes[event.stream].append((event.causationid, record.offset))


def _misshapen(event: Event, record: Record, partitions: int) -> Iterator[str]:
    if record.key != event.stream.encode():
        yield f"its key is {record.key!r}, its subject {event.stream}"
    if record.partition != partition_of(event.stream, partitions):
        yield f"{event.stream} belongs to partition {partition_of(event.stream, partitions)}"
    if record.headers != _HEADERS:
        yield f"its headers are {record.headers}"
    if event.id != event.computed_id():
        yield f"its id {event.id} does not follow from what it says"


def _out_of_place(event: Event, head: Event | None) -> str | None:
    if event.sequence > (head.sequence if head else 0) + 1:
        return f"{event.stream} is at {head.sequence if head else 0}, this is {event.sequence}"
    if event.previousid != (head.id if head else None):
        return f"{event.stream} is at {head.id if head else 'nothing'}, this follows {event.previousid}"
    return None


def partition_of(key: str, partitions: int) -> int:
    """Give the partition that Kafka's own clients choose for a key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
