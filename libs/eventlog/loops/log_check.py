"""Checks that the log is still the log that was read: its identity, its ends, and the last record that was read."""

from collections.abc import Mapping
from hashlib import sha256

from libs.eventlog.ports import Identity, Log, PartitionOffset, Position
from libs.eventlog.wire.record import Record


class LogCheck:
    """Compares a topic with what a reader stored about it."""

    def __init__(self, log: Log, topic: str, expected: Identity) -> None:
        self._log, self._topic, self._expected = log, topic, expected

    async def problems(self, positions: Mapping[int, Position]) -> dict[int, str]:
        """A sentence for each partition whose log is not the one that was read; raises Unavailable."""
        identity = await self._log.identity(self._topic)
        if identity != self._expected:
            sentence = f"the topic was made anew or the cluster is another one: {identity}, not {self._expected}"
            return dict.fromkeys(positions, sentence)
        starts, ends = await self._log.starts(self._topic), await self._log.ends(self._topic)
        last = await self._last(positions, starts, ends)
        found = {}
        for partition, position in positions.items():
            if starts[partition] > 0:
                found[partition] = f"the log begins at {starts[partition]}, not at 0: records were deleted"
            elif ends[partition] < position.next_offset:
                found[partition] = f"the log was cut: it ends at {ends[partition]}, {position.next_offset} were read"
            elif (record := last.get(partition)) and sha256(record.value or b"").digest() != position.digest:
                found[partition] = f"the record at offset {position.next_offset - 1} is not the one that was read"
        return found

    async def _last(
        self, positions: Mapping[int, Position], starts: Mapping[int, int], ends: Mapping[int, int]
    ) -> Mapping[int, Record]:
        """The record before each position that has a digest, where the log still holds that record."""
        addresses = [
            PartitionOffset(partition, position.next_offset - 1)
            for partition, position in positions.items()
            if starts[partition] < position.next_offset <= ends[partition] and position.digest is not None
        ]
        return {
            address.partition: record for address, record in (await self._log.records(self._topic, addresses)).items()
        }
