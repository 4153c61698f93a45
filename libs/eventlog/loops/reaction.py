"""Reactions: what another service's events ask of our streams.

A record is processed only after our reader of that topic has passed it, and skipped if the reader found it void. The
reaction's group commits an offset when every command of the records before it has its counting event.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from libs.eventlog.commands import IssuedCommand, Reaction, issued_by_event
from libs.eventlog.errors import Halted, Unavailable
from libs.eventlog.failures import Report, unreported
from libs.eventlog.loops.held_back import Source, left, remark_of
from libs.eventlog.loops.input_check import check_input
from libs.eventlog.loops.membership import ANEW, SOON, WAIT, commit_again, ours, watched
from libs.eventlog.loops.stuck import StuckStreams, apart
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Clock, Log, PartitionOffset, Span, Store, Subscription
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.base import Event, event_type

BATCH = 500
PAUSE = 0.1  # machine seconds before the same batch is tried again

React = Callable[[Sequence[RecordedEvent]], Awaitable[Sequence[Sequence[Reaction]]]]
"""The reactions to each event, with the facts they need; which reactions there are depends on the event alone."""


class ReactionLoop:
    """Follows one topic for ever.

    A stream whose event fails unexpectedly is left aside, from that event on, and the others go on. Where it was left
    stands in a remark with the committed offset (held_back.py); it is tried again after a while, in its own order.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        gate: Callable[[], Awaitable[None]],
        topic: str,
        group: str,
        store: Store,
        codec: Codec,
        react: React,
        answer: Callable[[Sequence[IssuedCommand]], Awaitable[Sequence[Answer]]],
        about: Sequence[type[Event]] = (),
        report: Report = unreported,
    ) -> None:
        """Make it; `about` limits the events that are passed to `react`, by default all of them."""
        self._log, self._clock, self._gate, self._topic, self._group = log, clock, gate, topic, group
        self._types = frozenset(map(event_type, about))
        self._store, self._codec, self._react, self._answer = store, codec, react, answer
        self._next: dict[int, int] = {}
        self._anew_at = 0.0
        self._left: dict[int, dict[str, int]] = {}
        """By partition and stream, the offset of the first event that was left."""
        self.stuck = StuckStreams(f"reaction to {topic}", clock, report)
        self._subscription: Subscription | None = None
        self._idle = False
        self.waiting: str | None = None

    async def run(self) -> None:
        """React until cancelled."""
        self._subscription = subscription = await self._log.subscribe(self._topic, self._group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()

    def partitions(self) -> frozenset[int]:
        """The partitions that are ours now."""
        return ours(self._subscription)

    def watched(self) -> frozenset[int] | None:
        """The partitions to watch; None, for all, while we join the group."""
        return watched(self._subscription)

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Start at the group's committed offset, or at the beginning of the log, with what was left aside there.

        Raises LostInput as a door does.
        """
        commits = await self._log.commits(self._group, self._topic)
        await check_input(self._log, self._topic, {p: at for p, at in commits.items() if p in partitions})
        begin = {p: commits[p].offset if p in commits else 0 for p in partitions}
        kept = await left(self._log, Source(self._group, self._topic))
        self._forget(partitions)
        for record in kept:
            if record.partition in partitions:
                stream = (record.key or b"").decode()
                self._left.setdefault(record.partition, {})[stream] = record.offset
                self.stuck.known(stream)
        self._next.update(begin)
        return begin

    async def round(self, subscription: Subscription) -> int:
        """Process one batch to its end; returns the number of records."""
        batches = await subscription.batch(BATCH, WAIT if self._idle and not any(self._left.values()) else SOON)
        self._idle = not batches
        self._forget(self._left.keys() - subscription.assigned())
        todo = dict(batches)
        while todo or self._due():
            try:
                await self._take_up(subscription)
                await self.process(todo)
                await self._commit(subscription, {p: records[-1].offset + 1 for p, records in todo.items()})
            except (Unavailable, Halted) as error:
                self.waiting = str(error)
                await self._clock.sleep(PAUSE)
                todo = {p: records for p, records in todo.items() if p in subscription.assigned()}
            else:
                break
        self.waiting = None
        if not batches:
            with suppress(Unavailable):  # tried again with the next round
                passed = await subscription.passed()  # also the ends of transactions, of which there is no record
                await self._commit(subscription, {p: at for p, at in passed.items() if at > self._next.get(p, at)})
                await self._commit_anew(subscription)
        return sum(len(records) for records in batches.values())

    async def process(self, batches: Mapping[int, Sequence[Record]]) -> None:
        """React to the counting events; after Unavailable it can be retried: nothing was lost."""
        counting = await self._counting(batches)
        await self._work([event for event in counting if event.stream not in self.stuck])

    async def _work(self, events: Sequence[RecordedEvent]) -> None:
        if not events:
            return
        await self._gate()  # so that the facts read below are not older than the gate allows
        await apart(events, self._handle, self._leave)

    async def _handle(self, events: Sequence[RecordedEvent]) -> Sequence[Answer]:
        commands = [
            issued_by_event(event, reaction)
            for event, reactions in zip(events, await self._react(events), strict=True)
            for reaction in reactions
        ]
        return await self._answer(commands)

    def _leave(self, event: RecordedEvent, error: Exception) -> None:
        self._left.setdefault(event.partition, {})[event.stream] = event.offset
        self.stuck.put(event.stream, error)

    def _forget(self, partitions: Iterable[int]) -> None:
        """Drop what was left aside in partitions that are another process's now, or are read anew."""
        for partition in list(partitions):
            for stream in self._left.pop(partition, {}):
                self.stuck.back(stream)

    def _due(self) -> list[tuple[int, str]]:
        """The streams that are to be tried again now."""
        each = ((partition, stream) for partition, streams in self._left.items() for stream in streams)
        return [(partition, stream) for partition, stream in each if not self.stuck.waits(stream)]

    async def _take_up(self, subscription: Subscription) -> None:
        """Try the streams again whose time has come, each from where it was left to the committed offset.

        What comes after that in the batch at hand follows when the stream has been taken back.
        """
        for partition, stream in self._due():
            first, end = self._left[partition].pop(stream), self._next[partition]
            try:
                await self._catch_up(partition, stream, first, end)
            except (Unavailable, Halted):
                self._left[partition].setdefault(stream, first)
                raise
            if stream not in self._left[partition]:
                self.stuck.back(stream)
            await self._commit(subscription, {partition: end})

    async def _catch_up(self, partition: int, stream: str, first: int, end: int) -> None:
        """React to a stream's events in [first, end), the first one alone to begin with: it may well fail again."""
        [record] = (await self._log.records(self._topic, [PartitionOffset(partition, first)])).values()
        await self._work(await self._counting({partition: [record]}))
        if stream in self._left[partition]:
            return
        async for records in self._log.scan(self._topic, partition, end, first + 1):
            mine = [record for record in records if record.key == stream.encode()]
            if mine:
                await self._work(await self._counting({partition: mine}))
            if stream in self._left[partition]:
                return

    async def _commit(self, subscription: Subscription, offsets: Mapping[int, int]) -> None:
        remarks = {p: remark_of(self._left.get(p, {}).values(), f"{self._topic}[{p}]") for p in offsets}
        if offsets:
            await subscription.commit(offsets, remarks)
            self._next.update(offsets)

    async def _commit_anew(self, subscription: Subscription) -> None:
        """Commit every offset again once a day, as a door does."""
        is_due = self._clock.monotonic() >= self._anew_at
        if is_due and await commit_again(self._log, self._group, self._topic, subscription):
            self._anew_at = self._clock.monotonic() + ANEW

    async def _counting(self, batches: Mapping[int, Sequence[Record]]) -> list[RecordedEvent]:
        spans = {p: Span(records[0].offset, records[-1].offset) for p, records in batches.items()}
        for partition, span in spans.items():
            if not await self._store.next_position(partition, span.last, 1.0):
                raise Unavailable(f"our reader of {self._topic}[{partition}] has not passed offset {span.last}")
        voids = await self._store.voids(spans) if spans else {}
        counting = (record for p, records in batches.items() for record in records if record.offset not in voids[p])
        events = map(self._codec.envelope, counting)
        return [self._codec.open(event) for event in events if not self._types or event.type in self._types]
