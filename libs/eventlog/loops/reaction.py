"""Reactions: what another service's events ask of our streams.

A record is processed only after our reader of that topic has passed it, and skipped if the reader found it void. The
reaction's group commits an offset when every command of the records before it has its counting event.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from libs.eventlog.commands import IssuedCommand, Reaction, issued_by_event
from libs.eventlog.errors import Halted, Unavailable
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Clock, Log, Store, Subscription
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.base import Event, event_type

BATCH = 500
WAIT = 0.5  # machine seconds
PAUSE = 0.1  # machine seconds before the same batch is tried again

React = Callable[[Sequence[RecordedEvent]], Awaitable[Sequence[Sequence[Reaction]]]]
"""The reactions to each event, with the facts they need; which reactions there are depends on the event alone."""


class ReactionLoop:
    """Follows one topic for ever."""

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
    ) -> None:
        """Make it; `about` limits the events that are passed to `react`, by default all of them."""
        self._log, self._clock, self._gate, self._topic, self._group = log, clock, gate, topic, group
        self._types = frozenset(map(event_type, about))
        self._store, self._codec, self._react, self._answer = store, codec, react, answer
        self.waiting: str | None = None

    async def run(self) -> None:
        """React until cancelled."""
        subscription = await self._log.subscribe(self._topic, self._group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Start at the group's committed offset, or at the beginning of the log."""
        committed = await self._log.committed_offsets(self._group, self._topic)
        return {p: committed.get(p, 0) for p in partitions}

    async def round(self, subscription: Subscription) -> int:
        """Process one batch to its end; returns the number of records."""
        batches = await subscription.batch(BATCH, WAIT)
        todo = dict(batches)
        while todo:
            try:
                await self.process(todo)
                await subscription.commit({p: records[-1].offset + 1 for p, records in todo.items()})
            except (Unavailable, Halted) as error:
                self.waiting = str(error)
                await self._clock.sleep(PAUSE)
                todo = {p: records for p, records in todo.items() if p in subscription.assigned()}
            else:
                break
        self.waiting = None
        return sum(len(records) for records in batches.values())

    async def process(self, batches: Mapping[int, Sequence[Record]]) -> None:
        """React to the counting events; after Unavailable it can be retried: nothing was lost."""
        events = [event for p, records in batches.items() for event in await self._counting(p, records)]
        if not events:
            return
        await self._gate()  # so that the facts read below are not older than the gate allows
        commands = [
            issued_by_event(event, reaction)
            for event, reactions in zip(events, await self._react(events), strict=True)
            for reaction in reactions
        ]
        await self._answer(commands)

    async def _counting(self, partition: int, records: Sequence[Record]) -> list[RecordedEvent]:
        first, last = records[0].offset, records[-1].offset
        if not await self._store.next_position(partition, last, 1.0):
            raise Unavailable(f"our reader of {self._topic}[{partition}] has not passed offset {last}")
        void = await self._store.voids(partition, first, last)
        events = (self._codec.envelope(record) for record in records if record.offset not in void)
        return [self._codec.open(event) for event in events if not self._types or event.type in self._types]
