"""Registers and tallies in a rebuild in slices, copied a few rows at a time, and of a log that can not be read on."""

from collections.abc import Callable

import pytest

from libs.eventlog.fold import Projector
from libs.eventlog.rebuild import build as rebuild
from libs.eventlog.wire.record import Record
from tests.unit.eventlog.environment import Environment, write
from tests.unit.eventlog.evidence import EVIDENCE
from tests.unit.eventlog.history import History
from tests.unit.eventlog.suite_put_away import STREAMS, any_play
from tests.unit.eventlog.suite_registers import JUDGE, READER, read


@pytest.mark.parametrize("slice_", [3, 7, 50])
@pytest.mark.parametrize("entries", [1, 5, 1000])
async def test_a_rebuild_in_slices_enters_what_the_reader_did(
    env: Environment, monkeypatch: pytest.MonkeyPatch, slice_: int, entries: int
) -> None:
    play = any_play(4)
    monkeypatch.setattr(rebuild, "SLICE", slice_)
    monkeypatch.setattr(rebuild, "ENTRIES", entries)
    async with env.log() as log, env.tables(READER) as tables:
        await read(tables.stores[READER.name], play.records, 7, play.projector(READER).judge)
        await write(log, *play.records)
        assert await tables.rebuilt(play.projector(READER), log) == await tables.contents(READER)


@pytest.mark.parametrize("evidence", EVIDENCE)
async def test_of_a_partition_that_can_not_be_read_on_nothing_is_entered_twice(
    env: Environment, monkeypatch: pytest.MonkeyPatch, evidence: Callable[[History], Record]
) -> None:
    monkeypatch.setattr(rebuild, "SLICE", 7)
    monkeypatch.setattr(rebuild, "ENTRIES", 1)
    history = History()
    records = [history.next(stream) for _ in range(3) for stream in STREAMS]
    async with env.log() as log, env.tables(READER) as tables:
        await read(tables.stores[READER.name], records, 7)
        await write(log, *records, evidence(history))
        assert await tables.rebuilt(Projector(READER, JUDGE), log) == await tables.contents(READER)
