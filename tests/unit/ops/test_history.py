"""A ticket's history: found by its command index, its private keys named once, its telling fields on a line."""

from datetime import UTC, datetime
from typing import Any

from libs.eventlog.fold import COMMAND, counted_offsets
from libs.messages.base import PrivateKey
from libs.messages.catalogue import TICKETS
from services.ops.ticket.command import said
from services.ops.ticket.history import HistoryEntry, private_keys

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)


def entry(data: dict[str, Any]) -> HistoryEntry:
    return HistoryEntry(
        NOON, NOON, NOON, TICKETS, 0, 0, "ticket/crm-eu/4711", 1, "olcare.TicketOpened.v1", "", "", data
    )


def test_a_command_index_names_the_offsets_of_all_counting_events() -> None:
    index = b"".join(bytes(COMMAND) + offset.to_bytes(8, "big") for offset in (3, 900, 2**40))
    assert list(counted_offsets(index)) == [3, 900, 2**40]
    assert list(counted_offsets(b"")) == []


def test_a_private_record_is_named_once_however_deep_it_is_referred_to() -> None:
    key = KEY.model_dump(mode="json")
    entries = [entry({"private": key}), entry({"facts": {"private": key}, "recipients": [{"private": key}]})]
    assert private_keys(entries) == [KEY]


def test_a_receipt_s_place_is_no_private_record() -> None:
    place = {"topic": "olcare.tickets.in.v1", "partition": 4, "offset": 1042}
    assert private_keys([entry({"place": place})]) == []


def test_a_line_shows_the_deadline_of_a_promise_and_no_ids() -> None:
    line = said({"ticket": "ticket/crm-eu/4711", "channel": "web", "certificate": {"due_at": "2026-11-30T10:30:00Z"}})
    assert line == "channel=web due_at=2026-11-30T10:30:00Z"


def test_a_line_names_the_door_record_that_a_receipt_answers() -> None:
    place = {"topic": "olcare.tickets.in.v1", "partition": 4, "offset": 1042}
    assert said({"place": place, "outcome": "accepted"}) == "of=olcare.tickets.in.v1/4/1042"
