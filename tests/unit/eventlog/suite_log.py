"""What any log must do."""

from collections.abc import Callable, Mapping
from hashlib import sha256

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.input_check import LostInput, check_input
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.ports import Commit, Identity, Log, PartitionOffset, Position
from libs.eventlog.wire.record import Outgoing
from tests.model.story import PARTITIONS, TICKETS
from tests.unit.eventlog.environment import Environment, everything, soon, write
from tests.unit.eventlog.history import History, stream_in

A, B = stream_in(0), stream_in(1)


class Assignments:
    """Tells a subscription where to read from, and remembers that it was asked."""

    def __init__(self, start: Mapping[int, int]) -> None:
        self.start, self.asked = start, list[frozenset[int]]()
        self.meanwhile: Callable[[], None] = _nothing

    async def __call__(self, partitions: frozenset[int]) -> Mapping[int, int]:
        self.asked.append(partitions)
        meanwhile, self.meanwhile = self.meanwhile, _nothing
        meanwhile()
        return {p: at for p, at in self.start.items() if p in partitions}


def _nothing() -> None:
    """Happen."""


async def read(log: Log, group: str, start: Mapping[int, int], count: int) -> list[tuple[int, int]]:
    """Read so many records as a member of a group; their partitions and offsets."""
    subscription = await log.subscribe(TICKETS, group, Assignments(start))
    found: list[tuple[int, int]] = []

    async def enough() -> bool:
        for records in (await subscription.batch(100, 0.1)).values():
            found.extend((record.partition, record.offset) for record in records)
        return len(found) >= count

    try:
        await soon(enough)
    finally:
        await subscription.close()
    return sorted(found)


class LogSuite:
    async def test_what_is_appended_stands_in_order_and_the_log_says_where(self, env: Environment) -> None:
        history = History()
        records = [history.next(A), history.next(B), history.next(A)]
        async with env.log() as log:
            await write(log, *records)
            assert await log.ends(TICKETS) == {0: 2, 1: 1}
            assert await log.starts(TICKETS) == {0: 0, 1: 0}
            assert [(r.key, r.value) for r in (await everything(log, TICKETS))[TICKETS, 0]] == [
                (A.encode(), records[0].value),
                (A.encode(), records[2].value),
            ]

    async def test_nothing_to_append_is_nothing_appended(self, env: Environment) -> None:
        async with env.log() as log:
            appender = log.appender()
            assert list(await appender.append([])) == []
            await appender.close()

    async def test_an_appender_goes_on_after_it_was_closed(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            appender = log.appender()
            for record in (history.next(A), history.next(A)):
                assert list(await appender.append([Outgoing(*record[:2], record.key, record.value)])) == [record.offset]
                await appender.close()

    async def test_one_record_is_read_back_with_key_value_and_headers(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, history.next(A), second := history.next(A))
            [found] = (await log.records(TICKETS, [PartitionOffset(0, 1)])).values()
            assert (found.key, found.value, found.offset) == (second.key, second.value, 1)
            assert list(found.headers) == [("content-type", b"application/cloudevents+json")]

    async def test_records_are_read_back_wherever_they_stand(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            written = [history.next(stream) for stream in (A, B, A, A, B, A)]
            await write(log, *written)
            wanted = [PartitionOffset(1, 1), PartitionOffset(0, 0), PartitionOffset(0, 3)]
            found = await log.records(TICKETS, wanted)
            assert {place: record.value for place, record in found.items()} == {
                PartitionOffset(r.partition, r.offset): r.value for r in written if (r.partition, r.offset) in wanted
            }
            assert await log.records(TICKETS, []) == {}

    async def test_a_record_that_is_not_there_is_not_available(self, env: Environment) -> None:
        async with env.log() as log:
            await write(log, History().next(A))
            with pytest.raises(Unavailable):
                await log.records(TICKETS, [PartitionOffset(0, 0), PartitionOffset(0, 7)])

    async def test_a_part_of_a_partition_is_scanned(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, *(history.next(A) for _ in range(5)))
            assert [r.offset async for batch in log.scan(TICKETS, 0, 4, 1) for r in batch] == [1, 2, 3]
            assert [r async for batch in log.scan(TICKETS, 1, 0) for r in batch] == []

    async def test_a_member_reads_from_where_it_is_told(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, *(history.next(stream) for stream in (A, A, A, B)))
            assert await read(log, "told", {0: 1, 1: 0}, 3) == [(0, 1), (0, 2), (1, 0)]

    async def test_a_partition_that_is_given_no_place_is_not_read(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, *(history.next(stream) for stream in (A, B, B)))
            assert await read(log, "half", {1: 0}, 2) == [(1, 0), (1, 1)]

    async def test_places_are_kept_for_the_group(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, *(history.next(A) for _ in range(3)))
            assert await log.committed_offsets("keeper", TICKETS) == {}
            subscription = await log.subscribe(TICKETS, "keeper", Assignments({0: 0, 1: 0}))
            await soon(lambda: subscription.batch(100, 0.1))
            await subscription.commit({0: 2})
            assert await log.committed_offsets("keeper", TICKETS) == {0: 2}
            assert await log.committed_offsets("another", TICKETS) == {}
            await subscription.close()

    async def test_with_a_place_is_kept_which_topic_it_is_in(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, history.next(A))
            subscription = await log.subscribe(TICKETS, "keeper", Assignments({0: 0, 1: 0}))
            await soon(lambda: subscription.batch(100, 0.1))
            await subscription.commit({0: 1})
            await subscription.close()
            commits = await log.commits("keeper", TICKETS)
            assert commits == {0: Commit(1, (await log.identity(TICKETS)).topic)}
            await check_input(log, TICKETS, commits)
            with pytest.raises(LostInput, match="another topic of this name"):
                await check_input(log, TICKETS, {0: Commit(1, "another")})
            with pytest.raises(LostInput, match="2 were read, but it ends at 1"):
                await check_input(log, TICKETS, {0: Commit(2, "")})

    async def test_the_place_of_a_partition_that_is_not_ours_is_refused(self, env: Environment) -> None:
        async with env.log() as log:
            subscription = await log.subscribe(TICKETS, "stranger", Assignments({0: 0, 1: 0}))
            with pytest.raises(Unavailable):
                await subscription.commit({PARTITIONS: 1})
            await subscription.close()

    async def test_again_asks_anew_where_to_read_from(self, env: Environment) -> None:
        history, told = History(), Assignments({0: 0, 1: 0})
        async with env.log() as log:
            await write(log, *(history.next(A) for _ in range(3)))
            subscription = await log.subscribe(TICKETS, "again", told)
            await soon(lambda: subscription.batch(100, 0.1))
            told.start = {0: 2, 1: 0}
            asked = len(told.asked)
            subscription.again()
            found = await soon(lambda: subscription.batch(100, 0.1))
            assert [record.offset for record in found[0]] == [2]
            assert told.asked[asked:] == [frozenset(range(PARTITIONS))]
            await subscription.close()

    async def test_again_is_heard_even_while_the_places_are_asked_for(self, env: Environment) -> None:
        told = Assignments({0: 0, 1: 0})
        async with env.log() as log:
            await write(log, History().next(A))
            subscription = await log.subscribe(TICKETS, "again", told)
            await soon(lambda: subscription.batch(100, 0.1))
            told.meanwhile, told.start = subscription.again, {0: 1, 1: 0}
            asked = len(told.asked)
            subscription.again()
            await subscription.batch(100, 0.1)
            await subscription.batch(100, 0.1)
            assert len(told.asked) - asked == 2
            await subscription.close()

    async def test_a_topic_made_anew_under_its_name_is_another_one(self, env: Environment) -> None:
        async with env.log() as log:
            before = await log.identity(TICKETS)
            assert await log.identity(TICKETS) == before
            await env.recreate(TICKETS)
        async with env.log() as log:
            await soon(lambda: _differs(log, before))

    async def test_the_log_that_was_read_raises_no_alarm(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, record := history.next(A))
            check = LogCheck(log, TICKETS, await log.identity(TICKETS))
            assert await check.problems({0: Position(1, 1, _digest(record.value)), 1: Position(1, 0, None)}) == {}

    async def test_a_log_that_was_cut_or_written_anew_raises_an_alarm(self, env: Environment) -> None:
        history = History()
        async with env.log() as log:
            await write(log, history.next(A))
            check = LogCheck(log, TICKETS, await log.identity(TICKETS))
            found = await check.problems({0: Position(1, 1, _digest(b"what was read")), 1: Position(1, 1, None)})
            assert "is not the one that was read" in found[0]
            assert "the log was cut: it ends at 0, 1 were read" in found[1]
            strange = LogCheck(log, TICKETS, Identity("another", "topic"))
            assert "made anew" in (await strange.problems({0: Position(1, 0, None)}))[0]


async def _differs(log: Log, before: Identity) -> bool:
    try:
        now = await log.identity(TICKETS)
    except Unavailable:  # not everybody has heard of it yet
        return False
    return now.cluster == before.cluster and now.topic != before.topic


def _digest(value: bytes | None) -> bytes:
    return sha256(value or b"").digest()
