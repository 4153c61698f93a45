"""What the suites need of a log and of tables, whatever they are made of; and the ones in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.ports import Log, Store
from libs.eventlog.projection import Key, Reader
from libs.eventlog.rebuild.build import Scan, new_view
from libs.eventlog.testing import Away, MemoryLog, MemoryStore
from libs.eventlog.wire.record import Head, Outgoing, Record
from libs.stack.wait import machine_seconds
from tests.model.story import MONDAY, PARTITIONS
from tests.support import eventually

T = TypeVar("T")
SMALL = 0.01  # machine seconds


class ScanningLog(Log, Scan, Protocol):
    """A log that can be read from its beginning as well."""


class MovableClock:
    """Plan time that a test moves; machine time as it is."""

    def __init__(self) -> None:
        self.plan = MONDAY

    def now(self) -> datetime:
        return self.plan

    def appended(self, _: int) -> datetime:
        """Under a plan clock a stamp of the broker's says nothing of plan time."""
        return self.plan

    def step(self, seconds: float) -> None:
        self.plan += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return machine_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, SMALL))


class Machine(MovableClock):
    """Machine time that passes while somebody sleeps, and only then."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Contents(NamedTuple):
    """All that a reader's tables hold, rows as the folds know them."""

    positions: Mapping[int, int]
    heads: Mapping[str, Head]
    command_indexes: Mapping[str, bytes]
    voids: Mapping[int, set[int]]
    rows: Mapping[str, Mapping[Key, Any]]
    hours: Mapping[str, int]
    away: Mapping[str, Away]
    entered: Mapping[str, Sequence[tuple[Any, ...]]]
    """The rows of registers and tallies, in order."""


class Tables(Protocol):
    """One service's database with the tables of its readers."""

    @property
    def stores(self) -> Mapping[str, Store]: ...

    async def rows(self, reader: str, table: str) -> Iterable[tuple[Any, ...]]: ...

    async def contents(self, reader: Reader) -> Contents: ...

    async def rebuilt(self, projector: Projector, log: ScanningLog) -> Contents:
        """Fold the log from its beginning to its end beside these tables."""
        ...


class Environment(Protocol):
    """A log with the topics of the story, and databases."""

    instances: int
    """How many processes of a service may share its partitions."""

    def log(self, instance: str = "one") -> AbstractAsyncContextManager[ScanningLog]: ...

    def tables(self, *readers: Reader) -> AbstractAsyncContextManager[Tables]: ...

    async def recreate(self, topic: str) -> None: ...

    async def forget_places(self) -> None:
        """Lose the committed offsets of every group."""
        ...


class MemoryTables:
    def __init__(self, readers: Sequence[Reader]) -> None:
        self.stores = {reader.name: MemoryStore(reader) for reader in readers}

    async def rows(self, reader: str, table: str) -> Iterable[tuple[Any, ...]]:
        return list(self.stores[reader].rows[table].values())

    async def contents(self, reader: Reader) -> Contents:
        store = self.stores[reader.name]
        return Contents(
            positions={partition: position.next_offset for partition, position in store.position.items()},
            heads=store.heads,
            command_indexes=store.command_indexes,
            voids={partition: offsets for partition, offsets in store.void.items() if offsets},
            rows={
                p.table: {key: p.loaded(stored) for key, stored in store.rows[p.table].items()}
                for p in reader.projections
            },
            hours=store.hours,
            away=store.away,
            entered={each.table: sorted(store.rows[each.table].values()) for each in reader.entered},
        )

    async def rebuilt(self, projector: Projector, log: ScanningLog) -> Contents:
        reader = projector.reader
        built = MemoryTables([reader])
        for (_, partition), records in (await everything(log, reader.topic)).items():
            view = new_view(reader)
            projector.fold(projector.judge.envelopes(records), view)
            built.stores[reader.name].fill(partition, records, view)
        return await built.contents(reader)


class InMemory:
    instances = 1

    def __init__(self) -> None:
        self._log = MemoryLog(PARTITIONS)

    @asynccontextmanager
    async def log(self, instance: str = "one") -> Any:  # noqa: ARG002 - everybody has the same one
        yield self._log

    @asynccontextmanager
    async def tables(self, *readers: Reader) -> Any:
        yield MemoryTables(readers)

    async def recreate(self, topic: str) -> None:
        self._log.recreate(topic)

    async def forget_places(self) -> None:
        self._log.committed.clear()


Loop = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(*loops: Loop) -> Any:
    """Run loops beside a test; what one of them raises fails the test."""
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def living(life: Callable[[], AbstractAsyncContextManager[Sequence[Loop]]], killed: asyncio.Event) -> None:
    """Keep a process up: what may end it begins its next life, and so does being killed."""

    async def until_killed() -> None:
        await killed.wait()
        killed.clear()
        raise Unavailable("the process was killed")

    async def one_life() -> None:
        async with life() as loops, asyncio.TaskGroup() as group:
            for loop in (until_killed, *loops):
                group.create_task(loop())  # type: ignore[arg-type] # loops are coroutine functions

    while True:
        # a task of its own: while it fails, Python 3.11's TaskGroup drops a cancellation from outside
        task = asyncio.ensure_future(one_life())
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            _look_at_death(task)
            raise
        _look_at_death(task)
        await asyncio.sleep(SMALL)


def _look_at_death(task: asyncio.Future[None]) -> None:
    """Raise what no process may die of."""
    with suppress(asyncio.CancelledError):
        try:
            task.result()
        except* (Fenced, Unavailable):
            pass


async def soon(ask: Callable[[], Awaitable[T]], seconds: float = 20) -> T:
    """Ask until the answer is true."""
    check: Any = ask
    answer: T = await eventually(check, seconds)
    return answer


async def everything(log: ScanningLog, topic: str) -> dict[tuple[str, int], list[Record]]:
    """Read a topic from its beginning to its end."""
    records: dict[tuple[str, int], list[Record]] = {}
    for partition, end in (await log.ends(topic)).items():
        found = records.setdefault((topic, partition), [])
        async for batch in log.scan(topic, partition, end):
            found.extend(batch)
    return records


async def write(log: Log, *records: Record) -> None:
    """Append records that must all be acknowledged."""
    appender = log.appender()
    try:
        offsets = await appender.append([Outgoing(r.topic, r.partition, r.key, r.value) for r in records])
        assert list(offsets) == [record.offset for record in records]
    finally:
        await appender.close()
