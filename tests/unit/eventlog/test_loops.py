"""How doors, reactions and duties wait, and what they take again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.commands import IssuedCommand, Reaction
from libs.eventlog.errors import TooLarge, Unavailable, Unreadable
from libs.eventlog.fold import Projector
from libs.eventlog.loops.backlog import DEPTH
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.loops.duty import Duty, DutyLoop
from libs.eventlog.loops.followers import Follower, SafeTime, group_follower
from libs.eventlog.loops.held_back import firsts_of
from libs.eventlog.loops.input_check import LostInput
from libs.eventlog.loops.membership import ANEW
from libs.eventlog.loops.reaction import ReactionLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import UNKNOWN, Subscription
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryAppender, MemoryLog, no_rest
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.ids import name_id, reaction_command_id
from libs.messages.receipts import Unreadability
from libs.messages.tickets import MergeUndone
from tests.model.services import StoryDoor, command_of
from tests.model.story import CODECS, DOOR, MONDAY, RECEIPTS, TICKETS, TIMER_TICKETS, Expire
from tests.unit.eventlog.environment import Machine, MemoryTables
from tests.unit.eventlog.history import History, stream_in
from tests.unit.recorded import recorded_event

A = stream_in(0)


async def is_open() -> None:
    """Let everybody through."""


def filled(log: MemoryLog, topic: str, *counts: int) -> MemoryLog:
    for partition, count in enumerate(counts):
        for _ in range(count):
            log.write(Outgoing(topic, partition, b"key", b"value"))
    return log


def door_record(offset: int, value: bytes = b"?") -> Record:
    return Record(DOOR, 0, offset, b"key", value, (), 0)


def message(number: str, name: str = "one") -> bytes:
    return b'{"id":"%s","number":"%s","wish":"open","at":"%s"}' % (
        name.encode(),
        number.encode(),
        MONDAY.isoformat().encode(),
    )


class Slow(StoryDoor):
    """A door whose writer answers when it may."""

    def __init__(self, log: MemoryLog) -> None:
        self.log, self.answered, self.asked = log, list[str](), 0
        self.unavailable = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def issue(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[IssuedCommand]:
        self.asked += 1
        return [command_of(said, 0) for _, said in read]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        if self.unavailable:
            self.unavailable -= 1
            self.meanwhile()
            raise Unavailable("not now")
        self.answered += [issued.correlation for issued in commands]
        return [Answer(issued, None) for issued in commands]


def door(log: MemoryLog, slow: Slow, opening: Callable[[], Awaitable[None]] = is_open) -> DoorLoop:
    return DoorLoop(log, Machine(), opening, slow, "door")


async def test_what_is_not_available_now_is_tried_again_in_the_same_order_and_then_its_place_is_kept() -> None:
    log = MemoryLog(1)
    for name in ("one", "two"):
        log.write(Outgoing(DOOR, 0, b"key", message("4711", name)))
    slow = Slow(log)
    slow.unavailable = 3
    loop = door(log, slow)
    await loop.round(await log.subscribe(DOOR, "door", loop.assigned))
    assert slow.answered == ["one", "two"]
    assert log.committed["door", DOOR, 0] == 2
    assert loop.waiting is None


async def test_a_door_waits_no_longer_for_what_belongs_to_another_one_now() -> None:
    log = MemoryLog(1)
    log.write(Outgoing(DOOR, 0, b"key", message("4711")))
    slow = Slow(log)
    loop = door(log, slow)
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    slow.unavailable, slow.meanwhile = 2, lambda: subscription.take(frozenset({0}))
    await loop.round(subscription)
    assert (slow.answered, loop.waiting, log.committed) == ([], None, {})


async def test_no_place_is_kept_before_every_receipt_is_acknowledged() -> None:
    log = MemoryLog(1)
    log.write(Outgoing(DOOR, 0, b"key", b"?"))
    loop = door(log, Slow(log))

    class Silent:
        calls = 0

        async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
            self.calls += 1
            return [UNKNOWN] * len(batch) if self.calls < 3 else [log.write(out) for out in batch]

        async def close(self) -> None:
            """Let go."""

    loop._appender = silent = Silent()
    await loop.round(await log.subscribe(DOOR, "door", loop.assigned))
    assert silent.calls == 3
    assert [record.value for record in log.kept[RECEIPTS, 0]] == [b"unreadable not-json"]
    assert log.committed["door", DOOR, 0] == 1


async def test_what_is_personal_is_acknowledged_before_the_event_that_names_it_is_decided() -> None:
    log = MemoryLog(1)
    private = Outgoing("private", 0, b"person/ana", b"{}")

    class Personal(Slow):
        def private(self, record: Record, message: Mapping[str, str]) -> Sequence[Outgoing]:  # noqa: ARG002 - always
            return [private]

        async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
            assert len(log.kept["private", 0]) == len(commands)
            return await super().answer(commands)

    slow = Personal(log)
    await door(log, slow).process([door_record(0, message("4711")), door_record(1, b"?"), door_record(2, message("1"))])
    assert (len(slow.answered), [record.value for record in log.kept["private", 0]]) == (2, [b"{}", b"{}"])

    class Silent(MemoryAppender):
        async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
            return [UNKNOWN if out is private else 0 for out in batch]

    loop = door(log, slow)
    loop._appender = Silent(log)
    with pytest.raises(Unavailable, match="private: not everything was acknowledged"):
        await loop.process([door_record(0, message("4711"))])
    assert len(slow.answered) == 2


def said(log: MemoryLog, number: str, *names: str) -> None:
    for name in names:
        log.write(Outgoing(DOOR, 0, b"key", message(number, name)))


class Receipted(Slow):
    """A door that answers each message by its name."""

    def receipt(self, record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:  # noqa: ARG002
        return Outgoing(RECEIPTS, 0, record.key, message["id"].encode())


async def test_a_busy_ticket_lets_the_others_go_by_and_the_place_is_kept_before_what_waits() -> None:
    log = MemoryLog(1)
    said(log, "busy", *(f"b{n}" for n in range(2 * DEPTH)))
    said(log, "other", "one")
    said(log, "third", "two")
    slow = Receipted(log)
    loop = door(log, slow)
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    await loop.round(subscription)
    assert slow.answered == [*(f"b{n}" for n in range(DEPTH)), "one", "two"]
    assert log.committed["door", DOOR, 0] == DEPTH
    await loop.round(subscription)
    assert slow.answered[DEPTH + 2 :] == [f"b{n}" for n in range(DEPTH, 2 * DEPTH)]
    assert log.committed["door", DOOR, 0] == 2 * DEPTH + 2


async def test_what_was_answered_ahead_gets_the_same_receipt_after_a_restart() -> None:
    log = MemoryLog(1)
    said(log, "busy", *(f"b{n}" for n in range(DEPTH + 1)))
    said(log, "other", "one")
    first, again = (door(log, Receipted(log)) for _ in range(2))
    await first.round(await log.subscribe(DOOR, "door", first.assigned))
    await again.round(await log.subscribe(DOOR, "door", again.assigned))
    receipts = [record.value for record in log.kept[RECEIPTS, 0]]
    assert receipts == [f"b{n}".encode() for n in range(DEPTH)] + [b"one", f"b{DEPTH}".encode(), b"one"]
    assert log.committed["door", DOOR, 0] == DEPTH + 2


async def test_what_waits_of_a_partition_is_read_anew_when_it_is_assigned_again() -> None:
    log = MemoryLog(1)
    said(log, "busy", *(f"b{n}" for n in range(DEPTH + 2)))
    slow = Receipted(log)
    loop = door(log, slow)
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    await loop.round(subscription)
    subscription.again()
    await loop.round(subscription)
    assert slow.answered == [f"b{n}" for n in range(DEPTH + 2)]


async def test_a_message_that_leads_to_more_than_the_log_takes_is_refused_with_a_reason() -> None:
    log = MemoryLog(1)
    said(log, "4711", "large", "one")

    class Large(Receipted):
        unread: ClassVar[list[tuple[str, str]]] = []

        def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
            self.unread.append((why.reason, why.where))
            return super().dead(record, why)

        async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
            if any(issued.correlation == "large" for issued in commands):
                raise TooLarge
            return await super().answer(commands)

    large = Large(log)
    loop = door(log, large)
    await loop.round(await log.subscribe(DOOR, "door", loop.assigned))
    assert [record.value for record in log.kept[RECEIPTS, 0]] == [b"unreadable too-large", b"one"]
    assert large.unread == [(Unreadability.TOO_LARGE, "/data")]
    assert (log.committed["door", DOOR, 0], log.remarks["door", DOOR, 0]) == (2, "")


async def test_a_record_left_aside_ahead_of_others_is_noted_once_its_place_is_passed() -> None:
    log = MemoryLog(1)
    said(log, "busy", *(f"b{n}" for n in range(DEPTH + 1)))
    said(log, "other", "poison")

    class Poisoned(Receipted):
        def receipt(self, record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:
            if message["id"] == "poison":
                raise RuntimeError
            return super().receipt(record, message, answer)

    loop = door(log, Poisoned(log))
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    await loop.round(subscription)
    assert (log.committed["door", DOOR, 0], log.remarks["door", DOOR, 0]) == (DEPTH, "")
    await loop.round(subscription)
    assert log.committed["door", DOOR, 0] == DEPTH + 2
    assert firsts_of(log.remarks["door", DOOR, 0]) == [DEPTH + 1]


async def test_facts_are_asked_for_when_the_gate_is_open_and_not_before() -> None:
    log = MemoryLog(1)
    slow = Slow(log)

    async def is_closed() -> None:
        raise Unavailable("the gate is closed")

    loop = door(log, slow, is_closed)
    with pytest.raises(Unavailable):
        await loop.process([door_record(0, message("4711"))])
    assert slow.asked == 0


async def test_a_door_starts_at_its_place_or_at_what_is_still_there() -> None:
    log = filled(MemoryLog(2), DOOR, 5, 5)
    log.committed["door", DOOR, 1] = 5
    assert await door(log, Slow(log)).assigned(frozenset({0, 1})) == {0: 0, 1: 5}


async def test_input_that_was_deleted_unread_stops_the_door() -> None:
    class Cut(MemoryLog):
        async def starts(self, topic: str) -> Mapping[int, int]:  # noqa: ARG002 - all alike
            return {0: 7}

    log = Cut(1)
    log.committed["door", DOOR, 0] = 5
    with pytest.raises(LostInput, match=r"door\[0\]: 5 to 6 were deleted unread"):
        await door(log, Slow(log)).assigned(frozenset({0}))


Follow = Callable[[MemoryLog], DoorLoop | ReactionLoop]


def reaction(log: MemoryLog, topic: str = DOOR) -> ReactionLoop:
    async def react(events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        return [[] for _ in events]

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return [Answer(issued, None) for issued in commands]

    store = MemoryTables([TIMER_TICKETS]).stores[TIMER_TICKETS.name]
    return ReactionLoop(log, Machine(), is_open, topic, "door", store, CODECS[TICKETS], react, answer)


FOLLOW: list[Follow] = [lambda log: door(log, Slow(log)), reaction]


@pytest.mark.parametrize("follow", FOLLOW, ids=["door", "reaction"])
async def test_a_place_beyond_the_end_stops_who_stands_there(follow: Follow) -> None:
    log = filled(MemoryLog(2), DOOR, 3, 3)
    log.committed["door", DOOR, 1] = 4
    assert await follow(log).assigned(frozenset({0})) == {0: 0}
    with pytest.raises(LostInput, match=r"door\[1\]: 4 were read, but it ends at 3: it was cut or made anew"):
        await follow(log).assigned(frozenset({0, 1}))


@pytest.mark.parametrize("follow", FOLLOW, ids=["door", "reaction"])
async def test_a_place_in_a_topic_made_anew_stops_who_stands_there_however_long_the_new_one_is(follow: Follow) -> None:
    log = filled(MemoryLog(1), DOOR, 3)
    subscription = await log.subscribe(DOOR, "door", follow(log).assigned)
    await subscription.commit({0: 3})
    assert await follow(log).assigned(frozenset({0})) == {0: 3}
    log.recreate(DOOR)
    filled(log, DOOR, 5)
    with pytest.raises(LostInput, match=r"door\[0\]: 3 were read of another topic of this name"):
        await follow(log).assigned(frozenset({0}))


@pytest.mark.parametrize("follow", FOLLOW, ids=["door", "reaction"])
async def test_a_place_that_a_person_has_set_is_begun_at_whichever_topic_it_is(follow: Follow) -> None:
    log = filled(MemoryLog(1), DOOR, 3)
    log.committed["door", DOOR, 0] = 1
    log.recreate(DOOR)
    filled(log, DOOR, 3)
    assert await follow(log).assigned(frozenset({0})) == {0: 1}


@pytest.mark.parametrize("follow", FOLLOW, ids=["door", "reaction"])
async def test_every_committed_offset_is_committed_anew_each_day_where_nothing_is_said(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled(MemoryLog(2), DOOR, 3)
    log.committed["door", DOOR, 0], log.remarks["door", DOOR, 0] = 3, ""
    loop = follow(log)
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    said = committed_by(subscription, monkeypatch)
    for seconds in (0.0, 60.0, ANEW):
        await loop._clock.sleep(seconds)
        await loop.round(subscription)
    assert said == [({0: 3}, {0: ""})] * 2


@pytest.mark.parametrize("follow", FOLLOW, ids=["door", "reaction"])
async def test_what_is_being_handed_over_is_not_committed_anew(follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    log = filled(MemoryLog(2), DOOR, 3)
    log.committed["door", DOOR, 0], log.remarks["door", DOOR, 0] = 3, ""
    loop = follow(log)
    subscription = await log.subscribe(DOOR, "door", loop.assigned)
    said = committed_by(subscription, monkeypatch)
    with monkeypatch.context() as handing_over:
        handing_over.setattr(subscription, "passed", _of_none)
        await loop.round(subscription)
    assert said == []
    await loop.round(subscription)
    assert said == [({0: 3}, {0: ""})]


def committed_by(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What is committed from now on: offsets and remarks."""
    said: list[tuple[Any, Any]] = []

    async def commit(offsets: Mapping[int, int], remarks: Mapping[int, str]) -> None:
        said.append((offsets, remarks))

    monkeypatch.setattr(subscription, "commit", commit)
    return said


async def _of_none() -> Mapping[int, int]:
    return {}


async def test_a_transaction_that_is_open_is_not_beyond_anybody() -> None:
    log = filled(MemoryLog(1), DOOR, 3)
    log.unstable[DOOR, 0] = 2
    log.committed["door", DOOR, 0] = 2
    assert await door(log, Slow(log)).assigned(frozenset({0})) == {0: 2}


async def test_a_reaction_takes_what_counts_when_its_reader_has_passed_it() -> None:
    history, tables = History(), MemoryTables([TIMER_TICKETS])
    records = [first := history.next(A), history.again(first), history.next(A)]
    asked: list[IssuedCommand] = []

    async def react(events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        return [[Reaction("start", f"promise/{event.sequence}", Expire(MONDAY))] for event in events]

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        asked.extend(commands)
        return [Answer(issued, None) for issued in commands]

    store = tables.stores[TIMER_TICKETS.name]
    log = MemoryLog(2)
    loop = ReactionLoop(log, Machine(), is_open, TICKETS, "react", store, CODECS[TICKETS], react, answer)
    with pytest.raises(Unavailable, match="has not passed offset 2"):
        await loop.process({0: records})
    reading = ReaderLoop(log, store, Projector(TIMER_TICKETS, Judge(CODECS[TICKETS])), "reader")
    await reading.assigned(frozenset({0, 1}))
    await reading.apply(0, records)
    await loop.process({0: records})
    events = [CODECS[TICKETS].envelope(records[n]) for n in (0, 2)]
    assert [(r.stream, r.id) for r in asked] == [
        (stream, reaction_command_id(event.id, "start", stream))
        for event, stream in zip(events, ["promise/1", "promise/2"], strict=True)
    ]
    assert {r.correlation for r in asked} == {"correlation"}
    for about, commands in ((type(CODECS[TICKETS].open(events[0]).data), 2), (MergeUndone, 0)):
        asked.clear()
        loop = ReactionLoop(log, Machine(), is_open, TICKETS, "react", store, CODECS[TICKETS], react, answer, (about,))
        await loop.process({0: records})
        assert len(asked) == commands


async def test_a_deadline_is_looked_up_again_when_it_is_safe() -> None:
    log, answered = filled(MemoryLog(1), DOOR, 1), list[IssuedCommand]()
    looks: list[datetime] = []
    issued = IssuedCommand(str(name_id("due")), "promise/1", Expire(MONDAY), "head")

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:
        looks.append(now)
        assert most > 0
        return [issued] if len(looks) == 1 else []

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        answered.extend(commands)
        return []

    log.committed["door", DOOR, 0] = 1
    safe = SafeTime(log, Machine(), [[group_follower("door", DOOR, log)]])
    duty = Duty("expire", find, safe)
    loop = DutyLoop(Machine(), is_open, [duty], answer, no_rest)
    assert await loop.round(duty) == 0
    assert (looks, answered) == ([MONDAY, MONDAY], [])


async def test_what_became_due_while_safe_time_was_waited_for_waits_for_its_own() -> None:
    clock = ManualClock(MONDAY)
    log, looks = filled(MemoryLog(1), DOOR, 1), list[datetime]()

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - always the same
        looks.append(now)
        return [IssuedCommand(str(name_id("due")), "promise/1", Expire(MONDAY), "head")]

    async def offsets() -> Mapping[int, int]:
        clock.step(clock.now() + timedelta(minutes=1))  # an answer may come in this minute, behind the ends asked for
        return {0: 1}

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return [Answer(issued, None) for issued in commands]

    duty = Duty("expire", find, SafeTime(log, clock, [[Follower("door", DOOR, offsets)]]))
    await DutyLoop(clock, is_open, [duty], answer, no_rest).round(duty)
    assert (looks, clock.now()) == ([MONDAY, MONDAY], MONDAY + timedelta(minutes=1))


async def test_a_duty_that_is_not_safe_yet_says_what_it_waits_for() -> None:
    log = filled(MemoryLog(1), DOOR, 1)

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - always the same
        return [IssuedCommand(str(name_id("due")), "promise/1", Expire(MONDAY), "head")]

    async def answer(_: Sequence[IssuedCommand]) -> Sequence[Answer]:
        raise AssertionError("it fired")

    duty = Duty("expire", find, SafeTime(log, Machine(), [[group_follower("door", DOOR, log)]]))
    loop = DutyLoop(Machine(), is_open, [duty], answer, no_rest)
    assert await loop.round(duty) == 0
    assert loop.waiting == {"expire": "door is 1 records behind the end of door"}
    assert loop.waiting_since == {"expire": MONDAY}
    assert await loop.due() == ["expire"]


@pytest.mark.parametrize("asks", [None, "late"], ids=["it looks itself", "one question for all"])
async def test_a_deadline_that_is_none_any_more_while_it_waits_is_waited_for_no_more(asks: str | None) -> None:
    log, clock = filled(MemoryLog(1), DOOR, 1), ManualClock(MONDAY)
    late, also = ([IssuedCommand(str(name_id(name)), f"promise/{name}", Expire(MONDAY), "head")] for name in "ab")

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - always the same
        return late

    async def find_another(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - always the same
        return also

    async def answer(_: Sequence[IssuedCommand]) -> Sequence[Answer]:
        raise AssertionError("it fired")

    async def question(queries: AbstractSet[str], now: datetime) -> AbstractSet[str]:  # noqa: ARG001 - always the same
        return queries if late else frozenset()

    safe = SafeTime(log, Machine(), [[group_follower("door", DOOR, log)]])
    duties = [Duty("expire", find, safe, asks), Duty("end", find_another, safe)]
    loop = DutyLoop(clock, is_open, duties, answer, no_rest, question=question)
    assert await loop.look() == 0
    assert loop.waiting_since == {"expire": MONDAY, "end": MONDAY}
    late.clear()
    clock.step(MONDAY + timedelta(minutes=1))
    assert await loop.look() == 0
    assert loop.waiting_since == {"end": MONDAY}, (
        "the other one still waits, and since then, though both ask one safe time"
    )
    assert loop.waiting.keys() == {"end"}


class LastRestError(Exception):
    """It has rested often enough."""


async def test_a_duty_that_goes_through_what_has_piled_up_takes_a_tenth_of_the_time_at_most() -> None:
    clock, found = Machine(), list[IssuedCommand]()
    looks, rests = list[float](), list[bool]()

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - always the same
        looks.append(clock.monotonic())
        await clock.sleep(2)
        return found

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        found.clear()
        return [
            Answer(issued, recorded_event("ticket/a/1", 1, MergeUndone(undone_at=MONDAY, into="ticket/a/2")))
            for issued in commands
        ]

    async def rest(*, soon: bool) -> None:
        rests.append(soon)
        await clock.sleep(1 if soon else 4)
        if len(rests) == 16:
            raise LastRestError

    duty = Duty("clear away", find, sparing=True)
    loop = DutyLoop(clock, is_open, [duty], answer, rest)
    with pytest.raises(LastRestError):
        await loop.run()
    assert looks == [0, 20]
    assert rests == [False, *[True] * 14, False], "it is tried again soon where it was passed over"
    found.append(IssuedCommand(str(name_id("due")), "promise/1", Expire(MONDAY), "head"))
    clock.seconds = 100
    assert [await loop.look(), await loop.look()] == [1, 0], "it goes on while there is something"
    assert looks[2:] == [100, 102]
    assert await loop.due() == []
