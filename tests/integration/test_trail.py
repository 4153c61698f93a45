"""What the chain tells of a log that was written by hand: verdicts, causes, effects, lives, receipts and counts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.ids import door_command_id, duty_command_id, otherwise_command_id
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome
from services.ops.cli.output import Refused
from services.ops.trail.causes import Asker, Why, causes, doors_of
from services.ops.trail.effects import effects, in_words
from services.ops.trail.life import lanes, life
from services.ops.trail.receipts import receipts
from services.ops.trail.records import record_at, view_of
from services.ops.trail.verdicts import RecordStanding, verdict
from tests.integration.trail_log import CARDS, NINE, HandWritten, example, folded

TICKET, PROMISE = "ticket/crm-eu/4711", "promise/crm-eu/4711"
CALENDAR, TARGETS = "calendar/plan/france", "targets/plan/first-response"
PLACE = {"topic": TICKETS_DOOR, "partition": 1, "offset": 7}


def told(why: Why) -> Iterator[tuple[str, str]]:
    """The types that something goes back to, each with what asked for it, depth first."""
    yield (why.link.type.split(".")[1] if why.link else why.door or "", why.asker or "")
    for each in why.because:
        yield from told(each)


class Closure:
    """A ticket under a promise; a closure moves its deadline; who asked is told by mail; and another ticket is not."""

    def __init__(self) -> None:
        self.written = written = HandWritten()
        self.said = written.says(TICKETS_DOOR, "4711")
        self.published_at = written.says(CONTRACTS_DOOR, "plan")
        grounds = [{"stream": CALENDAR, "sequence": 1}]
        written.event(CALENDAR, example("CentreCalendarPublished"), -60, written.says(CONTRACTS_DOOR, "plan"))
        written.event(TARGETS, example("TargetsPublished"), -50, written.says(CONTRACTS_DOOR, "plan"))
        self.opened = written.event(TICKET, example("TicketOpened"), 1, self.said)
        self.started = written.event(PROMISE, example("FirstResponseClockStarted", rests_on=grounds), 2, self.opened)
        self.warned = written.after(PROMISE, example("FirstResponseAtRisk"), 30)
        self.closure = written.event(CALENDAR, example("CentreCalendarPublished"), 40, self.published_at)
        grounds = [{"stream": CALENDAR, "sequence": 2}, {"stream": TARGETS, "sequence": 1}]
        self.moved = written.after(PROMISE, example("FirstResponseRetargeted", rests_on=grounds), 41)
        self.notice = f"notice/{self.moved}/requester"
        self.asked = written.event(self.notice, example("NoticeRequested"), 42, self.moved)
        self.handed = written.after(self.notice, example("NoticeHandingOver"), 43)
        self.sent = written.after(self.notice, example("NoticeSent"), 44)
        self.breached = written.after(PROMISE, example("FirstResponseBreached"), 300)


async def test_a_mail_goes_back_to_the_records_at_the_doors(postgres: str, unique: str) -> None:
    story = Closure()
    async with folded(story.written, postgres, unique) as chain:
        why = (await causes(chain, [story.sent]))[story.sent]
    assert [*told(why)] == [
        ("NoticeSent", Asker.DUTY),
        ("NoticeHandingOver", Asker.DUTY),
        ("NoticeRequested", Asker.REACTION),
        ("FirstResponseRetargeted", Asker.DUTY),
        ("CentreCalendarPublished", Asker.DOOR),
        (story.published_at, ""),
        ("FirstResponseAtRisk", Asker.DUTY),
        ("FirstResponseClockStarted", Asker.REACTION),
        ("TicketOpened", Asker.DOOR),
        (story.said, ""),
    ]
    assert [*doors_of(why)] == [story.published_at, story.said]


async def test_what_a_closure_led_to_is_what_was_moved_and_told_and_nothing_that_would_have_come_anyway(
    postgres: str, unique: str
) -> None:
    story = Closure()
    topic, partition, offset = story.published_at.split("/")
    door = RecordAddress(topic=topic, partition=int(partition), offset=int(offset))
    async with folded(story.written, postgres, unique) as chain:
        closure = (await chain.of_ids([story.closure]))[story.closure]
        found = await effects(chain, closure)
        assert [link.id for link in found.links] == [story.moved, story.asked, story.handed, story.sent]
        assert in_words(found.counts) == (
            "1 FirstResponseRetargeted, 1 NoticeHandingOver, 1 NoticeRequested, 1 NoticeSent"
        )
        assert [link.id for link in (await effects(chain, door)).links] == [story.closure, *(x.id for x in found.links)]
        opened = (await chain.of_ids([story.opened]))[story.opened]
        assert {link.id for link in (await effects(chain, opened)).links} == {
            *(story.started, story.warned, story.moved, story.asked, story.handed, story.sent, story.breached)
        }
        few = await effects(chain, opened, most=1)
        assert few.more
        assert not found.more


async def test_a_ticket_s_life_is_its_own_events_and_those_about_it_in_the_order_of_recording(
    postgres: str, unique: str
) -> None:
    story = Closure()
    other = story.written.event("ticket/crm-eu/4712", example("TicketOpened"), 3)
    story.written.event(f"notice/{other}/requester", example("NoticeRequested"), 4, other)
    async with folded(story.written, postgres, unique) as chain:
        found = await life(chain, TICKET)
        assert await life(chain, "ticket/crm-eu/unheard") == []
    assert [link.id for link in found] == [
        *(story.opened, story.started, story.warned, story.moved, story.asked, story.handed, story.sent),
        story.breached,
    ]
    assert lanes(found) == [TICKET, PROMISE, story.notice]


async def test_a_record_counts_or_repeats_or_lost_or_is_of_no_log(postgres: str, unique: str) -> None:
    written = HandWritten()
    written.event(TICKET, example("TicketOpened"), 1)
    places = {RecordStanding.COUNTS: written.last(TICKET), RecordStanding.REPEAT: written.again(TICKET)}
    places[RecordStanding.LOSER] = written.loses(TICKET, example("TicketRefused"), 2)
    topic, partition, offset = written.says(TICKETS_DOOR, "4711", b"Camille").split("/")
    places[RecordStanding.NO_LOG] = RecordAddress(topic=topic, partition=int(partition), offset=int(offset))
    async with folded(written, postgres, unique) as chain:
        written.again(TICKET)
        places[RecordStanding.NOT_JUDGED] = written.last(TICKET)
        records = {s: await record_at(written.log, CARDS, at) for s, at in places.items()}
        found = {standing: await verdict(chain, CARDS, record) for standing, record in records.items()}
        shown = await view_of(chain, CARDS, records[RecordStanding.NO_LOG])
        assert (await view_of(chain, CARDS, records[RecordStanding.COUNTS])).value["subject"] == TICKET
    assert {standing: one.standing for standing, one in found.items()} == {standing: standing for standing in found}
    for standing in (RecordStanding.COUNTS, RecordStanding.REPEAT, RecordStanding.LOSER):
        counting = found[standing].counting
        assert counting
        assert counting.address == places[RecordStanding.COUNTS]
    assert (shown.value, shown.masked) == (None, True)
    assert "Camille" not in str(shown)
    beyond = places[RecordStanding.NOT_JUDGED].model_copy(update={"offset": 99})
    with pytest.raises(Refused, match="the next record there will be"):
        await record_at(written.log, CARDS, beyond)


@pytest.mark.parametrize("number", [None, "4711"])
async def test_a_receipt_is_told_from_the_events_for_ever(postgres: str, unique: str, number: str | None) -> None:
    written = HandWritten()
    command = door_command_id("crm-eu", "m-1", TICKET)
    record = {"place": PLACE, "command": command}
    held = written.says(TICKETS_DOOR, "4711")
    written.event(TICKET, example("MessageHeld", door_record=record), 1, held, command=command)
    written.event(TICKET, example("TicketOpened"), 2, written.says(TICKETS_DOOR, "4711"))
    duty = duty_command_id(TICKET, "apply-held-1")
    written.event(TICKET, example("NoteRecorded", door_record=record), 3, held, command=duty)
    mark = "0123abcd-00112233445566778899aabbccddeeff"
    other = otherwise_command_id("crm-eu", "m-1", TICKET, mark)
    second = written.says(TICKETS_DOOR, "4711")
    written.event(TICKET, example("MessageRefused"), 4, second, command=other, fingerprint=mark)
    async with folded(written, postgres, unique) as chain:
        found = await receipts(chain, written.log, CARDS, "crm-eu", "m-1", number)
        assert await receipts(chain, written.log, CARDS, "crm-eu", "m-2", number) == []
        assert await receipts(chain, written.log, CARDS, "crm-us", "m-1", number) == []
    assert [(one.outcome, one.place, one.command) for one in found] == [
        (Outcome.HELD, held, command),
        (Outcome.ACCEPTED, held, command),
        (Outcome.REFUSED, second, other),
    ]


async def test_a_receipt_is_found_of_a_publication_and_of_a_source_that_needs_encoding(
    postgres: str, unique: str
) -> None:
    written, source = HandWritten(), "https://erp/eu"
    customer = "customer/https%3A%2F%2Ferp%2Feu/C-1"
    told = door_command_id(source, "m-1", customer)
    written.event(customer, example("CustomerRegistered"), 1, "olcare.contracts.in.v1/0/0", command=told)
    published = door_command_id("seed", "p-1", CALENDAR)
    written.event(CALENDAR, example("CentreCalendarPublished"), 2, "olcare.contracts.in.v1/0/1", command=published)
    async with folded(written, postgres, unique) as chain:
        [of_customer] = await receipts(chain, written.log, CARDS, source, "m-1")
        [of_calendar] = await receipts(chain, written.log, CARDS, "seed", "p-1")
    assert (of_customer.stream, of_calendar.stream) == (customer, CALENDAR)


async def test_events_are_counted_by_the_minute_in_which_they_were_recorded(postgres: str, unique: str) -> None:
    story = Closure()
    async with folded(story.written, postgres, unique) as chain:
        found = await chain.counts(NINE, NINE + timedelta(minutes=42))
        tickets = await chain.counts(NINE, NINE + timedelta(minutes=42), "olcare.tickets.v1")
    assert [(one.topic, one.type.split(".")[1], one.events) for one in found] == [
        ("olcare.plan.v1", "CentreCalendarPublished", 1),
        ("olcare.sla.v1", "FirstResponseClockStarted", 1),
        ("olcare.sla.v1", "FirstResponseAtRisk", 1),
        ("olcare.sla.v1", "FirstResponseRetargeted", 1),
        ("olcare.tickets.v1", "TicketOpened", 1),
    ]
    assert tickets == found[-1:]
