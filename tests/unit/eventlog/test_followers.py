"""What lets a service decide, and what lets it fire: the gate and safe time."""

from collections.abc import Mapping

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.followers import Follower, Gate, SafeTime, behind, reached
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing
from tests.model.story import DOOR, TICKETS
from tests.unit.eventlog.environment import Machine


def at(offsets: Mapping[int, int], topic: str = TICKETS) -> Follower:
    async def told() -> Mapping[int, int]:
        return dict(offsets)

    return Follower("reader", topic, told)


def filled(log: MemoryLog, topic: str, *counts: int) -> MemoryLog:
    for partition, count in enumerate(counts):
        for _ in range(count):
            log.write(Outgoing(topic, partition, b"key", b"value"))
    return log


async def test_a_follower_is_behind_by_what_it_has_not_reached() -> None:
    log = filled(MemoryLog(2), TICKETS, 3, 1)
    ends = await log.ends(TICKETS)
    assert await behind(log, at({0: 1, 1: 1}), ends) == {0: 2}
    assert await behind(log, at({0: 3, 1: 1}), ends) == {}


async def test_a_follower_that_has_moved_on_with_the_log_is_not_behind_the_ends_of_before() -> None:
    log = filled(MemoryLog(1), TICKETS, 1)
    ends = await log.ends(TICKETS)
    assert await behind(filled(log, TICKETS, 2), at({0: 3}), ends) == {}


async def test_a_follower_beyond_the_end_has_not_reached_it_but_read_another_topic() -> None:
    log = filled(MemoryLog(2), TICKETS, 3, 1)
    for ask in (
        lambda: behind(log, at({0: 3, 1: 5}), {0: 3, 1: 1}),
        SafeTime(log, Machine(), [[at({0: 3, 1: 5})]]).reached,
        gate(log, Machine(), {0: 3, 1: 5}).look,
    ):
        with pytest.raises(Unavailable, match=r"reader stands at 5 of tickets\[1\], which ends at 1"):
            await ask()


async def test_what_a_transaction_still_open_wrote_is_not_to_be_reached_yet() -> None:
    log = filled(MemoryLog(1), TICKETS, 3)
    log.unstable[TICKETS, 0] = 1
    await reached(log, Machine(), [at({0: 1})], patience=5)
    assert await behind(log, at({0: 1}), await log.ends(TICKETS)) == {}
    del log.unstable[TICKETS, 0]
    assert await behind(log, at({0: 1}), await log.ends(TICKETS)) == {0: 2}


async def test_a_partition_that_nobody_has_a_place_in_is_reached_only_where_it_is_empty() -> None:
    log = filled(MemoryLog(2), TICKETS, 3, 0)
    assert await behind(log, at({}), await log.ends(TICKETS)) == {0: 3}
    assert await behind(log, at({0: 3}), await log.ends(TICKETS)) == {}


async def test_who_waits_for_a_follower_gives_up_with_its_name() -> None:
    log = filled(MemoryLog(2), TICKETS, 3, 0)
    with pytest.raises(Unavailable, match="reader is 2 records behind the end of tickets"):
        await reached(log, Machine(), [at({0: 1})], patience=5)


async def test_the_ends_of_a_stage_are_asked_for_when_the_one_before_it_is_through() -> None:
    log, machine, door_place = filled(MemoryLog(1), DOOR, 1), Machine(), dict[int, int]()
    ours = {0: 0}

    async def door_places() -> Mapping[int, int]:
        """The door answers late, and what it answers stands in the log by then."""
        if machine.seconds > 1 and not door_place:
            log.write(Outgoing(TICKETS, 0, b"key", b"an answer"))
            door_place[0] = 1
        return dict(door_place)

    safe = SafeTime(log, machine, [[Follower("door", DOOR, door_places)], [at(ours)]], patience=2)
    with pytest.raises(Unavailable, match="reader is 1 records behind"):
        await safe.reached()
    ours[0] = 1
    await safe.reached()


def gate(log: MemoryLog, machine: Machine, offsets: Mapping[int, int]) -> Gate:
    return Gate(log, machine, [at(offsets)], lag=2)


async def test_the_gate_is_closed_until_the_ends_asked_for_at_the_start_are_passed() -> None:
    log, offsets = filled(MemoryLog(1), TICKETS, 2), {0: 0}
    closed = gate(log, Machine(), offsets)
    with pytest.raises(Unavailable, match="the gate is closed: the projections have not caught up"):
        await closed.passed()
    await closed.look()
    offsets[0] = 1
    with pytest.raises(Unavailable, match="reader is 1 records behind on tickets"):
        await closed.passed()
    offsets[0] = 2
    await closed.passed()


async def test_the_gate_stays_open_for_what_is_younger_than_the_lag_allowed() -> None:
    log, machine, offsets = filled(MemoryLog(1), TICKETS, 2), Machine(), {0: 2}
    opened = gate(log, machine, offsets)
    await opened.look()
    filled(log, TICKETS, 1)
    machine.seconds = 1.9
    await opened.look()
    assert opened.closed_because is None


async def test_the_gate_closes_over_what_is_older() -> None:
    log, machine, offsets = filled(MemoryLog(1), TICKETS, 2), Machine(), {0: 2}
    opened = gate(log, machine, offsets)
    await opened.look()
    filled(log, TICKETS, 1)
    machine.seconds = 1
    await opened.look()
    machine.seconds = 3
    await opened.look()
    assert opened.closed_because == "reader is 1 records behind on tickets"
    offsets[0] = 3
    await opened.look()
    assert opened.closed_because is None


async def test_who_has_reached_ends_that_stand_is_not_asked_again_unless_tables_are_others() -> None:
    log, machine, asked = filled(MemoryLog(1), TICKETS, 2), Machine(), list[float]()

    async def told() -> Mapping[int, int]:
        asked.append(machine.seconds)
        return {0: 3 if machine.seconds > 20 else 2}

    opened = Gate(log, machine, [Follower("reader", TICKETS, told)], lag=2)
    for second in range(10):
        machine.seconds = second
        await opened.look()
        assert opened.closed_because is None
    assert asked == [0]
    opened.again()
    await opened.look()
    assert asked == [0, 9]
    filled(log, TICKETS, 1)
    for second in (10, 13, 21):
        machine.seconds = second
        await opened.look()
        assert (opened.closed_because is None) is (second != 13)
    assert asked == [0, 9, 13, 21]


async def test_going_over_to_other_tables_closes_the_gate_until_they_have_passed_ends_asked_for_anew() -> None:
    log, offsets = filled(MemoryLog(1), TICKETS, 2), {0: 2}
    opened = gate(log, Machine(), offsets)
    await opened.look()
    await opened.passed()
    filled(log, TICKETS, 1)
    opened.again()
    with pytest.raises(Unavailable):
        await opened.passed()
    await opened.look()
    with pytest.raises(Unavailable, match="1 records behind"):
        await opened.passed()


async def test_going_over_to_other_tables_is_not_undone_by_what_was_being_judged_just_then() -> None:
    log = filled(MemoryLog(1), TICKETS, 2)

    async def offsets() -> Mapping[int, int]:
        opened.again()
        return {0: 2}

    opened = Gate(log, Machine(), [Follower("reader", TICKETS, offsets)], lag=2)
    await opened.look()
    assert opened.closed_because == "the projections have not caught up yet"


async def test_the_gate_is_closed_before_a_log_that_is_not_what_it_must_be() -> None:
    halted = ["the topic was made anew"]
    log = filled(MemoryLog(1), TICKETS, 2)
    opened = Gate(log, Machine(), [at({0: 2})], halted=lambda: halted[0] if halted else None)
    await opened.look()
    assert opened.closed_because == "the topic was made anew"
    halted.clear()
    assert opened.closed_because is None


async def test_the_gate_closes_while_nobody_can_say_where_the_log_ends() -> None:
    class Ends(Exception):  # noqa: N818
        """The watch ends here."""

    class Away(MemoryLog):
        async def ends(self, topic: str) -> Mapping[int, int]:
            raise Unavailable(f"{topic}: no answer")

    class Once(Machine):
        async def sleep(self, _: float) -> None:
            raise Ends

    opened = gate(Away(1), Once(), {0: 0})
    opened._closed = None
    with pytest.raises(Ends):
        await opened.run()
    assert opened.closed_because == "tickets: no answer"
