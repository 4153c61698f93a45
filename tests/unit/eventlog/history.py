"""Records as writers write them: a chain for every stream, in the stream's partition."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from libs.eventlog.rule import SetAside
from libs.eventlog.wire.record import Cause, Head, Record, encode
from libs.messages.base import Event
from libs.messages.ids import name_id
from libs.messages.streams import partition_of, stream_id
from tests.model.story import MONDAY, PARTITIONS, TICKETS, Noted


def note(fact: int = 0) -> Noted:
    return Noted(at=MONDAY, fact=fact, basis=())


def stream_in(partition: int, which: int = 0) -> str:
    """Name a ticket that belongs to a partition."""
    streams = (stream_id("ticket", "upstream", str(number)) for number in range(1000))
    return [stream for stream in streams if partition_of(stream, PARTITIONS) == partition][which]


def written(
    stream: str, head: Head | None, event: Event, command: str = "any", recorded_at: datetime = MONDAY
) -> tuple[Head, bytes]:
    """Give the head after an event, and its record's value."""
    cause = Cause(str(name_id(command)), "correlation", MONDAY)
    made = encode("test", stream, head, event, cause, recorded_at)
    return made.head, made.value


@dataclass
class History:
    """What is appended, in order; `record` gives it as the log would."""

    topic: str = TICKETS
    heads: dict[str, Head] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)

    def next(self, stream: str, event: Event | None = None, command: str | None = None, day: int = 0) -> Record:
        """Write the next event of a stream, recorded so many days after the first Monday."""
        head = self.heads.get(stream)
        command = command or f"{stream} {head.sequence if head else 0}"
        at = MONDAY + timedelta(days=day)
        self.heads[stream], value = written(stream, head, event or note(), command, at)
        return self.record(value, stream)

    def record(self, value: bytes | None, stream: str, *, partition: int | None = None) -> Record:
        """Put any value where a record of the stream would stand."""
        at = partition_of(stream, PARTITIONS) if partition is None else partition
        offset = self.offsets.get(at, 0)
        self.offsets[at] = offset + 1
        return Record(self.topic, at, offset, stream.encode(), value, (), 0)

    def again(self, record: Record) -> Record:
        """Write the same once more."""
        offset = self.offsets[record.partition]
        self.offsets[record.partition] = offset + 1
        return record._replace(offset=offset)


def aside(record: Record) -> SetAside:
    digest = sha256(record.value or b"").hexdigest()
    return SetAside(record.partition, record.offset, digest, "written by hand", "operations")
