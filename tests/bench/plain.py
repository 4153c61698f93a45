"""The same rows, heads and command indexes by other means: a plain consumer, `json` and dictionaries.

What a measured run leaves behind is compared with this.
"""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

Row = list[Any]
Head = tuple[str, int, int, str | None, bytes, int]
"""Stream, partition, sequence, id, journal, and the hour of its newest event since 1970."""


class Folded(NamedTuple):
    """What must stand in the tables; rows and heads by stream."""

    sizes: list[int]
    """Of the values, in bytes."""
    rows: dict[str, Row]
    heads: dict[str, Head]


async def fold(bootstrap: str, topic: str) -> Folded:
    """Read the whole topic; the log must hold no void record."""
    folded = Folded([], {}, {})
    async for message in everything(bootstrap, topic):
        event = json.loads(message.value)
        folded.sizes.append(len(message.value))
        _follow(folded.heads, event, message.partition, message.offset)
        apply(folded.rows, event)
    return folded


async def everything(bootstrap: str, topic: str) -> AsyncIterator[Any]:
    """Give each record of a topic as the library has it, one after the other."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic)]
        left = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
        while left:
            for place, messages in (await consumer.getmany(timeout_ms=1000)).items():
                for message in messages:
                    yield message
                if messages[-1].offset + 1 >= left.get(place, 0):
                    left.pop(place, None)
    finally:
        await consumer.stop()


def _follow(heads: dict[str, Head], event: dict[str, Any], partition: int, offset: int) -> None:
    stream, sequence = event["subject"], int(event["sequence"])
    _, _, last, previous, journal, hour = heads.get(stream, (stream, partition, 0, None, b"", 0))
    if (sequence, event.get("previousid")) != (last + 1, previous):
        raise ValueError(f"{stream} is no chain at {partition}/{offset}")
    entry = bytes.fromhex(event["causationid"].replace("-", "")) + offset.to_bytes(8, "big")
    hour = max(hour, int(instant(event["recordedtime"]).timestamp()) // 3600)
    heads[stream] = (stream, partition, sequence, event["id"], journal + entry, hour)


def apply(rows: dict[str, Row], event: dict[str, Any]) -> None:
    """Do to the rows what an event, as it stands in the log, does to them."""
    stream, data = event["subject"], event["data"]
    if event["type"] == "olcare.TicketOpened.v1":
        rows[stream] = opened(event)
    elif data["by"] == "person":
        row, at = rows[stream], instant(data["responded_at"])
        row[-2] += 1
        row[-1] = at if row[-1] is None else min(at, row[-1])


def opened(event: dict[str, Any]) -> Row:
    """Give the row of a ticket that was opened."""
    data, cover = event["data"], event["data"]["cover"]
    facts = [data[name] for name in ("product", "version", "channel", "centre", "language", "requester")]
    instants = [instant(data["opened_at"]), instant(cover["covered_until"])]
    return [event["subject"], data["customer"], cover["contract"], *facts, event["correlationid"], *instants, 0, None]


def instant(text: str) -> datetime:
    """Read RFC 3339."""
    return datetime.fromisoformat(text)
