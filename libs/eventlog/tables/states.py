"""What was read or written lately, so that the writer and the reader of one process need not read it again.

A state is kept beside the head that it follows from. The id of a head depends on all events before it, so a state is
asked for by what is the head now, and can not be out of date, whoever moved the tables. A command that counts counts
for ever.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from libs.eventlog.fold import command_key, entries
from libs.eventlog.ports import Asked
from libs.eventlog.wire.record import Head

MOST = 10_000  # streams, or commands; more than a writer has under way at once


class KnownState(NamedTuple):
    """A state, and the id of the head that it follows from."""

    head: str
    state: Any


class KnownStates:
    """By stream the newest state that is known; the least recently known are forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[str, KnownState] = {}

    def of_streams(self, streams: Iterable[str]) -> dict[str, KnownState]:
        """What is known of some streams; it stays as it is, whatever becomes known or is forgotten meanwhile."""
        return {stream: kept for stream in streams if (kept := self._kept.get(stream))}

    def of(self, stream: str, head: Head | None) -> Any:
        """The state that follows from a head; None where it is not known."""
        kept = self._kept.get(stream)
        return kept.state if kept and head and kept.head == head.id else None

    def keep(self, stream: str, head: Head, state: Any) -> None:
        """Keep a state."""
        self._kept.pop(stream, None)
        self._kept[stream] = KnownState(head.id, state)
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        """Forget all: other tables are in use, for which other records may be set aside."""
        self._kept.clear()


class KnownCommands:
    """The offsets of the events of commands that came to count; those known longest are forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._offsets: dict[tuple[str, bytes], int] = {}

    def of(self, asked: Asked) -> int | None:
        """The offset of the event of a command; None where it is not known."""
        return self._offsets.get((asked.stream, command_key(asked.command)))

    def keep(self, stream: str, index: bytes) -> None:
        """Keep what a part of a stream's command index says."""
        for command, offset in entries(index):
            self._offsets[stream, command] = offset
            if len(self._offsets) > self._most:
                del self._offsets[next(iter(self._offsets))]

    def clear(self) -> None:
        """Forget all: other tables are in use."""
        self._offsets.clear()
