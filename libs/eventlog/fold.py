"""Fold a batch of judged records into heads and rows: pure, the same in memory, live and in a rebuild."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from libs.eventlog.errors import Halted
from libs.eventlog.failures import failure_of
from libs.eventlog.projection import Key, Projection, Reader, by_stream
from libs.eventlog.put_away import hour_of
from libs.eventlog.rule import Aside, Judge
from libs.eventlog.wire.record import Head, RecordedEvent
from libs.messages.base import event_type

Rows = MutableMapping[Key, Any]
COMMAND, INDEX_ENTRY = 16, 24
"""Sizes in a command index, in bytes: the id of a counted command; an entry, which is the id and the offset of the
event that it caused (8 bytes, big endian)."""
NEWEST = 32 * INDEX_ENTRY
"""So much of a command index at most stands with the head, in the column `journal`, which is written anew with every
event; whenever that is full, its entries become rows of their own, so that a long stream costs no more than a short."""


@dataclass
class View:
    """What a fold reads and updates: heads, command indexes, and rows by table and key.

    `hours` are those of the newest event of each stream (`put_away.py`), where this service writes the topic. A row
    that the fold deleted is None in `rows`. `entries` and `tallies` are what registers and tallies gain, by table.
    """

    heads: dict[str, Head] = field(default_factory=dict)
    hours: dict[str, int] = field(default_factory=dict)
    command_indexes: dict[str, bytearray] = field(default_factory=dict)
    rows: dict[str, dict[Key, Any]] = field(default_factory=dict)
    entries: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    tallies: dict[str, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    voids: list[int] = field(default_factory=list)
    counted: int = 0


class Projector:
    """Folds records of one reader's topic into a view."""

    def __init__(self, reader: Reader, judge: Judge) -> None:
        self.reader, self.judge = reader, judge
        self._by_type: dict[str, list[Projection[Any]]] = {}
        for projection in reader.projections:
            for model in projection.events:
                self._by_type.setdefault(event_type(model), []).append(projection)
        self._registers = [(r, frozenset(map(event_type, r.events))) for r in reader.registers]

    def touched(self, events: Iterable[RecordedEvent | Aside]) -> dict[str, set[Key]]:
        """The keys, by table, that a batch may touch, before it is judged; decodes the data that keys depend on.

        Data that can not be decoded add no key: the fold raises Halted if their event counts, and ignores a void one.
        """
        keys: dict[str, set[Key]] = {p.table: set() for p in self.reader.projections}
        for event in events:
            if isinstance(event, Aside):
                continue
            for projection in self._by_type.get(event.type, ()):
                if projection.keys is by_stream:
                    keys[projection.table].add((event.stream,))
                    continue
                with suppress(Halted):
                    keys[projection.table].update(self._keys(projection, event))
        return keys

    def fold(self, events: Iterable[RecordedEvent | Aside], view: View) -> None:
        """Judge and apply in order; raises Halted at the first record that can not be taken."""
        counts, heads, writes, enters = self.judge.counts, view.heads, self.reader.writes, bool(self.reader.entered)
        for event in events:
            if isinstance(event, Aside):
                self._pass_over(event, view)
                continue
            if not counts(event, heads):
                view.voids.append(event.offset)
                continue
            view.counted += 1
            if writes:
                _note(view.command_indexes, event)
                self._note_hour(view, event)
            if enters:
                self._enter(event, view)
            for projection in self._by_type.get(event.type, ()):
                self._fold_one(projection, event, view.rows[projection.table])

    def _fold_one(self, projection: Projection[Any], event: RecordedEvent, rows: Rows) -> None:
        """Fold an event into the rows of one table."""
        try:
            if projection.keys is by_stream:
                self.judge.codec.open(event)
                key = (event.stream,)
                rows[key] = projection.evolve(rows.get(key), event)
                return
            for key in self._keys(projection, event):
                rows[key] = projection.evolve(rows.get(key), event)
        except Halted:
            raise
        except Exception as error:  # of whatever kind: what counts is never passed over, so it halts
            raise self._not_folded(projection.table, event, error) from error

    def _enter(self, event: RecordedEvent, view: View) -> None:
        """Enter a counting event in the registers, and count it in the tallies."""
        place, table = (event.partition, event.offset), ""
        try:
            for register, types in self._registers:
                table = register.table
                if not types:
                    view.entries[table] += [(*place, *row) for row in register.entries(event)]
                elif event.type in types:
                    view.entries[table] += [(*place, *row) for row in register.entries(self.judge.codec.open(event))]
            for tally in self.reader.tallies:
                table = tally.table
                view.tallies[table][event.partition, *tally.of(event)] += 1
        except Halted:
            raise
        except Exception as error:  # of whatever kind: what counts is never passed over, so it halts
            raise self._not_folded(table, event, error) from error

    def _pass_over(self, aside: Aside, view: View) -> None:
        """A record set aside never counts; where it becomes the head of its stream, its hour is the stream's too."""
        event = aside.event
        before = event and view.heads.get(event.stream)
        self.judge.counts(aside, view.heads)
        view.voids.append(aside.offset)
        if event and self.reader.writes and view.heads.get(event.stream) != before:
            self._note_hour(view, event)

    def _note_hour(self, view: View, event: RecordedEvent) -> None:
        hour = hour_of(event.recordedtime)
        if hour > view.hours.get(event.stream, hour - 1):
            view.hours[event.stream] = hour

    def _not_folded(self, table: str, event: RecordedEvent, error: Exception) -> Halted:
        failure = failure_of(f"reader {self.reader.name}", table, error)
        sentence = f"{table} can not fold {event.type} ({failure.error} at {failure.place})"
        return Halted(self.reader.topic, event.partition, event.offset, sentence)

    def _keys(self, projection: Projection[Any], event: RecordedEvent) -> Iterable[Key]:
        keys = projection.keys(self.judge.codec.open(event))
        for key in keys:
            if key[0] != event.stream:
                raise ValueError(f"{projection.table}: key {key} does not begin with the stream {event.stream}")
        return keys


def _note(command_indexes: dict[str, bytearray], event: RecordedEvent) -> None:
    entry = _command(event) + event.offset.to_bytes(8, "big")
    index = command_indexes.get(event.stream)
    if index is None:
        command_indexes[event.stream] = bytearray(entry)
    else:
        index += entry


def _command(event: RecordedEvent) -> bytes:
    """The 16 bytes of the command's id; raises Halted for anything else, which would misalign the whole index."""
    try:
        command = command_key(event.causationid)
    except ValueError:
        command = b""
    if len(command) == COMMAND:
        return command
    sentence = f"causationid {event.causationid!r} is no UUID"
    raise Halted(f"stream {event.stream}", event.partition, event.offset, sentence)


def parted(index: bytes) -> tuple[bytes, bytes]:
    """Split a command index, or the end of one, into what becomes rows of their own and what stands with the head."""
    at = len(index) - len(index) % NEWEST
    return index[:at], index[at:]


def entries(index: bytes) -> Iterator[tuple[bytes, int]]:
    """The ids of the counted commands, each with the offset of its event, in order."""
    for at in range(0, len(index), INDEX_ENTRY):
        yield index[at : at + COMMAND], int.from_bytes(index[at + COMMAND : at + INDEX_ENTRY], "big")


def counted_at(index: bytes, command: str) -> int | None:
    """Find the offset of the event that a command caused on a stream, None if it caused none."""
    wanted = command_key(command)
    return next((offset for found, offset in entries(index) if found == wanted), None)


def command_key(command: str) -> bytes:
    """The id of a command as a command index holds it."""
    return bytes.fromhex(command.replace("-", ""))


def counted_offsets(index: bytes) -> Iterator[int]:
    """The offsets of a stream's counting events, in order, by its command index."""
    return (offset for _, offset in entries(index))
