"""A whole installation of the real thing, whose parts can be broken one by one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from types import MappingProxyType
from typing import Literal

from libs.chassis import plan_clock
from libs.chassis.clock import Clock
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.stack.catcher import MailCatcher
from libs.stack.databases import databases, drop_database
from libs.stack.errors import StackError
from libs.stack.kafka import KafkaCluster
from libs.stack.ports import free_port
from libs.stack.postgres import Postgres
from libs.stack.run import PROJECT, Run
from libs.stack.service import ServiceProcess, ServiceSpec
from services.ops.clock.quiescence import Quiescence
from tests.faults.checked.books import Books, Generation, Timeline, Turn
from tests.faults.checked.reading import read_books, read_generations
from tests.faults.committed_offsets import set_back_all_offsets
from tests.faults.pages import waiting
from tests.faults.rebuild import rebuild_all
from tests.support import eventually

SERVICES = ("contract", "intake", "sla_timer", "notification")
NONE: Mapping[str, str] = MappingProxyType({})
CARDS = load_cards(PROJECT / "contracts" / "topics")
_IMPATIENT = {"OLCARE_SMTP_CONNECT_SECONDS": "1", "OLCARE_SMTP_COMMAND_SECONDS": "1", "OLCARE_SMTP_BODY_SECONDS": "2"}
"""So that a claim of a killed sender is given up after some seconds."""


def instances(number: int, *services: str) -> list[str]:
    """Name so many instances of services, by default of all; the second of intake is `intake-2`."""
    return [f"{name}-{n}" if n > 1 else name for name in services or SERVICES for n in range(1, number + 1)]


class System:
    """Kafka, PostgreSQL, a mail catcher, and the services, each of which comes back when it ends by itself."""

    def __init__(
        self,
        run: Run,
        begin: datetime,
        brokers: Literal[1, 3] = 1,
        *,
        measured: bool = False,
        modules: Mapping[str, str] = NONE,
        env: Mapping[str, str] = NONE,
    ) -> None:
        """Begin at an instant of plan time.

        What is to be `measured` runs at full speed, and survives a power cut; `modules` run in place of services, and
        find `env` in their given.
        """
        self._run = run
        self.kafka = KafkaCluster(run, brokers, quick_start=not measured)
        self.postgres = Postgres(run, durable=measured)
        self.mail = MailCatcher(run)
        self.services: dict[str, ServiceProcess] = {}
        self._modules, self._more = modules, env
        self._losses = 0
        self.clock_file = run.folder / "plan-clock.json"
        plan_clock.create(self.clock_file, begin)
        self.clock = Clock(self.clock_file)
        self._turns = [Turn(_machine(), begin)]
        self._over = Event()
        self._watcher = Thread(target=self._watch, name="supervisor", daemon=True)

    async def start(self) -> None:
        """Start the servers and make the topics."""
        starts = (self.kafka.start, self.postgres.start, self.mail.start)
        await asyncio.gather(*(asyncio.to_thread(start) for start in starts))
        async with TopicAdmin(self.kafka.address) as admin:
            await admin.create(CARDS.values())
        self._watcher.start()

    async def serve(self, *names: str) -> None:
        """Start services, and return when they are ready; the second instance of one is called `intake-2`."""
        for name in names or SERVICES:
            self.begin(name)
        await self.ready(*(names or SERVICES))

    def begin(self, name: str) -> None:
        """Start a service."""
        if name not in self.services:
            self.services[name] = ServiceProcess(self._run, self._spec(name), self._env())
            self._run.at_end(self._leave_alone)  # before the service itself is ended, or it would be started again
            self._run.at_end(self.services[name].stop)  # and nobody wants it back
        self.services[name].start()

    async def ready(self, *names: str, within: float = 120) -> None:
        """Return when services, by default all that are wanted, are ready; else an AssertionError says why."""

        async def waits_for_nothing(service: ServiceProcess) -> bool:
            told = await waiting(service)
            assert not told, f"{service.spec.name} waits: {told}"
            return True

        for name in names or tuple(name for name, service in self.services.items() if service.wanted):
            _: bool = await eventually(partial(waits_for_nothing, self.services[name]), seconds=within)

    async def stop(self, *names: str) -> None:
        """End services in order; they stay away."""
        stops = (self.services[name].stop for name in names or tuple(self.services))
        await asyncio.gather(*(asyncio.to_thread(stop) for stop in stops))

    async def freeze(self, name: str, seconds: float) -> None:
        """Let an instance stand still for so many machine seconds, in which its group may take it for dead."""
        with suppress(StackError):  # it has just ended by itself
            self.services[name].process.freeze()
            try:
                await asyncio.sleep(seconds)
            finally:
                self.services[name].process.thaw()

    def run_clock(self, rate: float) -> None:
        """Let plan time run so many times as fast as the machine's."""
        wall = datetime.now(UTC)  # noqa: TID251 - the machine's own time
        plan_clock.run(self.clock_file, rate, wall)
        self._turns.append(Turn(wall.timestamp() * 1000, self._mode_at(wall), rate))

    def step_clock(self, to: datetime) -> None:
        """Let plan time stand at an instant."""
        self._turns.append(Turn(_machine(), to))  # a little early: who said something meanwhile is taken to be late
        plan_clock.step(self.clock_file, to, datetime.now(UTC))  # noqa: TID251 - the machine's own time

    def stop_clock(self) -> None:
        """Let plan time stand, a little later than it is: it runs on while it is being stopped."""
        self.step_clock(self.clock.now() + timedelta(minutes=5))

    def _mode_at(self, wall: datetime) -> datetime:
        return plan_clock.read(self.clock_file).now(wall)

    async def quiet(self) -> datetime | None:
        """Return when nobody has anything left to do, and give the next instant at which something is due."""
        async with self._stillness() as still:
            return await still.wait_until_quiet()

    async def advance(self, to: datetime) -> None:
        """Step plan time to an instant by way of all that is due until then."""
        async with self._stillness() as still:
            await still.advance(self.clock_file, to)

    @asynccontextmanager
    async def _stillness(self) -> AsyncIterator[Quiescence]:
        ports = {name: s.spec.http_port for name, s in self.services.items() if s.wanted}
        async with Quiescence(self.kafka.address, ports, Clock(self.clock_file), patience=60) as still:
            yield still

    async def books(self, acknowledged: dict[str, float], rebuilt: list[Generation] | None = None) -> Books:
        """Read everything that was written; the services are quiet."""
        return await read_books(
            self.kafka.address,
            self.postgres.dsn,
            self.mail.journal,
            now=self.clock.now(),
            timeline=Timeline(self._turns),
            acknowledged=acknowledged,
            rebuilt=rebuilt or [],
        )

    async def rebuilt(self) -> list[Generation]:
        """Rebuild every reader of every service from the log, and read the new tables."""
        await rebuild_all(self.kafka.address, self.postgres.dsn, CARDS)
        return await read_generations(self.postgres.dsn)

    async def drop_databases(self) -> list[str]:
        """Drop every database, whoever uses it."""
        names = await databases(self.postgres.dsn)
        for name in names:
            await drop_database(self.postgres.dsn, name)
        return names

    def tell(self, **settings: str) -> None:
        """Give settings to the services that are begun from now on for the first time."""
        self._more = {**self._more, **settings}

    async def lose_everything(self) -> None:
        """End the services and the brokers, whose disks are gone, and drop every database; other brokers are up then.

        Services are wanted no more, and find the other brokers when they are begun again.
        """
        await self.stop()
        self.services.clear()
        for node in self.kafka.nodes:
            await asyncio.to_thread(node.kill)
        self._losses += 1
        self.kafka = KafkaCluster(self._run, name=f"kafka-after-{self._losses}")
        await asyncio.to_thread(self.kafka.start)
        await self.drop_databases()

    async def read_everything_again(self) -> None:
        """Set every place and every position back to the beginning, and return when all has been read once more."""
        names = [name for name, service in self.services.items() if service.wanted]
        await self.stop()
        await self.drop_databases()
        await set_back_all_offsets(self.kafka.address)
        await self.serve(*names)
        await self.quiet()

    def _spec(self, name: str) -> ServiceSpec:
        service = name.partition("-")[0]
        return ServiceSpec(name, self._modules.get(service, f"services.{service}"), free_port())

    def _env(self) -> dict[str, str]:
        return {
            "OLCARE_KAFKA": self.kafka.address,
            "OLCARE_POSTGRES": self.postgres.dsn,
            "OLCARE_SMTP": self.mail.address,
            "OLCARE_CLOCK": str(self.clock_file),
            **_IMPATIENT,
            **self._more,
        }

    def _leave_alone(self) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for service in tuple(self.services.values()):
                service.revive()


def _machine() -> float:
    return datetime.now(UTC).timestamp() * 1000  # noqa: TID251 - the machine's own time
