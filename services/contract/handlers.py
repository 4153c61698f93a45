"""The loops of contract: its door, the terms that end, and the tombstones that erasure owes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.chassis.service_door import ServiceDoor
from libs.chassis.service_host import DOOR, ServiceHost
from libs.eventlog.commands import IssuedCommand, issued_by_duty
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.followers import SafeTime, group_follower
from libs.eventlog.loops.held_back import Source
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import UNKNOWN
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal, tombstone
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import CONTRACTS_DOOR, PRIVATE, ContractsEvent, topic_of
from libs.messages.plan import PlanEvent
from libs.messages.receipts import Outcome
from libs.messages.upstream import ContractUpstream
from services.contract import door
from services.contract.contracts import EndTerm
from services.contract.facts import FACTS

PAUSE, GLANCE = 1.0, 0.1  # machine seconds between two looks for tombstones; the second with a movable clock


class Writers:
    """The writers of our two topics, as one."""

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        """Answer every command by the writer of its stream's topic, in order; raises Unavailable."""
        answers: dict[int, Answer] = {}
        for topic, writer in self._writers.items():
            places = [at for at, issued in enumerate(commands) if topic_of(issued.stream) == topic]
            found = await writer.handle([commands[at] for at in places])
            answers.update(zip(places, found, strict=True))
        return [answers[at] for at in range(len(commands))]


class ContractDoor(ServiceDoor[ContractUpstream]):
    """Takes customers, contracts, parts of the plan and orders to erase."""

    def __init__(self, host: ServiceHost, writers: Writers) -> None:
        super().__init__(CONTRACTS_DOOR, host.cards)
        self._queries, self._clock, self._writers = host.queries, host.clock, writers

    def read(self, record: Record) -> Message[ContractUpstream]:
        """Parse a record; raises Unreadable."""
        return door.read(record)

    def resting(self, message: Message[ContractUpstream]) -> Resting:
        """What a message says something about, and what its decision rests on beside its own stream."""
        return door.resting(message)

    def personal(self, record: Record, message: Message[ContractUpstream]) -> Personal | None:
        """What is personal in a message."""
        return door.personal(record, message)

    def outcome(self, event: ContractsEvent | PlanEvent) -> Outcome:
        """The outcome of a message, from its counting event."""
        return door.outcome_of(event)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Have the writers answer the commands with their counting events."""
        return await self._writers.handle(commands)

    async def issue(self, read: Sequence[tuple[Record, Message[ContractUpstream]]]) -> Sequence[IssuedCommand]:
        """The commands, with what they rest on, all in one round trip."""
        customers = sorted({customer for _, message in read if (customer := door.facts_needed(message))})
        row = await self._queries.row("facts_for_contracts", customers=customers)
        assert row is not None  # noqa: S101 - the query always gives one row
        facts = FACTS.validate_json(row["facts"])
        now = self._clock.now()
        return [door.command_of(record, message, facts, now) for record, message in read]


class TermDuties:
    """Ends terms that are over, by safe time: a new term may still wait at the door, or its customer."""

    def __init__(self, host: ServiceHost) -> None:
        self._host, self._queries = host, host.queries

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [Duty("end terms", self.ended, safe=self._safe_time())]

    async def ended(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Let contracts whose term is over lapse, or go on in the one that follows."""
        rows = await self._queries.rows("terms_that_ended", now=now, most=most)
        return [issued_by_duty(row, _end_term(row, now), rests_on=(row["customer"], row["licence"])) for row in rows]

    async def next_due(self) -> datetime | None:
        """The next end of a term."""
        row = await self._queries.row("next_term_end")
        return row["at"] if row else None

    def _safe_time(self) -> SafeTime:
        engine = self._host.engine
        own_door = group_follower(engine.group(DOOR), CONTRACTS_DOOR, engine.log)
        inputs = [Source(engine.group(DOOR), CONTRACTS_DOOR)]
        return self._host.safe_time([own_door], [engine.followers["contracts"]], inputs=inputs)


def _end_term(row: Mapping[str, Any], now: datetime) -> EndTerm:
    return EndTerm(row["covered_until"], row["stream"], now, row["continued_by"])


class Tombstones:
    """Writes tombstones for private records of erased persons, also for records that come after the erasure.

    No event is written: the log already holds the erasure, and the private topic keeps no history.
    """

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock, self._cards = host.queries, host.clock, host.cards
        self._appender = host.engine.log.appender()
        self.waiting: str | None = None

    async def run(self) -> None:
        """Write the tombstones that are owed until cancelled."""
        try:
            while True:
                await self._look()
                await self._clock.sleep(GLANCE if self._clock.movable else PAUSE)
        finally:
            await self._appender.close()

    async def _look(self) -> None:
        try:
            await self.round()
            self.waiting = None
        except Unavailable as error:
            self.waiting = str(error)

    async def round(self) -> int:
        """Write the tombstones that are owed now, and count them; raises Unavailable."""
        keys = [row["key"] for row in await self._queries.rows("tombstones_owed", most=500)]
        partitions = self._cards[PRIVATE].partitions
        graves = [tombstone(key, partitions) for key in keys]
        if graves and UNKNOWN in await self._appender.append(graves):
            raise Unavailable(f"{PRIVATE}: not every tombstone was acknowledged")
        return len(graves)

    async def busy(self) -> str | None:
        """Whether something is still to be erased."""
        return "tombstones are owed" if await self._queries.rows("tombstones_owed", most=1) else None
