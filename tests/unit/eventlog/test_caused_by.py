"""Every event says what asked for its command: the record at a door, or the event that was reacted to."""

import json
from typing import Any

from libs.eventlog.commands import Reaction, issued_by_duty, issued_by_event
from libs.eventlog.testing import MemoryLog, MemoryStore
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing
from libs.messages.catalogue import TICKETS, TICKETS_DOOR
from libs.messages.tickets import TicketOpened
from tests.contracts.asyncapi import examples
from tests.model.story import MONDAY, Expire
from tests.unit.eventlog.test_used_ids import READERS, Life, Says
from tests.unit.recorded import recorded_event


async def written(*said: Says) -> list[tuple[str, str]]:
    log = MemoryLog(1)
    async with Life(log, TICKETS_DOOR, {TICKETS: MemoryStore(READERS[TICKETS])}).up() as loop:
        for one in said:
            log.write(Outgoing(TICKETS_DOOR, 0, b"4711", one.value(), CONTENT_TYPE))
            await loop.process(log.kept[TICKETS_DOOR, 0][-1:])
    events: list[Any] = [json.loads(record.value or b"") for record in log.kept[TICKETS, 0]]
    return [(event["type"].split(".")[1], event["causedby"]) for event in events]


async def test_an_event_names_the_first_record_at_the_door_that_said_it() -> None:
    opened, noted = Says("a", "TicketSubmitted", 0, 0), Says("b", "NoteAdded", 0, 1)
    assert await written(opened, opened, noted) == [
        ("TicketOpened", f"{TICKETS_DOOR}/0/0"),
        ("NoteRecorded", f"{TICKETS_DOOR}/0/2"),
    ]


async def test_what_was_held_is_caused_by_its_own_record_and_what_is_refused_for_its_id_by_the_second_one() -> None:
    noted, opened, other = (
        Says("a", "NoteAdded", 0, 0),
        Says("b", "TicketSubmitted", 0, 1),
        Says("b", "NoteAdded", 0, 2),
    )
    assert await written(noted, opened, other) == [
        ("MessageHeld", f"{TICKETS_DOOR}/0/0"),
        ("TicketOpened", f"{TICKETS_DOOR}/0/1"),
        ("NoteRecorded", f"{TICKETS_DOOR}/0/0"),
        ("MessageRefused", f"{TICKETS_DOOR}/0/2"),
    ]


def test_a_reaction_is_caused_by_the_event_and_a_duty_by_the_head_of_its_stream() -> None:
    said = json.loads(examples("olcare.TicketOpened.v1")[0].read_text())["data"]
    opened = recorded_event("ticket/a/1", 1, TicketOpened.model_validate(said))
    assert issued_by_event(opened, Reaction("expire", "promise/a/1", Expire(MONDAY))).caused_by == opened.id
    row = {"stream": "promise/a/1", "head": opened.id, "correlation": "c"}
    assert issued_by_duty(row, Expire(MONDAY)).caused_by == opened.id
    assert issued_by_duty({**row, "head": None}, Expire(MONDAY)).caused_by is None
