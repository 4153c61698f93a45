"""Live projection, exactly once: rows and position move in one transaction.

Against one event per transaction by hand with asyncpg, and against the `eventsourcing` library's projection runner, all
into the same PostgreSQL; each begins with empty tables, and is checked. The garbage collector is set for all of them as
a service sets it. Costs are seconds an event.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Iterable
from typing import Any

import asyncpg

from libs.chassis.collector import collect_seldom
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.ports import Subscription
from libs.eventlog.tables.database import Database
from libs.stack.run import PROJECT
from tests.bench import by_hand, plain
from tests.bench.fetched import fetched
from tests.bench.history import waves
from tests.bench.rounds import Bar, Part, alternate, compare, seconds
from tests.bench.rows import ROWS, projector
from tests.bench.stage import PARTITIONS, Stage, empty_store

READER, HAND, LIBRARY = "reader", "one event per transaction by hand", "the eventsourcing library's runner"
BARS = (
    Bar("live projection against one event per transaction by hand", READER, HAND, 35, 50),
    Bar("live projection against the eventsourcing library's runner", READER, LIBRARY, 35, 50),
)
SHARE = 10  # of the events asked for, one in so many is enough here
FEW = 2_000  # events for those that take one at a time


async def measure(stage: Stage) -> Part:
    """Fill a log, and follow it again and again."""
    topic = await stage.filled(max(stage.events // SHARE, 2 * FEW))
    async with stage.log() as log, stage.database() as name, stage.connection(name) as connection:
        live = Live(stage, log, connection, topic)
        await live.prepare()
        costs = await alternate(stage.rounds, {READER: live.reader, HAND: live.hand, LIBRARY: live.library})
    rates = {name: f"{1 / max(of):,.0f} to {1 / min(of):,.0f} events/s" for name, of in costs.items()}
    return Part("live projection", compare(costs, BARS), {"events": f"{live.events:,}", **rates})


class Live:
    """The competitors."""

    def __init__(self, stage: Stage, log: KafkaLog, connection: asyncpg.Connection, topic: str) -> None:
        self._stage, self._log, self._connection, self._topic = stage, log, connection, topic
        self._few: list[Any] = []
        self.events = 0

    async def prepare(self) -> None:
        """Fold what is expected, and keep the first records for those that read no log here."""
        self._rows = (await plain.fold(self._stage.kafka, self._topic)).rows
        async for message in plain.everything(self._stage.kafka, self._topic):
            self.events += 1
            if len(self._few) < FEW:
                self._few.append(message)
        collect_seldom()

    async def reader(self) -> float:
        """Follow the topic as a service does; joining the group is not counted."""
        async with self._stage.database() as name, self._stage.connection(name) as connection:
            database = Database(self._stage.postgres, name)
            await database.open()
            cost = await self._follow(database)
            await database.close()
            table = f"{database.schema_of('bench')}.{ROWS.table}"
            self._check(await connection.fetch(f"select * from {table}"), self._rows)  # noqa: S608 - ours
        return cost

    async def _follow(self, database: Database) -> float:
        judged, group = projector(self._topic, PARTITIONS), f"bench-{secrets.token_hex(4)}"
        loop = ReaderLoop(self._log, await empty_store(database, judged.reader), judged, group)
        subscription = await self._log.subscribe(self._topic, group, loop.assigned)
        first = 0
        while not first:
            first = await loop.round(subscription)
        cost = await seconds(_read(loop, subscription, self.events - first))
        await subscription.close()
        return cost / (self.events - first)

    async def hand(self) -> float:
        """Take one event after the other; reading them is not counted."""
        await by_hand.begin(self._connection, PARTITIONS)
        cost = await seconds(by_hand.project(self._connection, self._few))
        expected: dict[str, plain.Row] = {}
        for message in self._few:
            plain.apply(expected, json.loads(message.value))
        self._check(await self._connection.fetch("select * from by_hand"), expected)
        return cost / len(self._few)

    async def library(self) -> float:
        """Project as many events of the same tickets; writing them is not counted."""
        async with self._stage.database() as name, self._stage.connection(name) as connection:
            cost = await _run_library(f"{self._stage.postgres}/{name}")
            found = await connection.fetchrow("select count(*), sum(responses) from tickets")
        said = [each for wave in waves(FEW) for each in wave]
        answers = sum(each.fields.get("by") == "person" for each in said)
        if tuple(found or ()) != (len({each.stream for each in said}), answers):
            raise ValueError(f"the library's projection has {found}")
        return cost / len(said)

    def _check(self, found: Iterable[asyncpg.Record], expected: dict[str, plain.Row]) -> None:
        if {row["stream"]: [*row] for row in found} != expected:
            raise ValueError("the rows are not those of the plain fold")


async def _read(loop: ReaderLoop, subscription: Subscription, events: int) -> None:
    while events > 0:
        events -= await loop.round(subscription)


async def _run_library(address: str) -> float:
    """Give the seconds that it says it took."""
    program = (sys.executable, "-m", "tests.bench.library", address, str(FEW))
    path = os.pathsep.join([str(PROJECT), str(fetched())])
    process = await asyncio.create_subprocess_exec(
        *program, env={**os.environ, "PYTHONPATH": path}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise ValueError(f"the library's run ended with {process.returncode}")
    return float(said)
