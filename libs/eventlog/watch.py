"""Checks that the log is still the log that was read: its identity, its ends, and the record before us."""

from collections.abc import Mapping
from hashlib import sha256

from libs.eventlog.ports import Identity, Log, Position


class LogCheck:
    """Compares a topic with what a reader stored about it."""

    def __init__(self, log: Log, topic: str, expected: Identity) -> None:
        self._log, self._topic, self._expected = log, topic, expected

    async def problems(self, positions: Mapping[int, Position]) -> dict[int, str]:
        """Give a sentence for each partition that is not what it was; Unavailable where that can not be asked."""
        identity = await self._log.identity(self._topic)
        if identity != self._expected:
            sentence = f"the topic was made anew or the cluster is another one: {identity}, not {self._expected}"
            return dict.fromkeys(positions, sentence)
        starts, ends = await self._log.starts(self._topic), await self._log.ends(self._topic)
        found = {}
        for partition, position in positions.items():
            if starts[partition] > 0:
                found[partition] = f"the log begins at {starts[partition]}, not at 0: records were deleted"
            elif ends[partition] < position.next_offset:
                found[partition] = f"the log was cut: it ends at {ends[partition]}, {position.next_offset} were read"
            elif position.next_offset > 0 and not await self._same(partition, position):
                found[partition] = f"the record at offset {position.next_offset - 1} is not the one that was read"
        return found

    async def _same(self, partition: int, position: Position) -> bool:
        if position.digest is None:
            return True
        record = await self._log.record(self._topic, partition, position.next_offset - 1)
        return sha256(record.value or b"").digest() == position.digest
