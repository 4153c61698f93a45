"""A long partition parted by its streams into files, so that it is read once and folded part by part in little memory.

The files stand in the system's folder for temporary ones (`TMPDIR`) and take about as much room as the partition.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import msgspec

from libs.eventlog.errors import Unavailable
from libs.eventlog.wire.record import Record

SIZE = 8  # bytes of the number in front of each batch

_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Record]).decode


class Spilled:
    """The parts of one partition; a stream is in one part."""

    def __init__(self, folder: Path, parts: int) -> None:
        self._parts = [(folder / str(part)).open("w+b", buffering=1 << 18) for part in range(parts)]

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self._parts)

    def parted(self, records: Sequence[Record]) -> Sequence[Sequence[Record]]:
        """A batch by its parts, each in order."""
        if self.parts == 1:
            return [records]
        found: list[list[Record]] = [[] for _ in self._parts]
        for record in records:
            found[zlib.crc32(record.key or b"") % self.parts].append(record)
        return found

    def write(self, part: int, records: Sequence[Record]) -> None:
        """Append records to a part; raises Unavailable where there is no room."""
        if not records:
            return
        content = _encode(records)
        try:
            self._parts[part].write(len(content).to_bytes(SIZE, "big") + content)
        except OSError as error:
            raise _no_room(error) from error

    def read(self, part: int) -> Iterator[Sequence[Record]]:
        """The records of a part, in the order in which they were written; raises Unavailable as `write` does."""
        file = self._parts[part]
        try:
            file.seek(0)
        except OSError as error:  # what was kept back in memory is written now
            raise _no_room(error) from error
        while size := file.read(SIZE):
            yield _decode(file.read(int.from_bytes(size, "big")))

    def drop(self, part: int) -> None:
        """Give the room of a part back."""
        self._parts[part].truncate(0)

    def close(self) -> None:
        """Let go of the files."""
        for file in self._parts:
            with suppress(OSError):  # nobody will read them
                file.close()


@contextmanager
def spilled(parts: int) -> Iterator[Spilled]:
    """Room for so many parts, given back at the end; raises Unavailable where there is none."""
    try:
        folder = TemporaryDirectory(prefix="olcare-rebuild-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_room(error) from error
    with folder as name:
        spilled = Spilled(Path(name), parts)
        try:
            yield spilled
        finally:
            spilled.close()


def _no_room(error: OSError) -> Unavailable:
    where = f"a long partition needs room in {gettempdir()}, or in the folder that TMPDIR names"
    return Unavailable(f"{where}: {type(error).__name__} {error.strerror}")
