"""Private records: what is personal in a door record, written before the event that names its key."""

from typing import NamedTuple

from libs.eventlog.wire.record import JSON, Outgoing, Record
from libs.messages.base import PrivateKey
from libs.messages.catalogue import PRIVATE
from libs.messages.private import PrivateRecord
from libs.messages.streams import partition_of

HEARTBEAT = "heartbeat"
"""The key of records that say nothing: a tombstone of nobody, which lets older segments be compacted."""


class Personal(NamedTuple):
    """What goes to the private topic and nowhere else."""

    key: PrivateKey
    content: PrivateRecord


def private_key(record: Record, person: str) -> PrivateKey:
    """The key of the private record of a door record."""
    return PrivateKey(person=person, topic=record.topic, partition=record.partition, offset=record.offset)


def private_record(personal: Personal, partitions: int) -> Outgoing:
    """The record to write, in one of so many partitions of the private topic."""
    key = personal.key.text()
    value = personal.content.model_dump_json(exclude_none=True).encode()
    return Outgoing(PRIVATE, partition_of(key, partitions), key.encode(), value, JSON)


def tombstone(key: str, partitions: int) -> Outgoing:
    """The record that takes a private record away."""
    return Outgoing(PRIVATE, partition_of(key, partitions), key.encode(), None, JSON)


def heartbeat(partition: int) -> Outgoing:
    """A record that says nothing."""
    return Outgoing(PRIVATE, partition, HEARTBEAT.encode(), None, JSON)
