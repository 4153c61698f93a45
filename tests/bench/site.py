"""An installation of the real services on servers of its own, with promises that lie there armed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Appender
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import SLA
from libs.stack.run import Run
from tests.bench import tapped
from tests.bench.promises import falling_due, lying, write
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN
from tests.faults.system import CARDS, NONE, System
from tests.support import LOOK, eventually

MORNING = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
"""In France the first tickets of the day, opened by telephone, are about to fall due."""
PATIENCE = 900.0  # machine seconds for reading a million promises
TIMER = "sla_timer"
DATABASE = "olcare_sla_timer"
PARTITIONS = CARDS[SLA].partitions


class Site:
    """Contract has published the plan and is gone; intake and sla_timer run."""

    def __init__(self, system: System, log: KafkaLog, appender: Appender, taps: Path) -> None:
        self.system, self.log, self.appender, self.taps = system, log, appender, taps
        self._named = 0

    def name(self) -> str:
        """Give a number for a ticket, another one each time."""
        self._named += 1
        return f"n-{self._named}"

    async def prepare(self, armed: int) -> None:
        """Publish the plan, write so many promises that fall due on later days, and let sla_timer build its tables."""
        await self.system.serve("contract", "intake")
        upstream = Upstream(self.system.kafka.address)
        await publish_the_plan(self.system, upstream, cycles=None)
        await upstream.close()
        await self.system.stop("contract")
        await self.arm(armed)
        await self._pass_over()
        self.system.begin(TIMER)
        await self.system.ready(TIMER, within=PATIENCE)
        self.system.step_clock(MORNING)
        await self.system.quiet()

    async def arm(self, promises: int) -> None:
        """Write promises that fall due on later days."""
        await write(self.appender, lying(promises, PARTITIONS))

    async def load(self, promises: int, within: timedelta, after: timedelta = timedelta(0)) -> dict[str, datetime]:
        """Write promises that fall due soon after now, and return when sla_timer has read them."""
        begin = self.system.clock.now() + after
        due = await write(self.appender, falling_due(self.name(), promises, begin, within, PARTITIONS))
        await self.system.quiet()
        return due

    async def end(self) -> Mapping[int, int]:
        """Give the ends of the log of promises."""
        return await self.log.ends(SLA)

    async def since(self, ends: Mapping[int, int]) -> list[Record]:
        """Read what was written to the log of promises after given ends."""
        now = await self.end()
        return [
            record
            for partition, start in ends.items()
            async for records in self.log.scan(SLA, partition, now[partition], start)
            for record in records
        ]

    @asynccontextmanager
    async def tables(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection on which plain names mean the tables that sla_timer uses."""
        connection = await asyncpg.connect(f"{self.system.postgres.dsn}/{DATABASE}")
        try:
            schemas = await connection.fetchval(
                "select string_agg(schema, ', ') from olcare.generation where state = 'live'"
            )
            await connection.execute(f"set search_path to {schemas}, public")
            yield connection
        finally:
            await connection.close()

    async def _pass_over(self) -> None:
        """Let the reaction to promises begin behind what is there already: there is no merge in it."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.system.kafka.address, group_id=f"{TIMER}.react-to-sla", enable_auto_commit=False
        )
        await consumer.start()
        try:
            places = {TopicPartition(SLA, partition): end for partition, end in (await self.end()).items()}
            consumer.assign(list(places))
            await consumer.commit(places)
        finally:
            await consumer.stop()


@asynccontextmanager
async def site(armed: int, modules: Mapping[str, str] = NONE, env: Mapping[str, str] = NONE) -> AsyncIterator[Site]:
    """Lend an installation, in which `modules` run in place of services, and find `env` in what they are given."""
    with Run.create(name="bench-site") as run:
        taps = run.folder / "taps"
        env = {**env, tapped.FILE: str(taps)}
        system = System(run, BEGIN, measured=True, modules={TIMER: "tests.bench.tapped", **modules}, env=env)
        await system.start()
        log = KafkaLog(KafkaSettings(system.kafka.address, "bench"))
        await log.open()
        appender = log.appender()
        try:
            here = Site(system, log, appender, taps)
            await here.prepare(armed)
            yield here
        finally:
            await appender.close()
            await log.close()


async def reached(connection: asyncpg.Connection, records: int, look: float = LOOK) -> None:
    """Return when sla_timer has read so many records of the log of promises; it is looked at every so many seconds."""

    async def are_read() -> bool:
        return bool(await connection.fetchval("select sum(next_offset) >= $1 from position_sla", records))

    await eventually(are_read, seconds=PATIENCE, look=look)
