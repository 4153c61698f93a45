"""Lets a quiet partition of the private topic be compacted.

Kafka never compacts the segment that is written to, and begins another one only when something is appended. Without a
record a day, what was erased last in a partition would stay there for as long as nothing is said.
"""

from libs.chassis.service_host import ServiceHost
from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import UNKNOWN, Appender
from libs.eventlog.wire.private import heartbeat
from libs.messages.catalogue import PRIVATE

EVERY = 86_400.0  # machine seconds: max.compaction.lag.ms of the topic's card
SOON = 60.0  # machine seconds until it is tried again where it was not acknowledged


class Heartbeat:
    """Writes one record into each partition at the start and once a day."""

    def __init__(self, host: ServiceHost) -> None:
        self._clock, self._appender = host.clock, host.engine.log.appender()
        self._partitions = host.cards[PRIVATE].partitions
        self.waiting: str | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        try:
            while True:
                await self._beat()
                await self._clock.sleep(SOON if self.waiting else EVERY)
        finally:
            await self._appender.close()

    async def _beat(self) -> None:
        try:
            await beat(self._appender, self._partitions)
            self.waiting = None
        except Unavailable as error:
            self.waiting = str(error)


async def beat(appender: Appender, partitions: int) -> None:
    """Write one record into each partition; raises Unavailable."""
    if UNKNOWN in await appender.append([heartbeat(partition) for partition in range(partitions)]):
        raise Unavailable(f"{PRIVATE}: not every heartbeat was acknowledged")
