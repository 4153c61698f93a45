"""The log is read for a ticket once, and again when something more was recorded of it."""

from collections.abc import Iterable, Mapping, Sequence

import pytest

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import RecordedEvent
from services.ops.console import lives
from services.ops.console.lives import KEPT, Lives
from services.ops.trail.links import Chain, Link
from tests.unit.console.test_records import link


class Recorded(Chain):
    """Some events of one ticket, and of no notice."""

    def __init__(self, *found: Link) -> None:
        object.__setattr__(self, "found", list(found))

    found: list[Link]

    async def of_streams(self, streams: Iterable[str]) -> list[Link]:
        return [one for one in self.found if one.stream in list(streams)]

    async def notices_about(self, ids: Iterable[str]) -> list[Link]:  # noqa: ARG002 - as the chain has it
        return []


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events were read at once, each time."""
    found: list[int] = []

    async def read(_log: Log, _cards: Mapping[str, Card], links: Sequence[Link]) -> list[RecordedEvent]:
        found.append(len(links))
        return []

    monkeypatch.setattr(lives, "events_of", read)
    return found


def event(number: int, sequence: int) -> Link:
    return link(sequence, stream=f"ticket/crm-eu/{number}", sequence=sequence, id=f"{number}-{sequence}")


async def test_it_is_read_again_when_something_more_is_recorded(reads: list[int]) -> None:
    kept, log, chain = Lives(), MemoryLog(), Recorded(event(1, 1))
    for _ in range(3):
        await kept.of(chain, log, {}, "ticket/crm-eu/1")
    assert reads == [1]
    chain.found.append(event(1, 2))
    found = await kept.of(chain, log, {}, "ticket/crm-eu/1")
    assert reads == [1, 2]
    assert found is not None
    assert [one.sequence for one in found.links] == [1, 2]
    assert await kept.of(chain, log, {}, "ticket/crm-eu/none") is None


async def test_no_more_are_kept_than_are_looked_at(reads: list[int]) -> None:
    kept, log = Lives(), MemoryLog()
    chain = Recorded(*(event(number, 1) for number in range(KEPT + 1)))
    for number in (*range(KEPT), 0, KEPT):
        await kept.of(chain, log, {}, f"ticket/crm-eu/{number}")
    assert len(reads) == KEPT + 1
    await kept.of(chain, log, {}, "ticket/crm-eu/0")
    assert len(reads) == KEPT + 1
    await kept.of(chain, log, {}, "ticket/crm-eu/1")
    assert len(reads) == KEPT + 2
