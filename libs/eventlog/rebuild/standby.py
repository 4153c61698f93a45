"""The generation that was kept to roll back to: it is kept up to date like the one in use."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.followers import Follower
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.projection import Reader
from libs.eventlog.tables.bell import Bell
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import Generation, generations, standbys_of
from libs.eventlog.tables.store import PostgresStore

LOOK, SOON = 10.0, 1.0  # machine seconds between two looks where nothing is told; while something is kept


class Standby:
    """Keeps the newest kept generation of every reader up to date, until it is taken into use."""

    def __init__(
        self,
        log: KafkaLog,
        database: Database,
        projectors: Mapping[str, Projector],
        group: Callable[[str], str],
    ) -> None:
        self._log, self._database, self._projectors, self._group = log, database, projectors, group
        self._tasks: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self.followers: dict[str, Follower] = {}
        self.bell = Bell()
        """Rung where what is kept may have changed."""

    async def run(self) -> None:
        """Follow the kept generations for ever."""
        try:
            while True:
                async with self._database.connection() as connection:
                    known = await generations(connection)
                for projector in self._projectors.values():
                    await self._look(projector, known)
                await self.bell.wait(SOON if self._tasks else LOOK)
        finally:
            for name in tuple(self._tasks):
                await self._leave(name)

    async def _look(self, projector: Projector, known: Sequence[Generation]) -> None:
        name, found = projector.reader.name, standbys_of(projector.reader, known)
        schema, task = self._tasks.get(name, (None, None))
        if task is not None and (not found or found[-1].schema != schema or task.done()):
            await self._leave(name)
        if found and name not in self._tasks:
            self._tasks[name] = found[-1].schema, asyncio.create_task(self._follow(projector, found[-1]))

    async def _leave(self, name: str) -> None:
        _, task = self._tasks[name]
        if not task.cancelling():
            task.cancel()
        await asyncio.wait([task])  # in place of the task itself, whose cancellation would hide that of ours
        del self._tasks[name]
        if not task.cancelled():
            task.result()

    async def _follow(self, projector: Projector, generation: Generation) -> None:
        """Read until the generation is taken into use, dropped or unreachable; `run` then looks up what is kept."""
        reader = projector.reader
        with suppress(Fenced, Unavailable):
            async with self._database.beside(reader.name, generation.schema) as beside:
                store = PostgresStore(beside, reader)
                try:
                    self.followers[reader.name] = _follower(reader, store)
                    check = LogCheck(self._log, reader.topic, generation.identity)
                    group = self._group(f"{reader.name}.v{reader.version}.kept")
                    await ReaderLoop(self._log, store, projector, group, check).run()
                finally:
                    del self.followers[reader.name]


def _follower(reader: Reader, store: PostgresStore) -> Follower:
    return Follower(f"{reader.name}, standbys to go back to,", reader.topic, store.positions)
