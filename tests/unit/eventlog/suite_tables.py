"""What any tables of a reader must do: all that they hold moves together, and for the owner alone."""

from collections.abc import Sequence
from hashlib import sha256

import pytest

from libs.eventlog.errors import Fenced, Halted, Unavailable
from libs.eventlog.fold import INDEX_ENTRY, NEWEST, Projector
from libs.eventlog.ports import Asked, Loaded, Position, Span, Store
from libs.eventlog.projection import Reader
from libs.eventlog.rule import Judge
from libs.eventlog.wire.record import Head, Record
from libs.messages.ids import name_id
from tests.model.story import (
    CODECS,
    DESK_TICKETS,
    MONDAY,
    TIMER_TICKETS,
    Opened,
    Tally,
    Ticket,
    content_of,
)
from tests.unit.eventlog.environment import Environment, write
from tests.unit.eventlog.history import History, stream_in

A, B = stream_in(0), stream_in(1)
OPENED = Opened(at=MONDAY, fact=1, basis=())


async def apply(store: Store, reader: Reader, expected: Position, records: Sequence[Record]) -> Position:
    """Fold a batch of one partition in one transaction."""
    projector = Projector(reader, Judge(CODECS[reader.topic]))
    events = projector.judge.envelopes(records)
    after = Position(expected.epoch, records[-1].offset + 1, sha256(records[-1].value or b"").digest())
    async with store.step(records[0].partition, expected) as step:
        view = await step.view({str((r.key or b"").decode()) for r in records}, projector.touched(events))
        projector.fold(events, view)
        await step.save(view, after)
    return after


class TablesSuite:
    async def test_a_reader_that_has_read_nothing_begins_at_the_start(self, env: Environment) -> None:
        async with env.tables(DESK_TICKETS) as tables:
            claimed = await tables.stores[DESK_TICKETS.name].claim({0, 1})
            assert {(p, at.next_offset, at.digest) for p, at in claimed.items()} == {(0, 0, None), (1, 0, None)}

    async def test_a_batch_moves_position_heads_journals_and_rows_together(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            claimed = await store.claim({0, 1})
            records = [history.next(A, OPENED, "one"), history.next(A, command="two")]
            after = await apply(store, DESK_TICKETS, claimed[0], records)
            found = await tables.contents(DESK_TICKETS)
            assert (found.positions, found.heads) == ({0: 2, 1: 0}, history.heads)
            assert found.command_indexes == {
                A: name_id("one").bytes + bytes(8) + name_id("two").bytes + bytes(7) + b"\1"
            }
            assert found.rows["tally"] == {(A,): Tally(A, 2)}
            assert (await store.claim({0}))[0] == after._replace(epoch=after.epoch + 1)

    async def test_a_second_batch_goes_on_from_the_first(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            after = (await store.claim({0, 1}))[0]
            for _ in range(3):
                after = await apply(store, DESK_TICKETS, after, [history.next(A)])
            found = await tables.contents(DESK_TICKETS)
            assert (found.heads, found.rows["tally"]) == (history.heads, {(A,): Tally(A, 3)})
            assert len(found.command_indexes[A]) == 3 * 24

    async def test_what_fails_within_a_batch_leaves_everything_as_it_was(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            after = await apply(store, DESK_TICKETS, (await store.claim({0, 1}))[0], [history.next(A)])
            before = await tables.contents(DESK_TICKETS)
            with pytest.raises(Halted):
                await apply(store, DESK_TICKETS, after, [history.next(A), history.next(A)][1:])
            assert await tables.contents(DESK_TICKETS) == before
            await store.claim({0})

    @pytest.mark.parametrize("wrong", ["epoch", "offset", "digest"])
    async def test_a_batch_is_refused_where_the_position_is_not_the_one_expected(
        self, env: Environment, wrong: str
    ) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            after = await apply(store, DESK_TICKETS, (await store.claim({0, 1}))[0], [history.next(A)])
            expected = {
                "epoch": after._replace(epoch=after.epoch - 1),
                "offset": after._replace(next_offset=0),
                "digest": after._replace(digest=None),
            }[wrong]
            with pytest.raises(Fenced):
                await apply(store, DESK_TICKETS, expected, [history.next(A)])
            assert (await tables.contents(DESK_TICKETS)).positions[0] == 1

    async def test_who_claims_a_partition_keeps_its_former_owner_out(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            former = (await store.claim({0, 1}))[0]
            owner = (await store.claim({0}))[0]
            record = history.next(A)
            with pytest.raises(Fenced):
                await apply(store, DESK_TICKETS, former, [record])
            await apply(store, DESK_TICKETS, owner, [record])

    async def test_heads_of_another_partition_are_not_seen(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            claimed = await store.claim({0, 1})
            await apply(store, DESK_TICKETS, claimed[0], [history.next(A)])
            async with store.step(1, claimed[1]) as step:
                view = await step.view({A}, {"ticket_state": [], "tally": []})
            assert view.heads == {}

    async def test_a_writer_finds_head_journal_and_state_of_every_stream_it_asks_for(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            await apply(store, DESK_TICKETS, (await store.claim({0, 1}))[0], [history.next(A, OPENED, "open")])
            one, other = str(name_id("open")), str(name_id("another"))
            asked = [Asked(A, one), Asked(A, other), Asked(B, one)]
            assert await store.load([A, B, A], asked) == {
                A: Loaded(Head(1, history.heads[A].id), {one: 0}, Ticket((content_of(OPENED),), is_open=True)),
                B: Loaded(None, {}, None),
            }
            assert await store.counted(asked) == {asked[0]: 0}

    @pytest.mark.parametrize("size", [1, 7, 500])
    async def test_every_command_of_a_long_stream_is_found_and_a_rebuild_has_the_same(
        self, env: Environment, size: int
    ) -> None:
        history = History()
        records = [history.next(A, command=f"c{n}") for n in range(3 * NEWEST // INDEX_ENTRY + 5)]
        asked = [Asked(A, str(name_id(f"c{n}"))) for n in range(len(records))]
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            after = (await store.claim({0, 1}))[0]
            for at in range(0, len(records), size):
                after = await apply(store, DESK_TICKETS, after, records[at : at + size])
            assert await store.counted([*asked, Asked(A, str(name_id("none")))]) == {a: n for n, a in enumerate(asked)}
            loaded = await store.load([A, B], asked[::40])
            assert loaded[A].counted == {asked[n].command: n for n in range(0, len(asked), 40)}
            async with env.log() as log:
                await write(log, *records)
                rebuilt = await tables.rebuilt(Projector(DESK_TICKETS, Judge(CODECS[DESK_TICKETS.topic])), log)
            assert (await tables.contents(DESK_TICKETS)).command_indexes == rebuilt.command_indexes

    async def test_void_offsets_are_kept_where_reactions_ask_for_them(self, env: Environment) -> None:
        history = History()
        first = history.next(A)
        records = [first, history.again(first), history.next(A), history.again(first)]
        async with env.tables(TIMER_TICKETS) as tables:
            store = tables.stores[TIMER_TICKETS.name]
            await apply(store, TIMER_TICKETS, (await store.claim({0, 1}))[0], records)
            assert await store.voids({0: Span(0, 3)}) == {0: {1, 3}}
            assert await store.voids({0: Span(2, 2)}) == {0: frozenset()}
            assert (await tables.contents(TIMER_TICKETS)).voids == {0: {1, 3}}

    async def test_void_offsets_are_not_kept_where_nobody_asks(self, env: Environment) -> None:
        history = History()
        first = history.next(A)
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            await apply(store, DESK_TICKETS, (await store.claim({0, 1}))[0], [first, history.again(first)])
            assert (await tables.contents(DESK_TICKETS)).voids == {}

    async def test_nothing_is_said_of_what_the_reader_has_not_passed(self, env: Environment) -> None:
        history = History()
        async with env.tables(TIMER_TICKETS) as tables:
            store = tables.stores[TIMER_TICKETS.name]
            await apply(store, TIMER_TICKETS, (await store.claim({0, 1}))[0], [history.next(A)])
            assert await store.voids({0: Span(0, 0)}) == {0: frozenset()}
            with pytest.raises(Unavailable, match="has not passed offset 1"):
                await store.voids({0: Span(0, 1)})
            with pytest.raises(Unavailable, match=r"\[1\] has not passed offset 0"):
                await store.voids({0: Span(0, 0), 1: Span(0, 0)})

    async def test_who_waits_for_a_position_is_told_when_it_is_passed(self, env: Environment) -> None:
        history = History()
        async with env.tables(DESK_TICKETS) as tables:
            store = tables.stores[DESK_TICKETS.name]
            claimed = await store.claim({0, 1})
            assert not await store.next_position(0, 0, 0.05)
            assert await store.next_position(0, -1, 0.05)
            await apply(store, DESK_TICKETS, claimed[0], [history.next(A)])
            assert await store.next_position(0, 0, 0.05)
            assert not await store.next_position(0, 1, 0.05)
            assert not await store.next_position(1, 0, 0.05)
            assert await store.positions() == {0: 1, 1: 0}
