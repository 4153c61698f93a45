"""What the door does with a batch: it asks for facts where they are needed, and applies what is held with new ones."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from libs.chassis.clock import Clock
from libs.chassis.manual_clock import ManualClock
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Loaded
from libs.eventlog.tables.queries import Queries
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import PRIVATE
from libs.messages.clauses import Clause
from libs.messages.refusals import MessageRefusal
from libs.messages.tickets import (
    MessageHeld,
    MessageRefused,
    ResponseRecorded,
    TicketEvent,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)
from services.intake.domain import DECIDER, EXACT, UndoMerge
from services.intake.facts import FACTS as READ
from services.intake.facts import NO_FACTS, FactsNeeded, KnownTicket, TicketFacts
from services.intake.handlers import TicketDoor, TicketDuties
from tests.unit.intake.examples import CUSTOMER, FACTS, LATER, THERE
from tests.unit.intake.test_tickets_door import example
from tests.unit.recorded import recorded_event

TICKET, SURVIVOR = "ticket/crm-eu/4712", "ticket/crm-eu/4711"
TOLERANCE = timedelta(minutes=5)
OF_TICKET = FactsNeeded(CUSTOMER.stream, "planetpress-connect")


class Tables(Queries):
    """Answers with the facts that are known by then, and remembers what was asked."""

    def __init__(self, known: Mapping[FactsNeeded, TicketFacts]) -> None:
        self.known, self.asked = dict(known), list[FactsNeeded]()

    async def rows(self, name: str, **columns: Any) -> list[dict[str, Any]]:
        assert name == "facts_for_tickets"
        self.asked += (asked := [FactsNeeded(*place) for place in zip(*columns.values(), strict=True)])
        return [{"facts": READ.dump_json(self.known.get(one, NO_FACTS))} for one in asked]


class Books:
    """Writer and store in one: every command has one event, a repeat gets the first one's."""

    def __init__(self) -> None:
        self.histories: dict[str, list[TicketEvent]] = defaultdict(list)
        self._answers: dict[str, Answer] = {}

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        for issued in commands:
            if issued.id not in self._answers:
                self._answers[issued.id] = self._answer(issued)
        return [self._answers[issued.id] for issued in commands]

    async def load(self, streams: Sequence[str]) -> Mapping[str, Loaded]:
        return {stream: Loaded(None, {}, DECIDER.replay(self.histories[stream])) for stream in streams}

    def _answer(self, issued: IssuedCommand) -> Answer:
        history = self.histories[issued.stream]
        event = DECIDER.decide(DECIDER.replay(history), issued.command)
        if event is None:
            return Answer(issued, None)
        history.append(event)
        return Answer(issued, recorded_event(issued.stream, len(history), event))


class Door:
    """The door of tickets on those books; plan time is late enough for all examples."""

    def __init__(
        self, known: Mapping[FactsNeeded, TicketFacts], tolerance: timedelta = EXACT, clock: Clock | None = None
    ) -> None:
        self.books, self.tables, self.private = Books(), Tables(known), set[bytes | None]()
        late = ManualClock(datetime.fromisoformat("2026-12-31T00:00:00Z"))
        host: Any = SimpleNamespace(
            queries=self.tables, clock=clock or late, cards={PRIVATE: SimpleNamespace(partitions=1)}
        )
        settings: Any = SimpleNamespace(tolerance=tolerance)
        books: Any = self.books
        self.door = TicketDoor(host, settings, books, books)

    async def take(self, *records: Record) -> list[type[TicketEvent]]:
        """Take a batch as the door's loop does; gives the types on the ticket's stream."""
        read = [(record, self.door.read(record)) for record in records]
        self.private |= {out.key for record, message in read for out in self.door.private(record, message)}
        await self.door.apply_held(await self.door.answer(await self.door.issue(read)))
        return [type(event) for event in self.books.histories[TICKET]]


def about_it(name: str, **data: object) -> Record:
    return example(name, data, subject="4712")


def stamped(record: Record, time: str) -> bytes:
    return json.dumps(json.loads(record.value or b"") | {"id": "stamped", "time": time}).encode()


SUBMITTED = about_it("TicketSubmitted")


async def test_a_reopening_in_the_batch_of_its_ticket_is_judged_once_the_ticket_is_there() -> None:
    door = Door({OF_TICKET: FACTS})
    types = await door.take(SUBMITTED, about_it("TicketResolved"), about_it("TicketReopened"))
    assert types == [TicketOpened, TicketResolved, MessageHeld, TicketReopened]
    assert door.tables.asked == [OF_TICKET, FactsNeeded(ticket=TICKET), OF_TICKET]


async def test_the_tolerance_for_clocks_holds_at_the_door_and_for_what_is_held() -> None:
    opened_at = json.loads(SUBMITTED.value or b"")["time"]
    shortly_before = (datetime.fromisoformat(opened_at) - timedelta(minutes=5)).isoformat()
    answered = about_it("ResponseGiven")._replace(value=stamped(about_it("ResponseGiven"), shortly_before))
    for batches in ([SUBMITTED, answered], [answered, SUBMITTED]):
        door = Door({OF_TICKET: FACTS}, timedelta(minutes=5))
        for record in batches:
            await door.take(record)
        (event,) = [one for one in door.books.histories[TICKET] if isinstance(one, ResponseRecorded)]
        assert event.responded_at == datetime.fromisoformat(opened_at)


async def test_a_reopening_of_a_ticket_that_was_there_is_judged_at_once() -> None:
    door = Door({OF_TICKET: FACTS, FactsNeeded(ticket=TICKET): FACTS})
    await door.take(SUBMITTED, about_it("TicketResolved"))
    assert (await door.take(about_it("TicketReopened")))[-1] is TicketReopened


async def test_a_held_merge_is_judged_by_what_the_survivor_is_when_the_ticket_comes() -> None:
    door = Door({OF_TICKET: FACTS})
    await door.take(about_it("TicketsMerged"))
    door.tables.known[FactsNeeded(survivor=SURVIVOR)] = TicketFacts(survivor=KnownTicket(SURVIVOR, 4, "withdrawn"))
    await door.take(SUBMITTED)
    (refused,) = door.books.histories[TICKET][2:]
    assert isinstance(refused, MessageRefused)
    assert refused.reason is MessageRefusal.INTO_WITHDRAWN


async def test_the_same_batch_again_adds_nothing() -> None:
    door = Door({})
    batch = (about_it("NoteAdded"), about_it("CustomerCalled"), SUBMITTED)
    assert await door.take(*batch) == (again := await door.take(*batch))
    assert again == [MessageHeld, MessageHeld, type(door.books.histories[TICKET][2]), MessageRefused, MessageRefused]
    assert {getattr(event, "clause", None) for event in door.books.histories[TICKET][2:]} == {Clause.NOT_COVERED}


async def test_whatever_names_a_person_was_written_to_the_private_topic_before() -> None:
    door = Door({OF_TICKET: FACTS})
    await door.take(SUBMITTED, about_it("NoteAdded"), about_it("CustomerCalled"), about_it("TicketResolved"))
    events = door.books.histories[TICKET]
    named = {key.text().encode() for event in events if (key := getattr(event, "private", None))}
    assert len(named) >= 2
    assert named <= door.private


@pytest.mark.parametrize(("later", "taken"), [(TOLERANCE, True), (TOLERANCE + timedelta(milliseconds=1), False)])
async def test_the_future_begins_after_a_record_was_appended_however_late_it_is_read(
    later: timedelta, *, taken: bool
) -> None:
    said = datetime.fromisoformat(json.loads(SUBMITTED.value or b"")["time"])
    appended = SUBMITTED._replace(timestamp=round((said - later).timestamp() * 1000))
    door = Door({OF_TICKET: FACTS}, TOLERANCE, Clock())
    assert await door.take(appended) == [TicketOpened if taken else MessageRefused]


async def test_where_nothing_rests_on_facts_nobody_is_asked() -> None:
    door = Door({})
    await door.take(about_it("NoteAdded"), about_it("TicketWithdrawn"))
    assert door.tables.asked == []


async def test_a_crossing_merge_is_undone_under_a_name_that_its_head_gives() -> None:
    row = {"stream": TICKET, "head": "h", "merged_into": THERE, "crossed_at": LATER, "correlation": "c"}
    found: list[dict[str, Any]] = [row]

    async def rows(name: str, most: int) -> list[dict[str, Any]]:
        assert (name, most) == ("crossing_merges", 7)
        return found

    host: Any = SimpleNamespace(queries=SimpleNamespace(rows=rows))
    settings: Any = SimpleNamespace(tolerance=timedelta())
    duties = TicketDuties(host, settings)
    (issued,) = await duties.crossing(LATER, 7)
    assert (issued.stream, issued.command, issued.correlation) == (TICKET, UndoMerge(LATER, THERE), "c")
    assert [issued] == await duties.crossing(LATER, 7)
    found[0] = {**row, "head": "another"}
    assert issued.id != (await duties.crossing(LATER, 7))[0].id
