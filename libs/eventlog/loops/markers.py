"""Follows what people decide about dead letters: which of them were sent in again, or need nothing more."""

from pydantic import ValidationError

from libs.eventlog.ports import Log, PartitionOffset
from libs.eventlog.wire.receipts import dead_letters_of
from libs.messages.receipts import DeadLetterDiscarded


class Markers:
    """The markers for the dead letters of a door, each given once."""

    def __init__(self, log: Log, door: str) -> None:
        self._log, self._door, self._topic = log, door, dead_letters_of(door)
        self._next: dict[int, int] = {}

    async def since(self) -> set[PartitionOffset]:
        """The addresses at the door of the letters that were marked since the last call; raises Unavailable."""
        ends = await self._log.ends(self._topic)
        if not self._next:
            self._next = dict(await self._log.starts(self._topic))
        found: set[PartitionOffset] = set()
        for partition, end in ends.items():
            if self._next[partition] < end:
                async for records in self._log.scan(self._topic, partition, end, self._next[partition]):
                    found.update(at for record in records if (at := self._marked(record.value)))
                self._next[partition] = end
        return found

    def _marked(self, value: bytes | None) -> PartitionOffset | None:
        try:
            marker = DeadLetterDiscarded.model_validate_json(value or b"")
        except ValidationError:
            return None  # a dead letter
        is_here = marker.place.topic == self._door
        return PartitionOffset(marker.place.partition, marker.place.offset) if is_here else None
