"""One record as it stands in its topic, with what the chain says of it; what may be personal is left out."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log, PartitionOffset
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import EVENTS
from libs.messages.places import RecordAddress
from services.ops.cli.output import Refused
from services.ops.trail.effects import Effects, effects
from services.ops.trail.links import Chain
from services.ops.trail.verdicts import RecordVerdict, verdict

MASKED = "not shown: it may be personal"


class RecordView(NamedTuple):
    """A record; of one that may be personal `value` is None and the keys of `masked` say what is left out."""

    address: RecordAddress
    appended_at: datetime
    """By the broker's clock."""
    key: str | None
    headers: Sequence[tuple[str, str | None]]
    size: int
    """Of the value, in bytes."""
    sha256: str
    """Of the value."""
    value: Any
    """As JSON, or as text where it is none."""
    masked: bool
    verdict: RecordVerdict


async def record_at(log: Log, cards: Mapping[str, Card], address: RecordAddress) -> Record:
    """Read one record; raises Refused where there is none, and Unavailable."""
    card = cards.get(address.topic)
    if card is None or address.partition >= card.partitions:
        raise Refused(f"there is no {address.topic}/{address.partition}")
    begin, end = (
        each.get(address.partition, 0) for each in (await log.starts(address.topic), await log.ends(address.topic))
    )
    if address.offset < begin:
        raise Refused(f"{address.text()} is no longer kept: the first record there is {begin}")
    if address.offset >= end:
        raise Refused(f"there is no {address.text()} yet: the next record there will be {end}")
    at = PartitionOffset(address.partition, address.offset)
    return (await log.records(address.topic, [at]))[at]


async def view_of(chain: Chain, cards: Mapping[str, Card], record: Record) -> RecordView:
    """What is shown of a record; raises Unavailable."""
    masked = record.topic not in EVENTS
    value = record.value or b""
    return RecordView(
        address=RecordAddress(topic=record.topic, partition=record.partition, offset=record.offset),
        appended_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        key=MASKED if masked and record.key else _text(record.key),
        headers=[(name, MASKED if masked and name != "content-type" else _text(held)) for name, held in record.headers],
        size=len(value),
        sha256=sha256(value).hexdigest(),
        value=None if masked else _read(value),
        masked=masked,
        verdict=await verdict(chain, cards, record),
    )


async def effects_of(chain: Chain, found: RecordView) -> Effects:
    """What followed from a record: from the event where it counts, from the message where it stands at a door."""
    counting = found.verdict.counting
    return await effects(chain, found.address if counting is None else counting)


def _read(value: bytes) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return _text(value)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
