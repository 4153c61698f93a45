"""Where a record stands at a door, and what its message is known by."""

from libs.messages.base import EventId, Offset, PartitionNumber, TopicName, Value


class RecordAddress(Value):
    """A record on a door topic."""

    topic: TopicName
    partition: PartitionNumber
    offset: Offset

    def text(self) -> str:
        """The key of its dead letter: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class DoorRecord(Value):
    """A message as it stands at a door, and the command that it was taken as."""

    place: RecordAddress
    command: EventId
