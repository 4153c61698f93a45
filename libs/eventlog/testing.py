"""A log and a store in memory, for unit tests and for the seeded simulation in tests/model.

They pass the suite that Kafka and PostgreSQL pass. `turn` is awaited wherever the real ones would wait for another
process, so that a scheduler can run any other task there.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import View, counted_at
from libs.eventlog.ports import (
    NO_REMARKS,
    Asked,
    Commit,
    Identity,
    Loaded,
    OnAssigned,
    PartitionOffset,
    Position,
    Span,
    Touched,
)
from libs.eventlog.projection import Key, Reader
from libs.eventlog.put_away import can_be_put_away
from libs.eventlog.wire.record import Head, Outgoing, Record

Turn = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Yield once to the event loop: only tasks that are ready run in between."""
    await asyncio.sleep(0)


async def no_rest(*, soon: bool) -> None:  # noqa: ARG001 - in either case
    """Rest no longer than that."""
    await at_once()


class MemoryLog:
    """Topics as lists of records."""

    def __init__(self, partitions: int = 1, turn: Turn = at_once) -> None:
        self.partitions, self.turn = partitions, turn
        self.kept: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.committed: dict[tuple[str, str, int], int] = {}
        self.remarks: dict[tuple[str, str, int], str] = {}
        self.read_of: dict[tuple[str, str, int], str] = {}
        """The id of the topic that a committed offset belongs to."""
        self.incarnation: Counter[str] = Counter()
        self.advised: list[tuple[str, str, dict[int, int]]] = []
        """What was committed for whoever watches groups, in order."""
        self.unstable: dict[tuple[str, int], int] = {}
        """The offset of the first record of a transaction that is still open, by topic and partition."""

    def write(self, out: Outgoing) -> int:
        """Append one record, as the broker does; gives its offset."""
        records = self.kept[out.topic, out.partition]
        records.append(Record(out.topic, out.partition, len(records), out.key, out.value, tuple(out.headers), 0))
        return len(records) - 1

    def recreate(self, topic: str) -> None:
        """Delete a topic and recreate it under its name."""
        self.incarnation[topic] += 1
        for partition in range(self.partitions):
            self.kept[topic, partition].clear()

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset of each partition that a reader can come to."""
        await self.turn()
        return {p: self.stable(topic, p) for p in range(self.partitions)}

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """The ends of several topics."""
        return {topic: await self.ends(topic) for topic in topics}

    async def high_watermarks(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition."""
        await self.turn()
        return {p: len(self.kept[topic, p]) for p in range(self.partitions)}

    def stable(self, topic: str, partition: int) -> int:
        """The offset that a reader of committed records can come to."""
        return self.unstable.get((topic, partition), len(self.kept[topic, partition]))

    async def starts(self, topic: str) -> Mapping[int, int]:  # noqa: ARG002 - nothing is ever deleted here
        """Always 0: no record is ever deleted."""
        await self.turn()
        return dict.fromkeys(range(self.partitions), 0)

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int]:
        """The committed offsets of a group."""
        await self.turn()
        return {p: at for (g, t, p), at in self.committed.items() if (g, t) == (group, topic)}

    async def commits(self, group: str, topic: str) -> Mapping[int, Commit]:
        """The committed offsets of a group, each with its remark and with the incarnation of the topic."""
        found = {(group, topic, p): at for p, at in (await self.committed_offsets(group, topic)).items()}
        return {k[2]: Commit(at, self.read_of.get(k, ""), self.remarks.get(k, "")) for k, at in found.items()}

    async def records(self, topic: str, addresses: Iterable[PartitionOffset]) -> Mapping[PartitionOffset, Record]:
        """Read records back; raises Unavailable where one is not there."""
        await self.turn()
        found = {address: self.kept[topic, address.partition][address.offset :][:1] for address in addresses}
        if missing := [address for address, records in found.items() if not records]:
            raise Unavailable(f"{topic} has no record at {missing[0]}")
        return {address: record for address, [record] in found.items()}

    async def advise(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Keep what is committed for whoever watches."""
        await self.turn()
        self.advised.append((group, topic, dict(offsets)))

    async def at(self, topic: str, place: PartitionOffset) -> Record | None:
        """The first record that stands at an offset or after it."""
        await self.turn()
        return next(iter(self.kept[topic, place.partition][place.offset :]), None)

    async def identity(self, topic: str) -> Identity:
        """Name the topic's incarnation."""
        return Identity("memory", f"{topic}/{self.incarnation[topic]}")

    async def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """The records with offsets from `start` to below `until`, in order."""
        await self.turn()
        if records := self.kept[topic, partition][start:until]:
            yield records

    def appender(self) -> "MemoryAppender":
        """A new producer."""
        return MemoryAppender(self)

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> "MemorySubscription":
        """Join a group; with nobody else in it all partitions are ours at once."""
        subscription = MemorySubscription(self, topic, group, on_assigned)
        await subscription.give(frozenset(range(self.partitions)))
        return subscription


class MemoryAppender:
    """Writes at once."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        """Write the batch."""
        await self._log.turn()
        return [self._log.write(out) for out in batch]

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class MemorySubscription:
    """A consumer of some partitions; `give` and `take` act as the group's coordinator."""

    def __init__(self, log: MemoryLog, topic: str, group: str, on_assigned: OnAssigned) -> None:
        self._log, self._topic, self._group, self._on_assigned = log, topic, group, on_assigned
        self._next: dict[int, int] = {}
        self._anew = False
        self._identity = ""

    async def give(self, partitions: frozenset[int]) -> None:
        """Assign more partitions."""
        self._identity = (await self._log.identity(self._topic)).topic
        self._next.update(await self._on_assigned(partitions))

    def take(self, partitions: frozenset[int]) -> None:
        """Revoke partitions, without notice to their owner."""
        for partition in partitions:
            self._next.pop(partition, None)

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:  # noqa: ARG002 - no waiting here
        """The records available."""
        await self._log.turn()
        if self._anew:
            self._anew = False
            await self.give(self.assigned())
        stable = {p: self._log.stable(self._topic, p) for p in self._next}
        got = {p: self._log.kept[self._topic, p][at : min(at + most, stable[p])] for p, at in self._next.items()}
        self._next.update({p: at + len(got[p]) for p, at in self._next.items()})
        return {p: records for p, records in got.items() if records}

    async def commit(self, offsets: Mapping[int, int], remarks: Mapping[int, str] = NO_REMARKS) -> None:
        """Commit the offsets of the group; raises Unavailable where a partition is not ours any more."""
        await self._log.turn()
        if lost := sorted(offsets.keys() - self.owned()):
            raise Unavailable(f"{self._topic}{lost} belong to another one now")
        self._log.committed.update({(self._group, self._topic, p): at for p, at in offsets.items()})
        self._log.remarks.update({(self._group, self._topic, p): remarks.get(p, "") for p in offsets})
        self._log.read_of.update({(self._group, self._topic, p): self._identity for p in offsets})

    def owned(self) -> frozenset[int]:
        """Name the partitions whose offsets we may commit, as the broker sees it at that very moment."""
        return frozenset(self._next)

    async def passed(self) -> Mapping[int, int]:
        """The next offset of each partition."""
        return dict(self._next)

    def assigned(self) -> frozenset[int]:
        """Name the partitions that are ours now."""
        return frozenset(self._next)

    def joined(self) -> bool:
        """Always: nobody has to be waited for."""
        return True

    def again(self) -> None:
        """Call `on_assigned` again before the next batch."""
        self._anew = True

    async def close(self) -> None:
        """Leave the group."""
        self._next.clear()


class Away(NamedTuple):
    """A stream that is put away, packed as PostgreSQL would keep it."""

    head: Head
    partition: int
    hour: int
    stream: str
    commands: bytes
    state: bytes | None


class MemoryStore:
    """The tables of one reader: rows are kept as the stored tuples that PostgreSQL would keep."""

    def __init__(self, reader: Reader, turn: Turn = at_once) -> None:
        self._reader, self._turn = reader, turn
        self._locks: Mapping[int, AbstractAsyncContextManager[None]] = defaultdict(asyncio.Lock)
        self._tables = {p.table: p for p in reader.projections}
        self.drop()

    def drop(self) -> None:
        """Lose everything, as when the database is dropped."""
        self.position: dict[int, Position] = {}
        self.heads: dict[str, Head] = {}
        self.homes: dict[str, int] = {}
        self.hours: dict[str, int] = {}
        self.away: dict[str, Away] = {}
        self.command_indexes: dict[str, bytes] = {}
        self.void: dict[int, set[int]] = defaultdict(set)
        self.rows: dict[str, dict[Key, tuple[Any, ...]]] = {table: {} for table in self._reader.tables}

    def fill(self, partition: int, records: Sequence[Record], view: View) -> None:
        """Take what a rebuild folded of a partition from its first record on."""
        digest = sha256(records[-1].value or b"").digest() if records else None
        self.position[partition] = Position(0, len(records), digest)
        self.heads |= view.heads
        self.homes |= dict.fromkeys(view.heads, partition)
        self.hours |= view.hours
        self.command_indexes |= {stream: bytes(entries) for stream, entries in view.command_indexes.items()}
        self.void[partition] = set(view.voids) if self._reader.reacts else set()
        for projection in self._reader.projections:
            rows = view.rows[projection.table].items()
            self.rows[projection.table] |= {key: projection.dump(row) for key, row in rows if row is not None}
        self.enter(view)
        if self._reader.writes:
            self.put_away(partition)

    def enter(self, view: View) -> None:
        """Take the rows of registers, and add up what was counted."""
        for table, entries in view.entries.items():
            self.rows[table] |= {(*entry[:2], at): entry for at, entry in enumerate(entries)}
        for table, counted in view.tallies.items():
            for key, events in counted.items():
                *_, before = self.rows[table].get(key, (0,))
                self.rows[table][key] = (*key, before + events)

    async def claim(self, partitions: Iterable[int]) -> Mapping[int, Position]:
        """Become the owner."""
        await self._turn()
        claimed = {}
        for partition in sorted(partitions):
            async with self._locks[partition]:
                before = self.position.get(partition, Position(0, 0, None))
                claimed[partition] = self.position[partition] = before._replace(epoch=before.epoch + 1)
        return claimed

    async def positions(self) -> Mapping[int, int]:
        """The next offset of every partition."""
        await self._turn()
        return {p: position.next_offset for p, position in self.position.items()}

    @asynccontextmanager
    async def step(self, partition: int, expected: Position) -> AsyncIterator["MemoryStep"]:
        """Hold the position row while a batch is folded; raises Fenced."""
        await self._turn()
        async with self._locks[partition]:
            if self.position.get(partition) != expected:
                raise Fenced(f"partition {partition} is not at {expected}")
            yield MemoryStep(self, self._tables, self._reader, partition, self._turn)

    @asynccontextmanager
    async def steps(self, expected: Mapping[int, Position]) -> AsyncIterator["MemorySteps"]:
        """Hold the position rows of several partitions; raises Fenced."""
        async with AsyncExitStack() as held:
            each = {p: await held.enter_async_context(self.step(p, expected[p])) for p in sorted(expected)}
            yield MemorySteps(each)

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> Mapping[str, Loaded]:
        """Heads, counted commands and states."""
        await self._turn()
        counted: dict[str, dict[str, int]] = {stream: {} for stream in streams}
        for asked, offset in self._counted(commands).items():
            counted[asked.stream][asked.command] = offset
        return {s: self._loaded(s, counted[s]) for s in streams}

    async def counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
        """Those of the commands that count."""
        await self._turn()
        return self._counted(commands)

    def _counted(self, commands: Sequence[Asked]) -> dict[Asked, int]:
        found = {asked: counted_at(self._command_index(asked.stream), asked.command) for asked in commands}
        return {asked: offset for asked, offset in found.items() if offset is not None}

    async def voids(self, spans: Mapping[int, Span]) -> Mapping[int, frozenset[int]]:
        """Name the offsets that the reader found void; raises Unavailable."""
        await self._turn()
        for partition, (_, last) in spans.items():
            if partition not in self.position or self.position[partition].next_offset <= last:
                raise Unavailable(f"the reader of {self._reader.topic}[{partition}] has not passed offset {last}")
        return {p: frozenset(at for at in self.void[p] if first <= at <= last) for p, (first, last) in spans.items()}

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        """Poll until the position is greater than `beyond`."""
        for _ in range(int(wait * 100) + 1):
            await self._turn()
            if partition in self.position and self.position[partition].next_offset > beyond:
                return True
        return False

    def _loaded(self, stream: str, counted: Mapping[str, int]) -> Loaded:
        if row := self.away.get(stream):
            state = self.away_state(row)
            return Loaded(row.head, counted, state.state if state else None)
        return Loaded(self.heads.get(stream), counted, self._state(stream))

    def _command_index(self, stream: str) -> bytes:
        return self.away[stream].commands if stream in self.away else self.command_indexes.get(stream, b"")

    def away_state(self, row: "Away") -> Any:
        """The row of the state of a stream that is put away."""
        state = self._reader.put_away.unpacked(row.state)
        return self._reader.state.loaded((row.stream, state)) if self._reader.state and state is not None else None

    def put_away(self, partition: int) -> None:
        """Put the streams of a partition away whose time has come."""
        before = max((d for s, d in self.hours.items() if self.homes[s] == partition), default=0)
        before -= self._reader.put_away.after
        quiet = [s for s, hour in self.hours.items() if self.homes[s] == partition and hour < before]
        for stream in quiet:
            if can_be_put_away(self.heads[stream].id):
                self._put_one_away(stream)

    def _put_one_away(self, stream: str) -> None:
        states = self.rows[self._reader.state.table] if self._reader.state else {}
        stored = states.pop((stream,), None)
        packed = self._reader.put_away.packed(stored[1] if stored else None)
        head, hour, commands = self.heads.pop(stream), self.hours.pop(stream), self.command_indexes.pop(stream, b"")
        self.away[stream] = Away(head, self.homes.pop(stream), hour, stream, commands, packed)

    def _state(self, stream: str) -> Any:
        for table, projection in self._tables.items():
            if projection.is_state and (stored := self.rows[table].get((stream,))):
                return projection.loaded(stored).state
        return None


class MemoryStep:
    """One transaction: `save` takes effect at once, as nothing can fail between save and commit here."""

    def __init__(
        self, store: MemoryStore, tables: Mapping[str, Any], reader: Reader, partition: int, turn: Turn
    ) -> None:
        self._store, self._tables, self._reader, self._partition, self.turn = store, tables, reader, partition, turn

        self.more = False

    async def put_away(self) -> None:
        """Put streams away: all of them."""
        self._store.put_away(self._partition)

    async def view(self, streams: Iterable[str], keys: Mapping[str, Iterable[Key]]) -> View:
        """Load heads and rows."""
        await self.turn()
        self.check()
        store = self._store
        heads = {s: store.heads[s] for s in streams if store.homes.get(s) == self._partition}
        rows = {t: {k: self._row(t, k) for k in wanted if k in store.rows[t]} for t, wanted in keys.items()}
        view = View(heads=heads, rows=rows, hours={s: store.hours[s] for s in heads if s in store.hours})
        for row in (store.away[s] for s in streams if s in store.away and store.away[s].partition == self._partition):
            view.heads[row.stream], view.hours[row.stream] = row.head, row.hour
            if self._reader.state and (state := store.away_state(row)):
                view.rows[self._reader.state.table][row.stream,] = state
        return view

    async def save(self, view: View, position: Position) -> None:
        """Write heads, command indexes, rows, voids and the position."""
        await self.turn()
        self.check()
        self.enter(view, position)

    def enter(self, view: View, position: Position) -> None:
        """Take over what a fold made, at once."""
        store, stays = self._store, self._staying_away(view)
        heads = {stream: head for stream, head in view.heads.items() if stream not in stays}
        store.heads.update(heads)
        store.homes.update(dict.fromkeys(heads, self._partition))
        store.hours.update({stream: view.hours[stream] for stream in heads if stream in view.hours})
        for stream, entries in view.command_indexes.items():
            store.command_indexes[stream] = store.command_indexes.get(stream, b"") + bytes(entries)
        for table, rows in view.rows.items():
            for key, row in rows.items():
                if self._tables[table].is_state and key[0] in stays:
                    continue
                store.rows[table].pop(key, None)
                if row is not None:
                    store.rows[table][key] = self._tables[table].dump(row)
        store.enter(view)
        if self._reader.reacts:
            store.void[self._partition].update(view.voids)
        store.position[self._partition] = position
        if self._reader.writes and view.counted:
            store.put_away(self._partition)

    def _staying_away(self, view: View) -> frozenset[str]:
        """The streams that none of the batch's records count in; the others come back."""
        away = [self._store.away[stream] for stream in view.heads if stream in self._store.away]
        for row in away:
            if view.heads[row.stream] != row.head:
                del self._store.away[row.stream]
                self._store.command_indexes[row.stream] = row.commands
        return frozenset(row.stream for row in away if row.stream in self._store.away)

    def check(self) -> None:
        """Raise Unavailable where the database was dropped."""
        if self._partition not in self._store.position:
            raise Unavailable("the database is gone")

    def _row(self, table: str, key: Key) -> Any:
        return self._tables[table].loaded(self._store.rows[table][key])


class MemorySteps:
    """One transaction of several partitions."""

    more = False

    def __init__(self, steps: Mapping[int, MemoryStep]) -> None:
        self._steps = steps

    async def put_away(self) -> None:
        """Put streams away: all of them."""
        for step in self._steps.values():
            await step.put_away()

    async def views(self, touched: Mapping[int, Touched]) -> Mapping[int, View]:
        """Load heads and rows."""
        return {p: await self._steps[p].view(*each) for p, each in touched.items()}

    async def save(self, views: Mapping[int, View], positions: Mapping[int, Position]) -> None:
        """Write all of it at once."""
        for step in self._steps.values():
            await step.turn()
        for step in self._steps.values():
            step.check()
        for partition, view in views.items():
            self._steps[partition].enter(view, positions[partition])
