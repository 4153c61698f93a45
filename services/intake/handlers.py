"""The door of intake: from a record to its counting event, its receipt, and what else its answer makes possible."""

from collections.abc import Sequence

from libs.chassis.participant import Participant
from libs.eventlog.cloudevents import Message
from libs.eventlog.door import DoorKeeper
from libs.eventlog.errors import Unreadable
from libs.eventlog.ports import Store
from libs.eventlog.queries import Queries
from libs.eventlog.receipts import private, receipt, unreadable
from libs.eventlog.record import Outgoing, Record
from libs.eventlog.request import Request
from libs.eventlog.writer import Answer, Writer
from libs.messages.catalogue import PRIVATE, TICKETS_DOOR
from libs.messages.ids import duty_command_id
from services.intake import door
from services.intake.cover import FACTS, Facts
from services.intake.domain import OWING, Unopened, owed
from services.intake.settings import IntakeSettings

NO_FACTS = Facts()


class TicketDoor:
    """Asks for the facts, has the writer answer, and applies what was held until now."""

    def __init__(self, shell: Participant, settings: IntakeSettings, writer: Writer, store: Store) -> None:
        self._queries: Queries = shell.queries
        self._clock, self._cards, self._settings = shell.clock, shell.cards, settings
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
        facts = await self._facts([message for _, message in read])
        not_after = self._clock.now() + self._settings.tolerance
        return [door.request_of(r, m, f, not_after) for (r, m), f in zip(read, facts, strict=True)]

    async def settle(self, answers: Sequence[Answer]) -> None:
        """Apply what was held on tickets that have been opened or refused, or that hold something still."""
        streams = {a.request.stream for a in answers if a.event and isinstance(a.event.data, OWING)}
        if not streams:
            return
        loaded = await self._store.load(sorted(streams))
        correlations = {a.request.stream: a.request.correlation for a in answers}
        requests = [
            Request(str(duty_command_id(stream, due.name)), stream, due.command, correlations[stream])
            for stream, known in loaded.items()
            for due in owed(known.state or Unopened())
        ]
        if requests:
            await self._writer.handle(requests)

    def private(self, record: Record, message: Message) -> Sequence[Outgoing]:
        """Give what is personal in a message, for the private topic."""
        found = door.private_of(record, message)
        return [private(PRIVATE, *found, self._cards[PRIVATE].partitions)] if found else []

    def receipt(self, record: Record, _: Message, answer: Answer) -> Outgoing:
        """Answer the upstream system."""
        assert answer.event is not None  # noqa: S101 - a door's command always has its event
        return receipt(record, door.outcome_of(answer.event.data), answer.event)

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        """Keep what can not be read."""
        return unreadable(record, why, self._cards[f"{TICKETS_DOOR}.dlq"].partitions)

    async def _facts(self, messages: Sequence[Message]) -> list[Facts]:
        asked = [door.asked(message) for message in messages]
        wanted = [one for one in asked if one]
        if not wanted:
            return [NO_FACTS for _ in messages]
        customers, products, numbers = zip(*wanted, strict=True)
        rows = await self._queries.rows(
            "facts_for_tickets", customers=list(customers), products=list(products), numbers=list(numbers)
        )
        found = iter(FACTS.validate_json(row["facts"]) for row in rows)
        return [next(found) if one else NO_FACTS for one in asked]
