"""What the topics hold after the story: read whole, by a consumer that commits no offsets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.wire.receipts import dead_letters_of, receipts_of
from libs.eventlog.wire.record import Record
from libs.messages.base import event_type
from libs.messages.catalogue import EVENTS, UPSTREAM
from libs.messages.receipts import DeadLetter, Receipt
from libs.messages.tickets import MessageHeld
from services.ops.cli.environment import open_log
from services.ops.demo.stage import Stage

HELD = event_type(MessageHeld)


class LogEvent(NamedTuple):
    """An event that counts, as it stands in the log."""

    type: str
    stream: str
    cause: str
    data: Mapping[str, Any]


class DoorBook(NamedTuple):
    """What went through a door."""

    records: int
    receipts: Sequence[Receipt]
    letters: Sequence[DeadLetter]


@dataclass
class Topics:
    """The doors and the log; `void` counts records of the log that count for nothing."""

    doors: dict[str, DoorBook] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)
    void: int = 0

    def caused_by(self, commands: frozenset[str]) -> int:
        """Count the events that one of these commands caused."""
        return sum(event.cause in commands for event in self.events)

    def decided(self, door: str) -> int:
        """Count the messages of a door that were held and are decided."""
        decisions = (e.data["door_record"] for e in self.events if e.type != HELD and e.data.get("door_record"))
        return sum(record["place"]["topic"] == door for record in decisions)


async def read_topics(stage: Stage) -> Topics:
    """Read every topic to its end; raises Unavailable."""
    found = Topics()
    async with open_log(stage.environment()) as log:
        for topic in EVENTS:
            _fold(found, [json.loads(record.value or b"") async for record in records(stage.kafka, log, topic)])
        for door in UPSTREAM:
            found.doors[door] = DoorBook(
                records=len(await _all(stage, log, door)),
                receipts=[
                    Receipt.model_validate_json(r.value or b"") for r in await _all(stage, log, receipts_of(door))
                ],
                letters=[
                    DeadLetter.model_validate_json(r.value or b"")
                    for r in await _all(stage, log, dead_letters_of(door))
                ],
            )
    return found


def _fold(found: Topics, envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Take the events that count: those whose sequence is the next of their stream."""
    heads: dict[str, int] = {}
    for envelope in envelopes:
        stream = envelope["subject"]
        if int(envelope["sequence"]) != heads.get(stream, 0) + 1:
            found.void += 1
            continue
        heads[stream] = heads.get(stream, 0) + 1
        found.events.append(LogEvent(envelope["type"], stream, envelope["causationid"], envelope["data"]))


async def _all(stage: Stage, log: KafkaLog, topic: str) -> list[Record]:
    return [record async for record in records(stage.kafka, log, topic)]
