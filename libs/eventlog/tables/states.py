"""What was read or written lately, so that the writer and the reader of one process need not read it again.

A state is kept beside the head that it follows from. The id of a head depends on all events before it, so a state is
asked for by what is the head now, and can not be out of date, whoever moved the tables. A command that counts counts
for ever.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

from libs.eventlog.fold import NEWEST, counted_at
from libs.eventlog.ports import Asked
from libs.eventlog.wire.record import Head

MOST = 10_000  # streams; more than a writer has under way at once


class KnownState(NamedTuple):
    """A state, and the id of the head that it follows from."""

    head: str
    state: Any


class KnownStates:
    """By stream the newest state that is known; the least recently known are forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept = OrderedDict[str, KnownState]()

    def of_streams(self, streams: Iterable[str]) -> dict[str, KnownState]:
        """What is known of some streams; it stays as it is, whatever becomes known or is forgotten meanwhile."""
        return {stream: kept for stream in streams if (kept := self._kept.get(stream))}

    def of(self, stream: str, head: Head | None) -> Any:
        """The state that follows from a head; None where it is not known."""
        kept = self._kept.get(stream)
        return kept.state if kept and head and kept.head == head.id else None

    def keep(self, stream: str, head: Head, state: Any) -> None:
        """Keep a state."""
        self._kept[stream] = KnownState(head.id, state)
        self._kept.move_to_end(stream)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all: other tables are in use, for which other records may be set aside."""
        self._kept.clear()


class KnownCommands:
    """By stream the newest part of its command index; those of the streams known longest are forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._indexes = OrderedDict[str, bytes]()

    def of(self, asked: Asked) -> int | None:
        """The offset of the event of a command; None where it is not known."""
        return counted_at(self._indexes.get(asked.stream, b""), asked.command)

    def keep(self, stream: str, index: bytes) -> None:
        """Keep what a stream's command index has gained."""
        self._indexes[stream] = (self._indexes.get(stream, b"") + index)[-NEWEST:]
        self._indexes.move_to_end(stream)
        if len(self._indexes) > self._most:
            self._indexes.popitem(last=False)

    def clear(self) -> None:
        """Forget all: other tables are in use."""
        self._indexes.clear()
