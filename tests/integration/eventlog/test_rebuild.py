"""A rebuild in slices, and of a log that cannot be read to its end."""

from collections.abc import Callable

import pytest

from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.rebuild import build as rebuild
from libs.eventlog.rule import Judge
from libs.eventlog.wire.record import Record
from tests.model.story import CODECS, DESK_TICKETS, PARTITIONS, TICKETS, TIMER_TICKETS
from tests.unit.eventlog.environment import Environment, running, soon, write
from tests.unit.eventlog.evidence import EVIDENCE
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_reader import has_halted

FOLDER = Projector(TIMER_TICKETS, Judge(CODECS[TICKETS]))
STREAMS = [stream_in(partition, which) for partition in range(PARTITIONS) for which in range(4)]


def many(history: History) -> list[Record]:
    records = [history.next(stream) for _ in range(5) for stream in STREAMS]
    return [*records, *(history.again(record) for record in records[:6])]


@pytest.mark.parametrize("slice_", [3, 7, 1000])
async def test_a_rebuild_is_the_same_in_slices_of_any_size(
    env: Environment, monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    history = History()
    async with env.log() as log, env.tables(TIMER_TICKETS) as tables:
        await write(log, *many(history))
        whole = await tables.rebuilt(FOLDER, log)
        monkeypatch.setattr(rebuild, "SLICE", slice_)
        assert await tables.rebuilt(FOLDER, log) == whole
        assert whole.heads == history.heads


@pytest.mark.parametrize("evidence", EVIDENCE)
async def test_a_partition_that_can_not_be_read_on_is_built_up_to_there_and_its_reader_says_so(
    env: Environment, monkeypatch: pytest.MonkeyPatch, evidence: Callable[[History], Record]
) -> None:
    history, projector = History(), Projector(DESK_TICKETS, Judge(CODECS[TICKETS]))
    monkeypatch.setattr(rebuild, "SLICE", 7)
    async with env.log() as log, env.tables(DESK_TICKETS) as tables:
        await write(log, *many(history))
        before = await tables.rebuilt(projector, log)
        await write(log, bad := evidence(history))
        assert await tables.rebuilt(projector, log) == before
        loop = ReaderLoop(log, tables.stores[DESK_TICKETS.name], projector, "reader")
        async with running(loop.run):
            await soon(lambda: has_halted(loop))
        assert loop.halted[0].offset == bad.offset
