"""Whoever was told that a message is held is told what it came to: once, after the first receipt, and always alike."""

import re
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, issued_by_event
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import ACKNOWLEDGED, UNKNOWN
from libs.eventlog.testing import MemoryAppender, MemoryLog
from libs.eventlog.wire.receipts import place_of
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.clauses import Clause
from libs.messages.ids import door_command_id
from libs.messages.places import DoorRecord
from libs.messages.receipts import Outcome, Receipt
from libs.messages.refusals import MessageRefusal
from libs.messages.tickets import Decision, MessageHeld, MessageRefused, TicketEvent, TicketOpened, TicketRefused
from services.intake.domain import DECIDER, ApplyMerge
from services.intake.door import command_of, read
from services.intake.facts import NO_FACTS, FactsNeeded, KnownTicket, TicketFacts
from services.intake.handlers import HeldReceipts
from services.intake.reactions import DECISIONS, TellOutcome, react
from tests.unit.intake.examples import FACTS, NOW, OPENED, TUESDAY, recorded
from tests.unit.intake.test_tickets_door import OF_TICKETS, example
from tests.unit.intake.test_tickets_loop import OF_TICKET, SUBMITTED, SURVIVOR, TICKET, Door, about_it
from tests.unit.recorded import recorded_event

GROUP, RECEIPTS = "intake.door", "olcare.tickets.receipts.v1"
OWN, OWN_GROUP = f"{TICKETS_DOOR}.crm-eu", f"{GROUP}.crm-eu"
GROUPS = {TICKETS_DOOR: GROUP, OWN: OWN_GROUP}
FOLLOW_UPS = [name for name in OF_TICKETS if name != "TicketSubmitted"]


def named(record: Record) -> DoorRecord:
    message = read(record)
    return DoorRecord(place=place_of(record), command=door_command_id(message.source, message.id, TICKET))


def decisions(history: Sequence[TicketEvent]) -> list[Decision]:
    return [event for event in history if isinstance(event, Decision)]


@pytest.mark.parametrize("name", FOLLOW_UPS)
@pytest.mark.parametrize("facts", [FACTS, NO_FACTS], ids=["opened", "refused"])
async def test_what_a_held_message_comes_to_says_where_it_stands(name: str, facts: TicketFacts) -> None:
    door, record = Door({OF_TICKET: facts}), about_it(name)
    await door.take(record)
    await door.take(SUBMITTED)
    held, opened, after = door.books.histories[TICKET]
    assert isinstance(held, MessageHeld)
    assert isinstance(opened, TicketRefused if facts is NO_FACTS else TicketOpened)
    assert isinstance(after, MessageHeld if (name, facts) == ("TicketsMerged", FACTS) else Decision)
    assert held.door_record == after.door_record == named(record)


@pytest.mark.parametrize("name", FOLLOW_UPS)
async def test_what_was_not_held_says_nothing_of_the_door(name: str) -> None:
    door = Door({OF_TICKET: FACTS, FactsNeeded(ticket=TICKET): FACTS})
    await door.take(SUBMITTED)
    await door.take(about_it(name))
    assert [event.door_record for event in decisions(door.books.histories[TICKET])] in ([None], [])


async def test_a_merge_that_waited_is_decided_once_its_survivor_is_there() -> None:
    door, record = Door({OF_TICKET: FACTS}), about_it("TicketsMerged")
    await door.take(record)
    await door.take(SUBMITTED)
    state = DECIDER.replay(door.books.histories[TICKET])
    survivor = TicketFacts(survivor=KnownTicket(SURVIVOR, 1, "refused"))
    refused = DECIDER.decide(state, ApplyMerge(NOW, SURVIVOR, survivor))
    assert isinstance(refused, MessageRefused)
    assert (refused.reason, refused.into) == (MessageRefusal.INTO_REFUSED, SURVIVOR)
    assert refused.door_record == named(record)


async def test_messages_are_decided_one_after_the_other_each_by_its_own_place() -> None:
    door = Door({OF_TICKET: FACTS})
    batch = [
        about_it(name)._replace(offset=offset) for offset, name in enumerate(("NoteAdded", "TicketResolved"), start=7)
    ]
    await door.take(*batch)
    await door.take(SUBMITTED)
    places = [event.door_record for event in decisions(door.books.histories[TICKET])]
    assert places == [named(record) for record in batch]


def test_only_decisions_of_held_messages_are_answered_a_second_time() -> None:
    said = DoorRecord(place=place_of(SUBMITTED), command=door_command_id("a", "b", TICKET))
    answered = recorded(TUESDAY)
    for event in (OPENED, answered, MessageHeld(upstream_type="olcare.upstream.A.v1", said_at=NOW, door_record=said)):
        assert react(recorded_event(TICKET, 2, event)) == ()
    (reaction,) = react(recorded_event(TICKET, 2, answered.model_copy(update={"door_record": said})))
    assert isinstance(reaction.command, TellOutcome)
    assert reaction.command.held == said
    assert type(answered) in DECISIONS
    assert not issubclass(MessageHeld, DECISIONS)


class Receipts:
    """The door and the receipts in memory, with one message that was held, and is answered now."""

    def __init__(self, record: Record) -> None:
        self.log, self.clock = MemoryLog(partitions=12), ManualClock(NOW)
        self.log.write(Outgoing(record.topic, record.partition, record.key, record.value, record.headers))
        (self.record,) = self.log.kept[record.topic, record.partition]
        self.appender: Any = MemoryAppender(self.log)
        engine = SimpleNamespace(log=self.log, group=lambda _: GROUP, appender=lambda: self.appender)
        self.counted: list[tuple[str, Outcome]] = []
        count = lambda door, outcome: self.counted.append((door, outcome))  # noqa: E731 - it is the host's own, for once
        host: Any = SimpleNamespace(engine=engine, clock=self.clock, cards=GROUPS, count_receipt=count)
        host.own_doors = partial(ServiceHost.own_doors, host)
        self.receipts = HeldReceipts(host)

    def door_has_committed(self, offset: int, door: str | None = None) -> None:
        at = door or self.record.topic
        self.log.committed[GROUPS[at], at, self.record.partition] = offset

    def first(self) -> Outgoing:
        """The receipt that the door gives."""
        held = MessageHeld(upstream_type="olcare.upstream.NoteAdded.v1", said_at=NOW, door_record=named(self.record))
        issued = command_of(self.record, read(self.record), NO_FACTS, NOW)
        event = recorded_event(TICKET, 1, held)
        event.causationid = issued.id
        return Door({}).door.receipt(self.record, read(self.record), Answer(issued, event))

    async def tell(self, event: TicketEvent, sequence: int = 3) -> list[Outgoing]:
        """Answer by a decision; gives all receipts that are written now."""
        counted = recorded_event(TICKET, sequence, event)
        asked = [issued_by_event(counted, one) for [*some] in await self.receipts.react([counted]) for one in some]
        assert [answer.event for answer in await self.receipts.answer(asked)] == [None] * len(asked)
        written = self.log.kept[RECEIPTS, self.record.partition]
        return [Outgoing(r.topic, r.partition, r.key, r.value, tuple(r.headers)) for r in written]


NOTE = about_it("NoteAdded")
DOUBTFUL = example("NoteAdded", {"author": {"person": "person/crm-eu/p-17", "phone": "by day"}}, subject="4712")
AT_OWN_DOOR = NOTE._replace(topic=OWN)


def decided(record: Record) -> MessageRefused:
    refused = MessageRefused(
        upstream_type="olcare.upstream.NoteAdded.v1",
        said_at=NOW,
        reason=MessageRefusal.TICKET_REFUSED,
        clause=Clause.NOT_COVERED,
    )
    return refused.model_copy(update={"door_record": named(record)})


@pytest.mark.parametrize("record", [NOTE, DOUBTFUL, AT_OWN_DOOR], ids=["plain", "doubtful", "own-door"])
async def test_the_second_receipt_is_the_first_one_but_for_what_became_of_the_message(record: Record) -> None:
    books = Receipts(record)
    books.door_has_committed(1)
    (second,) = await books.tell(decided(books.record))
    first = books.first()
    assert (second.topic, second.partition, second.key) == (first.topic, first.partition, first.key)
    assert second.headers == tuple(first.headers)
    said, told = (Receipt.model_validate_json(one.value or b"") for one in (first, second))
    assert bool(said.doubts) == (record is DOUBTFUL)
    assert (told.outcome, told.reason, told.clause) == (
        Outcome.REFUSED,
        MessageRefusal.TICKET_REFUSED,
        Clause.NOT_COVERED,
    )
    assert told == said.model_copy(
        update={name: getattr(told, name) for name in ("outcome", "event", "event_type", "reason", "clause")}
    )


async def test_a_receipt_that_is_written_again_is_the_same() -> None:
    books = Receipts(NOTE)
    books.door_has_committed(1)
    await books.tell(decided(books.record))
    first, again = await books.tell(decided(books.record))
    assert first == again


@pytest.mark.parametrize(("record", "other"), [(NOTE, OWN), (AT_OWN_DOOR, TICKETS_DOOR)], ids=["of-all", "own-door"])
async def test_it_is_not_written_before_its_own_door_has_committed_the_message(record: Record, other: str) -> None:
    books = Receipts(record)
    books.door_has_committed(1, other)
    for committed in (None, 0):
        if committed is not None:
            books.door_has_committed(committed)
        with pytest.raises(Unavailable, match=rf"{re.escape(record.topic)}\[4\]: the door has not committed 0"):
            await books.tell(decided(books.record))
        assert books.log.kept[RECEIPTS, 4] == []
    books.door_has_committed(1)
    assert len(await books.tell(decided(books.record))) == 1


async def test_a_message_at_a_door_that_is_there_no_more_is_answered_without_key_and_id() -> None:
    books = Receipts(NOTE)
    said = NOTE._replace(topic=f"{TICKETS_DOOR}.gone")
    (second,) = await books.tell(decided(said))
    told = Receipt.model_validate_json(second.value or b"")
    assert (second.topic, second.key, told.id, told.place) == (RECEIPTS, None, None, place_of(said))


@pytest.mark.parametrize("offset", [0, 1042], ids=["another-record", "none"])
async def test_where_the_door_has_the_message_no_more_the_receipt_lacks_key_and_id(offset: int) -> None:
    books = Receipts(about_it("TicketResolved"))
    books.door_has_committed(1)
    said = NOTE._replace(partition=books.record.partition, offset=offset)
    (second,) = await books.tell(decided(said))
    told = Receipt.model_validate_json(second.value or b"")
    assert (second.key, told.id, told.source, told.place) == (None, None, "crm-eu", place_of(said))
    assert (told.outcome, told.command) == (Outcome.REFUSED, named(said).command)


@pytest.mark.parametrize("answer", [UNKNOWN, ACKNOWLEDGED])
async def test_a_receipt_that_was_not_acknowledged_is_owed(answer: int) -> None:
    books = Receipts(NOTE)
    books.door_has_committed(1)

    async def append(batch: Sequence[Outgoing]) -> Sequence[int]:
        return [answer for _ in batch]

    books.appender.append = append
    counted = recorded_event(TICKET, 3, decided(books.record))
    asked: list[IssuedCommand] = [issued_by_event(counted, one) for one in react(counted)]
    if answer == ACKNOWLEDGED:
        assert len(await books.receipts.answer(asked)) == 1
        return
    with pytest.raises(Unavailable, match="not everything was acknowledged"):
        await books.receipts.answer(asked)
