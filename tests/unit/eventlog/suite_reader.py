"""What a reader makes of a log: all that counts, once, in order; and nothing beyond what cannot stand there."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from unittest import mock

import pytest

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.ports import NO_REMARKS, Log, Position, Steps
from libs.eventlog.projection import Reader
from libs.eventlog.rule import Judge, SetAside
from libs.eventlog.wire.record import Head, Record
from tests.model.story import CODECS, DESK_TICKETS, PARTITIONS, TICKETS, TIMER_TICKETS, Tally
from tests.unit.eventlog.environment import Environment, Tables, running, soon, write
from tests.unit.eventlog.evidence import EVIDENCE, after_one_that_is_lost, unreadable
from tests.unit.eventlog.history import History, aside, note, stream_in, written

A, B = stream_in(0), stream_in(1)
ALL = frozenset(range(PARTITIONS))


def projector(reader: Reader, *set_aside: SetAside) -> Projector:
    return Projector(reader, Judge(CODECS[reader.topic], set_aside))


def loop(log: Log, tables: Tables, *set_aside: SetAside, check: LogCheck | None = None) -> ReaderLoop:
    return ReaderLoop(log, tables.stores[DESK_TICKETS.name], projector(DESK_TICKETS, *set_aside), "reader", check)


class Handed:
    """A subscription that gives these batches; something may happen just before one is taken."""

    def __init__(self, *batches: Mapping[int, Sequence[Record]], before: Callable[[], None] = lambda: None) -> None:
        self._batches, self._before = list(batches), before

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:  # noqa: ARG002 - all at once
        self._before()
        return self._batches.pop(0)

    async def commit(self, places: Mapping[int, int], remarks: Mapping[int, str] = NO_REMARKS) -> None:
        """Keep nothing: a reader's place stands beside its rows."""

    async def passed(self) -> Mapping[int, int]:
        return {}

    def assigned(self) -> frozenset[int]:
        return ALL

    def joined(self) -> bool:
        return True

    def again(self) -> None:
        """Hear it."""

    async def close(self) -> None:
        """Leave."""


class AtTheEnd(Handed):
    """A subscription that has nothing more to give, and says how far it has come."""

    def __init__(self, passed: Mapping[int, int]) -> None:
        super().__init__({})
        self._passed = passed

    async def passed(self) -> Mapping[int, int]:
        return self._passed


class ReaderSuite:
    async def test_a_reader_reads_every_partition_to_its_end(self, env: Environment) -> None:
        history = History()
        records = [history.next(stream) for stream in (A, B, A, B, A)]
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            await write(log, *records)
            async with running(loop(log, tables).run):
                await soon(lambda: at_the_end(log, tables))
                await write(log, history.next(B))
                await soon(lambda: at_the_end(log, tables))
            found = await tables.contents(DESK_TICKETS)
            assert (found.heads, found.rows["tally"]) == (history.heads, {(A,): Tally(A, 3), (B,): Tally(B, 3)})

    async def test_the_next_life_goes_on_where_the_last_one_ended(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            for _ in range(2):
                await write(log, history.next(A), history.next(B))
                async with running((life := loop(log, tables)).run):
                    await soon(lambda: at_the_end(log, tables))
                assert life.take_counts() == (2, 0)

    @pytest.mark.parametrize("evidence", EVIDENCE)
    async def test_evidence_of_loss_stops_its_partition_and_no_other(
        self, env: Environment, evidence: Callable[[History], Record]
    ) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            good = [history.next(A), history.next(B)]
            bad = evidence(history)
            after = history.record(written(A, None, note())[1], A)
            await write(log, *good, bad, after)
            reading = loop(log, tables)
            async with running(reading.run):
                await soon(lambda: has_halted(reading))
                await write(log, further := history.next(stream_in(1, 1)))
                await soon(lambda: has_passed(tables, 1, further.offset))
                assert reading.halted.keys() == {0}
                assert reading.halted[0].offset == bad.offset == 1
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 1

    async def test_the_first_of_several_is_where_the_partition_stops(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            first = history.next(A)
            records = [first, history.again(first), after_one_that_is_lost(history), unreadable(history)]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}))
            assert reading.halted[0].offset == 2
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 2
            assert reading.take_counts() == (1, 1)

    async def test_what_the_card_sets_aside_is_passed(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A), unreadable(history), history.next(A)]
            reading = loop(log, tables, aside(records[1]))
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}))
            assert (await tables.contents(DESK_TICKETS)).heads == history.heads
            assert reading.halted == {}

    @pytest.mark.parametrize("missing", [0, 1, 2])
    async def test_an_offset_that_is_missing_stops_the_partition(self, env: Environment, missing: int) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A) for _ in range(4)]
            del records[missing]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}))
            assert f"offset {missing} was to come" in str(reading.halted[0])
            assert (await tables.contents(DESK_TICKETS)).positions[0] == missing

    async def test_an_end_that_lies_beyond_what_was_given_stops_the_partition(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            reading = loop(log, tables)
            await reading.assigned(ALL)
            await reading.round(Handed({0: [history.next(A)], 1: [history.next(B)]}))
            await reading.round(AtTheEnd({0: 2, 1: 1}))
            assert "offset 1 was to come, the broker gives none" in str(reading.halted[0])
            assert reading.halted.keys() == {0}
            assert (await tables.contents(DESK_TICKETS)).positions == {0: 1, 1: 1}

    async def test_a_reader_whose_positions_are_gone_does_not_begin_anew(
        self, env: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            claim = store.claim

            async def of_one_alone(_: Iterable[int]) -> Mapping[int, Position]:
                return await claim({0})

            monkeypatch.setattr(store, "claim", of_one_alone)
            with pytest.raises(Unavailable, match=r"the position rows of \[1\] are gone"):
                await loop(log, tables).assigned(ALL)

    async def test_an_offset_that_comes_twice_stops_the_partition(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A), history.next(A)]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}, {0: records}))
            await reading.round(Handed({0: records}))
            assert "offset 2 was to come, offset 0 came" in str(reading.halted[0])

    async def test_of_two_owners_the_former_one_ends_and_nothing_is_doubled(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A), history.next(A)]
            former, owner = loop(log, tables), loop(log, tables)
            await former.assigned(ALL)
            await former.round(Handed({0: records[:1]}))
            await owner.assigned(frozenset({0}))
            with pytest.raises(Fenced):
                await former.round(Handed({0: records[1:]}))
            await owner.round(Handed({0: records[1:]}))
            found = await tables.contents(DESK_TICKETS)
            assert (found.heads, found.rows["tally"]) == (history.heads, {(A,): Tally(A, 2)})

    async def test_the_batches_of_all_partitions_move_in_one_transaction(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            batches = {0: [history.next(A), history.next(A)], 1: [history.next(B)]}
            with (
                mock.patch.object(reading, "apply", side_effect=AssertionError),
                mock.patch.object(store, "steps", side_effect=store.steps) as steps,
            ):
                await reading.round(Handed(batches))
            assert steps.call_count == 1
            assert reading.halted == {}
            assert reading.take_counts() == (3, 0)
            found = await tables.contents(DESK_TICKETS)
            assert (found.positions, found.heads) == ({0: 2, 1: 1}, history.heads)
            assert found.rows["tally"] == {(A,): Tally(A, 2), (B,): Tally(B, 1)}

    async def test_a_round_without_records_opens_no_transaction(self, env: Environment) -> None:
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            with mock.patch.object(store, "steps", side_effect=store.steps) as steps:
                assert await reading.round(AtTheEnd({})) == 0
            assert steps.call_count == 0

    async def test_who_is_fenced_after_its_batches_are_stored_halts_nothing(self, env: Environment) -> None:
        """Streams are put away in transactions after that of the batches, where they are very many."""
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            reading = loop(log, tables)
            await reading.assigned(ALL)
            steps, opened = store.steps, list[Collection[int]]()

            @asynccontextmanager
            async def fenced_later(expected: Mapping[int, Position]) -> AsyncIterator[Steps]:
                opened.append(expected.keys())
                if len(opened) > 1:
                    raise Fenced("another one has them")
                async with steps(expected) as step:
                    yield step
                    step.more = True

            with mock.patch.object(store, "steps", side_effect=fenced_later), pytest.raises(Fenced):
                await reading.round(Handed({0: [history.next(A)], 1: [history.next(B)]}))
            assert (reading.halted, reading.take_counts(), opened) == ({}, (2, 0), [{0, 1}, {0, 1}])
            assert (await tables.contents(DESK_TICKETS)).heads == history.heads

    @pytest.mark.parametrize("bad", [0, 1])
    async def test_where_one_partition_halts_the_others_go_on_and_nothing_is_counted_twice(
        self, env: Environment, bad: int
    ) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            reading = loop(log, tables)
            await reading.assigned(ALL)
            first = [history.next(A), history.next(B)]
            batches = {p: [record] for p, record in enumerate(first)}
            elsewhere = first[1 - bad]._replace(partition=bad, offset=1)  # a stream of the other partition
            await reading.round(Handed({**batches, bad: [first[bad], elsewhere]}))
            assert reading.halted.keys() == {bad}
            assert "belongs to another partition" in str(reading.halted[bad])
            assert reading.take_counts() == (2, 0)
            found = await tables.contents(DESK_TICKETS)
            assert (found.positions, found.heads) == ({0: 1, 1: 1}, history.heads)

    async def test_where_one_partition_is_fenced_what_came_before_it_is_stored_and_the_owner_goes_on(
        self, env: Environment
    ) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = {p: [history.next(stream_in(p)), history.next(stream_in(p))] for p in (0, 1)}
            former, owner = loop(log, tables), loop(log, tables)
            await former.assigned(ALL)
            await owner.assigned(frozenset({1}))
            with pytest.raises(Fenced):
                await former.round(Handed(records))
            assert (await tables.contents(DESK_TICKETS)).positions == {0: 2, 1: 0}
            await owner.round(Handed({1: records[1]}))
            assert (await tables.contents(DESK_TICKETS)).heads == history.heads

    async def test_a_batch_that_was_read_for_other_tables_is_dropped(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A)]
            check = LogCheck(log, TICKETS, await log.identity(TICKETS))
            reading = loop(log, tables)
            await reading.assigned(ALL)
            await loop(log, tables).assigned(ALL)
            await reading.round(Handed({0: records}, before=lambda: reading.use(check)))
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 0
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}))
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 1

    async def test_who_is_fenced_since_others_are_in_use_goes_over_and_reads_on(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            records = [history.next(A)]
            check, gone_over = LogCheck(log, TICKETS, await log.identity(TICKETS)), list[str]()

            async def go_over() -> None:
                gone_over.append("over")
                reading.use(check)

            store = tables.stores[DESK_TICKETS.name]
            reading = ReaderLoop(log, store, projector(DESK_TICKETS), "reader", check, go_over)
            await reading.assigned(ALL)
            await loop(log, tables).assigned(ALL)  # as who keeps the tables that were in use until now
            await reading.round(Handed({0: records}))
            assert gone_over == ["over"]
            await reading.assigned(ALL)
            await reading.round(Handed({0: records}))
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 1

    async def test_a_topic_made_anew_under_its_name_is_not_read(self, env: Environment) -> None:
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            check = LogCheck(log, TICKETS, (await log.identity(TICKETS))._replace(topic="the one that was read"))
            reading = loop(log, tables, check=check)
            await write(log, History().next(A))
            async with running(reading.run):
                await soon(lambda: has_halted(reading))
            assert reading.halted.keys() == ALL
            assert "made anew" in str(reading.halted[0])
            assert (await tables.contents(DESK_TICKETS)).positions == {0: 0, 1: 0}

    async def test_who_stands_before_another_log_does_so_while_it_is_looked_at_again(self, env: Environment) -> None:
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            seen: list[set[int]] = []

            class Looked(LogCheck):
                async def problems(self, positions: Mapping[int, Position]) -> dict[int, str]:
                    seen.append(set(reading.halted))
                    return await super().problems(positions)

            other = (await log.identity(TICKETS))._replace(topic="the one that was read")
            reading = loop(log, tables, check=Looked(log, TICKETS, other))
            await reading.assigned(ALL)
            await reading.assigned(ALL)
            assert seen == [set(), set(ALL)]

    async def test_a_partition_that_was_cut_is_not_read_and_the_other_one_is(self, env: Environment) -> None:
        history = History()
        async with env.log() as log, env.tables(DESK_TICKETS) as tables:
            check = LogCheck(log, TICKETS, await log.identity(TICKETS))
            ahead = loop(log, tables)
            await ahead.assigned(ALL)
            await ahead.round(Handed({0: [history.next(A), history.next(A)]}))
            await write(log, History().next(A), history.next(B))
            reading = loop(log, tables, check=check)
            async with running(reading.run):
                await soon(lambda: has_passed(tables, 1, 0))
            assert "the log was cut: it ends at 1, 2 were read" in str(reading.halted[0])

    @pytest.mark.parametrize("seed", range(2))
    @pytest.mark.parametrize("reader", [DESK_TICKETS, TIMER_TICKETS], ids=lambda reader: reader.name)
    async def test_what_is_read_in_any_batches_equals_a_rebuild(
        self, env: Environment, reader: Reader, seed: int
    ) -> None:
        rng = Random(seed)
        records, set_aside = any_history(rng)
        async with env.log() as log, env.tables(reader) as tables:
            await write(log, *records)
            judging = projector(reader, *set_aside)
            reading = ReaderLoop(log, tables.stores[reader.name], judging, "reader")
            await reading.assigned(ALL)
            while records:
                size = rng.choice([1, 2, 5, 20])
                batch, records = records[:size], records[size:]
                split = {p: [r for r in batch if r.partition == p] for p in sorted({r.partition for r in batch})}
                await reading.round(Handed(split))
            assert reading.halted == {}
            assert await tables.contents(reader) == await tables.rebuilt(projector(reader, *set_aside), log)


def any_history(rng: Random) -> tuple[list[Record], list[SetAside]]:
    """Draw what counts, repeats, losers of races and records set aside, over some streams of both partitions."""
    history, records, repeatable, set_aside = History(), list[Record](), list[Record](), list[SetAside]()
    streams = [stream_in(partition, which) for partition in range(PARTITIONS) for which in range(3)]
    for n in range(60):
        stream, draw = rng.choice(streams), rng.random()
        head = history.heads.get(stream)
        if draw < 0.6:
            records.append(history.next(stream, note(n)))
            repeatable.append(records[-1])
        elif draw < 0.75 and repeatable:
            records.append(history.again(rng.choice(repeatable)))
        elif draw < 0.9 and head:
            before = Head(head.sequence - 1, "any")
            records.append(history.record(written(stream, before, note(-n))[1], stream))
        else:
            records.append(unreadable(history) if draw < 0.95 else after_one_that_is_lost(history))
            set_aside.append(aside(records[-1]))
    return records, set_aside


async def at_the_end(log: Log, tables: Tables) -> bool:
    return dict((await tables.contents(DESK_TICKETS)).positions) == await log.ends(TICKETS)


async def has_halted(reading: ReaderLoop) -> bool:
    return bool(reading.halted)


async def has_passed(tables: Tables, partition: int, offset: int) -> bool:
    return (await tables.contents(DESK_TICKETS)).positions.get(partition, 0) > offset
