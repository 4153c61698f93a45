"""Dead letters go in at a rate, in the order of their keys, until one fails again; and all of it is on record."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.client.door_client import Unanswered
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.wire.record import Outgoing
from libs.messages.actions import RedriveEnd, RedriveHow
from libs.messages.catalogue import CONTRACTS_DOOR, OPS_DOOR, TICKETS_DOOR
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Outcome, Receipt, Unreadability
from services.ops.cli.output import Refused
from services.ops.door.dead_letter_orders import discard, send_again, send_edited
from services.ops.door.redrive import Pace, RedriveProgress, Sending, key_of, next_wave
from services.ops.door.stored_dead_letters import StoredDeadLetter
from services.ops.watch.recording import RecordedOrder

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
CARDS = load_cards(Path("contracts/topics"))
ORDER = "5d3a9a0e-3c57-4b4c-9f0e-8f3a4e0c1a01"
BAD, FORBIDDEN, GONE = b"bad", b"forbidden", b"gone"
Fate = Callable[[Outgoing], Outcome]


def stored(offset: int, key: bytes | None = b"k", value: bytes = b"{}", door: str = TICKETS_DOOR) -> StoredDeadLetter:
    letter = DeadLetter(
        place=RecordAddress(topic=door, partition=3, offset=offset),
        key=key,
        value=value,
        headers=(),
        reason=Unreadability.BAD_FIELD,
        where="/data/channel",
        message="it does not fit",
    )
    return StoredDeadLetter(letter, MONDAY)


def fate_of(record: Outgoing) -> Outcome:
    match record.value:
        case b"bad":
            return Outcome.UNREADABLE
        case b"forbidden":
            return Outcome.REFUSED
        case b"gone":
            raise Unanswered("no receipt for 60 s")
        case _:
            return Outcome.ACCEPTED


class Doors:
    """What is said at the doors, and the receipts that one gets; audit's orders and the markers stand apart."""

    def __init__(self, audit: Outcome | None = Outcome.ACCEPTED) -> None:
        self.clock = ManualClock(MONDAY)
        self.audit = audit
        self.waves: list[list[Outgoing]] = []
        self.said: list[Any] = []
        self.marked: list[DeadLetterDiscarded] = []
        self.at: list[float] = []

    async def say(self, records: Sequence[Outgoing]) -> list[RecordAddress]:
        self.marked += [DeadLetterDiscarded.model_validate_json(record.value or b"") for record in records]
        return []

    @asynccontextmanager
    async def conversation(self, door: str) -> AsyncIterator["Doors"]:
        self.door = door
        yield self

    async def ask(self, records: Sequence[Outgoing], *_: object, patience: float | None = None) -> list[Receipt]:
        if records[0].topic == OPS_DOOR:
            return [self._recorded(patience, json.loads(records[0].value or b""))]
        assert {record.topic for record in records} == {self.door}
        self.waves.append(list(records))
        self.at.append(self.clock.monotonic())
        return [self._answered(record, fate_of(record)) for record in records]

    def _recorded(self, patience: float | None, said: dict[str, Any]) -> Receipt:
        assert patience is not None
        if self.audit is Outcome.UNREADABLE:
            raise Unavailable("Kafka is away")
        self.said.append(said)
        if self.audit is None:
            raise Unanswered("no receipt for 10 s")
        return Receipt(place=RecordAddress(topic=OPS_DOOR, partition=0, offset=0), outcome=self.audit)

    def _answered(self, record: Outgoing, outcome: Outcome) -> Receipt:
        place = RecordAddress(topic=record.topic, partition=record.partition, offset=100 + len(self.waves))
        return Receipt(place=place, outcome=outcome)

    def sent(self) -> list[bytes | None]:
        return [record.value for wave in self.waves for record in wave]

    def tally(self) -> dict[str, Any]:
        tally: dict[str, Any] = self.said[-1]["data"]["tally"]
        return {name: value for name, value in tally.items() if value}


told: list[str] = []


def order(doors: Any) -> RecordedOrder:
    told.clear()
    return RecordedOrder(doors, CARDS, "anna", ORDER, told.append)


async def test_each_letter_is_marked_with_the_place_of_its_copy_and_it_is_on_record_before_and_after() -> None:
    doors = Doors()
    letters = [stored(1, b"a"), stored(2, b"b")]
    progress = await send_again(order(doors), letters, Pace())
    assert progress.ended is RedriveEnd.COMPLETE
    assert [marker.place.offset for marker in doors.marked] == [1, 2]
    assert [marker.why for marker in doors.marked] == [
        "sent in again as olcare.tickets.in.v1/3/101",
        "sent in again as olcare.tickets.in.v1/3/102",
    ]
    ordered, done = doors.said
    assert (ordered["data"]["redrive"]["letters"], ordered["data"]["redrive"]["first"]) == (
        2,
        "olcare.tickets.in.v1/3/1",
    )
    assert ordered["data"]["order"] == done["data"]["order"] == ORDER
    assert doors.tally() == {"ended": "complete", "taken": 2}


async def test_it_stops_at_the_first_that_fails_again_and_the_others_stay() -> None:
    doors = Doors()
    progress = await send_again(order(doors), [stored(n, str(n).encode(), BAD) for n in range(50)], Pace(rate=100))
    assert progress.ended is RedriveEnd.STOPPED
    assert (len(doors.sent()), len(doors.marked)) == (1, 1)
    assert doors.tally() == {"ended": "stopped", "unreadable": 1, "left": 49}


async def test_as_many_may_fail_again_as_is_allowed_and_nothing_goes_behind_one_of_its_own_key() -> None:
    doors = Doors()
    letters = [stored(1, b"a", BAD), stored(2, b"b"), stored(3, b"a", b"behind"), stored(4, b"c")]
    progress = await send_again(order(doors), letters, Pace(stop_after=2))
    assert progress.ended is RedriveEnd.STOPPED
    assert doors.sent() == [BAD, b"{}", b"{}"]
    assert doors.tally() == {"ended": "stopped", "taken": 2, "unreadable": 1, "left": 1}


async def test_a_refusal_is_an_answer_and_stops_nothing() -> None:
    doors = Doors()
    await send_again(order(doors), [stored(1, b"a", FORBIDDEN), stored(2, b"b")], Pace())
    assert doors.tally() == {"ended": "complete", "taken": 1, "refused": 1}


async def test_a_door_that_does_not_answer_ends_it_and_what_was_sent_before_is_counted() -> None:
    doors = Doors()
    with pytest.raises(Unanswered):
        await send_again(order(doors), [stored(1, b"a"), stored(2, b"b", GONE)], Pace())
    assert [marker.place.offset for marker in doors.marked] == [1]
    assert doors.tally() == {"ended": "failed", "taken": 1, "left": 1}


async def test_what_was_sent_is_counted_though_it_could_not_be_marked() -> None:
    doors = Doors()
    with mock.patch.object(doors, "say", side_effect=Unavailable("Kafka is away")), pytest.raises(Unavailable):
        await send_again(order(doors), [stored(1, b"a"), stored(2, b"b")], Pace())
    assert doors.tally() == {"ended": "failed", "taken": 1, "left": 1}


async def test_who_cancels_it_is_told_what_was_sent() -> None:
    doors = Doors()
    latest: list[RedriveProgress] = []
    task: asyncio.Task[RedriveProgress] | None = None

    def tell(progress: RedriveProgress) -> None:
        latest.append(progress)
        if task and progress.sent and progress.ended is None:
            task.cancel()

    letters = [stored(n, str(n).encode()) for n in range(500)]
    task = asyncio.create_task(send_again(order(doors), letters, Pace(rate=1), tell=tell))
    with suppress(asyncio.CancelledError):
        await task
    assert latest[-1].ended is RedriveEnd.CANCELLED
    assert doors.tally()["ended"] == "cancelled"
    assert doors.tally()["taken"] + doors.tally()["left"] == 500


async def test_it_is_no_faster_than_the_rate() -> None:
    doors = Doors()
    await send_again(order(doors), [stored(n, str(n).encode()) for n in range(60)], Pace(rate=10))
    assert [len(wave) for wave in doors.waves][:5] == [1, 2, 4, 8, 10]
    before = 0
    for at, wave in zip(doors.at, doors.waves, strict=True):
        assert before <= 10 * at + 1e-6
        before += len(wave)


async def test_each_door_is_asked_for_itself() -> None:
    doors = Doors()
    letters = [stored(1, b"a"), stored(2, b"b", door=CONTRACTS_DOOR), stored(3, b"a")]
    await send_again(order(doors), letters, Pace())
    assert sorted(wave[0].topic for wave in doors.waves) == [CONTRACTS_DOOR, TICKETS_DOOR, TICKETS_DOOR]


async def test_a_mended_copy_goes_in_under_the_key_of_the_one_that_came() -> None:
    doors = Doors()
    sent = await send_edited(order(doors), stored(7, b"\x00key", b"{}"), '{"mended": true}')
    [[record]] = doors.waves
    assert (record.topic, record.partition, record.key, record.value) == (
        TICKETS_DOOR,
        3,
        b"\x00key",
        b'{"mended": true}',
    )
    assert dict(record.headers)["content-type"].startswith(b"application/cloudevents+json")
    assert sent.receipt.outcome is Outcome.ACCEPTED
    assert [marker.why for marker in doors.marked] == ["edited and sent in as olcare.tickets.in.v1/3/101"]
    assert doors.said[0]["data"]["redrive"]["how"] == RedriveHow.EDITED
    assert b"mended" not in json.dumps(doors.said).encode()


async def test_what_needs_nothing_more_is_marked_and_recorded_without_the_words_of_why() -> None:
    doors = Doors()
    places = await discard(order(doors), [stored(1), stored(2)], "Camille knows")
    assert [marker.place for marker in doors.marked] == places
    assert doors.tally() == {"ended": "complete", "discarded": 2}
    assert "Camille" not in json.dumps(doors.said)


async def test_where_kafka_does_not_take_the_order_nothing_is_done() -> None:
    doors = Doors(Outcome.UNREADABLE)
    with pytest.raises(Unavailable, match="nothing is done, as it could not be recorded: Kafka is away"):
        await send_again(order(doors), [stored(1)], Pace())
    assert (doors.waves, doors.marked) == ([], [])


async def test_where_audit_refuses_it_nothing_is_done() -> None:
    doors = Doors(Outcome.REFUSED)
    with pytest.raises(Refused, match="nothing is done, as it was not recorded"):
        await discard(order(doors), [stored(1)], "a trial")
    assert (doors.waves, doors.marked) == ([], [])


async def test_where_audit_does_not_answer_it_goes_on_and_says_so() -> None:
    doors = Doors(None)
    progress = await send_again(order(doors), [stored(1)], Pace())
    assert progress.ended is RedriveEnd.COMPLETE
    assert len(doors.said) == 2
    assert told[0].startswith("audit does not answer. It goes on all the same: what is done stands at olcare.ops.in.v1")


def sending(number: int, key: bytes | None) -> Sending:
    place = RecordAddress(topic=TICKETS_DOOR, partition=0, offset=number)
    return Sending(place, Outgoing(TICKETS_DOOR, 0, key, b"", ()))


@given(st.lists(st.sampled_from([None, b"a", b"b", b"c"]), max_size=30), st.integers(1, 6))
def test_waves_take_each_letter_once_none_before_an_earlier_one_of_its_key(keys: list[bytes | None], most: int) -> None:
    waiting, gone = [sending(number, key) for number, key in enumerate(keys)], list[Sending]()
    while waiting:
        wave, waiting = next_wave(waiting, most)
        of_keys = [key_of(one) for one in wave if key_of(one) is not None]
        assert 0 < len(wave) <= most
        assert len(of_keys) == len(set(of_keys))
        gone += wave
    assert sorted(one.place.offset for one in gone) == list(range(len(keys)))
    for key in (b"a", b"b", b"c"):
        offsets = [one.place.offset for one in gone if one.record.key == key]
        assert offsets == sorted(offsets)
