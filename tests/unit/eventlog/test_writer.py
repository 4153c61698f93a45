"""What a writer does that does not know whether its event was written, or what else was."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import UNKNOWN
from libs.eventlog.testing import MemoryAppender, MemoryLog
from libs.eventlog.wire.record import Outgoing
from tests.model.story import DESK_TICKETS, PARTITIONS, TICKETS
from tests.unit.eventlog.environment import MemoryTables
from tests.unit.eventlog.history import History, stream_in
from tests.unit.eventlog.suite_writer import Desk, Hurried, ask


class Unheard(MemoryLog):
    """Writes, and never says so."""

    def appender(self) -> MemoryAppender:
        log = self

        class Silent(MemoryAppender):
            async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
                for out in batch:
                    log.write(out)
                return [UNKNOWN] * len(batch)

        return Silent(log)


async def test_what_may_stand_behind_an_open_transaction_is_waited_for_and_not_written_again() -> None:
    log = Unheard(PARTITIONS)
    log.unstable[TICKETS, 0] = 0
    store = MemoryTables([DESK_TICKETS]).stores[DESK_TICKETS.name]
    await store.claim({0})
    async with AsyncExitStack() as stack:
        with pytest.raises(Unavailable, match="our reader has not passed offset 0"):
            await Desk(log, store, stack).writer(clock=Hurried()).handle([ask(stream_in(0), "open")])
    assert len(log.kept[TICKETS, 0]) == 1


async def test_whether_a_command_counts_is_not_said_before_all_that_was_appended_is_read() -> None:
    log, record = MemoryLog(PARTITIONS), History().next(stream_in(0))
    log.write(Outgoing(record.topic, record.partition, record.key, record.value))
    store = MemoryTables([DESK_TICKETS]).stores[DESK_TICKETS.name]
    await store.claim({0, 1})
    async with AsyncExitStack() as stack:
        writer = Desk(log, store, stack).writer(clock=Hurried())
        with pytest.raises(Unavailable, match="our reader has not passed offset 0"):
            await writer.counted([ask(stream_in(0), "open")])
        assert await writer.counted([ask(stream_in(1), "open")]) == [None]
