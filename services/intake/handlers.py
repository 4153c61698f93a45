"""The loops of intake: its door, from a record to its counting event and its receipt; and the merges that cross."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import Request
from libs.eventlog.errors import Unreadable
from libs.eventlog.loops.door import DoorKeeper
from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import Store
from libs.eventlog.tables.queries import Queries
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.receipts import private, receipt, unreadable
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.catalogue import PRIVATE, TICKETS_DOOR
from libs.messages.ids import duty_command_id
from services.intake import door
from services.intake.domain import OWING, Owed, UndoMerge, Unopened, owed
from services.intake.facts import FACTS, NO_FACTS, Asked, Facts
from services.intake.personal import personal
from services.intake.settings import IntakeSettings


class TicketDoor:
    """Asks for the facts, has the writer answer, and applies what was held until now."""

    def __init__(self, host: ServiceHost, settings: IntakeSettings, writer: Writer, store: Store) -> None:
        self._queries: Queries = host.queries
        self._clock, self._cards, self._settings = host.clock, host.cards, settings
        self._writer, self._store = writer, store

    def keeper(self, group: str) -> DoorKeeper:
        """Describe the door to its loop."""
        return DoorKeeper(
            topic=TICKETS_DOOR,
            group=group,
            read=door.read,
            private=self.private,
            ask=self.ask,
            answer=self._writer.handle,
            settle=self.settle,
            receipt=self.receipt,
            dead=self.dead,
        )

    async def ask(self, read: Sequence[tuple[Record, Message]]) -> Sequence[Request]:
        """Make the requests, with the facts that openings rest on, all in one round trip."""
        facts = await self._facts([door.asked(message) for _, message in read])
        not_after = self._clock.now() + self._settings.tolerance
        return [door.request_of(r, m, f, not_after) for (r, m), f in zip(read, facts, strict=True)]

    async def settle(self, answers: Sequence[Answer]) -> None:
        """Apply what was held on tickets that have been opened or refused, or that hold something still."""
        streams = {a.request.stream for a in answers if a.event and isinstance(a.event.data, OWING)}
        if not streams:
            return
        loaded = await self._store.load(sorted(streams))
        dues = [(stream, due) for stream, known in loaded.items() for due in owed(known.state or Unopened())]
        if dues:
            correlations = {a.request.stream: a.request.correlation for a in answers}
            facts = await self._facts([due.asked for _, due in dues])
            await self._writer.handle(
                [_applying(stream, due, f, correlations[stream]) for (stream, due), f in zip(dues, facts, strict=True)]
            )

    def private(self, record: Record, message: Message) -> Sequence[Outgoing]:
        """Give what is personal in a message, for the private topic."""
        found = personal(record, message)
        return [private(PRIVATE, *found, self._cards[PRIVATE].partitions)] if found else []

    def receipt(self, record: Record, _: Message, answer: Answer) -> Outgoing:
        """Answer the upstream system."""
        assert answer.event is not None  # noqa: S101 - a door's command always has its event
        return receipt(record, door.outcome_of(answer.event.data), answer.event)

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        """Keep what can not be read."""
        return unreadable(record, why, self._cards[f"{TICKETS_DOOR}.dlq"].partitions)

    async def _facts(self, asked: Sequence[Asked | None]) -> list[Facts]:
        wanted = [one for one in asked if one]
        if not wanted:
            return [NO_FACTS for _ in asked]
        columns = zip(Asked._fields, map(list, zip(*wanted, strict=True)), strict=True)
        rows = await self._queries.rows("facts_for_tickets", **dict(columns))
        found = iter(FACTS.validate_json(row["facts"]) for row in rows)
        return [next(found) if one else NO_FACTS for one in asked]


class MergeDuties:
    """Merges that cross are seen only when they count: each may have come first where it was decided."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries = host.queries

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [Duty("undo crossing merges", self.crossing)]

    async def crossing(self, _: datetime, most: int) -> Sequence[Request]:
        """Undo, of merges that cross, the one on the smallest stream id."""
        rows = await self._queries.rows("crossing_merges", most=most)
        return [
            Request(
                id=str(duty_command_id(row["head"], UndoMerge.__name__)),
                stream=row["stream"],
                command=UndoMerge(row["crossed_at"], row["merged_into"]),
                correlation=row["correlation"],
            )
            for row in rows
        ]

    async def next_due(self) -> None:
        """Nothing here waits for an instant."""


def _applying(stream: str, due: Owed, facts: Facts, correlation: str) -> Request:
    command = replace(due.command, facts=facts)
    return Request(str(duty_command_id(stream, due.name)), stream, command, correlation)
