"""A backup that is damaged in any part of it is refused, in a sentence that names the part."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import active_count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from libs.eventlog.kafka.stored import StoredRecord
from services.ops.backup.files import MANIFEST, SUMS, Backup, begin, find, finish, read_records, record_file
from services.ops.backup.manifest import FORMAT, Manifest, SavedPartition, SavedTopic
from services.ops.backup.sealing import SEALED, Sealing, identities, recipient
from services.ops.cli.output import Refused

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NAMES = st.binary(max_size=8).map(lambda name: name.decode(errors="surrogateescape"))
RECORDS = st.builds(
    StoredRecord,
    st.integers(0, 2**62),
    st.integers(-1, 2**62),
    st.booleans(),
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=200),
    st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=9)), max_size=4).map(tuple),
)
KEY, ANOTHER = x25519.Identity.generate(), x25519.Identity.generate()
FILES = ("olcare.tickets.v1-0.avro", "olcare.tickets.v1-1.avro")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "backup")


def make(made: Path, *recipients: x25519.Recipient) -> Path:
    begin(made)
    files = [name + (SEALED if recipients else "") for name in FILES]
    records = [StoredRecord(at, 5, key=b"key", value=b"value" * at, headers=(), appended=True) for at in range(50)]
    sums = {}
    for name in files:
        with record_file(made / name, recipients) as file:
            file.write(records)
            sums[name] = file.finish()
    partitions = tuple(SavedPartition(number=p, file=f, start=0, end=50, records=50) for p, f in enumerate(files))
    topic = SavedTopic(name="olcare.tickets.v1", kind="log", id="id", settings={}, partitions=partitions)
    finish(made, _manifest(topic), sums, recipients)
    return made


def _manifest(*topics: SavedTopic, number: int = FORMAT) -> Manifest:
    return Manifest(format=number, made_by="9.9.9", cluster="c", begun_at=NOW, ended_at=NOW, topics=topics, offsets=())


def test_a_whole_backup_is_found_with_what_it_holds(folder: Path) -> None:
    found = find(folder)
    assert (found.manifest.records, found.manifest.groups) == (100, 0)
    assert [record.offset for record in read_records(folder / FILES[0])] == [*range(50)]


def test_a_sealed_backup_is_read_with_a_key_of_its_recipients_alone(tmp_path: Path) -> None:
    sealed = make(tmp_path / "sealed", KEY.to_public(), ANOTHER.to_public())
    plain = find(make(tmp_path / "plain"))
    for key in (KEY, ANOTHER):
        found = find(sealed, [key])
        for partition, of_plain in zip(_partitions(found), _partitions(plain), strict=True):
            assert [*found.records(partition)] == [*plain.records(of_plain)]
    with pytest.raises(Refused, match=r"manifest.json.age can not be opened with this key"):
        find(sealed, [x25519.Identity.generate()])
    with pytest.raises(Refused, match=r"manifest.json.age is sealed: name the file with the key by --identity"):
        find(sealed)
    for path in sealed.iterdir():
        assert path.name == SUMS or b"olcare" not in path.read_bytes()


def _partitions(backup: Backup) -> Sequence[SavedPartition]:
    return backup.manifest.topics[0].partitions


def test_a_reader_who_stops_early_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "large.avro.age"
    with record_file(path, [KEY.to_public()]) as file:
        noise = Random(1)
        file.write(
            [
                StoredRecord(at, 5, key=None, value=noise.randbytes(1000), headers=(), appended=True)
                for at in range(2000)
            ]
        )
        file.finish()
    before = active_count()
    records = read_records(path, [KEY])
    assert next(records).offset == 0
    records.close()  # type: ignore[attr-defined] # it is a generator
    assert active_count() == before


def test_what_can_not_be_sealed_is_said_and_nobody_waits() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        sealing = Sealing(full, [KEY.to_public()])
        with pytest.raises(OSError, match=r"No space left|Broken pipe"):  # noqa: PT012 - which of both says it is open
            for _ in range(100):
                sealing.write(bytes(1 << 16))
            sealing.close()


def test_keys_are_read_as_age_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text(f"# created: today\n# public key: {KEY.to_public()}\n{KEY}\n")
    assert [str(key) for key in identities(path)] == [str(KEY)]
    assert str(recipient(str(KEY.to_public()))) == str(KEY.to_public())
    path.write_text("# nothing\n")
    with pytest.raises(Refused, match=r"key.txt holds no key"):
        identities(path)
    with pytest.raises(Refused, match="no file of keys"):
        identities(tmp_path / "nowhere")
    with pytest.raises(Refused, match="'age1x' is no recipient"):
        recipient("age1x")


@given(records=st.lists(RECORDS, max_size=30))
def test_records_are_read_back_as_they_were(
    records: list[StoredRecord], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("files") / "records.avro"
    with record_file(path) as file:
        file.write(records)
        file.finish()
    assert [*read_records(path)] == records


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    """Turn one bit, wherever it is."""
    data, rng = bytearray(path.read_bytes()), Random(path.name)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(7)
    path.write_bytes(data)


def blank(path: Path) -> None:
    path.write_bytes(b"")


def lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [cut, flip, blank, lose])
@pytest.mark.parametrize("name", [*FILES, MANIFEST])
@pytest.mark.parametrize("recipients", [(), (KEY.to_public(),)])
def test_a_file_that_is_harmed_is_named(
    tmp_path: Path, name: str, harm: Callable[[Path], None], recipients: Sequence[x25519.Recipient]
) -> None:
    folder = make(tmp_path / "backup", *recipients)
    harm(folder / (name + (SEALED if recipients else "")))
    with pytest.raises(Refused, match=f"{name}.* is (damaged|missing).* take another copy of the backup"):
        find(folder, [KEY])


@pytest.mark.parametrize("at", range(0, 300, 7))
def test_sums_that_are_harmed_are_noticed_wherever_that_is(folder: Path, at: int) -> None:
    data = bytearray((folder / SUMS).read_bytes())
    data[at % len(data)] ^= 1
    (folder / SUMS).write_bytes(data)
    with pytest.raises(Refused, match="take another copy of the backup"):
        find(folder)


def test_sums_that_lack_a_line_are_noticed(folder: Path) -> None:
    lines = (folder / SUMS).read_text().splitlines(keepends=True)
    for left_out in range(len(lines)):
        (folder / SUMS).write_text("".join(line for at, line in enumerate(lines) if at != left_out))
        with pytest.raises(Refused, match="SHA256SUMS is damaged: it says nothing of"):
            find(folder)


@pytest.mark.parametrize("harm", [blank, lose])
def test_a_folder_without_sums_is_no_backup(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / SUMS)
    with pytest.raises(Refused, match="SHA256SUMS"):
        find(folder)


def test_a_later_format_is_for_the_version_that_made_it(tmp_path: Path) -> None:
    finish(tmp_path, _manifest(number=FORMAT + 1), {})
    with pytest.raises(Refused, match=f"is of format {FORMAT + 1}, and this version reads {FORMAT}: .* 9.9.9"):
        find(tmp_path)


def test_nothing_is_written_beside_what_is_there(folder: Path) -> None:
    with pytest.raises(Refused, match="is not empty"):
        begin(folder)


def test_nobody_else_may_read_a_backup(folder: Path) -> None:
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


def test_the_manifest_is_for_people_too(folder: Path) -> None:
    said = json.loads((folder / MANIFEST).read_text())
    assert said["topics"][0]["partitions"][1] == {
        "number": 1,
        "file": "olcare.tickets.v1-1.avro",
        "start": 0,
        "end": 50,
        "records": 50,
    }
