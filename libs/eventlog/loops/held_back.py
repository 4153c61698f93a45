"""What a group has left aside, kept with its committed offsets, and which numbers must wait for it.

The offset of the first record that was left, for each stream, stands in the metadata of the committed offset. So it is
as durable as the offset, goes with the partition to its next owner, and every process can ask for it.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import Log, PartitionOffset
from libs.eventlog.wire.cloudevents import named
from libs.eventlog.wire.record import Record
from libs.messages.streams import stream_id

AT_MOST = 150  # streams of a partition: the broker takes 4 KiB of metadata (offset.metadata.max.bytes)

_STREAM = re.compile(r'"(?!person/)[a-z]+/([^"/]+/[^"/]+)"')

Numbered = str
"""A stream id without its kind: what a ticket and its promise have in common."""


class Source(NamedTuple):
    """A group that may set something aside, and the topic that it reads."""

    group: str
    topic: str
    also: Callable[[Record], Iterable[str]] = lambda _: ()
    """Streams that a record is about, beside those whose ids stand in it."""


def check_room(number: int, partition: str) -> None:
    """Raise Unavailable where more are left aside in a partition than can be kept."""
    if number > AT_MOST:
        where = "see `olcare stuck list` and `olcare dlq list`"
        raise Unavailable(f"{partition}: more than {AT_MOST} are left aside; {where}")


def remark_of(firsts: Iterable[int], partition: str) -> str:
    """What is committed with an offset; raises Unavailable where there are too many, named by their partition."""
    offsets = sorted(firsts)
    check_room(len(offsets), partition)
    return json.dumps({"stuck": offsets}) if offsets else ""


def firsts_of(remark: str) -> Sequence[int]:
    """The offsets in the metadata of a committed offset; none where it is of another kind."""
    try:
        found = json.loads(remark)
    except ValueError:
        return ()
    offsets = found.get("stuck", ()) if isinstance(found, dict) else ()
    return [at for at in offsets if isinstance(at, int)]


def numbered(stream: str) -> Numbered:
    """A stream id without its kind."""
    return stream.partition("/")[2]


async def left(log: Log, source: Source) -> Sequence[Record]:
    """The first record of each stream that a group has left aside; raises Unavailable."""
    commits = await log.commits(source.group, source.topic)
    addresses = [PartitionOffset(p, at) for p, commit in commits.items() for at in firsts_of(commit.remark)]
    return list((await log.records(source.topic, addresses)).values()) if addresses else ()


def named_in(records: Iterable[Record]) -> frozenset[Numbered]:
    """The numbers that records are about, and those of the streams that they name, persons apart."""
    return frozenset(name for record in records for name in _names(record))


def _names(record: Record) -> Iterable[Numbered]:
    if (attributes := named(record)) is not None:
        yield numbered(stream_id("any", *attributes))
    yield numbered((record.key or b"").decode(errors="replace"))
    yield from _STREAM.findall((record.value or b"").decode(errors="replace"))


async def held_back(log: Log, sources: Sequence[Source]) -> frozenset[Numbered]:
    """The numbers that must wait for what some groups have left aside; raises Unavailable."""
    found = set[Numbered]()
    for source in sources:
        records = await left(log, source)
        found |= named_in(records)
        found |= {numbered(stream) for record in records for stream in source.also(record)}
    return frozenset(found)
