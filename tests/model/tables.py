"""A service's database: all its processes share it, it may be dropped, and who began before cannot use the new one."""

import copy
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import Asked, Loaded, Position, Span
from libs.eventlog.projection import Reader
from libs.eventlog.testing import MemoryStep, MemoryStore
from tests.model.schedule import Latch, Schedule


class Tables(MemoryStore):
    """One reader's tables in one incarnation of the database."""

    def __init__(self, reader: Reader, schedule: Schedule, *, fenced: bool = True) -> None:
        super().__init__(reader, schedule.turn)
        self.reader, self._schedule, self._fenced, self.gone = reader, schedule, fenced, False
        self._locks = defaultdict(lambda: Latch(schedule))  # waited for in turns

    def empty(self) -> "Tables":
        return Tables(self.reader, self._schedule)

    def copied(self) -> "Tables":
        """Give the tables as they stand now, as an older copy of them would be."""
        copied = self.empty()
        for name in ("position", "heads", "homes", "hours", "away", "command_indexes", "void", "rows"):
            setattr(copied, name, copy.deepcopy(getattr(self, name)))
        return copied

    def contents(self) -> dict[str, Any]:
        """Give all that any two readers must agree on."""
        positions = {p: (at.next_offset, at.digest) for p, at in self.position.items()}
        voids = {p: offsets for p, offsets in self.void.items() if offsets}
        return {
            "position": positions,
            "heads": self.heads,
            "hours": self.hours,
            "away": self.away,
            "command_indexes": self.command_indexes,
            "void": voids,
            "rows": self.rows,
        }

    async def claim(self, partitions: Iterable[int]) -> Mapping[int, Position]:
        self._there()
        return await super().claim(partitions)

    async def positions(self) -> Mapping[int, int]:
        self._there()
        return await super().positions()

    @asynccontextmanager
    async def step(self, partition: int, expected: Position) -> AsyncIterator[MemoryStep]:
        self._there()
        if not self._fenced:
            expected = self.position.get(partition, expected)
        async with super().step(partition, expected) as step:
            yield step

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> Mapping[str, Loaded]:
        loaded = await super().load(streams, commands)
        self._there()
        return loaded

    async def counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
        counted = await super().counted(commands)
        self._there()
        return counted

    async def voids(self, spans: Mapping[int, Span]) -> Mapping[int, frozenset[int]]:
        voids = await super().voids(spans)
        self._there()
        return voids

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        def passed() -> bool:
            return self.gone or (partition in self.position and self.position[partition].next_offset > beyond)

        await self._schedule.until(passed, wait)
        self._there()
        return passed()

    def _there(self) -> None:
        if self.gone:
            raise Unavailable("the database is gone")


class Database:
    """The tables of one service's readers, as whoever starts now finds them."""

    def __init__(self, readers: Sequence[Reader], schedule: Schedule, *, fenced: bool) -> None:
        self._readers, self._schedule, self._fenced = readers, schedule, fenced
        self.tables: dict[str, Tables] = {}
        self.create()

    def create(self) -> None:
        self.tables = {r.name: Tables(r, self._schedule, fenced=self._fenced) for r in self._readers}

    def drop(self) -> None:
        for tables in self.tables.values():
            tables.drop()
            tables.gone = True
        self.create()
