"""What any tables do with streams of which nothing was recorded for long: they are put away, and nobody notices."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import pytest

from libs.eventlog.fold import INDEX_ENTRY, NEWEST, Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.ports import Asked, Loaded, Store
from libs.eventlog.projection import Reader, state_of
from libs.eventlog.put_away import PutAway
from libs.eventlog.rule import Judge, SetAside
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Record
from libs.messages.ids import name_id
from tests.model.story import (
    CODECS,
    DESK_TICKETS,
    MONDAY,
    PARTITIONS,
    TALLY,
    TICKET,
    Closed,
    Noted,
    Opened,
    Ticket,
    content_of,
)
from tests.unit.eventlog.environment import Contents, Environment, write
from tests.unit.eventlog.history import History, aside, stream_in
from tests.unit.eventlog.suite_reader import Handed

A, B = stream_in(0), stream_in(0, 1)
STREAMS = [stream_in(partition, which) for partition in range(PARTITIONS) for which in range(5)]
OPENED, CLOSED = Opened(at=MONDAY, fact=1, basis=()), Closed(at=MONDAY, fact=1, basis=())
READER = replace(DESK_TICKETS, put_away=PutAway(example='{"contents": ["an example"], "is_open": true}'))
NEVER = replace(DESK_TICKETS, put_away=PutAway(after=1_000_000))
DAYS = READER.put_away.after // 24 + 1


class Play(NamedTuple):
    """A history as it stands in the log, and what a reader's card sets aside of it."""

    records: Sequence[Record]
    set_aside: tuple[SetAside, ...] = ()

    def projector(self, reader: Reader) -> Projector:
        return Projector(reader, Judge(CODECS[reader.topic], self.set_aside))


async def read(store: Store, reader: Reader, play: Play, size: int) -> None:
    """Fold the records, batch by batch, those of all partitions at once, from where the store stands."""
    loop = ReaderLoop(MemoryLog(), store, play.projector(reader), "reader")
    starts = await loop.assigned(frozenset(range(PARTITIONS)))
    left = {p: [record for record in play.records if record.partition == p][start:] for p, start in starts.items()}
    while any(left.values()):
        await loop.round(Handed({p: records[:size] for p, records in left.items() if records}))
        left = {p: records[size:] for p, records in left.items()}
    assert loop.halted == {}


async def loaded(store: Store) -> Any:
    """What a writer is given of every stream, with all commands there were."""
    asked = [Asked(s, str(name_id(f"{s} {n}"))) for s in STREAMS for n in range(60)]
    return await store.load(STREAMS, asked), await store.counted(asked)


def same_but_where(found: Contents, kept: Contents) -> bool:
    """Whether nothing differs that does not stand in what was put away."""
    gone = found.away.keys()
    return (
        found.positions == kept.positions
        and found.rows["tally"] == kept.rows["tally"]
        and found.heads == {s: head for s, head in kept.heads.items() if s not in gone}
        and found.hours == {s: hour for s, hour in kept.hours.items() if s not in gone}
        and found.command_indexes == {s: index for s, index in kept.command_indexes.items() if s not in gone}
        and found.rows["ticket_state"] == {k: row for k, row in kept.rows["ticket_state"].items() if k[0] not in gone}
        and {s: row.head for s, row in found.away.items()} == {s: kept.heads[s] for s in gone}
        and {s: row.commands for s, row in found.away.items()} == {s: kept.command_indexes.get(s, b"") for s in gone}
        and {s: row.hour for s, row in found.away.items()} == {s: kept.hours[s] for s in gone}
    )


def any_play(seed: int) -> Play:
    """Some hundred days and streams; repeats, losers, clocks that are behind, and records that are set aside."""
    rng, history, day = Random(seed), History(), 0
    records: list[Record] = []
    entries: list[SetAside] = []
    while len(records) < 120:
        day += rng.choice([0, 0, 1, 20, 90, 200]) if rng.random() < 0.3 else 0
        stream = STREAMS[int(rng.random() ** 2 * len(STREAMS))]
        event = rng.choice([OPENED, CLOSED, Noted(at=MONDAY, fact=rng.randrange(99), basis=())])
        records.append(history.next(stream, event, day=day + rng.choice([0, 0, 0, -1, -150, -400])))
        if rng.random() < 0.15:
            records.append(history.again(rng.choice([r for r in records if r.partition == records[-1].partition])))
        if rng.random() < 0.05:
            beyond = _beyond(history, rng.choice(STREAMS), rng, day)
            records.append(beyond)
            entries.append(aside(beyond))
    return Play(records, tuple(entries))


def _beyond(history: History, stream: str, rng: Random, day: int) -> Record:
    """A record after one that was lost, or with an id of another kind, which a person set aside: it is the head."""
    if stream in history.heads:
        history.heads[stream] = history.heads[stream]._replace(sequence=history.heads[stream].sequence + 3)
    record = history.next(stream, day=day)
    if rng.random() < 0.5:
        made = history.heads[stream]
        history.heads[stream] = made._replace(id="an id of another kind")
        record = record._replace(value=(record.value or b"").replace(made.id.encode(), b"an id of another kind", 1))
    return record


class PutAwaySuite:
    async def test_a_stream_of_which_nothing_was_recorded_for_long_is_put_away(self, env: Environment) -> None:
        history = History()
        play = Play([history.next(A, OPENED, "one"), history.next(A, CLOSED, "two"), history.next(B, day=DAYS)])
        async with env.tables(READER) as tables:
            await read(tables.stores[READER.name], READER, Play(play.records[:2]), 7)
            assert not (await tables.contents(READER)).away
            await read(tables.stores[READER.name], READER, play, 7)
            found = await tables.contents(READER)
        assert found.away.keys() == {A}
        assert found.away[A].head == history.heads[A]
        assert found.away[A].commands == name_id("one").bytes + bytes(8) + name_id("two").bytes + bytes(7) + b"\1"
        assert [*found.heads, *found.hours, *found.command_indexes] == [B, B, B]
        assert found.rows["ticket_state"].keys() == {(B,)}
        assert found.rows["tally"].keys() == {(A,), (B,)}

    @pytest.mark.parametrize("days", [DAYS - 1, DAYS])
    async def test_it_is_put_away_after_so_many_days(self, env: Environment, days: int) -> None:
        history = History()
        async with env.tables(READER) as tables:
            play = Play([history.next(A), history.next(B, day=days)])
            await read(tables.stores[READER.name], READER, play, 1)
            assert (A in (await tables.contents(READER)).away) == (days == DAYS)

    async def test_a_writer_is_given_what_was_there_before(self, env: Environment) -> None:
        history = History()
        play = Play([history.next(A, OPENED, "open"), history.next(B, day=DAYS)])
        asked = [Asked(A, str(name_id("open"))), Asked(A, str(name_id("another")))]
        async with env.tables(READER) as tables:
            store = tables.stores[READER.name]
            await read(store, READER, play, 7)
            state = Ticket((content_of(OPENED),), is_open=True)
            assert (await store.load([A], asked))[A] == Loaded(history.heads[A], {asked[0].command: 0}, state)
            assert await store.counted(asked) == {asked[0]: 0}
            assert A in (await tables.contents(READER)).away

    async def test_its_next_event_brings_it_back_as_it_was(self, env: Environment) -> None:
        history = History()
        before = [history.next(A, OPENED), history.next(B, day=DAYS)]
        play = Play([*before, history.next(A, CLOSED, day=DAYS)])
        async with env.tables(READER) as tables, env.tables(NEVER) as never:
            for records in (Play(before), play):
                await read(tables.stores[READER.name], READER, records, 7)
            await read(never.stores[NEVER.name], NEVER, play, 7)
            assert await tables.contents(READER) == await never.contents(NEVER)

    async def test_what_is_void_does_not_bring_it_back(self, env: Environment) -> None:
        history = History()
        before = [first := history.next(A, OPENED), history.next(B, day=DAYS)]
        async with env.tables(READER) as tables:
            store = tables.stores[READER.name]
            await read(store, READER, Play(before), 7)
            found = await tables.contents(READER)
            play = Play([*before, history.again(first), history.next(B, day=DAYS)])
            await read(store, READER, play, 7)
            after = await tables.contents(READER)
        assert after.away == found.away
        assert after.rows["ticket_state"].keys() == {(B,)}

    async def test_it_comes_back_and_is_put_away_within_a_batch(self, env: Environment) -> None:
        history = History()
        before = [history.next(A), history.next(B, day=DAYS)]
        play = Play([*before, history.next(A, day=DAYS), history.next(B, day=3 * DAYS)])
        async with env.tables(READER) as tables:
            for records in (Play(before), play):
                await read(tables.stores[READER.name], READER, records, 7)
            found = await tables.contents(READER)
        assert found.away.keys() == {A}
        assert found.away[A].head == history.heads[A]

    async def test_a_long_stream_is_put_away_whole_and_comes_back_whole(self, env: Environment) -> None:
        history = History()
        many = [history.next(A) for _ in range(3 * NEWEST // INDEX_ENTRY + 5)]
        play = Play([*many, history.next(B, day=DAYS)])
        async with env.tables(READER) as tables, env.tables(NEVER) as never:
            stores = tables.stores[READER.name], never.stores[NEVER.name]
            await read(stores[0], READER, play, 7)
            found = await tables.contents(READER)
            assert len(found.away[A].commands) == len(many) * INDEX_ENTRY
            assert found.command_indexes.keys() == {B}
            play = Play([*play.records, history.next(A, day=DAYS)])
            await read(stores[0], READER, play, 7)
            await read(stores[1], NEVER, play, 7)
            assert await loaded(stores[0]) == await loaded(stores[1])
            assert await tables.contents(READER) == await never.contents(NEVER)

    async def test_an_event_that_leaves_the_state_alone_brings_it_back_as_well(self, env: Environment) -> None:
        state = state_of("ticket_state", {"ticket": TICKET}, Ticket, (Opened, Closed))
        reader = replace(READER, projections=(state, TALLY))
        history = History()
        before = [history.next(A, OPENED), history.next(B, OPENED, day=DAYS)]
        play = Play([*before, history.next(A, day=DAYS)])
        async with env.tables(reader) as tables:
            store = tables.stores[reader.name]
            for records in (Play(before), play):
                await read(store, reader, records, 7)
            assert (await store.load([A]))[A].state == Ticket((content_of(OPENED),), is_open=True)
            assert not (await tables.contents(reader)).away

    async def test_streams_of_another_partition_are_left_alone(self, env: Environment) -> None:
        history, other = History(), stream_in(1)
        play = Play([history.next(A), history.next(other), history.next(B, day=DAYS)])
        async with env.tables(READER) as tables:
            await read(tables.stores[READER.name], READER, play, 7)
            assert (await tables.contents(READER)).away.keys() == {A}

    @pytest.mark.parametrize("seed", [0, 1, 2, 3, 6, 9])
    @pytest.mark.parametrize("size", [1, 7, 500])
    async def test_whatever_happened_nobody_notices_and_a_rebuild_is_the_same(
        self, env: Environment, seed: int, size: int
    ) -> None:
        play = any_play(seed)
        async with env.log() as log, env.tables(READER) as tables, env.tables(NEVER) as never:
            await read(tables.stores[READER.name], READER, play, size)
            await read(never.stores[NEVER.name], NEVER, play, 7)
            found = await tables.contents(READER)
            assert found.away
            assert same_but_where(found, await never.contents(NEVER))
            assert await loaded(tables.stores[READER.name]) == await loaded(never.stores[NEVER.name])
            await write(log, *play.records)
            rebuilt = await tables.rebuilt(play.projector(READER), log)
        assert rebuilt == found
