"""A door: takes what comes from outside, and gives each record a receipt.

The place is the committed offset of the door's group, committed only when every command before it has its counting
event and every receipt or dead letter is acknowledged. So a second reading finds the same answers and adds nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from libs.eventlog.commands import Request
from libs.eventlog.errors import Unavailable, Unreadable
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import UNKNOWN, Appender, Clock, Log, Subscription
from libs.eventlog.wire.record import Outgoing, Record

BATCH = 500
WAIT = 0.5  # machine seconds
PAUSE = 0.25  # machine seconds before the same batch is tried again


@dataclass(frozen=True)
class DoorKeeper:
    """What a service does at its door; all but `ask`, `answer` and `settle` is pure.

    read       take a record apart; raises Unreadable
    private    the records for the private topic, written before the event that names them
    ask        make the requests, with the foreign facts that deciding needs
    answer     bring them to their counting events
    settle     do what the answers make possible before their place is committed (messages held until now)
    receipt    the answer to the upstream system; nothing in it tells when it was written
    dead       the dead letter and the receipt for what can not be read
    """

    topic: str
    group: str
    read: Callable[[Record], Any]
    private: Callable[[Record, Any], Sequence[Outgoing]]
    ask: Callable[[Sequence[tuple[Record, Any]]], Awaitable[Sequence[Request]]]
    answer: Callable[[Sequence[Request]], Awaitable[Sequence[Answer]]]
    settle: Callable[[Sequence[Answer]], Awaitable[None]]
    receipt: Callable[[Record, Any, Answer], Outgoing]
    dead: Callable[[Record, Unreadable], Sequence[Outgoing]]


@dataclass
class Counts:
    """What went through the door since the process began."""

    readable: int = 0
    unreadable: int = 0


class DoorLoop:
    """Reads the door for ever; what is not available now is tried again, in the same order, until it is."""

    def __init__(self, log: Log, clock: Clock, gate: Callable[[], Awaitable[None]], keeper: DoorKeeper) -> None:
        self._log, self._clock, self._gate, self._keeper = log, clock, gate, keeper
        self._appender: Appender = log.appender()
        self._kept: dict[int, int] = {}
        self.waiting: str | None = None
        self.counts = Counts()

    async def run(self) -> None:
        """Serve until cancelled."""
        subscription = await self._log.subscribe(self._keeper.topic, self._keeper.group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()
            await self._appender.close()

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Start at the group's place, or at the beginning; input lost below the start of the log stops the service."""
        places = await self._log.places(self._keeper.group, self._keeper.topic)
        starts = await self._log.starts(self._keeper.topic)
        for partition in partitions:
            if places.get(partition, starts[partition]) < starts[partition]:
                place, start = places[partition], starts[partition]
                raise LostInput(f"{self._keeper.topic}[{partition}]: {place} to {start - 1} were deleted unread")
        begin = {p: places.get(p, starts[p]) for p in partitions}
        self._kept.update(begin)
        return begin

    async def round(self, subscription: Subscription) -> int:
        """Take one batch to its end; gives the number of records."""
        batches = await subscription.batch(BATCH, WAIT)
        records = [record for partition in batches.values() for record in partition]
        while records:
            try:
                await self.process(records)
                await self._keep(subscription, _places(records))
            except Unavailable as error:
                self.waiting = str(error)
                await self._clock.sleep(PAUSE)
                records = [r for r in records if r.partition in subscription.assigned()]
            else:
                break
        self.waiting = None
        if not batches:
            with suppress(Unavailable):  # found again with the next batch
                await self._keep(subscription, await subscription.passed())
        return len(records)

    async def _keep(self, subscription: Subscription, places: Mapping[int, int]) -> None:
        """Commit what has moved; where nothing came, the end of a transaction may have been passed."""
        moved = {p: at for p, at in places.items() if at > self._kept.get(p, 0)}
        if moved:
            await subscription.commit(moved)
            self._kept.update(moved)

    async def process(self, records: Sequence[Record]) -> None:
        """Answer every record; raises Unavailable with nothing lost and nothing to be undone."""
        read, dead = self._read(records)
        await self._write([out for record, message in read for out in self._keeper.private(record, message)])
        await self._gate()  # the facts that are asked for now must not be older than it allows
        requests = await self._keeper.ask(read)
        answers = await self._keeper.answer(requests)
        await self._keeper.settle(answers)
        receipts = [self._keeper.receipt(r, m, a) for (r, m), a in zip(read, answers, strict=True)]
        await self._write([*receipts, *dead])
        self.counts.readable += len(read)
        self.counts.unreadable += len(records) - len(read)

    def _read(self, records: Sequence[Record]) -> tuple[list[tuple[Record, Any]], list[Outgoing]]:
        read: list[tuple[Record, Any]] = []
        dead: list[Outgoing] = []
        for record in records:
            try:
                read.append((record, self._keeper.read(record)))
            except Unreadable as why:
                dead.extend(self._keeper.dead(record, why))
        return read, dead

    async def _write(self, out: Sequence[Outgoing]) -> None:
        if out and UNKNOWN in await self._appender.append(out):
            raise Unavailable(f"{out[0].topic}: not everything was acknowledged")


class LostInput(Exception):  # noqa: N818 - it names what happened
    """Records were deleted before they were read: a person must decide."""


def _places(records: Sequence[Record]) -> dict[int, int]:
    places: dict[int, int] = {}
    for record in records:
        places[record.partition] = max(places.get(record.partition, 0), record.offset + 1)
    return places
