"""The services' own readers of tickets and promises: live, and in a rebuild, over the lives of tickets that are over.

Both begin with empty tables, and come to the same ones: each table's rows are compared by count and hash. Costs are
seconds an event; what the processor takes of them is that of the reader's process.
"""

import secrets
import time
from collections.abc import Awaitable, Mapping
from typing import NamedTuple

from libs.chassis.collector import collect_seldom
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import TopicAdmin
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.ports import Identity
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import build
from libs.eventlog.rebuild.proof import differences, snapshot
from libs.eventlog.rule import Judge
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import begin, generations
from libs.eventlog.wire.codec import Codec
from libs.messages.catalogue import EVENTS, SLA, TICKETS
from services.intake.projections import READERS as INTAKE
from services.notification.projections import READERS as NOTIFICATION
from services.sla_timer.projections import READERS as SLA_TIMER
from tests.bench.lifetimes import EVENTS_EACH, write
from tests.bench.rounds import Competitor, Part, alternate, seconds
from tests.bench.stage import Stage, empty_store
from tests.faults.system import CARDS

READERS: Mapping[str, Reader] = {
    f"{service}, {reader.name}": reader
    for service, readers in (("intake", INTAKE), ("sla_timer", SLA_TIMER), ("notification", NOTIFICATION))
    for reader in readers
    if reader.topic in {TICKETS, SLA}
}
SHARE = 5  # of the events asked for, one in so many is enough here


class Cost(NamedTuple):
    """What an event costs, in seconds: by the clock, and of the processor."""

    took: float
    used: float


async def measure(stage: Stage) -> Part:
    """Write the lives of tickets, and follow them again and again by each reader."""
    async with TopicAdmin(stage.kafka) as admin:
        await admin.create([CARDS[topic] for topic in (TICKETS, SLA)])
    async with stage.log() as log:
        appender = log.appender()
        await write(appender, stage.events // SHARE // EVENTS_EACH)
        await appender.close()
        collect_seldom()
        readings = [Reading(stage, log, name, reader) for name, reader in READERS.items()]
        race: dict[str, Competitor] = {each.name: each.both for each in readings}
        await alternate(stage.rounds, race)
    return Part("own readers", [], {each.name: each.figures() for each in readings})


class Reading:
    """One reader, live and in a rebuild."""

    def __init__(self, stage: Stage, log: KafkaLog, name: str, reader: Reader) -> None:
        self._stage, self._log, self._reader, self.name = stage, log, reader, name
        partitions = CARDS[reader.topic].partitions
        self._projector = Projector(reader, Judge(Codec(reader.topic, EVENTS[reader.topic], partitions)))
        self._live, self._built = list[Cost](), list[Cost]()

    def figures(self) -> str:
        """The least of the rounds."""
        return "; ".join(
            f"{name} {1 / min(cost.took for cost in of):,.0f} events/s,"
            f" {min(cost.used for cost in of) * 1e6:.1f} µs of the processor each"
            for name, of in (("live", self._live), ("rebuilt", self._built))
        )

    async def both(self) -> float:
        """Read live, then rebuild, and compare; gives the cost of the former."""
        async with self._stage.database() as name:
            database = Database(self._stage.postgres, name)
            await database.open()
            try:
                self._live.append(await self._follow(database))
                await self._rebuild(database)
            finally:
                await database.close()
        return self._live[-1].took

    async def _follow(self, database: Database) -> Cost:
        """Follow the topic as a service does; joining the group is not counted."""
        store, group = await empty_store(database, self._reader), f"bench-{secrets.token_hex(4)}"
        loop = ReaderLoop(self._log, store, self._projector, group)
        subscription = await self._log.subscribe(self._reader.topic, group, loop.assigned)
        first = 0
        while not first:
            first = await loop.round(subscription)
        left = sum((await self._log.ends(self._reader.topic)).values()) - first

        async def read() -> None:
            reached = 0
            while reached < left:
                reached += await loop.round(subscription)

        cost = await _cost(read(), left)
        await subscription.close()
        return cost

    async def _rebuild(self, database: Database) -> None:
        reader, until = self._reader, await self._log.ends(self._reader.topic)
        async with database.connection() as connection:
            [live] = await generations(connection)
            into = await begin(connection, reader, Identity("bench", reader.topic), "none")
            fold = build(connection, self._log, self._projector, into, until)
            self._built.append(await _cost(fold, sum(until.values())))
            compared = await snapshot(connection, reader, live), await snapshot(connection, reader, into)
            if found := differences(*compared):
                raise ValueError(f"{self.name}: the rebuilt tables are others: {found}")


async def _cost(work: Awaitable[None], events: int) -> Cost:
    used = time.process_time()
    took = await seconds(work)
    return Cost(took / events, (time.process_time() - used) / events)
