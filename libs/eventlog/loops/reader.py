"""A reader: one consumer group over one topic, its projections and its position moving together, exactly once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from libs.eventlog.errors import Fenced, Halted, Unavailable
from libs.eventlog.failures import EXPECTED, failure_of
from libs.eventlog.fold import Projector, View
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.loops.membership import SOON, WAIT, ours, watched
from libs.eventlog.ports import Log, Position, Store, Subscription, Touched, nobody
from libs.eventlog.rule import Aside, missing
from libs.eventlog.wire.record import Record, RecordedEvent

BATCH = 5000
SEVERAL = 2


async def _nowhere_else() -> None:
    """The tables are never others."""


class ReaderLoop:
    """Reads the partitions that the group gives us into the store."""

    def __init__(
        self,
        log: Log,
        store: Store,
        projector: Projector,
        group: str,
        check: LogCheck | None = None,
        go_over: Callable[[], Awaitable[None]] = _nowhere_else,
    ) -> None:
        """Make it; `go_over` calls `use` where other tables are in use by now, and may raise Unavailable."""
        self._log, self._store, self._projector, self.group, self._check = log, store, projector, group, check
        self._go_over = go_over
        self._tables = [projection.table for projection in projector.reader.projections]
        self._positions: dict[int, Position] = {}
        self._subscription: Subscription | None = None
        self._idle = False
        self._anew = False
        self._more = set[int]()
        """Partitions with more streams to be put away than were with the batch."""
        self.halted: dict[int, Halted] = {}
        self.on_assigned: Callable[[], None] = nobody
        """Called when partitions have changed hands."""
        self.counted = self.void = 0

    async def run(self) -> None:
        """Read for ever; raises Fenced or Unavailable, which end the process."""
        self._subscription = await self._log.subscribe(self.topic, self.group, self.assigned)
        try:
            while True:
                await self.round(self._subscription)
        finally:
            await self._subscription.close()

    def partitions(self) -> frozenset[int]:
        """The partitions that are ours now."""
        return ours(self._subscription)

    def watched(self) -> frozenset[int] | None:
        """The partitions to watch; None, for all, while we join the group."""
        return watched(self._subscription)

    @property
    def topic(self) -> str:
        """Name what is read."""
        return self._projector.reader.topic

    def passed(self) -> Mapping[int, int]:
        """The next offset of each partition that is ours now."""
        return {p: self._positions[p].next_offset for p in self.partitions() if p in self._positions}

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Take partitions over: the new epoch in the position row fences the former owner's batches.

        A partition whose log is not the one that was read is halted, and not read. Raises Unavailable.
        """
        self._anew = False
        claimed = await self._store.claim(partitions)
        if lost := partitions - claimed.keys():
            raise Unavailable(f"the position rows of {sorted(lost)} are gone: the database was dropped")
        halted = await self._problems(claimed)
        self._positions.update(claimed)
        for partition in partitions:  # no await until `update`: a partition that stays halted never appears as running
            self.halted.pop(partition, None)
        self.halted.update(halted)
        self.on_assigned()
        return {p: position.next_offset for p, position in claimed.items() if p not in self.halted}

    async def check(self, positions: Mapping[int, Position] | None = None) -> None:
        """Compare the log with what was read of it, and halt the partitions where they differ."""
        self.halted.update(await self._problems(dict(self._positions) if positions is None else positions))

    async def _problems(self, positions: Mapping[int, Position]) -> dict[int, Halted]:
        if self._check is None:
            return {}
        topic, found = self._projector.reader.topic, await self._check.problems(positions)
        return {p: Halted(topic, p, positions[p].next_offset, sentence) for p, sentence in found.items()}

    def take_counts(self) -> tuple[int, int]:
        """How many records counted and how many were void since the last call."""
        taken, self.counted, self.void = (self.counted, self.void), 0, 0
        return taken

    def use(self, check: LogCheck) -> None:
        """Switch to other tables: claim all partitions again before the next batch, and drop the batch in progress."""
        self._check, self._anew = check, True
        if self._subscription is not None:
            self._subscription.again()

    async def round(self, subscription: Subscription) -> int:
        """Read and apply one batch of every partition that has one; gives the number of records."""
        batches = await subscription.batch(BATCH, WAIT if self._idle else SOON)
        self._idle = not batches
        mine = {partition: list(records) for partition, records in batches.items() if partition not in self.halted}
        if len(mine) < SEVERAL or not await self._all_at_once(mine):
            for partition, records in mine.items():
                if partition not in self.halted:
                    await self._as_far_as_possible(partition, records)
        await self._put_the_rest_away()
        if not batches:
            await self._go_past(await subscription.passed())
        return sum(len(records) for records in batches.values())

    async def _go_past(self, passed: Mapping[int, int]) -> None:
        """Go past the end of a partition of which we were given no record, where the card says so; else halt there."""
        for partition, offset in passed.items():
            if partition not in self.halted and partition in self._positions:
                try:
                    await self.go_past(partition, offset)
                except Halted as halted:
                    self.halted[partition] = halted

    async def go_past(self, partition: int, offset: int) -> None:
        """Move the position to an offset before which there is no further record; raises Halted where one must be."""
        position = self._positions[partition]
        if offset <= position.next_offset:
            return
        due = self._projector.judge.first_due(partition, position.next_offset, offset)
        if due < offset:
            raise missing(self._projector.reader.topic, partition, due, "the broker gives none")
        async with self._store.step(partition, position) as step:
            after = Position(position.epoch, offset, None)
            await step.save(await step.view((), dict.fromkeys(self._tables, ())), after)
        self._positions[partition] = after

    async def _all_at_once(self, batches: Mapping[int, list[Record]]) -> bool:
        """Apply the batches of several partitions in one transaction.

        False, with nothing done, where one of them can not be applied: one by one shows which, and what becomes of it.
        """
        try:
            await self._apply_all(batches)
        except Unavailable:
            await self._go_over()
            if not self._anew:
                raise
        except Exception:  # noqa: BLE001 - of whatever kind: it comes again where the batch is applied that raises it
            return False
        return True

    async def _apply_all(self, batches: Mapping[int, list[Record]]) -> None:
        read = {partition: self._read(partition, records) for partition, records in batches.items()}
        async with self._store.steps({partition: self._positions[partition] for partition in batches}) as step:
            views = await step.views({partition: each.touched for partition, each in read.items()})
            for partition, each in read.items():
                self._projector.fold(each.events, views[partition])
            after = {partition: each.after for partition, each in read.items()}
            await step.save(views, after)
        self._positions.update(after)
        self._more |= after.keys() if step.more else set()
        for view in views.values():
            self._count(view)

    async def _put_the_rest_away(self) -> None:
        """Put away those of very many streams whose time has come that the transactions of the batches left."""
        try:
            while self._more:
                async with self._store.steps(
                    {partition: self._positions[partition] for partition in self._more}
                ) as step:
                    await step.put_away()
                self._more = self._more if step.more else set()
        except (Fenced, Unavailable):
            self._more = set()  # whoever has the partitions now does it
            await self._go_over()
            if not self._anew:
                raise

    async def _as_far_as_possible(self, partition: int, records: list[Record]) -> None:
        """Apply a batch; where one of its records raises Halted, apply the records before it, then halt.

        The records before it may hold another one, since all envelopes are read before any record is judged.
        """
        while records:
            try:
                await self.apply(partition, records)
            except Halted as halted:
                self.halted[partition] = halted
                before = [r for r in records if r.offset < halted.offset]
                records = before if len(before) < len(records) else []
            except (Fenced, Unavailable):
                await self._go_over()  # who has taken or dropped our tables did so, maybe, since others are in use
                if self._anew:
                    return
                raise
            except Exception:  # noqa: BLE001 - of whatever kind: the halves show which record it was, and it halts there
                await self._where_it_fails(partition, records)
                return
            else:
                return

    async def _where_it_fails(self, partition: int, records: list[Record]) -> None:
        """Halve a batch that can not be stored until the record that does it is alone, and halt there.

        That one is tried once more, so that a fault that passes halts nothing.
        """
        if len(records) == 1:
            try:
                await self.apply(partition, records)
            except EXPECTED:
                raise
            except Exception as error:  # noqa: BLE001 - of whatever kind: what counts is never passed over, so it halts
                self.halted[partition] = self._not_stored(records[0], error)
            return
        for half in (records[: len(records) // 2], records[len(records) // 2 :]):
            if partition not in self.halted:
                await self._as_far_as_possible(partition, half)

    def _not_stored(self, record: Record, error: Exception) -> Halted:
        failure = failure_of(f"reader {self._projector.reader.name}", str(record.offset), error)
        sentence = f"it can not be stored ({failure.error} at {failure.place})"
        return Halted(record.topic, record.partition, record.offset, sentence)

    async def apply(self, partition: int, records: list[Record]) -> None:
        """Apply one batch in one transaction: lock and check the position, then write the rows and the new position."""
        position, read = self._positions[partition], self._read(partition, records)
        async with self._store.step(partition, position) as step:
            view = await step.view(*read.touched)
            self._projector.fold(read.events, view)
            await step.save(view, read.after)
        self._positions[partition] = read.after
        self._more |= {partition} if step.more else set()
        self._count(view)

    def _read(self, partition: int, records: Sequence[Record]) -> "_Read":
        """Read the envelopes of a batch that is to follow our position; raises Halted."""
        position, judge = self._positions[partition], self._projector.judge
        judge.check_dense(records, position.next_offset)
        events = judge.envelopes(records)
        after = Position(position.epoch, records[-1].offset + 1, sha256(records[-1].value or b"").digest())
        return _Read(events, Touched(_streams(events), self._projector.touched(events)), after)

    def _count(self, view: View) -> None:
        self.counted, self.void = self.counted + view.counted, self.void + len(view.voids)


class _Read(NamedTuple):
    """A batch of one partition, and the position after it."""

    events: Sequence[RecordedEvent | Aside]
    touched: Touched
    after: Position


def _streams(events: Sequence[RecordedEvent | Aside]) -> set[str]:
    inner = (event.event if isinstance(event, Aside) else event for event in events)
    return {event.stream for event in inner if event}
