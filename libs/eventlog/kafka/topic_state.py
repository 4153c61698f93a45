"""What brokers say of topics and groups beside offsets: the newest record, bytes on disk, how many members a group has.

aiokafka asks for offsets in versions that know no newest record (KIP-734), and never for log directories: both requests
are spelled out here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

_OFFSETS, _LOG_DIRS = 2, 35
_NEWEST = -3
"""In place of an instant: the record with the greatest timestamp."""
_NOT_A_REPLICA, _COMMITTED, _NO_EPOCH = -1, 1, -1


class Newest(NamedTuple):
    """The newest record of a topic: its place, and the broker's time of it in ms of the epoch."""

    partition: int
    offset: int
    timestamp: int


class _OffsetsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = _OFFSETS
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", CompactString()),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("timestamp", Int64),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _OffsetsStruct(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = _OFFSETS
    API_VERSION = 7
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _OffsetsResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        ("isolation_level", Int8),
        (
            "topics",
            CompactArray(
                ("topic", CompactString()),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32), ("leader_epoch", Int32), ("timestamp", Int64), ("tags", TaggedFields)
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class NewestRequest(Request[_OffsetsStruct]):  # type: ignore[misc] # aiokafka ships no types
    """Ask a leader for the newest record of each partition."""

    API_KEY = _OFFSETS

    def __init__(self, partitions: Iterable[TopicPartition]) -> None:
        self._topics: list[Any] = [
            (topic, [(partition, _NO_EPOCH, _NEWEST, {}) for partition in every], {})
            for topic, every in by_topic(partitions).items()
        ]

    def build(self, request_struct_class: type[_OffsetsStruct]) -> _OffsetsStruct:
        """Build the request in the one version that is needed."""
        return request_struct_class(_NOT_A_REPLICA, _COMMITTED, self._topics, {})


class _LogDirsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = _LOG_DIRS
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            Array(
                ("error_code", Int16),
                ("log_dir", String("utf-8")),
                (
                    "topics",
                    Array(
                        ("topic", String("utf-8")),
                        (
                            "partitions",
                            Array(("partition", Int32), ("size", Int64), ("lag", Int64), ("is_future", Boolean)),
                        ),
                    ),
                ),
            ),
        ),
    )


class _LogDirsStruct(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = _LOG_DIRS
    API_VERSION = 1
    RESPONSE_TYPE = _LogDirsResponse
    SCHEMA = Schema(("topics", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))))


class LogDirsRequest(Request[_LogDirsStruct]):  # type: ignore[misc] # aiokafka ships no types
    """Ask a broker how many bytes it keeps of some partitions."""

    API_KEY = _LOG_DIRS

    def __init__(self, partitions: Iterable[TopicPartition]) -> None:
        self._topics = list(by_topic(partitions).items())

    def build(self, request_struct_class: type[_LogDirsStruct]) -> _LogDirsStruct:
        """Build the request in the one version that is needed."""
        return request_struct_class(self._topics)


def newest_of(answers: Iterable[Any]) -> dict[str, Newest]:
    """By topic the newest record that leaders told of; a topic without records is absent."""
    found: dict[str, Newest] = {}
    for answer in answers:
        for topic, partitions, *_tags in answer.topics:
            for partition, _error, timestamp, offset, *_ in partitions:
                if offset >= 0 and (topic not in found or found[topic].timestamp < timestamp):
                    found[topic] = Newest(partition, offset, timestamp)
    return found


def sizes_of(answers: Iterable[Any]) -> dict[str, int]:
    """By topic its bytes on all brokers, copies included."""
    found: dict[str, int] = {}
    for answer in answers:
        for *_, topics in answer.results:
            for topic, partitions in topics:
                found[topic] = found.get(topic, 0) + sum(one[1] for one in partitions)
    return found


def by_topic(partitions: Iterable[TopicPartition]) -> Mapping[str, Sequence[int]]:
    """Sort partitions by topic."""
    found: dict[str, list[int]] = {}
    for tp in partitions:
        found.setdefault(tp.topic, []).append(tp.partition)
    return found
