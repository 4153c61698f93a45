"""Builds generations of a reader's tables from the log: one that is missing, or one beside those in use.

The latter is read up to exactly the positions of a snapshot of the live generation, so that the two can be compared.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import NamedTuple

from libs.eventlog.errors import Halted
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import Tell, build
from libs.eventlog.rebuild.proof import Difference, Snapshot, differences, snapshot, stored
from libs.eventlog.rebuild.workers import WorkOrder, workers
from libs.eventlog.tables.database import Connection, Database
from libs.eventlog.tables.generations import (
    Generation,
    begin,
    clear,
    current,
    discard,
    drop,
    finished,
    is_there,
    only_builder,
    standbys,
    switch,
)
from libs.eventlog.tables.locks import Lock
from libs.eventlog.tables.store import PostgresStore


class Beside(NamedTuple):
    """A generation built beside the live one, a snapshot of the live one, and where the two differ."""

    generation: Generation
    live: Snapshot | None
    found: list[Difference]


class Builder:
    """Builds generations in one database from one log."""

    def __init__(
        self,
        log: KafkaLog,
        database: Database,
        cards: Mapping[str, Card],
        projectors: Mapping[str, Projector],
        order_of: Callable[[Reader, Generation], WorkOrder],
    ) -> None:
        """Make it; `order_of` makes the work order for the worker processes of a build."""
        self._log, self._database, self._cards, self._projectors = log, database, cards, projectors
        self._order_of = order_of

    async def ready(self, reader: Reader, tell: Tell, *, by_our_card: bool = True) -> Generation:
        """The generation that the pointer names, built first where there is none.

        One that was made `by_our_card` is built beside it where its card set aside other records, and taken into use
        if the two are equal so far; raises ValueError where they differ: a person must decide. Raises Unavailable.
        """
        async with self._database.connection() as connection, _alone(connection, reader):
            await clear(connection, reader)
            found = await current(connection, reader)
            if found is not None and not await is_there(connection, found):
                await discard(connection, [found])
                found = None
            if found is None:
                return await self._first(connection, reader, tell)
            if by_our_card and found.set_aside != self._set_aside(reader):
                return await self._by_our_card(connection, reader, found, tell)
        return found

    async def _first(self, connection: Connection, reader: Reader, tell: Tell) -> Generation:
        ends = await self._log.ends(reader.topic)
        async with only_builder(connection, reader):
            built = await self._begin(connection, reader)
            await self._fold(connection, reader, built, ends, tell)
            await switch(connection, built, None)  # there is nothing to compare it with
            await finished(connection, built)
        return built

    async def _by_our_card(self, connection: Connection, reader: Reader, live: Generation, tell: Tell) -> Generation:
        async with self.beside(reader, live, tell) as built:
            assert built.live is not None  # noqa: S101 - it was given
            if built.found:
                raise ValueError(_other_card(reader, [difference.table for difference in built.found]))
            await switch(connection, built.generation, stored(built.live, []))
        await discard(connection, await standbys(connection, reader))  # they set aside other records
        return built.generation

    @asynccontextmanager
    async def beside(
        self, reader: Reader, live: Generation | None, tell: Tell, processes: int = 1
    ) -> AsyncIterator[Beside]:
        """Build another generation in so many processes, to the positions of a snapshot of the live one, and compare.

        It is dropped at the end, unless it has been taken into use. Raises Unavailable where another process builds.
        """
        async with self._database.connection() as connection, only_builder(connection, reader):
            start = await positions(connection, reader, live) if live else await self._log.ends(reader.topic)
            fresh = await self._begin(connection, reader)
            try:
                await self._fold(connection, reader, fresh, start, tell, processes)
                yield await self._compared(connection, reader, fresh, live, start)
            finally:
                used = await current(connection, reader)
                if used is None or used.generation != fresh.generation:
                    await drop(connection, fresh)
                await finished(connection, fresh)

    async def _compared(
        self,
        connection: Connection,
        reader: Reader,
        fresh: Generation,
        live: Generation | None,
        start: Mapping[int, int],
    ) -> Beside:
        if live is None:
            return Beside(fresh, None, [])
        before = await snapshot(connection, reader, live)
        try:
            await self._catch_up(reader, fresh, start, before.positions)
        except Halted as halted:
            raise ValueError(
                f"{reader.name}: the live tables have passed what this card does not: {halted}"
            ) from halted
        return Beside(fresh, before, differences(before, await snapshot(connection, reader, fresh)))

    async def _begin(self, connection: Connection, reader: Reader) -> Generation:
        return await begin(connection, reader, await self._log.identity(reader.topic), self._set_aside(reader))

    async def _fold(
        self,
        connection: Connection,
        reader: Reader,
        into: Generation,
        until: Mapping[int, int],
        tell: Tell,
        processes: int = 1,
    ) -> None:
        await connection.execute("set statement_timeout to 0")
        with workers(self._order_of(reader, into), processes - 1) as others:
            await build(connection, self._log, self._projectors[reader.name], into, until, tell, others)

    async def _catch_up(
        self, reader: Reader, fresh: Generation, start: Mapping[int, int], to: Mapping[int, int]
    ) -> None:
        """Apply records to a generation that no process owns yet, up to given offsets, as the live loop would."""
        async with self._database.beside(reader.name, fresh.schema) as beside:
            loop = ReaderLoop(self._log, PostgresStore(beside, reader), self._projectors[reader.name], "none")
            await loop.assigned(frozenset(to))
            for partition, end in to.items():
                async for records in self._log.scan(reader.topic, partition, end, start[partition]):
                    await loop.apply(partition, list(records))
                await loop.go_past(partition, end)

    def made_by_our_card(self, generation: Generation) -> bool:
        """Whether a generation passed over the records that our card sets aside, and no others."""
        return generation.set_aside == self._set_aside(self._projectors[generation.reader].reader)

    def _set_aside(self, reader: Reader) -> str:
        entries = [list(entry) for entry in self._cards[reader.topic].set_aside]
        return sha256(json.dumps(entries).encode()).hexdigest()


def _other_card(reader: Reader, tables: Sequence[str]) -> str:
    return (
        f"{reader.name}: the tables in use were made by a card of {reader.topic} that sets aside other records, and"
        f" differ from what this card gives in {', '.join(tables)}: give every process the same card, or go over by"
        f" `olcare projections rebuild` with {' '.join(f'--accept {table}' for table in tables)}"
    )


@asynccontextmanager
async def _alone(connection: Connection, reader: Reader) -> AsyncIterator[None]:
    await connection.execute("set lock_timeout to 0")  # another instance may be building for minutes
    await connection.execute("select pg_advisory_lock($1, hashtext($2))", Lock.MISSING_TABLES, reader.name)
    try:
        yield
    finally:
        await connection.execute("select pg_advisory_unlock($1, hashtext($2))", Lock.MISSING_TABLES, reader.name)
        await connection.execute("set lock_timeout to default")


async def positions(connection: Connection, reader: Reader, generation: Generation) -> dict[int, int]:
    """The positions of a generation."""
    rows = await connection.fetch(f"select partition, next_offset from {generation.schema}.position_{reader.name}")
    return {row["partition"]: row["next_offset"] for row in rows}
