"""Messages to a door, as an upstream system would publish them: CloudEvents in structured or in binary mode."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import UNKNOWN, Appender
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing
from libs.messages.base import rfc3339
from libs.messages.catalogue import UPSTREAM
from libs.messages.places import RecordAddress
from libs.messages.streams import partition_of
from libs.messages.upstream import Upstream, upstream_type

Event = Mapping[str, Any]
"""A CloudEvent as a JSON object, `data` included; it is validated by the door, not here."""
Mode = Literal["structured", "binary"]
Headers = Sequence[tuple[str, bytes]]


def event(source: str, identity: str, subject: str, time: datetime, data: Upstream) -> dict[str, Any]:
    """Make a CloudEvent of an upstream message."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": upstream_type(type(data)),
        "subject": subject,
        "time": rfc3339(time),
        "datacontenttype": "application/json",
        "data": data.model_dump(mode="json", exclude_none=True),
    }


def structured(said: Event) -> tuple[bytes, Headers]:
    """Value and headers: the whole event is the value."""
    return json.dumps(said, ensure_ascii=False).encode(), CONTENT_TYPE


def binary(said: Event) -> tuple[bytes, Headers]:
    """Value and headers: the data are the value, the attributes are headers."""
    attributes = {name: str(value) for name, value in said.items() if name not in {"data", "datacontenttype"}}
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    content_type = str(said.get("datacontenttype", "application/json")).encode()
    return json.dumps(said.get("data"), ensure_ascii=False).encode(), [("content-type", content_type), *headers]


def door_record(
    door: str, said: Event, partitions: int, *, mode: Mode = "structured", key: str | None = None
) -> Outgoing:
    """Make the record for a door; order is kept per key, by default the number that the event is about."""
    value, headers = binary(said) if mode == "binary" else structured(said)
    key = str(said.get("subject", "")) if key is None else key
    return Outgoing(door, partition_of(key, partitions), key.encode(), value, headers)


def door_of(kind: str) -> str | None:
    """Name the door that takes a type (`olcare.upstream.TicketSubmitted.v1`)."""
    return next((door for door, types in UPSTREAM.items() if kind in types), None)


async def publish(appender: Appender, records: Sequence[Outgoing]) -> list[RecordAddress | None]:
    """Write the records and give their places, None where the broker did not say it; raises Unavailable."""
    offsets = await appender.append(records)
    if UNKNOWN in offsets:
        raise Unavailable(f"{records[0].topic}: not everything was acknowledged")
    return [
        RecordAddress(topic=record.topic, partition=record.partition, offset=offset) if offset >= 0 else None
        for record, offset in zip(records, offsets, strict=True)
    ]
