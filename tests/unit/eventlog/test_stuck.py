"""One record or stream that fails by a fault of ours holds up no other, and nothing of it is lost."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from unittest import mock

import pytest

from libs.eventlog.commands import IssuedCommand, Reaction
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Failure
from libs.eventlog.fold import Projector, View
from libs.eventlog.loops.door import LOOK, DoorLoop
from libs.eventlog.loops.duty import BATCH, FOR_ALL, Duty, DutyLoop, Found, found_by
from libs.eventlog.loops.followers import SafeTime, group_follower
from libs.eventlog.loops.held_back import AT_MOST, Source, firsts_of, held_back, remark_of
from libs.eventlog.loops.reaction import ReactionLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.stuck import FIRST, LONGEST, StuckStreams, apart
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Position, Subscription
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryLog, MemoryStep, MemoryStore, no_rest
from libs.eventlog.wire.receipts import dead_letters_of
from libs.eventlog.wire.record import JSON, Outgoing, Record, RecordedEvent
from libs.messages.ids import name_id
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetterDiscarded
from tests.model.services import StoryDoor, command_of
from tests.model.story import CODECS, DEAD, DOOR, MONDAY, RECEIPTS, TICKETS, TIMER_TICKETS, Expire, Noted
from tests.unit.eventlog.environment import Machine, MemoryTables
from tests.unit.eventlog.history import History, note, stream_in
from tests.unit.eventlog.suite_reader import Handed
from tests.unit.eventlog.test_loops import is_open, message

A, B, C = stream_in(0, 1), stream_in(0, 2), stream_in(0, 3)


class Faulty(StoryDoor):
    """A door where some step fails for some message, by a fault of the program."""

    def __init__(self, step: str, name: str = "two") -> None:
        self.step, self.name, self.is_mended = step, name, False
        self.answered: list[str] = []

    def fail(self, step: str, names: Sequence[str]) -> None:
        if step == self.step and self.name in names and not self.is_mended:
            raise KeyError("Ana Müller, ana@customer.example")

    def read(self, record: Record) -> dict[str, str]:
        said = dict(super().read(record))
        self.fail("read", [said["id"]])
        return said

    def private(self, record: Record, message: Mapping[str, str]) -> Sequence[Outgoing]:
        self.fail("private", [message["id"]])
        return super().private(record, message)

    async def issue(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[IssuedCommand]:
        self.fail("issue", [said["id"] for _, said in read])
        return [command_of(said, 0) for _, said in read]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        self.fail("answer", [issued.correlation for issued in commands])
        self.answered += [issued.correlation for issued in commands]
        return [Answer(issued, None) for issued in commands]

    async def apply_held(self, answers: Sequence[Answer]) -> None:
        self.fail("apply_held", [answer.issued.correlation for answer in answers])

    def receipt(self, record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:  # noqa: ARG002 - all alike
        self.fail("receipt", [message["id"]])
        return Outgoing(RECEIPTS, record.partition, record.key, message["id"].encode())


def said(log: MemoryLog, *names: str) -> MemoryLog:
    for name in names:
        log.write(Outgoing(DOOR, 0, b"key", message(name, name)))
    return log


class Served:
    """A door loop over a log."""

    def __init__(self, log: MemoryLog, door: Faulty) -> None:
        self.log, self.door, self.clock, self.reported = log, door, Machine(), list[Failure]()
        self.loop = DoorLoop(log, self.clock, is_open, door, "door", self.reported.append)

    async def round(self) -> Subscription:
        subscription = await self.log.subscribe(DOOR, "door", self.loop.assigned)
        await self.loop.round(subscription)
        return subscription

    @property
    def receipts(self) -> list[bytes | None]:
        return [record.value for record in self.log.kept[RECEIPTS, 0]]

    @property
    def dead(self) -> list[bytes | None]:
        return [record.value for record in self.log.kept[DEAD, 0]]


NAMES = ("one", "two", "three", "four", "five")


@pytest.mark.parametrize("step", ["read", "private", "issue", "answer", "apply_held", "receipt"])
async def test_a_record_that_fails_is_dead_lettered_and_the_others_are_answered(step: str) -> None:
    served = Served(said(MemoryLog(1), *NAMES), Faulty(step))
    await served.round()
    assert {r for r in served.receipts if r and not r.startswith(b"unreadable")} == {b"one", b"three", b"four", b"five"}
    assert len([r for r in served.receipts if r == b"unreadable not-processed"]) == 1
    assert len(served.dead) == 1
    assert served.log.committed["door", DOOR, 0] == len(NAMES)
    assert served.loop.counts.not_processed == 1
    [failure] = served.reported
    assert (failure.loop, failure.about, failure.error) == (f"door {DOOR}", f"{DOOR}/0/1", "KeyError")
    assert any("test_stuck.py" in line for line in failure.trace)
    assert "Ana" not in str(failure)


async def test_a_fault_that_passes_is_no_dead_letter() -> None:
    served = Served(said(MemoryLog(1), "one"), Faulty("answer", "one"))
    original, tries = served.door.fail, list[str]()

    def once(step: str, names: Sequence[str]) -> None:
        if step == "answer" and not tries:
            tries.append(step)
            original(step, names)

    served.door.fail = once  # type: ignore[method-assign]
    await served.round()
    assert (served.receipts, served.dead, tries) == ([b"one"], [], ["answer"])


async def test_what_was_not_processed_stands_with_the_offset_until_somebody_decided_about_it() -> None:
    served = Served(said(MemoryLog(1), *NAMES), Faulty("answer"))
    subscription = await served.round()
    assert list(firsts_of(served.log.remarks["door", DOOR, 0])) == [1]
    said(served.log, "six")
    after = Served(served.log, Faulty("nowhere"))
    subscription = await after.round()
    assert list(firsts_of(served.log.remarks["door", DOOR, 0])) == [1]
    place = RecordAddress(topic=DOOR, partition=0, offset=1)
    marker = DeadLetterDiscarded(place=place, by="olcare", why="sent in again")
    served.log.write(Outgoing(dead_letters_of(DOOR), 0, b"key", marker.model_dump_json().encode(), JSON))
    after.clock.seconds += LOOK
    await after.loop.round(subscription)
    assert list(firsts_of(served.log.remarks["door", DOOR, 0])) == []
    assert served.log.committed["door", DOOR, 0] == len(NAMES) + 1


async def test_a_fault_of_everything_stops_the_door_before_it_has_dead_lettered_everything() -> None:
    log = said(MemoryLog(1), *(f"m{n}" for n in range(AT_MOST + 5)))
    served = Served(log, Faulty("answer"))

    def always(step: str, names: Sequence[str]) -> None:
        if step == "answer" and names:
            raise KeyError

    served.door.fail = always  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="more than 150 are left aside"):
        await served.loop.process(log.kept[DOOR, 0])
    assert len(served.dead) == AT_MOST


async def test_a_batch_that_is_tried_again_repeats_nothing_that_was_answered() -> None:
    served = Served(said(MemoryLog(1), *NAMES), Faulty("answer"))
    original, refused = served.door.answer, 0

    async def unavailable_later(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        nonlocal refused
        if "one" in served.door.answered and commands[-1].correlation == "five" and refused < 3:
            refused += 1
            raise Unavailable("not now")
        return await original(commands)

    served.door.answer = unavailable_later  # type: ignore[method-assign]
    await served.round()
    assert refused == 3
    assert sorted(served.door.answered) == sorted(set(NAMES) - {"two"})
    assert len(served.dead) == 1


class Reacting:
    """A reaction loop over three streams of one partition, which fails for what it is told to."""

    def __init__(self) -> None:
        self.history, self.log, self.clock = History(), MemoryLog(2), Machine()
        self.tables = MemoryTables([TIMER_TICKETS])
        self.failing: set[str] = set()
        self.done: list[tuple[str, int]] = []
        self.reported: list[Failure] = []
        self.loop = self.anew()

    def anew(self) -> ReactionLoop:
        store = self.tables.stores[TIMER_TICKETS.name]
        return ReactionLoop(
            *(self.log, self.clock, is_open, TICKETS, "react", store, CODECS[TICKETS], self.react, self.answer),
            report=self.reported.append,
        )

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        if any(event.stream in self.failing for event in events):
            raise ZeroDivisionError
        return [[Reaction("start", f"{event.stream}:{event.sequence}", Expire(MONDAY))] for event in events]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        for issued in commands:
            stream, sequence = issued.stream.rsplit(":", 1)
            if (stream, int(sequence)) not in self.done:
                self.done.append((stream, int(sequence)))
        return [Answer(issued, None) for issued in commands]

    async def happened(self, *streams: str) -> None:
        for stream in streams:
            record = self.history.next(stream)
            self.log.write(Outgoing(TICKETS, record.partition, record.key, record.value, record.headers))
        store = self.tables.stores[TIMER_TICKETS.name]
        reading = ReaderLoop(self.log, store, Projector(TIMER_TICKETS, Judge(CODECS[TICKETS])), "reader")
        begin = (await reading.assigned(frozenset({0, 1})))[0]
        if records := self.log.kept[TICKETS, 0][begin:]:
            await reading.apply(0, records)

    def left(self) -> list[int]:
        return list(firsts_of(self.log.remarks.get(("react", TICKETS, 0), "")))


async def test_a_stream_whose_reaction_fails_is_set_aside_and_taken_up_in_its_own_order() -> None:
    world = Reacting()
    world.failing = {B}
    await world.happened(A, B, C, B, A)
    subscription = await world.log.subscribe(TICKETS, "react", world.loop.assigned)
    await world.loop.round(subscription)
    assert sorted(world.done) == sorted([(A, 1), (A, 2), (C, 1)])
    assert world.log.committed["react", TICKETS, 0] == 5
    assert (world.left(), len(world.loop.stuck)) == ([1], 1)
    assert [failure.error for failure in world.reported] == ["ZeroDivisionError"]

    await world.happened(B, A)
    await world.loop.round(subscription)
    assert (A, 3) in world.done
    assert not any(stream == B for stream, _ in world.done)

    world.failing = set()
    world.clock.seconds += LONGEST
    await world.happened(B)
    await world.loop.round(subscription)
    assert [sequence for stream, sequence in world.done if stream == B] == [1, 2, 3, 4]
    assert (world.left(), len(world.loop.stuck)) == ([], 0)


async def test_another_process_knows_what_was_set_aside_and_takes_it_up() -> None:
    world = Reacting()
    world.failing = {B}
    await world.happened(A, B, B, C)
    await world.loop.round(await world.log.subscribe(TICKETS, "react", world.loop.assigned))
    world.failing = set()
    other = world.anew()
    subscription = await world.log.subscribe(TICKETS, "react", other.assigned)
    assert len(other.stuck) == 1
    await other.round(subscription)
    assert [entry for entry in world.done if entry[0] == B] == [(B, 1), (B, 2)]
    assert world.left() == []


async def test_a_stream_that_fails_later_on_is_left_there() -> None:
    world = Reacting()
    world.failing = {B}
    await world.happened(B, A, B)
    subscription = await world.log.subscribe(TICKETS, "react", world.loop.assigned)
    await world.loop.round(subscription)
    seen = 0
    original = world.react

    async def only_the_first(events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        nonlocal seen
        if any(event.stream == B and event.sequence > 1 for event in events):
            raise ZeroDivisionError
        return await original(events)

    world.failing, world.loop._react = set(), only_the_first
    world.clock.seconds += LONGEST
    await world.loop.round(subscription)
    assert (B, 1) in world.done
    assert world.left() == [2]


async def test_partitions_that_are_another_ones_are_set_aside_here_no_longer() -> None:
    world = Reacting()
    world.failing = {B}
    await world.happened(B)
    subscription = await world.log.subscribe(TICKETS, "react", world.loop.assigned)
    await world.loop.round(subscription)
    assert len(world.loop.stuck) == 1
    subscription.take(frozenset({0}))
    await world.loop.round(subscription)
    assert len(world.loop.stuck) == 0
    assert world.left() == [0]


class Item(NamedTuple):
    """Some work of a stream."""

    stream: str
    number: int


class Due:
    """A duty over some streams."""

    def __init__(self, *streams: str) -> None:
        self.streams, self.failing, self.query_fails = list(streams), set[str](), False
        self.done: list[str] = []

    async def find(self, now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG002 - all is due
        if self.query_fails:
            raise ValueError
        owed = [stream for stream in self.streams if stream not in self.done]
        return [IssuedCommand(str(name_id(s)), s, Expire(MONDAY), "head") for s in owed[:most]]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        if any(issued.stream in self.failing for issued in commands):
            raise ZeroDivisionError
        self.done += [issued.stream for issued in commands]
        return [Answer(issued, None) for issued in commands]


def duties(due: Due, safe: SafeTime | None = None) -> tuple[DutyLoop, Duty, Machine]:
    clock, duty = Machine(), Duty("expire", due.find, safe)
    return DutyLoop(clock, is_open, [duty], due.answer, no_rest), duty, clock


async def test_a_duty_goes_on_without_the_stream_that_fails() -> None:
    due = Due("promise/x/1", "promise/x/2", "promise/x/3")
    due.failing = {"promise/x/1"}
    loop, duty, clock = duties(due)
    await loop.round(duty)
    assert sorted(due.done) == ["promise/x/2", "promise/x/3"]
    assert await loop.due() == []
    due.failing = set()
    await loop.round(duty)
    assert "promise/x/1" not in due.done
    clock.seconds += FIRST
    assert await loop.due() == ["expire"]
    await loop.round(duty)
    assert "promise/x/1" in due.done
    assert sum(map(len, loop.stuck)) == 0


async def test_a_row_of_which_no_command_can_be_made_leaves_its_stream_aside_alone() -> None:
    streams, done, bad = ["promise/x/1", "promise/x/2", "promise/x/3"], list[str](), {"promise/x/2"}

    def made(stream: str) -> IssuedCommand:
        if stream in bad:
            raise ValueError(stream)
        return IssuedCommand(str(name_id(stream)), stream, Expire(MONDAY), "head")

    async def find(now: datetime, most: int) -> Sequence[Found]:  # noqa: ARG001 - all is due
        return found_by([one for one in streams if one not in done][:most], str, made)

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        done.extend(issued.stream for issued in commands)
        return [Answer(issued, None) for issued in commands]

    clock, duty = Machine(), Duty("expire", find)
    loop = DutyLoop(clock, is_open, [duty], answer, no_rest)
    for _ in range(3):
        await loop.round(duty)
    assert done == ["promise/x/1", "promise/x/3"]
    assert [(one.failure.about, one.tries) for each in loop.stuck for one in each] == [("promise/x/2", 1)]
    assert loop.keeps_back
    clock.seconds += FIRST
    await loop.round(duty)
    assert [one.tries for each in loop.stuck for one in each] == [2]
    bad.clear()
    clock.seconds += LONGEST
    await loop.round(duty)
    assert done == ["promise/x/1", "promise/x/3", "promise/x/2"]
    assert not loop.keeps_back


async def test_a_row_that_waits_for_something_is_no_failure() -> None:
    waits = ["promise/x/1"]

    def made(stream: str) -> IssuedCommand:
        if stream in waits:
            raise Unavailable("its customer is not known here yet")
        return IssuedCommand(str(name_id(stream)), stream, Expire(MONDAY), "head")

    async def find(now: datetime, most: int) -> Sequence[Found]:  # noqa: ARG001 - all is due
        return found_by(["promise/x/1"], str, made)

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return [Answer(issued, None) for issued in commands]

    duty = Duty("expire", find)
    loop = DutyLoop(Machine(), is_open, [duty], answer, no_rest)
    await loop.round(duty)
    assert loop.waiting == {"expire": "its customer is not known here yet"}
    assert [one for each in loop.stuck for one in each] == []
    waits.clear()
    await loop.round(duty)
    assert loop.waiting == {}


async def test_each_process_does_the_duties_of_its_own_partitions() -> None:
    streams = [f"promise/x/{n}" for n in range(40)]
    due = Due(*streams)
    duty = Duty("expire", due.find)

    def is_even(stream: str) -> bool:
        return int(stream[-1]) % 2 == 0

    def is_odd(stream: str) -> bool:
        return not is_even(stream)

    of_one, of_other = (
        DutyLoop(*(Machine(), is_open, [duty], due.answer, no_rest), owns=owns) for owns in (is_even, is_odd)
    )
    await of_one.round(duty)
    assert sorted(due.done) == sorted(stream for stream in streams if int(stream[-1]) % 2 == 0)
    assert await of_one.due() == []
    assert not of_one.keeps_back
    await of_other.round(duty)
    assert sorted(due.done) == sorted(streams)


async def test_a_duty_whose_query_fails_waits_and_is_tried_again() -> None:
    due = Due("promise/x/1")
    due.query_fails = True
    loop, duty, clock = duties(due)
    assert await loop.round(duty) == 0
    assert [one.failure.about for each in loop.stuck for one in each] == ["expire"]
    due.query_fails = False
    await loop.round(duty)
    assert due.done == []
    clock.seconds += FIRST
    await loop.round(duty)
    assert due.done == ["promise/x/1"]
    assert [one for each in loop.stuck for one in each] == []


async def test_nothing_is_fired_of_what_has_an_input_that_is_set_aside() -> None:
    log = MemoryLog(1)
    ticket = b'{"data":{"into":"ticket/x/3","by":"person/x/2"}}'
    log.write(Outgoing(TICKETS, 0, b"ticket/x/1", ticket))
    log.committed["react", TICKETS, 0] = 1
    log.remarks["react", TICKETS, 0] = remark_of([0], "tickets")
    source = Source("react", TICKETS)
    due = Due("promise/x/1", "promise/x/2", "promise/x/3")
    safe = SafeTime(log, Machine(), [[group_follower("react", TICKETS, log)]], inputs=[source])
    loop, duty, _ = duties(due, safe)
    await loop.round(duty)
    assert due.done == ["promise/x/2"]
    log.remarks["react", TICKETS, 0] = ""
    await loop.round(duty)
    assert sorted(due.done) == ["promise/x/1", "promise/x/2", "promise/x/3"]


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b'{"source":"crm eu","subject":"47/11","specversion":"1.0","data":{}}', JSON),
        (b"{", [("ce_source", b"crm eu"), ("ce_subject", b"47/11"), ("content-type", b"application/json")]),
    ],
)
async def test_a_door_record_holds_back_what_its_subject_names(
    value: bytes, headers: Sequence[tuple[str, bytes]]
) -> None:
    log = MemoryLog(1)
    structured = [("content-type", b"application/cloudevents+json")] if headers is JSON else headers
    log.write(Outgoing(DOOR, 0, b"any key", value, structured))
    log.committed["door", DOOR, 0] = 1
    log.remarks["door", DOOR, 0] = remark_of([0], "door")
    assert "crm%20eu/47%2F11" in await held_back(log, [Source("door", DOOR)])


def test_each_failure_doubles_the_wait_up_to_a_longest_one() -> None:
    clock, reported = Machine(), list[Failure]()
    stuck = StuckStreams("loop", clock, reported.append)
    waits = []
    for _ in range(12):
        stuck.put("stream", ValueError())
        [entry] = stuck
        waits.append(entry.again_at - clock.seconds)
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST
    assert {failure.reference for failure in reported} == {reported[0].reference}
    assert stuck.retry() == 1
    assert not stuck.waits("stream")


async def test_work_of_one_stream_stops_at_its_first_failure() -> None:
    failed: list[int] = []

    async def work(items: Sequence[Item]) -> Sequence[int]:
        numbers = [item.number for item in items]
        if 3 in numbers:
            raise ValueError
        return numbers

    items = [Item("one", 1), Item("one", 2), Item("one", 3), Item("one", 4), Item("other", 5)]
    results = await apart(items, work, lambda item, _: failed.append(item.number))
    assert (sorted(results), failed) == ([1, 2, 5], [3])


@pytest.mark.parametrize("remark", ["", "olcare", "[]", "7", json.dumps({"stuck": ["x"]}), json.dumps({"other": [1]})])
def test_a_remark_of_another_kind_says_nothing(remark: str) -> None:
    assert list(firsts_of(remark)) == []


class Fact(NamedTuple):
    """The newest fact of a stream."""

    stream: str
    fact: int


class Reading:
    """A reader over one projection, whose fold or store may fail."""

    def __init__(self, fails: int | None = None) -> None:
        self.history, self.fails = History(), fails
        self.projection = Projection("facts", Fact, "stream text not null, fact int not null", (Noted,), self.evolve)
        self.reader = Reader("facts", TICKETS, 1, (self.projection,))
        self.store = MemoryStore(self.reader)
        self.loop = ReaderLoop(MemoryLog(2), self.store, Projector(self.reader, Judge(CODECS[TICKETS])), "reader")

    def evolve(self, row: Fact | None, event: RecordedEvent[Noted]) -> Fact:  # noqa: ARG002 - the newest counts
        if event.data.fact == self.fails:
            raise ZeroDivisionError("Ana Müller")
        return Fact(event.stream, event.data.fact)

    async def read(self, *facts: int) -> None:
        records = [self.history.next(A, note(fact)) for fact in facts]
        await self.loop.assigned(frozenset({0, 1}))
        await self.loop.round(Handed({0: records}))


async def test_a_fold_that_fails_stops_its_partition_there_with_a_sentence() -> None:
    reading = Reading(fails=13)
    await reading.read(1, 2, 13, 4)
    assert (await reading.store.positions())[0] == 2
    halted = reading.loop.halted[0]
    assert halted.offset == 2
    assert "facts can not fold olcare.Noted.v1 (ZeroDivisionError at test_stuck.py" in str(halted)
    assert "Ana" not in str(halted)


async def test_a_row_that_can_not_be_stored_stops_its_partition_there() -> None:
    class Refusing(MemoryStep):
        async def save(self, view: View, position: Position) -> None:
            if any(row.fact == 13 for row in view.rows["facts"].values()):
                raise ValueError("invalid byte sequence")
            await super().save(view, position)

    reading = Reading()
    original = reading.store.step

    @asynccontextmanager
    async def step(partition: int, expected: Position) -> AsyncIterator[MemoryStep]:
        async with original(partition, expected) as found:
            found.__class__ = Refusing
            yield found

    reading.store.step = step  # type: ignore[method-assign]
    await reading.read(1, 2, 13)
    assert (await reading.store.positions())[0] == 2
    assert "can not be stored (ValueError at test_stuck.py" in str(reading.loop.halted[0])


async def test_a_fault_of_the_store_that_passes_halts_nothing() -> None:
    reading, original, calls = Reading(), MemoryStep.save, 0

    async def save(step: MemoryStep, view: View, position: Position) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError("not this time")
        await original(step, view, position)

    with mock.patch.object(MemoryStep, "save", save):
        await reading.read(1)
    assert (await reading.store.positions())[0] == 1
    assert reading.loop.halted == {}


class Asked:
    """The one question for all duties, and what it was asked."""

    def __init__(self, *finding: str) -> None:
        self.finding, self.fails, self.times = set(finding), False, list[AbstractSet[str]]()

    async def __call__(self, queries: AbstractSet[str], now: datetime) -> AbstractSet[str]:
        assert now == MONDAY
        self.times.append(queries)
        if self.fails:
            raise RuntimeError("a query is wrong")
        return self.finding & queries


async def test_duties_that_find_nothing_are_asked_in_one_question() -> None:
    looks = list[str]()

    def asking(name: str, query: str | None) -> Duty:
        async def find(now: datetime, most: int) -> Sequence[Found]:  # noqa: ARG001 - always the same
            looks.append(name)
            return ()

        return Duty(name, find, asks=query)

    asked = Asked("b")
    duties = [asking("first", "a"), asking("second", "b"), asking("third", None)]
    clock = Machine()
    loop = DutyLoop(clock, is_open, duties, Due().answer, no_rest, question=asked)
    assert await loop.look() == 0
    assert (asked.times, looks) == ([{"a", "b"}], ["second", "third"])
    asked.fails = True
    await loop.look()
    assert looks == ["second", "third", "first", "second", "third"]
    assert [one.failure.about for one in loop.stuck_duties] == [FOR_ALL]
    asked.fails, clock.seconds = False, clock.seconds + FIRST
    await loop.look()
    assert (list(loop.stuck_duties), looks[5:]) == ([], ["second", "third"])


async def test_a_duty_that_finds_nothing_any_more_waits_for_nothing() -> None:
    async def find(now: datetime, most: int) -> Sequence[Found]:  # noqa: ARG001 - always the same
        raise Unavailable("its customer is not known here yet")

    asked = Asked("late")
    loop = DutyLoop(Machine(), is_open, [Duty("expire", find, asks="late")], Due().answer, no_rest, question=asked)
    await loop.look()
    assert loop.waiting == {"expire": "its customer is not known here yet"}
    asked.finding.clear()
    await loop.look()
    assert loop.waiting == {}


async def test_what_other_processes_own_is_passed_over_in_few_looks() -> None:
    streams = [f"promise/x/{n:05}" for n in range(9000)]
    sizes = list[int]()

    async def find(now: datetime, most: int) -> Sequence[Found]:  # noqa: ARG001 - always the same
        sizes.append(most)
        return [IssuedCommand(str(name_id(stream)), stream, Expire(MONDAY), stream) for stream in streams[:most]]

    done = list[str]()

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        done.extend(issued.stream for issued in commands)
        return [Answer(issued, None) for issued in commands]

    duty = Duty("expire", find)
    loop = DutyLoop(Machine(), is_open, [duty], answer, no_rest, owns=lambda stream: int(stream[-1]) % 2 == 0)
    await loop.round(duty)
    assert done == [stream for stream in streams if int(stream[-1]) % 2 == 0]
    assert sizes == [BATCH, 2 * BATCH]
