"""The loops of contract: its door, the terms that end, and the tombstones that erasure owes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.chassis.service_door import ServiceDoor
from libs.chassis.service_host import DOOR, ServiceHost
from libs.eventlog.commands import IssuedCommand, Reaction, issued_by_duty
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.duty import Duty, Found, found_by
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.held_back import Source
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import UNKNOWN, Clock
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal, tombstone
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.catalogue import CONTRACTS_DOOR, PRIVATE, ContractsEvent, topic_of
from libs.messages.contracts import ContractContinued, ContractLapsed
from libs.messages.plan import CentreCalendar, NoticeOffsets, PlanEvent, PriceList
from libs.messages.receipts import Outcome
from libs.messages.upstream import ContractUpstream
from services.contract import door
from services.contract.contracts import EndTerm, NoteBeginning
from services.contract.facts import FACTS
from services.contract.plan_facts import CalendarsAndPrices, next_told
from services.contract.reactions import Covering, ReactionFacts, cover_asked, in_columns, react
from services.contract.renewals import OfferRenewal, RemindOfRenewal, local_day
from services.contract.telling import due_at, in_lists, schedule

PATIENCE = 30.0  # machine seconds for which a contract that is about to begin is waited for
PAUSE, GLANCE = 1.0, 0.1  # machine seconds from a move of the tables to the look for tombstones; with a movable clock


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

    async def counted(self, commands: Sequence[IssuedCommand]) -> list[RecordedEvent | None]:
        """The events of those commands that count already, None for the others; raises Unavailable."""
        events: dict[int, RecordedEvent | None] = {}
        for topic, writer in self._writers.items():
            places = [at for at, issued in enumerate(commands) if topic_of(issued.stream) == topic]
            found = await writer.counted([commands[at] for at in places])
            events.update(zip(places, found, strict=True))
        return [events[at] for at in range(len(commands))]


class ContractDoor(ServiceDoor[ContractUpstream]):
    """Takes customers, contracts, parts of the plan and orders to erase."""

    def __init__(self, host: ServiceHost, writers: Writers, grace: timedelta) -> None:
        super().__init__(CONTRACTS_DOOR, host.cards)
        self._queries, self._clock, self._writers, self._grace = host.queries, host.clock, writers, grace
        self._beginning = Beginning(host.clock)

    def read(self, record: Record) -> Message[ContractUpstream]:
        """Parse a record; raises Unreadable."""
        return door.read(record)

    def resting(self, message: Message[ContractUpstream]) -> Resting:
        """What a message says something about, and what its decision rests on beside its own stream."""
        return door.resting(message)

    def personal(self, record: Record, message: Message[ContractUpstream]) -> Sequence[Personal]:
        """What is personal in a message."""
        return door.personal(record, message)

    def outcome(self, event: ContractsEvent | PlanEvent) -> Outcome:
        """The outcome of a message, from its counting event."""
        return door.outcome_of(event)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Have the writers answer the commands with their counting events."""
        return await self._writers.handle(commands)

    async def counted(self, commands: Sequence[IssuedCommand]) -> Sequence[RecordedEvent | None]:
        """The events of those commands that count already."""
        return await self._writers.counted(commands)

    async def issue(self, read: Sequence[tuple[Record, Message[ContractUpstream]]]) -> Sequence[IssuedCommand]:
        """The commands, with what they rest on, all in one round trip; raises Unavailable while a contract begins."""
        needed = [found for _, message in read if (found := door.facts_needed(message))]
        row = await self._queries.row(
            "facts_for_contracts",
            customers=sorted({one.customer for one in needed if one.customer}),
            contracts=sorted({one.contract for one in needed if one.contract}),
            numbers=sorted({one.number for one in needed if one.number}),
        )
        assert row is not None  # noqa: S101 - the query always gives one row
        facts = FACTS.validate_json(row["facts"])
        asked = {name for one in needed for name in (one.contract, one.number) if name}
        self._beginning.wait_for(asked, facts.beginning)
        return [door.command_of(record, message, facts, self._settings(record)) for record, message in read]

    def _settings(self, record: Record) -> door.DecisionSettings:
        """A signature is told of when it comes to the door, also where nobody reads there for days."""
        return door.DecisionSettings(self._clock.now(), self._grace, self._clock.appended(record.timestamp))


class Beginning:
    """Contracts that are about to begin: what is said of one waits for it, but not for ever.

    A purchase and the renewal after it may be told in one breath; the contract begins by a reaction in between.
    """

    def __init__(self, clock: Clock, patience: float = PATIENCE) -> None:
        self._clock, self._patience = clock, patience
        self._since: dict[str, float] = {}

    def wait_for(self, asked: Iterable[str], beginning: frozenset[str]) -> None:
        """Raise Unavailable while any of those asked about is to begin, NotBegun when that takes too long."""
        for contract in set(asked) - beginning:
            self._since.pop(contract, None)
        if not beginning:
            return
        now = self._clock.monotonic()
        since = {contract: self._since.setdefault(contract, now) for contract in beginning}
        longest = min(since, key=since.__getitem__)
        if now - since[longest] > self._patience:
            raise NotBegun(f"{longest} was decided and has not begun: see `olcare stuck list`")
        raise Unavailable(f"{longest} is about to begin")


class NotBegun(RuntimeError):  # noqa: N818 - named for what happened
    """A contract that was decided does not begin."""


class ContractReactions:
    """What our own facts ask of other streams of ours: contracts begin, and benefits switch with cover."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock = host.queries, host.clock

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """What each event asks for, with the terms that cover the products by now."""
        now, products = self._clock.now(), await self._products(events)
        asked = [found for event in events for found in cover_asked(event, products)]
        rows = await self._queries.rows("covering_terms", **in_columns(asked), now=now) if asked else []
        cover = {one: Covering.of(row) for one, row in zip(asked, rows, strict=True)}
        known = ReactionFacts(now, products, cover)
        return [react(event, known) for event in events]

    async def _products(self, events: Sequence[RecordedEvent]) -> Mapping[str, Sequence[str]]:
        """Of contracts whose term has ended; they never change."""
        ended = [event.stream for event in events if isinstance(event.data, ContractLapsed | ContractContinued)]
        rows = await self._queries.rows("products_of_contracts", contracts=ended) if ended else []
        return {row["stream"]: row["products"] for row in rows}


class TermDuties:
    """What happens by the calendar, by safe time: a signature may still wait at the door, or a customer."""

    def __init__(self, host: ServiceHost) -> None:
        self._host, self._queries = host, host.queries

    def all(self) -> list[Duty]:
        """Name the duties."""
        safe = self._safe_time()
        return [
            Duty("end terms", self.ended, safe=safe, asks="terms_that_ended"),
            Duty("begin terms", self.began, safe=safe, asks="terms_that_began"),
            Duty("tell of renewals", self.to_tell, safe=safe),
        ]

    async def ended(self, now: datetime, most: int) -> Sequence[Found]:
        """Let contracts whose term is over lapse, or go on in the one that follows."""
        rows = await self._queries.rows("terms_that_ended", now=now, most=most)
        if not rows:
            return ()
        plan = await self._plan()
        return found_by(rows, _stream, lambda row: _issued(row, plan.end_term(row, now)))

    async def began(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Note that contracts have begun."""
        rows = await self._queries.rows("terms_that_began", now=now, most=most)
        return [
            issued_by_duty(row, NoteBeginning(row["begins_at"], row["stream"], now), rests_on=(row["customer"],))
            for row in rows
        ]

    async def to_tell(self, now: datetime, most: int) -> Sequence[Found]:
        """Offer renewals and remind of them, each on its local day."""
        offsets = await self._offsets()
        if offsets is None:
            return ()
        asked, zones = schedule(offsets), await self._zones()
        rows = await self._queries.rows(
            "renewals_to_tell",
            **in_lists(asked),
            zones=zones,
            dates=[local_day(now, zone) for zone in zones],
            now=now,
            most=most,
        )
        if not rows:
            return ()
        plan = await self._plan()
        return found_by(rows, _stream, lambda row: _issued(row, plan.tell(next_told(row, asked), offsets, now)))

    async def next_due(self) -> datetime | None:
        """The next end or beginning of a term, or the next local day on which something is to be told."""
        row = await self._queries.row("next_term_edge")
        edges = [row["at"]] if row and row["at"] else []
        if offsets := await self._offsets():
            asked, zones = in_lists(schedule(offsets)), await self._zones()
            rows = await self._queries.rows("next_renewals_to_tell", **asked, zones=zones)
            edges += [due_at(row["last_day"], row["days"], row["zone"]) for row in rows]
        return min(edges, default=None)

    async def _zones(self) -> list[str]:
        return [row["zone"] for row in await self._queries.rows("zones_of_contracts")]

    async def _offsets(self) -> NoticeOffsets | None:
        row = await self._queries.row("notice_offsets")
        return NoticeOffsets.model_validate_json(row["content"]) if row else None

    async def _plan(self) -> CalendarsAndPrices:
        calendars = await self._queries.rows("calendars")
        lists = await self._queries.rows("price_lists")
        return CalendarsAndPrices(
            {row["centre"]: CentreCalendar.model_validate_json(row["content"]) for row in calendars},
            tuple(PriceList.model_validate_json(row["content"]) for row in lists),
        )

    def _safe_time(self) -> SafeTime:
        engine = self._host.engine
        doors = self._host.own_doors(Source(engine.group(DOOR), CONTRACTS_DOOR))
        return self._host.safe_time(self._host.answered(doors), [engine.followers["contracts"]], inputs=doors)


def _stream(row: Mapping[str, Any]) -> str:
    stream: str = row["stream"]
    return stream


def _issued(row: Mapping[str, Any], command: EndTerm | OfferRenewal | RemindOfRenewal) -> IssuedCommand:
    more = [str(command.days_before)] if isinstance(command, RemindOfRenewal) else []
    return issued_by_duty(row, command, *more, rests_on=(row["customer"], row["licence"]))


class Tombstones:
    """Writes tombstones for private records of erased persons, also for records that come after the erasure.

    No event is written: the log already holds the erasure, and the private topic keeps no history.
    """

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock, self._cards = host.queries, host.clock, host.cards
        self._appender, self._rest = host.engine.log.appender(), host.waiter()
        self.waiting: str | None = None

    async def run(self) -> None:
        """Write the tombstones that are owed until cancelled."""
        try:
            while True:
                if not await self._look():
                    await self._rest(soon=bool(self.waiting))
                await self._clock.sleep(GLANCE if self._clock.movable else PAUSE)
        finally:
            await self._appender.close()

    async def _look(self) -> int:
        try:
            written = await self.round()
        except Unavailable as error:
            self.waiting = str(error)
            return 0
        self.waiting = None
        return written

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
