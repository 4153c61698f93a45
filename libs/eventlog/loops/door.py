"""A door: takes what comes from outside, and gives each record a receipt.

The door's group commits an offset only when every command before it has its counting event and every receipt or dead
letter is acknowledged. So a record that is read again gets the same answer and causes no second event.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable, Unreadable
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import UNKNOWN, Appender, Clock, Log, Subscription
from libs.eventlog.wire.record import Outgoing, Record

BATCH = 500
WAIT = 0.5  # machine seconds
PAUSE = 0.25  # machine seconds before the same batch is tried again

M = TypeVar("M")


class Door(Protocol[M]):
    """What a service does at its door, which takes messages of type M; methods that are not async are pure.

    A subclass inherits the defaults: no message is personal, none was held.
    """

    topic: str

    def read(self, record: Record) -> M:
        """Parse a record; raises Unreadable."""
        ...

    def private(self, record: Record, message: M) -> Sequence[Outgoing]:  # noqa: ARG002 - for those that need them
        """The records for the private topic, written before the event that names them."""
        return ()

    async def issue(self, read: Sequence[tuple[Record, M]]) -> Sequence[IssuedCommand]:
        """The commands, each with the foreign facts that deciding needs; raises Unavailable."""
        ...

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Bring the commands to their counting events; raises Unavailable."""
        ...

    async def apply_held(self, answers: Sequence[Answer]) -> None:
        """Apply the messages held until now, before the offsets of this batch are committed; raises Unavailable."""
        del answers  # nothing was held

    def receipt(self, record: Record, message: M, answer: Answer) -> Outgoing:
        """The answer to the upstream system; it holds no time of writing, so that a duplicate is identical."""
        ...

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        """The dead letter and the receipt of a record that can not be read."""
        ...


@dataclass
class DoorCounts:
    """What went through the door since the process began."""

    readable: int = 0
    unreadable: int = 0


class DoorLoop:
    """Reads the door for ever; a batch that fails with Unavailable is retried, in the same order, until it succeeds."""

    def __init__(
        self, log: Log, clock: Clock, gate: Callable[[], Awaitable[None]], door: Door[Any], group: str
    ) -> None:
        self._log, self._clock, self._gate, self._door, self._group = log, clock, gate, door, group
        self._appender: Appender = log.appender()
        self._committed: dict[int, int] = {}
        self.waiting: str | None = None
        self.counts = DoorCounts()

    async def run(self) -> None:
        """Serve until cancelled."""
        subscription = await self._log.subscribe(self._door.topic, self._group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()
            await self._appender.close()

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Begin at the committed offsets, or at the beginning; raises LostInput where input was deleted unread."""
        committed = await self._log.committed_offsets(self._group, self._door.topic)
        starts = await self._log.starts(self._door.topic)
        for partition in partitions:
            if committed.get(partition, starts[partition]) < starts[partition]:
                first, start = committed[partition], starts[partition]
                raise LostInput(f"{self._door.topic}[{partition}]: {first} to {start - 1} were deleted unread")
        begin = {p: committed.get(p, starts[p]) for p in partitions}
        self._committed.update(begin)
        return begin

    async def round(self, subscription: Subscription) -> int:
        """Process one batch to its end; returns the number of records."""
        batches = await subscription.batch(BATCH, WAIT)
        records = [record for partition in batches.values() for record in partition]
        while records:
            try:
                await self.process(records)
                await self._commit(subscription, _next_offsets(records))
            except Unavailable as error:
                self.waiting = str(error)
                await self._clock.sleep(PAUSE)
                records = [r for r in records if r.partition in subscription.assigned()]
            else:
                break
        self.waiting = None
        if not batches:
            with suppress(Unavailable):  # a later commit covers it
                await self._commit(subscription, await subscription.passed())
        return len(records)

    async def _commit(self, subscription: Subscription, offsets: Mapping[int, int]) -> None:
        """Commit the offsets that have moved; even without records, one may have passed the end of a transaction."""
        moved = {p: at for p, at in offsets.items() if at > self._committed.get(p, 0)}
        if moved:
            await subscription.commit(moved)
            self._committed.update(moved)

    async def process(self, records: Sequence[Record]) -> None:
        """Answer every record; after Unavailable it can be retried: nothing was lost and nothing has to be undone."""
        read, dead = self._read(records)
        await self._write([out for record, message in read for out in self._door.private(record, message)])
        await self._gate()  # so that the facts queried below are not older than the gate allows
        commands = await self._door.issue(read)
        answers = await self._door.answer(commands)
        await self._door.apply_held(answers)
        receipts = [self._door.receipt(r, m, a) for (r, m), a in zip(read, answers, strict=True)]
        await self._write([*receipts, *dead])
        self.counts.readable += len(read)
        self.counts.unreadable += len(records) - len(read)

    def _read(self, records: Sequence[Record]) -> tuple[list[tuple[Record, Any]], list[Outgoing]]:
        read: list[tuple[Record, Any]] = []
        dead: list[Outgoing] = []
        for record in records:
            try:
                read.append((record, self._door.read(record)))
            except Unreadable as why:
                dead.extend(self._door.dead(record, why))
        return read, dead

    async def _write(self, out: Sequence[Outgoing]) -> None:
        if out and UNKNOWN in await self._appender.append(out):
            raise Unavailable(f"{out[0].topic}: not everything was acknowledged")


class LostInput(Exception):  # noqa: N818 - it names what happened
    """Records were deleted before they were read: a person must decide."""


def _next_offsets(records: Sequence[Record]) -> dict[int, int]:
    offsets: dict[int, int] = {}
    for record in records:
        offsets[record.partition] = max(offsets.get(record.partition, 0), record.offset + 1)
    return offsets
