"""What a service's loops need, wired by hand: the log, the database, and for each reader its tables and its judge.

Opening it rebuilds from the log what the database lacks: a generation for each reader that has none ready.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from libs.decider import Deciders
from libs.eventlog.errors import Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.loops.advisory import AdvisoryOffsets
from libs.eventlog.loops.followers import Follower, Gate, reader_follower
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Writer
from libs.eventlog.ports import Appender, Clock, Position
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import Tell, silent
from libs.eventlog.rebuild.builder import Builder
from libs.eventlog.rebuild.proof import Difference, Snapshot, stored
from libs.eventlog.rebuild.standby import Standby
from libs.eventlog.rebuild.workers import WorkOrder, projector_of
from libs.eventlog.rule import Judge
from libs.eventlog.tables.bell import Bell, heard
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import Generation, current, discard, generations, in_use, standbys, switch
from libs.eventlog.tables.store import PostgresStore, how_far
from libs.eventlog.wire.codec import Codec
from libs.messages.base import Event
from libs.messages.catalogue import EVENTS, STREAMS_OF
from libs.messages.streams import partition_of

LOOK = 10.0  # machine seconds between two looks at the pointer; a change of it is told at once


@dataclass(frozen=True)
class EngineSettings:
    """Where the log and the database are, and who we are."""

    service: str
    instance: str
    kafka: Address
    postgres: str
    database: str
    session: float = 10.0
    module: str = ""
    """The module in which worker processes of a rebuild find our `READERS`."""


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
        self._kafka = KafkaSettings(settings.kafka, settings.instance, session=settings.session)
        self.log = KafkaLog(self._kafka)
        self.database = Database(settings.postgres, settings.database)
        self.projectors = {r.name: self._projector(r) for r in readers}
        self.stores = {r.name: PostgresStore(self.database, r) for r in readers}
        self.followers = {r.name: self.follower(r.name) for r in readers}
        self.wrong_clock: Callable[[], str | None] = lambda: None
        """Says by how much the clock of this process is off; None where it is right, or nobody compares it."""
        gating = [self.followers[r.name] for r in readers if r.gates]
        self.gate = Gate(self.log, clock, gating, halted=self._stopped)
        self.loops: dict[str, ReaderLoop] = {}
        self.standby = Standby(self.log, self.database, self.projectors, self.group)
        self._bell = Bell()
        self._builder = Builder(self.log, self.database, cards, self.projectors, self._order)
        self._generations: dict[str, Generation] = {}
        self._writing = {kind: r for r in readers if r.writes for kind in STREAMS_OF.get(r.topic, ())}
        """By the kind of a stream, the reader of the topic on which we write it."""
        self._closing: list[Writer | Appender] = []

    async def open(self, tell: Tell = silent, *, by_our_card: bool = True) -> None:
        """Connect, and build what is missing, or what was made by a card that sets aside other records.

        Raises ValueError where the latter comes out otherwise, and Unavailable.
        """
        await self.log.open()
        await self.database.open()
        for reader in self.readers.values():
            generation = await self._builder.ready(reader, tell, by_our_card=by_our_card)
            self._use(reader, generation)
            await self._look_at_log(reader)

    async def close(self) -> None:
        """Disconnect from the broker and the database."""
        for each in self._closing:
            await each.close()
        await self.database.close()
        await self.log.close()

    def codec(self, topic: str) -> Codec:
        """The decoder of a topic that we read."""
        return next(f.judge.codec for f in self.projectors.values() if f.reader.topic == topic)

    def follower(self, reader: str) -> Follower:
        """Follow a topic by the positions of one of our readers."""
        return reader_follower(f"{self.settings.service}.{reader}", self.readers[reader].topic, self.stores[reader])

    async def moved(self, states: Iterable[str]) -> object:
        """Another value once our tables, or those of the topics kept as tables, have moved; raises Unavailable."""
        async with self.database.connection() as connection:
            return await how_far(connection, [*self.readers, *states])

    def owns(self, stream: str) -> bool:
        """Whether our own reader of the stream's topic has its partition now: then its duties are ours."""
        reader = self._writing[stream.partition("/")[0]]
        return partition_of(stream, self.cards[reader.topic].partitions) in self.loops[reader.name].partitions()

    def group(self, name: str) -> str:
        """Name a consumer group of this service."""
        return f"{self.settings.service}.{name}"

    def writer(self, topic: str, deciders: Deciders) -> Writer:
        """Make a writer of one of our own topics."""
        reader = next(r for r in self.readers.values() if r.topic == topic and r.writes)
        writer = Writer(
            topic=topic,
            source=f"olcare/{self.settings.service}",
            deciders=deciders,
            codec=self.codec(topic),
            log=self.log,
            store=self.stores[reader.name],
            clock=self.clock,
            gate=self.gate.passed,
            partitions=self.cards[topic].partitions,
        )
        self._closing.append(writer)
        return writer

    def appender(self) -> Appender:
        """Make a producer, for what is no event."""
        appender = self.log.appender()
        self._closing.append(appender)
        return appender

    def tasks(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """The tasks that must run, by name: a loop per reader, the gate, the log check, the pointer, and others."""
        loops = [(f"reader {name}", loop.run) for name, loop in self.loops.items()]
        rest = [("gate", self.gate.run), ("watch", self._watch), ("bell", self._listen)]
        told = AdvisoryOffsets(self.log, self.clock, self.loops)
        return [
            *loops,
            *rest,
            ("pointer", self._follow_pointer),
            ("standby", self.standby.run),
            ("advisory offsets", told.run),
        ]

    def halted(self) -> str | None:
        """The reasons for which partitions are halted; None while there are none."""
        return _sentences(self.loops.values())

    def _stopped(self) -> str | None:
        """Why nothing may be decided, whatever the readers have passed."""
        gating = {name: loop for name, loop in self.loops.items() if self.readers[name].gates}
        return _sentences(gating.values()) or self.wrong_clock()

    async def goes_over(self) -> str | None:
        """A sentence with the readers that are about to switch to the tables their pointer names; None without any."""
        async with self.database.connection() as connection:
            named = await in_use(connection)
        ours = (
            (r.name, named.get((r.name, r.version)), self._generations[r.name].schema) for r in self.readers.values()
        )
        late = [name for name, wanted, used in ours if wanted not in {None, used}]
        return f"going over to other tables of {', '.join(late)}" if late else None

    async def rebuild(
        self, name: str, tell: Tell = silent, processes: int = 1, accept: Collection[str] = ()
    ) -> tuple[Snapshot | None, list[Difference]]:
        """Build a reader's tables beside the live ones, in so many processes, prove them equal, and switch.

        Raises ValueError where they differ, but in tables whose difference is intended (`accept`), and Unavailable.
        """
        reader = self.readers[name]
        async with self._builder.beside(reader, self._generations.get(name), tell, processes) as built:
            if differ := [d.table for d in built.found if d.table not in accept]:
                raise ValueError(f"{name}: the rebuilt tables differ: {', '.join(differ)}")
            proof = stored(built.live, built.found) if built.live else None
            async with self.database.connection() as connection:
                older = await standbys(connection, reader)
                await switch(connection, built.generation, proof)
                await discard(connection, older)
            self._use(reader, built.generation)
        return built.live, built.found

    async def verify(self, name: str, tell: Tell = silent) -> tuple[Snapshot | None, list[Difference]]:
        """Fold the log afresh and compare with the live tables at one position; what was folded is dropped again."""
        async with self._builder.beside(self.readers[name], self._generations.get(name), tell) as built:
            return built.live, built.found

    async def roll_back(self, name: str, to: int | None = None) -> Generation:
        """Set the pointer to a generation that was kept, else the newest; raises ValueError where there is none."""
        reader, found = self.readers[name], await self.standby_to(name, to)
        async with self.database.connection() as connection:
            await switch(connection, found, None)
        self._use(reader, found)
        return found

    async def standby_to(self, name: str, to: int | None = None) -> Generation:
        """The generation to which `roll_back` would go; raises ValueError where there is none."""
        async with self.database.connection() as connection:
            kept = await standbys(connection, self.readers[name])
        found = [generation for generation in kept if to in {None, generation.generation}]
        if not found:
            which = "to go back to" if to is None else f"{to} that is kept"
            raise ValueError(f"{name} has no generation {which}")
        if not self._builder.made_by_our_card(found[-1]):
            raise ValueError(f"{name}: what could be gone back to was made by a card that sets aside other records")
        return found[-1]

    def generation(self, name: str) -> Generation:
        """The generation whose tables this engine uses."""
        return self._generations[name]

    async def discard(self, name: str) -> list[Generation]:
        """Drop the kept generations, and those of other versions of the code; returns what was dropped."""
        left = await self.discardable(name)
        async with self.database.connection() as connection:
            await discard(connection, left)
        return left

    async def discardable(self, name: str) -> list[Generation]:
        """What `discard` would drop."""
        async with self.database.connection() as connection:
            mine = [g for g in await generations(connection) if g.reader == name and g.state != "building"]
        return [g for g in mine if g.version != self.readers[name].version or g.state == "kept"]

    def _order(self, reader: Reader, into: Generation) -> WorkOrder:
        make = partial(projector_of, self.settings.module, reader.name, self.cards[reader.topic])
        return WorkOrder(self._kafka, self.database.address, make, into)

    def _use(self, reader: Reader, generation: Generation) -> None:
        self._generations[reader.name] = generation
        self.database.use(reader.name, generation.schema)
        self.stores[reader.name].forget()
        check = LogCheck(self.log, reader.topic, generation.identity)
        if reader.name in self.loops:
            self.gate.again()
            self.loops[reader.name].use(check)
        else:
            store, projector = self.stores[reader.name], self.projectors[reader.name]
            group = self.group(f"{reader.name}.v{reader.version}")
            go_over = partial(self._go_over, reader)
            self.loops[reader.name] = ReaderLoop(self.log, store, projector, group, check, go_over)

    async def _look_at_log(self, reader: Reader) -> None:
        """Halt partitions whose topic was recreated or truncated, owned by us or not, before we decide on them."""
        positions = await self.stores[reader.name].positions()
        await self.loops[reader.name].check({p: Position(0, at, None) for p, at in positions.items()})

    async def _watch(self) -> None:
        """Check each minute that the log is still the log that was read."""
        while True:
            await self.clock.sleep(60)
            for loop in self.loops.values():
                with suppress(Unavailable):  # checked again in a minute, and at every assignment
                    await loop.check()

    async def _listen(self) -> None:
        """Have the looks at the generations made as soon as these change.

        Raises Unavailable where that is not told any more: a server that is back may have lost its last moment, so that
        nothing is known of its tables (ADR 0013).
        """
        async with heard(self.database, self._bell, self.standby.bell) as gone:
            await gone
        raise Unavailable(f"database {self.database.name} has ended our connection")

    async def _follow_pointer(self) -> None:
        """Switch to the generations that the pointer names; raises Unavailable where the database was dropped."""
        while True:
            await self._bell.wait(LOOK)
            async with self.database.connection() as connection:
                schemas = await in_use(connection)
            for reader in self.readers.values():
                if schemas.get((reader.name, reader.version)) != self._generations[reader.name].schema:
                    await self._go_over(reader)

    async def _go_over(self, reader: Reader) -> None:
        """Switch to the generation that the pointer names now; raises Unavailable where the database was dropped."""
        async with self.database.connection() as connection:
            named = await current(connection, reader)
        if named is None:
            raise Unavailable(f"the tables of {reader.name} are gone: the database was dropped")
        if named.schema != self._generations[reader.name].schema:
            self._use(reader, named)

    def _projector(self, reader: Reader) -> Projector:
        card = self.cards[reader.topic]
        return Projector(
            reader, Judge(Codec(reader.topic, self._events[reader.topic], card.partitions), card.set_aside)
        )


def _sentences(loops: Iterable[ReaderLoop]) -> str | None:
    return "; ".join(str(halted) for loop in loops for halted in loop.halted.values()) or None
