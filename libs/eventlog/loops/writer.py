"""A writer: one counting event for every command, arbitrated by the log (docs/adr/0001).

Decide on what our own reader has stored, append the event as the next of its stream, wait until the reader has passed
it, and look up the command: its counted event is the answer, even if another writer wrote it. A command without one is
decided again.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from libs.decider import Deciders, decider_of
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import TooLarge, Unavailable
from libs.eventlog.ports import Appender, Asked, Clock, Loaded, Log, PartitionOffset, Store
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Cause, Outgoing, RecordedEvent, Written, encode
from libs.messages.streams import partition_of

TRIES = 20
PATIENCE = 30.0  # machine seconds for one batch, waiting included
WAVE = 5000  # streams
LARGEST = 1_000_000  # bytes of an event; a log topic takes records of 1 MiB, the key and the framing included


class Answer(NamedTuple):
    """The result of a command: its counted event, or None where a duty led to no event."""

    issued: IssuedCommand
    event: RecordedEvent | None


class Writer:
    """Writes the streams of one topic. Any number of writers may do so at once; at worst they write void records."""

    def __init__(
        self,
        topic: str,
        source: str,
        deciders: Deciders,
        codec: Codec,
        log: Log,
        store: Store,
        clock: Clock,
        gate: Callable[[], Awaitable[None]],
        partitions: int,
    ) -> None:
        self._topic, self._source, self._deciders, self._codec = topic, source, deciders, codec
        self._log, self._store, self._clock, self._gate, self._partitions = log, store, clock, gate, partitions
        self._appender: Appender = log.appender()

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        """Answer every command, in order within a stream; raises Unavailable when tries or time are used up.

        Raises TooLarge before anything more is written, where the event of one is larger than a record may be.
        """
        answers: dict[int, Answer] = {}
        deadline = self._clock.monotonic() + PATIENCE
        for some in chains(commands):
            await self._settle(commands, some, answers, deadline)
        return [answers[at] for at in range(len(commands))]

    async def counted(self, commands: Sequence[IssuedCommand]) -> list[RecordedEvent | None]:
        """The events of those commands that count already, None for the others; nothing is decided.

        All that was appended before now is looked at, by whomever it was. Raises Unavailable.
        """
        await self._caught_up({partition_of(issued.stream, self._partitions) for issued in commands})
        known = await self._store.counted([Asked(issued.stream, issued.id) for issued in commands])
        each = ((at, known.get(Asked(issued.stream, issued.id))) for at, issued in enumerate(commands))
        places = {at: self._address(commands[at].stream, offset) for at, offset in each if offset is not None}
        answers: dict[int, Answer] = {}
        await self._take(dict(enumerate(commands)), places, answers)
        return [answers[at].event if at in answers else None for at in range(len(commands))]

    async def close(self) -> None:
        """Disconnect from the broker."""
        await self._appender.close()

    async def _settle(
        self,
        commands: Sequence[IssuedCommand],
        some: Sequence[Sequence[int]],
        answers: dict[int, Answer],
        deadline: float,
    ) -> None:
        """Bring chains of commands, one for each stream, to their counting events; each goes on once its own counts."""
        left, tries, given_up = [deque(chain) for chain in some], Counter[int](), 0
        known: dict[str, Loaded] = {}
        while left:
            await self._gate()
            await self._load([commands[at] for chain in left for at in chain], known)
            open_ = {chain[0]: commands[chain[0]] for chain in left}
            written = await self._decide(open_, known, answers)
            if written:
                offsets = await self._append(written, deadline)
                await self._read_back(open_, written, offsets, answers)
                self._go_on(written, offsets, answers, known, {chain[0] for chain in left if len(chain) > 1})
            tries.update([*open_])
            late = self._clock.monotonic() > deadline
            given_up += sum(1 for at in open_ if at not in answers and (late or tries[at] == TRIES))
            left = [chain for chain in left if chain[0] in answers or (not late and tries[chain[0]] < TRIES)]
            for chain in left:
                if chain[0] in answers:
                    chain.popleft()
            left = [chain for chain in left if chain]
        if given_up:
            raise Unavailable(
                f"{self._topic}: {given_up} commands did not come to count in {TRIES} tries or {PATIENCE:.0f} s"
            )

    async def _load(self, commands: Sequence[IssuedCommand], known: dict[str, Loaded]) -> None:
        """Load, with all their commands, the streams that nothing is known of, or nothing any more."""
        asked = [Asked(issued.stream, issued.id) for issued in commands if issued.stream not in known]
        if asked:
            known.update(await self._store.load([one.stream for one in asked], asked))

    async def _decide(
        self, open_: Mapping[int, IssuedCommand], known: dict[str, Loaded], answers: dict[int, Answer]
    ) -> dict[int, Written]:
        """Answer the commands that have a counted event already, and decide the others."""
        written: dict[int, Written] = {}
        counted: dict[int, PartitionOffset] = {}
        now = self._clock.now()
        for at, issued in open_.items():
            if (offset := known[issued.stream].counted.get(issued.id)) is not None:
                counted[at] = self._address(issued.stream, offset)
                continue
            event = self._decide_one(issued, known[issued.stream], now)
            if event is None:
                answers[at] = Answer(issued, None)
            else:
                written[at] = event
        await self._take(open_, counted, answers)
        return written

    def _go_on(
        self,
        written: Mapping[int, Written],
        offsets: Mapping[int, int],
        answers: Mapping[int, Answer],
        known: dict[str, Loaded],
        more: AbstractSet[int],
    ) -> None:
        """Know the streams of which there is `more` as a load would give them after what counts of ours.

        Forget those that come to their end, and those where another one won.
        """
        for at, one in written.items():
            before, answer = known.pop(one.stream), answers.get(at)
            if at not in more:
                continue
            if answer and answer.event and answer.event.offset == offsets[at]:
                decider = decider_of(self._deciders, one.stream)
                state = decider.evolve(before.state if before.state is not None else decider.initial, one.event)
                known[one.stream] = Loaded(one.head, {**before.counted, answer.issued.id: offsets[at]}, state)

    def _decide_one(self, issued: IssuedCommand, known: Loaded, now: datetime) -> Written | None:
        decider = decider_of(self._deciders, issued.stream)
        event = decider.decide(known.state if known.state is not None else decider.initial, issued.command)
        if event is None:
            return None
        at, trace, said = issued.command.occurred_at, issued.traceparent, issued.fingerprint
        cause = Cause(issued.id, issued.correlation, at, trace, said, issued.caused_by)
        written = encode(self._source, issued.stream, known.head, event, cause, now)
        if len(written.value) > LARGEST:
            raise TooLarge(f"{type(event).__name__} of {issued.stream} has {len(written.value)} bytes, over {LARGEST}")
        return written

    async def _append(self, written: Mapping[int, Written], deadline: float) -> Mapping[int, int]:
        """Append a wave, wait until our reader has passed all that was written of it, and give the offsets."""
        batch = {at: self._outgoing(event) for at, event in written.items()}
        offsets = dict(zip(batch, await self._appender.append(list(batch.values())), strict=True))
        reach: dict[int, int] = {}
        for at, offset in offsets.items():
            reach[batch[at].partition] = max(reach.get(batch[at].partition, 0), offset)
        if unsure := {batch[at].partition for at, offset in offsets.items() if offset < 0}:
            marks = await self._log.high_watermarks(self._topic)
            reach.update({p: marks[p] - 1 for p in unsure})
        await self._passed(reach, deadline)
        return offsets

    async def _caught_up(self, partitions: Iterable[int]) -> None:
        marks = await self._log.high_watermarks(self._topic)
        reach = {partition: marks[partition] - 1 for partition in partitions if marks[partition]}
        await self._passed(reach, self._clock.monotonic() + PATIENCE)

    async def _passed(self, reach: Mapping[int, int], deadline: float) -> None:
        for partition, offset in reach.items():
            while not await self._store.next_position(partition, offset, 1.0):
                if self._clock.monotonic() > deadline:
                    raise Unavailable(f"{self._topic}[{partition}]: our reader has not passed offset {offset}")

    async def _read_back(
        self,
        open_: Mapping[int, IssuedCommand],
        sent: Mapping[int, Written],
        offsets: Mapping[int, int],
        answers: dict[int, Answer],
    ) -> None:
        """Take the counted event as the answer; a command without one stays open."""
        counted = await self._store.counted([Asked(open_[at].stream, open_[at].id) for at in sent])
        others: dict[int, PartitionOffset] = {}
        for at, written in sent.items():
            issued = open_[at]
            offset = counted.get(Asked(issued.stream, issued.id))
            if offset is None:
                continue
            if offset == offsets[at]:
                answers[at] = Answer(issued, self._own(written, offset))
            else:
                others[at] = self._address(issued.stream, offset)
        await self._take(open_, others, answers)

    async def _take(
        self, open_: Mapping[int, IssuedCommand], counted: Mapping[int, PartitionOffset], answers: dict[int, Answer]
    ) -> None:
        """Answer with the events that count already, whichever writer wrote them."""
        records = await self._log.records(self._topic, counted.values()) if counted else {}
        for at, address in counted.items():
            answers[at] = Answer(open_[at], self._codec.open(self._codec.envelope(records[address])))

    def _address(self, stream: str, offset: int) -> PartitionOffset:
        return PartitionOffset(partition_of(stream, self._partitions), offset)

    def _own(self, written: Written, offset: int) -> RecordedEvent:
        """Our event with its place: it is not parsed again."""
        event = written.recorded
        event.partition, event.offset = partition_of(written.stream, self._partitions), offset
        return event

    def _outgoing(self, written: Written) -> Outgoing:
        partition = partition_of(written.stream, self._partitions)
        return Outgoing(self._topic, partition, written.stream.encode(), written.value)


def chains(commands: Sequence[IssuedCommand]) -> Iterable[list[list[int]]]:
    """Indexes into the batch, a chain for each stream, at most WAVE chains at once.

    One command of a chain is under way at a time: none is decided on an event that does not count yet.
    """
    queues: dict[str, list[int]] = {}
    for at, issued in enumerate(commands):
        queues.setdefault(issued.stream, []).append(at)
    found = list(queues.values())
    yield from (found[at : at + WAVE] for at in range(0, len(found), WAVE))
