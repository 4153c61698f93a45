"""The folder of a backup: an Avro file for each partition, `manifest.json`, and last of all `SHA256SUMS`.

A folder without the last one is none. It is in the form that `sha256sum --check` reads; what it says of the manifest is
the name of the backup. Where a backup is sealed, all files but that one are, and end in `.age`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import fastavro
from fastavro.write import Writer
from pydantic import ValidationError
from pyrage import encrypt

from libs.eventlog.kafka.stored import StoredRecord
from services.ops.backup.manifest import FORMAT, Manifest, SavedPartition
from services.ops.backup.sealing import SEALED, Identities, Recipients, Sealing, unsealed
from services.ops.cli.output import Refused

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
BLOCK = 1 << 18  # bytes that are compressed together
MINE = 0o600
SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "olcare.Record",
        "doc": "A record of a partition. `timestamp`: in ms of the epoch; `appended`: it is the broker's own.",
        "fields": [
            {"name": "offset", "type": "long"},
            {"name": "timestamp", "type": "long"},
            {"name": "appended", "type": "boolean"},
            {"name": "key", "type": ["null", "bytes"]},
            {"name": "value", "type": ["null", "bytes"]},
            {
                "name": "headers",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "olcare.Header",
                        "fields": [{"name": "name", "type": "bytes"}, {"name": "value", "type": ["null", "bytes"]}],
                    },
                },
            },
        ],
    }
)


class Backup(NamedTuple):
    """A whole backup that was found undamaged; `name` is the SHA-256 of its manifest, `keys` are for those sealed."""

    folder: Path
    name: str
    manifest: Manifest
    keys: Identities = ()

    def records(self, partition: SavedPartition) -> Iterator[StoredRecord]:
        """Read the records of a partition."""
        return read_records(self.folder / partition.file, self.keys)


class RecordFile:
    """Writes the records of a partition, sealed where that is for somebody."""

    def __init__(self, path: Path, recipients: Recipients = ()) -> None:
        self._digested = _Digested(path)
        out: Any = Sealing(self._digested, recipients) if recipients else self._digested
        self._out = out
        self._writer = Writer(out, SCHEMA, codec="deflate", sync_interval=BLOCK)
        self.records = 0

    def write(self, records: Sequence[StoredRecord]) -> None:
        """Add records."""
        for record in records:
            self._writer.write(_row(record))
        self.records += len(records)

    def finish(self) -> str:
        """Bring all of it to the disk; gives the SHA-256."""
        self._writer.flush()
        if self._out is not self._digested:
            self._out.close()
        return self._digested.finish()

    def close(self) -> None:
        """Close the file, whole or not."""
        with suppress(OSError):
            self._out.close()
        self._digested.close()


@contextmanager
def record_file(path: Path, recipients: Recipients = ()) -> Iterator[RecordFile]:
    """Begin a file that must not be there yet."""
    made = RecordFile(path, recipients)
    try:
        yield made
    finally:
        made.close()


def read_records(path: Path, keys: Identities = ()) -> Iterator[StoredRecord]:
    """Read the records of a partition; raises Refused where it is sealed and no key opens it."""
    with unsealed(path, keys) as file:
        for row in fastavro.reader(file):
            yield _record(row)


def begin(folder: Path) -> None:
    """Make the folder of a backup; raises Refused where there is something already."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Refused(f"{folder} is not empty: name a folder that is, or that is not there yet")
    except OSError as error:
        raise Refused(f"{folder} can not be made: {error.strerror}") from error


def finish(folder: Path, manifest: Manifest, sums: Mapping[str, str], recipients: Recipients = ()) -> Backup:
    """Write the manifest, and at last the sums, by which the folder becomes a backup."""
    text = manifest.model_dump_json(indent=1).encode()
    file = MANIFEST + (SEALED if recipients else "")
    sealed = encrypt(text, recipients) if recipients else text
    name = sha256(sealed).hexdigest()
    _put(folder / file, sealed)
    lines = [f"{digest}  {file}\n" for file, digest in sorted({**sums, file: name}.items())]
    _put(folder / SUMS, "".join(lines).encode())
    return Backup(folder, name, manifest)


def find(folder: Path, keys: Identities = ()) -> Backup:
    """Read what a backup is, and compare every file with its sum; raises Refused where it is not whole."""
    sums = _sums(folder)
    for file, digest in sums.items():
        _compare(folder / file, digest)
    name = next((name for name in (MANIFEST, MANIFEST + SEALED) if name in sums), None)
    if name is None:
        raise _says_nothing_of(folder, MANIFEST)
    manifest = _manifest(folder / name, keys)
    files = {partition.file for topic in manifest.topics for partition in topic.partitions}
    if missing := sorted(files - sums.keys()):
        raise _says_nothing_of(folder, missing[0])
    return Backup(folder, sums[name], manifest, keys)


def _says_nothing_of(folder: Path, file: str) -> Refused:
    return Refused(f"{folder / SUMS} is damaged: it says nothing of {file}; take another copy of the backup")


def _sums(folder: Path) -> Mapping[str, str]:
    try:
        lines = (folder / SUMS).read_text().splitlines()
    except FileNotFoundError:
        raise Refused(f"{folder} has no {SUMS}: it is no backup, or one that was not finished") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{folder / SUMS} can not be read: {error}") from error
    found = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if not found or any(not name or Path(name).name != name for name in found):
        raise Refused(f"{folder / SUMS} is damaged: take another copy of the backup")
    return found


def _compare(path: Path, digest: str) -> None:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Refused(f"{path} is missing: take another copy of the backup") from None
    except OSError as error:
        raise Refused(f"{path} can not be read: {error.strerror}") from error
    if found != digest:
        raise Refused(f"{path} is damaged, or was cut: it is not what was saved; take another copy of the backup")


def _manifest(path: Path, keys: Identities) -> Manifest:
    with unsealed(path, keys) as file:
        text = file.read()
    try:
        raw: Any = json.loads(text)
        number, made_by = raw["format"], raw["made_by"]
        if number != FORMAT:
            raise Refused(f"{path} is of format {number}, and this version reads {FORMAT}: restore it with {made_by}")
        return Manifest.model_validate(raw)
    except (ValueError, LookupError, TypeError, ValidationError) as error:
        raise Refused(f"{path} is no manifest of a backup ({type(error).__name__}): take another copy") from error


def _put(path: Path, text: bytes) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    with _new(unfinished) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _new(path: Path) -> BinaryIO:
    """Open a file of our own that must not be there yet."""
    path.touch(MINE, exist_ok=False)
    return path.open("wb")


class _Digested(RawIOBase):
    """A file whose SHA-256 is taken while it is written."""

    def __init__(self, path: Path) -> None:
        self._file, self._digest = _new(path), sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def finish(self) -> str:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._digest.hexdigest()

    def close(self) -> None:
        self._file.close()


def _row(record: StoredRecord) -> dict[str, Any]:
    headers = [{"name": _bytes(name), "value": value} for name, value in record.headers]
    return {**record._asdict(), "headers": headers}


def _record(row: Any) -> StoredRecord:
    headers = tuple((_text(header["name"]), header["value"]) for header in row["headers"])
    return StoredRecord(row["offset"], row["timestamp"], row["appended"], row["key"], row["value"], headers)


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
