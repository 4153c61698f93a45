"""The newest records of a topic, and a search that goes backwards by stretches until nothing is left."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.chassis.clock import Clock
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.wire.record import Record
from services.ops.console import tail
from services.ops.console.pages import tail as pages_tail
from services.ops.console.pages.page import NotThere
from services.ops.console.pages.tail import SearchQuery, search
from services.ops.console.tail import FIRST, KEPT, Tail, backwards


class Topic(KafkaLog):
    """Partitions of records; the first of them are gone."""

    def __init__(self, *ends: int, gone: int = 0) -> None:
        self.end, self.gone, self.reads = dict(enumerate(ends)), gone, 0

    async def ends(self, topic: str) -> Mapping[int, int]:  # noqa: ARG002 - as the log has it
        return dict(self.end)

    async def starts(self, topic: str) -> Mapping[int, int]:  # noqa: ARG002 - likewise
        return dict.fromkeys(self.end, self.gone)

    async def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        self.reads += until - start
        assert self.gone <= start <= until <= self.end[partition]
        yield [Record(topic, partition, o, b"", b"", [], 10 * o + partition) for o in range(start, until)]


async def test_who_comes_first_is_given_the_newest_of_each_partition() -> None:
    log = Topic(1000, 10, 0)
    found = await Tail("t").newest(log)
    assert len(found) == FIRST + 10
    assert [r.timestamp for r in found] == sorted((r.timestamp for r in found), reverse=True)
    assert found[0].offset == 999


async def test_only_what_has_come_since_is_read() -> None:
    log, followed = Topic(1000), Tail("t")
    await followed.newest(log)
    reads = log.reads
    await followed.newest(log)
    assert log.reads == reads
    log.end[0] += 3
    found = await followed.newest(log)
    assert log.reads == reads + 3
    assert [r.offset for r in found[:4]] == [1002, 1001, 1000, 999]


async def test_after_a_flood_the_newest_are_kept_and_no_more() -> None:
    log, followed = Topic(10), Tail("t")
    await followed.newest(log)
    log.end[0] += 100_000
    found = await followed.newest(log)
    assert len(found) == KEPT
    assert found[-1].offset == 100_010 - KEPT
    assert log.reads <= 10 + KEPT


async def test_what_is_gone_is_not_asked_for() -> None:
    assert len(await Tail("t").newest(Topic(100, gone=95))) == 5


@pytest.fixture(autouse=True, scope="module")
def _short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "STRETCH", 7)
        yield


@given(st.lists(st.integers(5, 60), min_size=1, max_size=4))
async def test_a_search_comes_by_every_record_once(ends: list[int]) -> None:
    log, seen, scanned = Topic(*ends, gone=5), list[tuple[int, int]](), 0
    before: Mapping[int, int] = dict(enumerate(ends))
    while before:
        stretch = await backwards(log, "t", before, await log.starts("t"))
        seen += [(r.partition, r.offset) for r in stretch.records]
        before, scanned = stretch.before, scanned + stretch.scanned
    assert sorted(seen) == [(p, o) for p, end in enumerate(ends) for o in range(5, end)]
    assert len(seen) == scanned


class Asked:
    """What a search asks of its sources."""

    def __init__(self, log: Topic) -> None:
        self._log, self.clock = log, Clock()
        self.cards = {"t": Card("t", "log", 3, {}, 1, {}, (), (), ())}

    async def log(self) -> Topic:
        return self._log


async def test_a_search_goes_on_from_where_its_page_ended_until_all_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_tail, "MOST", 10)
    asked: Any = Asked(Topic(40, 25, 0, gone=5))
    query, seen = SearchQuery(topic="t"), list[tuple[int, int]]()
    while True:
        found = await search(asked, query)
        seen += [(one.partition, one.offset) for one in found.records]
        assert found.of == 55
        if found.next is None:
            break
        assert found.scanned == len(seen) < 55
        query = SearchQuery.model_validate({**found.next, "topic": "t"})
    assert found.scanned == 55
    assert sorted(seen) == [(0, o) for o in range(5, 40)] + [(1, o) for o in range(5, 25)]


async def test_a_search_from_a_place_begins_with_it() -> None:
    asked: Any = Asked(Topic(40, 25))
    found = await search(asked, SearchQuery(topic="t", partition=1, offset=7))
    assert [(one.partition, one.offset) for one in found.records] == [(1, o) for o in range(7, -1, -1)]
    with pytest.raises(NotThere, match="no partition 2"):
        await search(asked, SearchQuery(topic="t", partition=2))
    with pytest.raises(NotThere, match="no partition 9"):
        await search(asked, SearchQuery.model_validate({"topic": "t", "before": "9:1"}))
