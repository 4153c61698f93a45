"""A door: takes what comes from outside, and gives each record a receipt.

The door's group commits an offset only when every command before it has its counting event and every receipt or dead
letter is acknowledged. So a record that is read again gets the same answer and causes no second event, also one that
was answered ahead of others of a busy stream (backlog.py).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import TooLarge, Unavailable, Unreadable
from libs.eventlog.failures import EXPECTED, Failure, Report, failure_of, unreported
from libs.eventlog.loops.backlog import DEPTH, Backlog
from libs.eventlog.loops.fact_waves import NOTHING, Resting, fact_waves
from libs.eventlog.loops.held_back import check_room, firsts_of, remark_of
from libs.eventlog.loops.input_check import check_input
from libs.eventlog.loops.markers import Markers
from libs.eventlog.loops.membership import ANEW, SOON, WAIT, commit_again, ours, watched
from libs.eventlog.loops.writer import LARGEST, Answer
from libs.eventlog.ports import UNKNOWN, Appender, Clock, Log, PartitionOffset, Subscribe, Subscription
from libs.eventlog.wire.field_errors import DATA, WHOLE
from libs.eventlog.wire.fingerprint import fingerprint, says_otherwise
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.catalogue import PRIVATE
from libs.messages.receipts import Unreadability

BATCH = 500
PAUSE = 0.25  # machine seconds before the same batch is tried again
LOOK = 2.0  # machine seconds between two looks at what became of dead letters

M = TypeVar("M")


class Door(Protocol[M]):
    """What a service does at its door, which takes messages of type M; methods that are not async are pure.

    A subclass inherits the defaults: no message is personal, none was held.
    """

    topic: str

    def read(self, record: Record) -> M:
        """Parse a record; raises Unreadable."""
        ...

    def objection(self, record: Record, message: M) -> Unreadable | None:  # noqa: ARG002 - for those with a policy
        """Why whoever says a message may not; None where they may. What counts already is never judged by it."""
        return None

    async def counted(self, commands: Sequence[IssuedCommand]) -> Sequence[RecordedEvent | None]:
        """The events of those commands that count already; raises Unavailable."""
        return [None] * len(commands)

    def private(self, record: Record, message: M) -> Sequence[Outgoing]:  # noqa: ARG002 - for those that need them
        """The records for the private topic, written before the event that names them."""
        return ()

    def resting(self, message: M) -> Resting:  # noqa: ARG002 - for those that rest on others of their own door
        """What a message says something about, and what its decision rests on beside its own stream."""
        return NOTHING

    async def issue(self, read: Sequence[tuple[Record, M]]) -> Sequence[IssuedCommand]:
        """The commands, each with the foreign facts that deciding needs; raises Unavailable."""
        ...

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Bring the commands to their counting events; raises Unavailable."""
        ...

    def said(self, message: M) -> bytes | None:  # noqa: ARG002 - for those whose messages have an id of their sender's
        """What a message says, in the one form that all its spellings have; None where its id alone names it."""
        return None

    def otherwise(self, message: M, issued: IssuedCommand, fingerprint: str) -> IssuedCommand:
        """The command that refuses a message whose id had named another one; the same one where it alone names it."""
        del message, fingerprint
        return issued

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
    not_processed: int = 0


class DoorLoop:
    """Reads the door for ever; a batch that fails with Unavailable is retried, in the same order, until it succeeds."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        gate: Callable[[], Awaitable[None]],
        door: Door[Any],
        group: str,
        report: Report = unreported,
        subscribe: Subscribe | None = None,
        depth: int = DEPTH,
        key: str | None = None,
    ) -> None:
        """Make it; it is read through `subscribe` where one is given, otherwise as every topic of the log.

        `depth` is how many messages of one stream are answered in one batch, `key` what fingerprints are keyed with in
        place of the private topic's id.
        """
        self._subscribe = subscribe or log.subscribe
        self._log, self._clock, self._gate, self._door, self._group = log, clock, gate, door, group
        self._report = report
        self._left: dict[int, set[int]] = {}
        """By partition, the offsets that were not processed, as long as nobody has decided about their dead letters."""
        self._markers = Markers(log, door.topic)
        self._look_at = self._anew_at = 0.0
        self._answered: set[PartitionOffset] = set()
        """The records of the batch in progress that need nothing more, should it be tried again."""
        self._appender: Appender = log.appender()
        self._private = key.encode() if key else None
        self._committed: dict[int, int] = {}
        self._backlog = Backlog(self._resting, depth)
        self._messages: dict[PartitionOffset, Any] = {}
        """What was read of the records of the batch in progress."""
        self._subscription: Subscription | None = None
        self._idle = False
        self.waiting: str | None = None
        self.counts = DoorCounts()

    async def run(self) -> None:
        """Serve until cancelled."""
        self._subscription = subscription = await self._subscribe(self._door.topic, self._group, self.assigned)
        try:
            while True:
                await self.round(subscription)
        finally:
            await subscription.close()
            await self._appender.close()

    def partitions(self) -> frozenset[int]:
        """The partitions that are ours now."""
        return ours(self._subscription)

    def watched(self) -> frozenset[int] | None:
        """The partitions to watch; None, for all, while we join the group."""
        return watched(self._subscription)

    async def assigned(self, partitions: frozenset[int]) -> Mapping[int, int]:
        """Begin at the committed offsets, or at the beginning; raises LostInput where the input is another one."""
        commits = await self._log.commits(self._group, self._door.topic)
        await check_input(self._log, self._door.topic, {p: at for p, at in commits.items() if p in partitions})
        starts = await self._log.starts(self._door.topic)
        begin = {p: commits[p].offset if p in commits else starts[p] for p in partitions}
        self._committed.update(begin)
        self._left.update({p: set(firsts_of(commits[p].remark)) if p in commits else set() for p in partitions})
        self._backlog.drop(partitions)
        return begin

    async def round(self, subscription: Subscription) -> int:
        """Process one batch to its end; returns the number of records."""
        batches = await subscription.batch(self._backlog.room(BATCH), self._patience())
        self._idle = not batches
        self._backlog.add(record for partition in batches.values() for record in partition)
        self._backlog.keep(subscription.assigned())
        records = self._backlog.take(BATCH)
        self._messages = {at: self._messages[at] for at in map(_place, records) if at in self._messages}
        await self._look_at_markers(subscription)
        self._answered.clear()
        while records:
            try:
                await self.process([r for r in records if _place(r) not in self._answered])
                await self._commit(subscription, self._backlog.answered_to())
            except Unavailable as error:
                self.waiting = str(error)
                await self._clock.sleep(PAUSE)
                self._backlog.keep(subscription.assigned())
                records = [r for r in records if r.partition in subscription.assigned()]
            else:
                break
        self.waiting = None
        if not batches and not self._backlog:
            with suppress(Unavailable):  # a later commit covers it
                await self._commit(subscription, await subscription.passed())
                await self._commit_anew(subscription)
        return len(records)

    def _patience(self) -> float:
        """How long to wait for records: not where some wait already, and less where more than that is to be done."""
        if self._backlog:
            return 0
        longest = LOOK if any(self._left.values()) else WAIT
        return longest if self._idle else SOON

    def _resting(self, record: Record) -> Resting | None:
        """What a record says and rests on; None where it can not be told."""
        try:
            message = self._messages[_place(record)] = self._door.read(record)
            return self._door.resting(message)
        except Unreadable:
            return NOTHING
        except Exception:  # noqa: BLE001 - of whatever kind: it fails again where it is answered, and is reported there
            return None

    async def _commit(self, subscription: Subscription, offsets: Mapping[int, int]) -> None:
        """Commit the offsets that have moved; even without records, one may have passed the end of a transaction."""
        moved = {p: at for p, at in offsets.items() if at > self._committed.get(p, 0)}
        await self._keep(subscription, moved)

    async def _commit_anew(self, subscription: Subscription) -> None:
        """Commit every offset again once a day, so that none is forgotten of a partition in which nothing is said."""
        is_due = self._clock.monotonic() >= self._anew_at
        if is_due and await commit_again(self._log, self._group, self._door.topic, subscription):
            self._anew_at = self._clock.monotonic() + ANEW

    async def _keep(self, subscription: Subscription, offsets: Mapping[int, int]) -> None:
        if offsets:
            left = {p: [at for at in self._left.get(p, ()) if at < offset] for p, offset in offsets.items()}
            remarks = {p: remark_of(left[p], f"{self._door.topic}[{p}]") for p in offsets}
            await subscription.commit(offsets, remarks)
            self._committed.update(offsets)

    async def _look_at_markers(self, subscription: Subscription) -> None:
        """Forget the records whose dead letters were sent in again or discarded."""
        ours = {p: left for p, left in self._left.items() if left and p in subscription.assigned()}
        if not ours or self._clock.monotonic() < self._look_at:
            return
        self._look_at = self._clock.monotonic() + LOOK
        with suppress(Unavailable):  # looked at again later
            marked = await self._markers.since()
            done = {p: left & {at.offset for at in marked if at.partition == p} for p, left in ours.items()}
            for partition in [p for p, offsets in done.items() if offsets]:
                self._left[partition] -= done[partition]
                await self._keep(subscription, {partition: self._committed[partition]})

    async def process(self, records: Sequence[Record]) -> None:
        """Answer every record; after Unavailable it can be retried: nothing was lost and nothing has to be undone.

        What fails unexpectedly is halved until the record that does it is alone; that one is dead-lettered.
        """
        try:
            await self._answer(records)
        except EXPECTED:
            raise
        except Exception:  # noqa: BLE001 - of whatever kind: the halves show which record it was, and it is reported
            if len(records) == 1:
                await self._again_or_dead(records[0])
                return
            for half in (records[: len(records) // 2], records[len(records) // 2 :]):
                await self.process(half)

    async def _again_or_dead(self, record: Record) -> None:
        """Try a record once more after a pause; where it fails again, write its dead letter and its receipt."""
        await self._clock.sleep(PAUSE)
        try:
            await self._answer([record])
        except EXPECTED:
            raise
        except TooLarge:
            await self._write(self._door.dead(record, _too_large()))
            self._answered.add(_place(record))
            self.counts.unreadable += 1
        except Exception as error:  # noqa: BLE001 - of whatever kind: it is dead-lettered and reported
            left = self._left.setdefault(record.partition, set())
            check_room(len(left) + 1, f"{record.topic}[{record.partition}]")  # so many are no fault of a record
            failure = failure_of(f"door {record.topic}", f"{record.topic}/{record.partition}/{record.offset}", error)
            await self._write(self._door.dead(record, _not_processed(failure)))
            left.add(record.offset)
            self._answered.add(_place(record))
            self.counts.not_processed += 1
            self._report(failure)

    async def _answer(self, records: Sequence[Record]) -> None:
        read, dead = self._read(records)
        read, receipts, refused = await self._objected(read)
        await self._write([out for record, message in read for out in self._door.private(record, message)])
        for wave in fact_waves(self._door.resting(message) for _, message in read):
            receipts += await self._decide([read[at] for at in wave])
        await self._write([*receipts, *dead, *refused])
        self._answered.update(map(_place, records))
        self.counts.readable += len(receipts)
        self.counts.unreadable += len(records) - len(receipts)

    async def _objected(
        self, read: Sequence[tuple[Record, Any]]
    ) -> tuple[list[tuple[Record, Any]], list[Outgoing], list[Outgoing]]:
        """What may be said, the receipts of what may not be but counts already, and the answers to all else."""
        objections = [self._door.objection(record, message) for record, message in read]
        allowed = [one for one, why in zip(read, objections, strict=True) if why is None]
        objected = [(record, message, why) for (record, message), why in zip(read, objections, strict=True) if why]
        receipts, refused = list[Outgoing](), list[Outgoing]()
        answers = await self._counting([(record, message) for record, message, _ in objected]) if objected else []
        for (record, message, why), answer in zip(objected, answers, strict=True):
            if answer.event:
                receipts.append(self._door.receipt(record, message, answer))
            else:
                refused.extend(self._door.dead(record, why))
        return allowed, receipts, refused

    async def _counting(self, read: Sequence[tuple[Record, Any]]) -> list[Answer]:
        """The answers that messages have got already, also that their id was used otherwise; new ones have no event."""
        await self._gate()
        messages = [message for _, message in read]
        commands = [await self._named(r, m, c) for (r, m), c in zip(read, await self._door.issue(read), strict=True)]
        answers = [Answer(c, e) for c, e in zip(commands, await self._door.counted(commands), strict=True)]
        others = self._otherwise(messages, answers)
        for at, event in zip(others, await self._door.counted([*others.values()]), strict=True):
            answers[at] = Answer(others[at], event)
        return answers

    async def _decide(self, read: Sequence[tuple[Record, Any]]) -> list[Outgoing]:
        """Bring the messages to their counting events; gives their receipts."""
        await self._gate()  # so that the facts queried below are not older than the gate allows
        commands = [await self._named(r, m, c) for (r, m), c in zip(read, await self._door.issue(read), strict=True)]
        answers = [*await self._door.answer(commands)]
        await self._refuse_used_ids([message for _, message in read], answers)
        await self._door.apply_held(answers)
        return [self._door.receipt(r, m, a) for (r, m), a in zip(read, answers, strict=True)]

    async def _named(self, record: Record, message: Any, issued: IssuedCommand) -> IssuedCommand:
        said = self._door.said(message)
        mark = None if said is None else fingerprint(await self._key(), said)
        return replace(issued, fingerprint=mark, caused_by=f"{record.topic}/{record.partition}/{record.offset}")

    async def _key(self) -> bytes:
        """What fingerprints are keyed with: the id of the private topic, or what it was before a restore."""
        if self._private is None:
            self._private = (await self._log.identity(PRIVATE)).topic.encode()
        return self._private

    async def _refuse_used_ids(self, messages: Sequence[Any], answers: list[Answer]) -> None:
        """Take the place of answers that another message got, to which the id of this one was given before."""
        refusals = self._otherwise(messages, answers)
        if refusals:
            found = await self._door.answer([*refusals.values()])
            for at, answer in zip(refusals, found, strict=True):
                answers[at] = answer

    def _otherwise(self, messages: Sequence[Any], answers: Sequence[Answer]) -> dict[int, IssuedCommand]:
        """By its place, the command that refuses each message to which the answer of another one was given."""
        return {
            at: self._door.otherwise(message, answer.issued, answer.issued.fingerprint or "")
            for at, (message, answer) in enumerate(zip(messages, answers, strict=True))
            if answer.event and says_otherwise(answer.event.fingerprint, answer.issued.fingerprint)
        }

    def _read(self, records: Sequence[Record]) -> tuple[list[tuple[Record, Any]], list[Outgoing]]:
        read: list[tuple[Record, Any]] = []
        dead: list[Outgoing] = []
        for record in records:
            try:
                known = self._messages.get(_place(record))
                read.append((record, self._door.read(record) if known is None else known))
            except Unreadable as why:
                dead.extend(self._door.dead(record, why))
        return read, dead

    async def _write(self, out: Sequence[Outgoing]) -> None:
        if out and UNKNOWN in await self._appender.append(out):
            raise Unavailable(f"{out[0].topic}: not everything was acknowledged")


def _too_large() -> Unreadable:
    text = f"what follows from this is larger than {LARGEST} bytes, which the log does not take: send less at once"
    return Unreadable(Unreadability.TOO_LARGE, DATA, text)


def _not_processed(failure: Failure) -> Unreadable:
    text = f"this failed by a fault of ours; it is kept, and sent in again once that is mended: {failure.reference}"
    return Unreadable(Unreadability.NOT_PROCESSED, WHOLE, text)


def _place(record: Record) -> PartitionOffset:
    return PartitionOffset(record.partition, record.offset)
