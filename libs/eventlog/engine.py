"""What a service's loops stand on, wired by hand: the log, the database, and for each reader its tables and its judge.

Opening it makes the database come back from the log: a reader without a ready generation of its tables is built first.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from libs.decider import Decider
from libs.eventlog.codec import Codec
from libs.eventlog.database import Database, Generation, begin, current, drop, generations, switch
from libs.eventlog.errors import Unavailable
from libs.eventlog.fold import Folder
from libs.eventlog.followers import Follower, Gate, reader_follower
from libs.eventlog.kafka import KafkaLog, KafkaSettings
from libs.eventlog.ports import Clock, Position
from libs.eventlog.postgres import PostgresStore
from libs.eventlog.projection import Reader
from libs.eventlog.proof import Difference, Snapshot, differences, snapshot, stored
from libs.eventlog.reader import ReaderLoop
from libs.eventlog.rebuild import Tell, build, silent
from libs.eventlog.rule import Judge
from libs.eventlog.topics import Card
from libs.eventlog.watch import LogCheck
from libs.eventlog.writer import Writer
from libs.messages.base import Event
from libs.messages.catalogue import EVENTS

BUILDING = 4712  # the advisory lock under which a reader's tables are built: one instance does, the others wait


@dataclass(frozen=True)
class EngineSettings:
    """Where the log and the database are, and who we are."""

    service: str
    instance: str
    kafka: str
    postgres: str
    database: str
    session: float = 10.0


class Engine:
    """One service's share of the log protocol."""

    def __init__(
        self,
        settings: EngineSettings,
        clock: Clock,
        cards: Mapping[str, Card],
        readers: Sequence[Reader],
        events: Mapping[str, tuple[type[Event], ...]] = EVENTS,
    ) -> None:
        self.settings, self.clock, self.cards, self._events = settings, clock, cards, events
        self.readers = {reader.name: reader for reader in readers}
        self.log = KafkaLog(KafkaSettings(settings.kafka, settings.instance, session=settings.session))
        self.database = Database(settings.postgres, settings.database)
        self.folders = {r.name: self._folder(r) for r in readers}
        self.stores = {r.name: PostgresStore(self.database, r, cards[r.topic].partitions) for r in readers}
        self.followers = {r.name: self.follower(r.name) for r in readers}
        self.gate = Gate(self.log, clock, list(self.followers.values()), halted=self.halted)
        self.loops: dict[str, ReaderLoop] = {}
        self._generations: dict[str, Generation] = {}
        self._writers: list[Writer] = []

    async def open(self, tell: Tell = silent) -> None:
        """Connect, and build what is missing; raises Unavailable."""
        await self.log.open()
        await self.database.open()
        for reader in self.readers.values():
            generation = await self._ready(reader, tell)
            self._use(reader, generation)
            await self._look_at_log(reader)

    async def close(self) -> None:
        """Let go of everything."""
        for writer in self._writers:
            await writer.close()
        await self.database.close()
        await self.log.close()

    def codec(self, topic: str) -> Codec:
        """Give the decoder of a topic that we read."""
        return next(f.judge.codec for f in self.folders.values() if f.reader.topic == topic)

    def follower(self, reader: str) -> Follower:
        """Follow a topic by the positions of one of our readers."""
        return reader_follower(f"{self.settings.service}.{reader}", self.readers[reader].topic, self.stores[reader])

    def group(self, name: str) -> str:
        """Name a consumer group of this service."""
        return f"{self.settings.service}.{name}"

    def writer(self, topic: str, decider_of: Callable[[str], Decider[Any, Any, Any]]) -> Writer:
        """Make a writer of one of our own topics."""
        reader = next(r for r in self.readers.values() if r.topic == topic and r.writes)
        writer = Writer(
            topic=topic,
            source=f"olcare/{self.settings.service}",
            decider_of=decider_of,
            codec=self.codec(topic),
            log=self.log,
            store=self.stores[reader.name],
            clock=self.clock,
            gate=self.gate.passed,
            partitions=self.cards[topic].partitions,
        )
        self._writers.append(writer)
        return writer

    def tasks(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Name what must run: one loop a reader, the gate, the watch over the log and over the pointer."""
        loops = [(f"reader {name}", loop.run) for name, loop in self.loops.items()]
        return [*loops, ("gate", self.gate.run), ("watch", self._watch), ("pointer", self._follow_pointer)]

    def halted(self) -> str | None:
        """Give a sentence while a partition stands still, else None."""
        sentences = [str(h) for loop in self.loops.values() for h in loop.halted.values()]
        return "; ".join(sentences) or None

    async def rebuild(self, name: str, tell: Tell = silent) -> tuple[Snapshot | None, list[Difference]]:
        """Build a reader's tables beside the live ones, prove them equal, switch; ValueError where they differ."""
        reader = self.readers[name]
        live = self._generations.get(name)
        fresh, proven, found = await self._beside(reader, live, tell)
        async with self.database.connection() as connection:
            if found:
                await drop(connection, fresh)
                raise ValueError(f"{name}: the rebuilt tables differ: {', '.join(d.table for d in found)}")
            await switch(connection, fresh, stored(proven, found) if proven else None)
        self._use(reader, fresh)
        return proven, found

    async def verify(self, name: str, tell: Tell = silent) -> tuple[Snapshot | None, list[Difference]]:
        """Fold the log afresh and compare with the live tables at one position; what was folded is dropped again."""
        reader = self.readers[name]
        fresh, proven, found = await self._beside(reader, self._generations.get(name), tell)
        async with self.database.connection() as connection:
            await drop(connection, fresh)
        return proven, found

    async def roll_back(self, name: str) -> Generation:
        """Let the pointer name the generation that was kept; its owners read on from its own position."""
        async with self.database.connection() as connection:
            kept = [
                g
                for g in await generations(connection)
                if (g.reader, g.version, g.state) == (name, self.readers[name].version, "kept")
            ]
            if not kept:
                raise ValueError(f"{name} has no generation to go back to")
            await switch(connection, kept[-1], None)
        self._use(self.readers[name], kept[-1])
        return kept[-1]

    async def _ready(self, reader: Reader, tell: Tell) -> Generation:
        """Give the generation that the pointer names, built first where there is none or its card has changed."""
        async with self.database.connection() as connection:
            await connection.execute("set lock_timeout to 0")  # another instance may be building for minutes
            await connection.execute("select pg_advisory_lock($1, hashtext($2))", BUILDING, reader.name)
            try:
                found = await current(connection, reader)
                if found is None or found.set_aside != self._set_aside(reader):
                    ends = await self.log.ends(reader.topic)
                    found = await self._build(reader, ends, tell)
                    await switch(connection, found, None)
            finally:
                await connection.execute("select pg_advisory_unlock($1, hashtext($2))", BUILDING, reader.name)
                await connection.execute("set lock_timeout to default")
        return found

    async def _build(self, reader: Reader, until: Mapping[int, int], tell: Tell) -> Generation:
        identity = await self.log.identity(reader.topic)
        async with self.database.connection() as connection:
            generation = await begin(connection, reader, identity, self._set_aside(reader))
            await connection.execute("set statement_timeout to 0")
            await build(connection, self.log, self.folders[reader.name], generation, until, tell)
        return generation

    async def _beside(
        self, reader: Reader, live: Generation | None, tell: Tell
    ) -> tuple[Generation, Snapshot | None, list[Difference]]:
        """Build another generation to the very positions of a snapshot of the live one, and compare."""
        async with self.database.connection() as connection:
            start = await snapshot_positions(connection, reader, live) if live else await self.log.ends(reader.topic)
        fresh = await self._build(reader, start, tell)
        if live is None:
            return fresh, None, []
        async with self.database.connection() as connection:
            before = await snapshot(connection, reader, live)
        await self._catch_up(reader, fresh, start, before.positions)
        async with self.database.connection() as connection:
            after = await snapshot(connection, reader, fresh)
        return fresh, before, differences(before, after)

    async def _catch_up(
        self, reader: Reader, fresh: Generation, start: Mapping[int, int], to: Mapping[int, int]
    ) -> None:
        """Read a generation that nobody owns yet on to given offsets, as the live loop would."""
        beside = Database(self.settings.postgres, self.settings.database)
        await beside.open(connections=2)
        beside.use(reader.name, fresh.schema)
        loop = ReaderLoop(self.log, PostgresStore(beside, reader, len(to)), self.folders[reader.name], "none")
        try:
            await loop.assigned(frozenset(to))
            for partition, end in to.items():
                async for records in self.log.scan(reader.topic, partition, end, start[partition]):
                    await loop.apply(partition, list(records))
        finally:
            await beside.close()

    def _use(self, reader: Reader, generation: Generation) -> None:
        self._generations[reader.name] = generation
        self.database.use(reader.name, generation.schema)
        check = LogCheck(self.log, reader.topic, generation.identity)
        if reader.name in self.loops:
            self.gate.again()
            self.loops[reader.name].use(check)
        else:
            store, folder = self.stores[reader.name], self.folders[reader.name]
            group = self.group(f"{reader.name}.v{reader.version}")
            self.loops[reader.name] = ReaderLoop(self.log, store, folder, group, check)

    async def _look_at_log(self, reader: Reader) -> None:
        """Halt where the topic was made anew or cut, before anything is decided on it by us, its owner or not."""
        positions = await self.stores[reader.name].positions()
        await self.loops[reader.name].check({p: Position(0, at, None) for p, at in positions.items()})

    async def _watch(self) -> None:
        """Check each minute that the log is still the log that was read."""
        while True:
            await self.clock.sleep(60)
            for loop in self.loops.values():
                with suppress(Unavailable):  # asked again in a minute, and at every assignment
                    await loop.check()

    async def _follow_pointer(self) -> None:
        """Go over to a generation that somebody built beside ours; one that is gone was dropped with its database."""
        while True:
            await self.clock.sleep(1)
            for reader in self.readers.values():
                async with self.database.connection() as connection:
                    named = await current(connection, reader)
                if named is None:
                    raise Unavailable(f"the tables of {reader.name} are gone: the database was dropped")
                if named.schema != self._generations[reader.name].schema:
                    self._use(reader, named)

    def _folder(self, reader: Reader) -> Folder:
        card = self.cards[reader.topic]
        return Folder(reader, Judge(Codec(reader.topic, self._events[reader.topic], card.partitions), card.set_aside))

    def _set_aside(self, reader: Reader) -> str:
        entries = [list(entry) for entry in self.cards[reader.topic].set_aside]
        return sha256(json.dumps(entries).encode()).hexdigest()


async def snapshot_positions(connection: Any, reader: Reader, generation: Generation) -> dict[int, int]:
    """Give the positions of a generation."""
    rows = await connection.fetch(f"select partition, next_offset from {generation.schema}.position_{reader.name}")
    return {row["partition"]: row["next_offset"] for row in rows}
