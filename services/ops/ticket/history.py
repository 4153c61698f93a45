"""The whole history of a ticket, put together from every topic that speaks of it.

Events are found by the command indexes of their streams, and exactly those records are read; receipts are
looked for among those that the broker has taken since the ticket's first event.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from libs.eventlog.fold import counted_offsets
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.ports import PartitionOffset
from libs.eventlog.tables.database import Database
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Record
from libs.messages.base import PrivateKey
from libs.messages.catalogue import EVENTS, NOTICES, NOTICES_DOOR, SLA, TICKETS, TICKETS_DOOR
from libs.messages.receipts import Receipt
from libs.messages.streams import parse_stream, stream_id
from services.ops.watch.services import SERVICES, queries, tables

SKEW = 5_000  # ms that the clocks of brokers may differ
RANKS = {TICKETS: 0, receipts_of(TICKETS_DOOR): 1, SLA: 2, NOTICES: 3, receipts_of(NOTICES_DOOR): 4}
"""What comes first among records of the same millisecond: cause before effect."""


class HistoryEntry(NamedTuple):
    """A record that speaks of the ticket: a counting event, or a receipt."""

    appended_at: datetime
    """By the broker's clock; this is the order of the history."""
    recorded_at: datetime | None
    """By the writer's clock, in plan time; a receipt holds no time."""
    occurred_at: datetime | None
    topic: str
    partition: int
    offset: int
    stream: str
    sequence: int | None
    type: str
    id: str
    causation: str
    data: Mapping[str, Any]


class HistorySources(NamedTuple):
    """Where to look."""

    kafka: Address
    log: KafkaLog
    postgres: str


async def history(sources: HistorySources, ticket: str) -> list[HistoryEntry]:
    """Everything about a ticket in the order in which it was appended; empty where there is no such ticket."""
    promise, cycles = (stream_id(kind, *parse_stream(ticket)[1:]) for kind in ("promise", "cycles"))
    found = await _events(sources, "intake", TICKETS, [ticket])
    if not found:
        return []
    found += await _events(sources, "sla_timer", SLA, [promise, cycles])
    async with tables(sources.postgres, SERVICES["notification"]) as database:
        rows = await queries(database).rows("notices_about", streams=[ticket, promise])
    notices = [row["stream"] for row in rows]
    found += await _events(sources, "notification", NOTICES, notices)
    since = max(1, int(found[0].appended_at.timestamp() * 1000) - SKEW)
    found += await _receipts(sources, TICKETS_DOOR, {ticket}, since)
    found += await _receipts(sources, NOTICES_DOOR, set(notices), since)
    return sorted(found, key=lambda e: (e.appended_at, RANKS[e.topic], e.sequence or 0, e.offset))


async def promise_history(sources: HistorySources, ticket: str) -> list[HistoryEntry]:
    """The events of a ticket and then those of its promise, each in order; empty where there is no such ticket."""
    promise = stream_id("promise", *parse_stream(ticket)[1:])
    found = await _events(sources, "intake", TICKETS, [ticket])
    return [*found, *await _events(sources, "sla_timer", SLA, [promise])] if found else []


def private_keys(entries: Iterable[HistoryEntry]) -> list[PrivateKey]:
    """Name the private records that a history refers to, each once."""
    keys = {key.text(): key for entry in entries for key in _keys_in(entry.data)}
    return list(keys.values())


async def private_contents(postgres: str, keys: Sequence[PrivateKey]) -> dict[str, Any]:
    """What is personal by key; a key that is not there was erased, or not read yet."""
    async with tables(postgres, SERVICES["notification"]) as database:
        rows = await queries(database).rows("private_contents", keys=[key.text() for key in keys])
    return {row["key"]: json.loads(row["value"]) for row in rows}


async def _events(sources: HistorySources, service: str, topic: str, streams: Sequence[str]) -> list[HistoryEntry]:
    """Read the counting events of streams, and no other record."""
    writer = next(r for r in SERVICES[service].readers if r.topic == topic and r.writes)
    async with tables(sources.postgres, SERVICES[service]) as database:
        places = await places_of(database, writer.name, streams)
    codec = Codec(topic, EVENTS[topic], len(await sources.log.ends(topic)))
    records = await sources.log.records(topic, places)
    return [_event(codec, records[place]) for place in places]


async def places_of(database: Database, reader: str, streams: Sequence[str]) -> list[PartitionOffset]:
    """Where the counting events of some streams stand, each stream's in order."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"select partition, commands from streams_{reader} where stream = any($1) order by stream",  # noqa: S608 - ours
            list(streams),
        )
    return [PartitionOffset(row["partition"], offset) for row in rows for offset in counted_offsets(row["commands"])]


def _event(codec: Codec, record: Record) -> HistoryEntry:
    event = codec.envelope(record)
    return HistoryEntry(
        appended_at=_appended_at(record),
        recorded_at=event.recordedtime,
        occurred_at=event.time,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        stream=event.stream,
        sequence=event.sequence,
        type=event.type,
        id=event.id,
        causation=event.causationid,
        data=json.loads(bytes(event.raw)),
    )


async def _receipts(sources: HistorySources, door: str, streams: set[str], since: int) -> list[HistoryEntry]:
    found = []
    async for record in records(sources.kafka, sources.log, receipts_of(door), since):
        receipt = Receipt.model_validate_json(record.value or b"")
        if receipt.stream in streams:
            found.append(_receipt(record, receipt))
    return found


def _receipt(record: Record, receipt: Receipt) -> HistoryEntry:
    return HistoryEntry(
        appended_at=_appended_at(record),
        recorded_at=None,
        occurred_at=None,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        stream=receipt.stream or "",
        sequence=None,
        type=f"receipt: {receipt.outcome}",
        id=receipt.event or "",
        causation=receipt.command or "",
        data=receipt.model_dump(mode="json", exclude_none=True),
    )


def _appended_at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def _keys_in(data: object) -> Iterator[PrivateKey]:
    match data:
        case {"person": _, "offset": _}:
            try:
                yield PrivateKey.model_validate(data)
            except ValidationError:
                return
        case dict():
            for value in data.values():
                yield from _keys_in(value)
        case list():
            for value in data:
                yield from _keys_in(value)
        case _:
            return
