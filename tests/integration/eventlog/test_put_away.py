"""Streams that are put away in a rebuild in slices, and where very many are at once."""

from collections.abc import Callable

import pytest

from libs.eventlog.rebuild import build as rebuild
from libs.eventlog.tables import put_away as tables_put_away
from libs.eventlog.wire.record import Record
from tests.unit.eventlog.environment import Environment, write
from tests.unit.eventlog.evidence import EVIDENCE
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_put_away import DAYS, READER, STREAMS, Play, any_play, read


@pytest.mark.parametrize("slice_", [3, 7, 50])
@pytest.mark.parametrize("seed", [0, 1])
async def test_a_rebuild_in_slices_puts_away_what_the_reader_did(
    env: Environment, monkeypatch: pytest.MonkeyPatch, slice_: int, seed: int
) -> None:
    play = any_play(seed)
    monkeypatch.setattr(rebuild, "SLICE", slice_)
    async with env.log() as log, env.tables(READER) as tables:
        await read(tables.stores[READER.name], READER, play, 7)
        await write(log, *play.records)
        found = await tables.contents(READER)
        assert found.away
        assert await tables.rebuilt(play.projector(READER), log) == found


async def test_very_many_are_put_away_in_several_transactions(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables_put_away, "MOST", 3)
    history = History()
    old = [stream_in(0, which) for which in range(10)]
    play = Play([*(history.next(stream) for stream in old), history.next(stream_in(0, 10), day=DAYS)])
    async with env.tables(READER) as tables:
        await read(tables.stores[READER.name], READER, play, 500)
        found = await tables.contents(READER)
    assert found.away.keys() == {*old}
    assert {**found.heads, **{s: row.head for s, row in found.away.items()}} == history.heads


@pytest.mark.parametrize("evidence", EVIDENCE)
async def test_of_a_partition_that_can_not_be_read_on_nothing_is_left_twice(
    env: Environment, monkeypatch: pytest.MonkeyPatch, evidence: Callable[[History], Record]
) -> None:
    monkeypatch.setattr(rebuild, "SLICE", 7)
    history = History()
    records = [history.next(stream, day=day) for day in (0, DAYS, 2 * DAYS) for stream in STREAMS[day // DAYS :: 2]]
    play = Play([*records, evidence(history)])
    async with env.log() as log, env.tables(READER) as tables:
        await read(tables.stores[READER.name], READER, Play(records), 7)
        await write(log, *play.records)
        found = await tables.contents(READER)
        assert found.away
        assert await tables.rebuilt(play.projector(READER), log) == found
