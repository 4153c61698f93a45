"""What readers commit to Kafka beside their own positions: for tools that watch groups, and read back by nobody.

A reader's place stands with its rows. It is said again under a group without members, so that nothing that anybody
does to that group reaches a reader.
"""

from collections.abc import Mapping
from contextlib import suppress

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.ports import Clock, Log

EVERY = 1.0  # machine seconds


def advisory_group(group: str) -> str:
    """Name the group of a reader's advisory offsets, by the group that its processes divide the partitions by."""
    return f"{group}.advisory"


class AdvisoryOffsets:
    """Commits how far the readers of a process have come, where they have moved."""

    def __init__(self, log: Log, clock: Clock, loops: Mapping[str, ReaderLoop]) -> None:
        self._log, self._clock, self._loops = log, clock, loops
        self._told: dict[str, Mapping[int, int]] = {}

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._clock.sleep(EVERY)
            await self.tell()

    async def tell(self) -> None:
        """Commit what has moved since the last time; what Kafka does not take now is tried again with the next."""
        for name, loop in self._loops.items():
            passed, told = loop.passed(), self._told.get(name, {})
            moved = {partition: at for partition, at in passed.items() if told.get(partition) != at}
            if moved:
                with suppress(Unavailable):
                    await self._log.advise(advisory_group(loop.group), loop.topic, moved)
                    self._told[name] = passed
