"""The loops of intake: its door, from a record to its counting event and its receipt; second receipts; its duties."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.chassis.service_door import ServiceDoor
from libs.chassis.service_host import DOOR, ServiceHost
from libs.eventlog.commands import IssuedCommand, Reaction, issued_by_duty
from libs.eventlog.errors import Unavailable, Unreadable
from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.held_back import Source
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import UNKNOWN, PartitionOffset, Store
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal
from libs.eventlog.wire.receipts import place_of, receipts_of, second_receipt
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.doubts import Doubt
from libs.messages.ids import duty_command_id
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome
from libs.messages.tickets import TicketEvent
from libs.messages.upstream import TicketUpstream
from services.intake import door
from services.intake.described import description
from services.intake.domain import OWING, ApplyHeld, ApplyMerge, Owed, UndoMerge, Unopened, owed
from services.intake.facts import FACTS, NO_FACTS, FactsNeeded, TicketFacts
from services.intake.from_upstream import door_record
from services.intake.personal import personal
from services.intake.reactions import TellOutcome, react
from services.intake.reconsidering import ReconsiderOpening
from services.intake.restating import OpenRestated, RestateCover
from services.intake.settings import IntakeSettings

PATIENCE, PAUSE = 30.0, 0.25  # machine seconds: for the door to commit, and between two looks


class TicketDoor(ServiceDoor[TicketUpstream]):
    """Looks up the facts, has the writer answer, and applies messages that were held until now."""

    def __init__(self, host: ServiceHost, settings: IntakeSettings, writer: Writer, store: Store) -> None:
        super().__init__(TICKETS_DOOR, host.cards)
        self._queries, self._clock, self._settings = host.queries, host.clock, settings
        self._writer, self._store = writer, store

    def read(self, record: Record) -> Message[TicketUpstream]:
        """Parse a record; raises Unreadable."""
        return door.read(record)

    def resting(self, message: Message[TicketUpstream]) -> Resting:
        """What a message says something about, and the other ticket that its decision rests on."""
        return door.resting(message)

    def personal(self, record: Record, message: Message[TicketUpstream]) -> Sequence[Personal]:
        """What is personal in a message."""
        found = personal(record, message)
        return (found,) if found else ()

    def doubts(self, message: Message[TicketUpstream]) -> tuple[Doubt, ...]:
        """What is doubtful in a message that is taken all the same."""
        return description(message.data).doubts

    def outcome(self, event: TicketEvent) -> Outcome:
        """The outcome of a message, from its counting event."""
        return door.outcome_of(event)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Have the writer answer the commands with their counting events."""
        return await self._writer.handle(commands)

    async def counted(self, commands: Sequence[IssuedCommand]) -> Sequence[RecordedEvent | None]:
        """The events of those commands that count already."""
        return await self._writer.counted(commands)

    async def issue(self, read: Sequence[tuple[Record, Message[TicketUpstream]]]) -> Sequence[IssuedCommand]:
        """The commands, with the facts that they rest on, all in one round trip."""
        facts = await self._facts([door.facts_needed(message) for _, message in read])
        tolerance = self._settings.tolerance
        return [
            door.command_of(r, m, f, self._clock.appended(r.timestamp) + tolerance, tolerance)
            for (r, m), f in zip(read, facts, strict=True)
        ]

    async def apply_held(self, answers: Sequence[Answer]) -> None:
        """Apply the held messages of tickets that were just opened or refused, or that still hold some."""
        streams = {a.issued.stream for a in answers if a.event and isinstance(a.event.data, OWING)}
        if not streams:
            return
        loaded = await self._store.load(sorted(streams))
        dues = [(stream, due) for stream, known in loaded.items() for due in owed(known.state or Unopened())]
        if dues:
            correlations = {a.issued.stream: a.issued.correlation for a in answers}
            facts, tolerance = await self._facts([due.asked for _, due in dues]), self._settings.tolerance
            await self._writer.handle(
                [
                    _applying(stream, due, replace(due.command, facts=f, tolerance=tolerance), correlations[stream])
                    for (stream, due), f in zip(dues, facts, strict=True)
                ]
            )

    async def _facts(self, asked: Sequence[FactsNeeded | None]) -> list[TicketFacts]:
        return await self._queries.facts("facts_for_tickets", asked, FACTS, NO_FACTS)


class HeldReceipts:
    """Writes the second receipts, each after the first one: once the door has committed the message that was held."""

    def __init__(self, host: ServiceHost) -> None:
        self._log, self._clock = host.engine.log, host.clock
        self._doors = host.own_doors(Source(host.engine.group(DOOR), TICKETS_DOOR))
        self._appender, self._count = host.engine.appender(), host.count_receipt

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """The messages that are to be answered."""
        return [react(event) for event in events]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Write the receipts; raises Unavailable where not all of them were acknowledged, or the first one was not."""
        wishes: list[TellOutcome] = [issued.command for issued in commands]
        said = await self._said([wish.held.place for wish in wishes])
        out = [_second_receipt(wish, said.get(wish.held.place)) for wish in wishes]
        if UNKNOWN in await self._appender.append(out):
            raise Unavailable(f"{receipts_of(TICKETS_DOOR)}: not everything was acknowledged")
        for wish in wishes:
            self._count(TICKETS_DOOR, door.outcome_of(wish.event.data))
        return [Answer(issued, None) for issued in commands]

    async def _said(self, places: Sequence[RecordAddress]) -> Mapping[RecordAddress, Record]:
        """Read back the records that the doors still have; a door that we serve no more has none."""
        found = dict[RecordAddress, Record]()
        for at in self._doors:
            here = [PartitionOffset(place.partition, place.offset) for place in places if place.topic == at.topic]
            if here:
                found |= {place_of(record): record for record in await self._committed(at, here)}
        return found

    async def _committed(self, at: Source, places: Sequence[PartitionOffset]) -> Iterable[Record]:
        """The records at one door, once it has committed them: then their first receipts are written."""
        starts, ends = await self._log.starts(at.topic), await self._log.ends(at.topic)
        there = [
            place for place in places if starts.get(place.partition, 0) <= place.offset < ends.get(place.partition, 0)
        ]
        deadline = self._clock.monotonic() + PATIENCE
        while early := await self._early(at, there):
            if self._clock.monotonic() > deadline:
                raise Unavailable(f"{at.topic}[{early[0].partition}]: the door has not committed {early[0].offset}")
            await self._clock.sleep(PAUSE)
        return (await self._log.records(at.topic, there)).values()

    async def _early(self, at: Source, places: Sequence[PartitionOffset]) -> list[PartitionOffset]:
        committed = await self._log.committed_offsets(at.group, at.topic)
        return [place for place in places if place.offset >= committed.get(place.partition, 0)]


class TicketDuties:
    """Undoes merges that cross; they show only once they count, since each was decided before the others were known.

    Applies merges that waited for their survivor's opening, reconsiders tickets that waited for their customer, and
    restates refusals whose cover was recorded later, and opens what was refused so.
    """

    def __init__(self, host: ServiceHost, settings: IntakeSettings) -> None:
        self._host, self._queries, self._settings = host, host.queries, settings

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [
            Duty("undo crossing merges", self.crossing, asks="crossing_merges"),
            Duty("apply merges that waited", self.waited, asks="merges_that_waited"),
            Duty("reconsider refused", self.refused, safe=self._safe_time(), asks="tickets_to_reconsider"),
            Duty("restate cover", self.covered, safe=self._safe_time(), asks="refusals_to_restate"),
            Duty("open restated", self.restated, safe=self._safe_time(), asks="restated_to_open"),
        ]

    async def crossing(self, _: datetime, most: int) -> Sequence[IssuedCommand]:
        """Undo, of merges that cross, the one on the ticket with the smallest stream id."""
        rows = await self._queries.rows("crossing_merges", most=most)
        return [issued_by_duty(row, UndoMerge(row["crossed_at"], row["merged_into"])) for row in rows]

    async def waited(self, _: datetime, most: int) -> Sequence[IssuedCommand]:
        """Decide on merges whose survivor is there by now."""
        rows = await self._queries.rows("merges_that_waited", most=most)
        asked = [FactsNeeded(survivor=row["survivor"]) for row in rows]
        facts = await self._queries.facts("facts_for_tickets", asked, FACTS, NO_FACTS)
        each = zip(rows, facts, strict=True)
        return [
            issued_by_duty(r, ApplyMerge(r["said_at"], r["survivor"], f, self._settings.tolerance)) for r, f in each
        ]

    async def refused(self, _: datetime, most: int) -> Sequence[IssuedCommand]:
        """Judge tickets once more whose customer and term are registered by now."""
        found = await self._rows("tickets_to_reconsider", most)
        return [issued_by_duty(row, ReconsiderOpening(row["opened_at"], facts)) for row, facts in found]

    async def covered(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Say of refused tickets that they were under cover."""
        found = await self._rows("refusals_to_restate", most)
        return [issued_by_duty(row, RestateCover(now, facts)) for row, facts in found]

    async def restated(self, _: datetime, most: int) -> Sequence[IssuedCommand]:
        """Open what was refused though it was under cover."""
        found = await self._rows("restated_to_open", most)
        return [issued_by_duty(row, OpenRestated(row["restated_at"], facts)) for row, facts in found]

    async def _rows(self, query: str, most: int) -> list[tuple[dict[str, Any], TicketFacts]]:
        """The tickets that a query finds, each with the facts that its opening rests on."""
        rows = await self._queries.rows(query, most=most)
        asked = [FactsNeeded(row["customer"], row["product"], row["number_dialled"]) for row in rows]
        facts = await self._queries.facts("facts_for_tickets", asked, FACTS, NO_FACTS)
        return list(zip(rows, facts, strict=True))

    def _safe_time(self) -> SafeTime:
        """What stands at our door is answered first: an answer to such a ticket, or its withdrawal."""
        engine = self._host.engine
        doors = self._host.own_doors(Source(engine.group(DOOR), TICKETS_DOOR))
        return self._host.safe_time(self._host.answered(doors), [engine.followers["tickets"]], inputs=doors)

    async def next_due(self) -> None:
        """None, since nothing here waits for an instant."""


def _applying(stream: str, due: Owed, command: ApplyHeld, correlation: str) -> IssuedCommand:
    identity = duty_command_id(stream, due.name)
    return IssuedCommand(identity, stream, command, correlation, caused_by=due.said_at_door)


def _second_receipt(wish: TellOutcome, record: Record | None) -> Outgoing:
    """Make the receipt; a record that says something else by now, in a door that was made anew, is none of ours."""
    outcome = door.outcome_of(wish.event.data)
    try:
        message = door.read(record) if record else None
    except Unreadable:
        message = None
    if record is None or message is None or door_record(record, message) != wish.held:
        return second_receipt(wish.held, None, outcome, wish.event)
    return second_receipt(wish.held, record, outcome, wish.event, description(message.data).doubts)
