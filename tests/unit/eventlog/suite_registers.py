"""What any tables do with registers and tallies: a row an event, written once; and how many events have a key."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from libs.eventlog.errors import Halted
from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.projection import Register, Tally
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Record, RecordedEvent
from tests.model.story import CODECS, DESK_TICKETS, MONDAY, PARTITIONS, TICKETS, Closed, Noted, Opened
from tests.unit.eventlog.environment import Environment, write
from tests.unit.eventlog.evidence import edited
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_put_away import any_play

A, B = stream_in(0), stream_in(1)
OPENED, CLOSED = Opened(at=MONDAY, fact=1, basis=()), Closed(at=MONDAY, fact=1, basis=())
ROWS = Register(
    table="rows",
    columns="stream text not null, sequence bigint not null, type text not null",
    key=("stream", "sequence"),
    entries=lambda event: [(event.stream, event.sequence, event.type)],
    indexes=("(type)",),
)


def _facts(event: RecordedEvent[Noted]) -> Sequence[tuple[str, int]]:
    return [(event.stream, event.data.fact), (event.stream, -event.data.fact)] if event.data.fact else []


FACTS = Register(
    "facts", "stream text not null, fact int not null", ("partition", '"offset"', "fact"), _facts, (Noted,)
)
BY_TYPE = Tally("by_type", "day date not null, type text not null", ("day", "type"), lambda e: (e.time.date(), e.type))
READER = replace(DESK_TICKETS, registers=(ROWS, FACTS), tallies=(BY_TYPE,))
JUDGE = Judge(CODECS[TICKETS])


async def read(store: object, records: Sequence[Record], size: int, judge: Judge = JUDGE) -> None:
    loop = ReaderLoop(MemoryLog(), store, Projector(READER, judge), "reader")  # type: ignore[arg-type]
    for partition, start in (await loop.assigned(frozenset(range(PARTITIONS)))).items():
        mine = [r for r in records if r.partition == partition][start:]
        for begin in range(0, len(mine), size):
            await loop.apply(partition, mine[begin : begin + size])


class RegisterSuite:
    async def test_a_counting_event_has_its_rows_and_a_void_one_has_none(self, env: Environment) -> None:
        history = History()
        one = history.next(A, OPENED)
        records = [one, history.again(one), history.next(A, Noted(at=MONDAY, fact=7, basis=())), history.next(A)]
        async with env.tables(READER) as tables:
            await read(tables.stores[READER.name], records, 500)
            found = (await tables.contents(READER)).entered
        assert found == {
            "rows": [
                (0, 0, A, 1, "olcare.Opened.v1"),
                (0, 2, A, 2, "olcare.Noted.v1"),
                (0, 3, A, 3, "olcare.Noted.v1"),
            ],
            "facts": [(0, 2, A, -7), (0, 2, A, 7)],
            "by_type": [
                (0, MONDAY.date(), "olcare.Noted.v1", 2),
                (0, MONDAY.date(), "olcare.Opened.v1", 1),
            ],
        }

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("size", [1, 4, 500])
    async def test_they_are_the_same_in_batches_of_any_size_and_after_a_rebuild(
        self, env: Environment, seed: int, size: int
    ) -> None:
        play = any_play(seed)
        judge = play.projector(READER).judge
        async with env.log() as log, env.tables(READER) as tables:
            await read(tables.stores[READER.name], play.records, size, judge)
            await write(log, *play.records)
            found = await tables.contents(READER)
            assert await tables.rebuilt(Projector(READER, judge), log) == found
        assert len(found.entered["rows"]) == sum(row[-1] for row in found.entered["by_type"]) > len(found.heads)
        types = Counter(row[-1] for row in found.entered["rows"])
        counted = Counter[str]()
        for *_, kind, events in found.entered["by_type"]:
            counted[kind] += events
        assert counted == types

    async def test_what_fails_within_a_batch_enters_nothing(self, env: Environment) -> None:
        history = History()
        good, bad = history.next(A, OPENED), history.next(A, CLOSED)
        async with env.tables(READER) as tables:
            await read(tables.stores[READER.name], [good], 1)
            before = await tables.contents(READER)
            wrong = history.next(A)
            records = [bad, wrong._replace(value=edited(wrong, data={"at": "some day"}))]
            with pytest.raises(Halted):
                await read(tables.stores[READER.name], [good, *records], 500)
            assert (await tables.contents(READER)).entered == before.entered
