"""Whether a record counts, and if not why: read from the chain, where counting events alone have a row."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from libs.eventlog.errors import Halted
from libs.eventlog.kafka.topics import Card
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.catalogue import EVENTS
from services.ops.trail.links import Chain, Link


class RecordStanding(StrEnum):
    """How a record stands in the log."""

    COUNTS = "counts"
    REPEAT = "repeat"
    """Void: the same event once more."""
    LOSER = "loser"
    """Void: another event took its place in the stream before it."""
    SET_ASIDE = "set-aside"
    """Void: a person has written it down in the topic's card."""
    NOT_JUDGED = "not-judged"
    """audit has not read it yet, or is halted before it."""
    NO_LOG = "no-log"
    """It is on a topic where nothing counts: a door, receipts, dead letters or a state topic."""


class RecordVerdict(NamedTuple):
    """How a record stands, and the event that counts in its place, which is itself where it counts."""

    standing: RecordStanding
    counting: Link | None = None


def envelope_of(record: Record, cards: Mapping[str, Card]) -> RecordedEvent | None:
    """The envelope of a record of a log topic; None where it is of another one, or can not be read."""
    if record.topic not in EVENTS:
        return None
    try:
        return Codec(record.topic, EVENTS[record.topic], cards[record.topic].partitions).outline(record)
    except Halted:
        return None


async def verdict(chain: Chain, cards: Mapping[str, Card], record: Record) -> RecordVerdict:
    """Judge a record as every reader does; raises Unavailable."""
    if record.topic not in EVENTS:
        return RecordVerdict(RecordStanding.NO_LOG)
    if any((s.partition, s.offset) == (record.partition, record.offset) for s in cards[record.topic].set_aside):
        return RecordVerdict(RecordStanding.SET_ASIDE)
    passed = (await chain.positions()).get((record.topic, record.partition), 0)
    event = envelope_of(record, cards)
    if event is None or passed <= record.offset:
        return RecordVerdict(RecordStanding.NOT_JUDGED)
    counting = await chain.of_place(event.stream, event.sequence)
    return RecordVerdict(_standing(record, event, counting), counting)


def _standing(record: Record, event: RecordedEvent, counting: Link | None) -> RecordStanding:
    if counting is None:
        return RecordStanding.LOSER  # its place is behind one that was set aside
    if (counting.partition, counting.offset) == (record.partition, record.offset):
        return RecordStanding.COUNTS
    return RecordStanding.REPEAT if counting.id == event.id else RecordStanding.LOSER
