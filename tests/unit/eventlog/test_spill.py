"""What is kept in files comes back as it was, each part in its order."""

import errno
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.eventlog.errors import Unavailable
from libs.eventlog.rebuild import spill
from libs.eventlog.rebuild.spill import spilled
from libs.eventlog.wire.record import Record

VALUES = st.one_of(st.none(), st.binary(max_size=20))
HEADERS = st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3)), max_size=2).map(tuple)
RECORDS = st.lists(
    st.builds(
        Record, st.just("topic"), st.integers(0, 3), st.integers(0, 2**40), VALUES, VALUES, HEADERS, st.integers(-1, 9)
    ),
    max_size=30,
)


def as_written(records: Sequence[Record]) -> list[Record]:
    return [record._replace(headers=tuple((name, value) for name, value in record.headers)) for record in records]


@given(RECORDS, st.integers(1, 5), st.integers(1, 7))
def test_every_record_comes_back_once_in_the_part_of_its_stream(records: list[Record], parts: int, size: int) -> None:
    found: dict[int, list[Record]] = {}
    with spilled(parts) as files:
        for at in range(0, len(records), size):
            for part, some in enumerate(files.parted(records[at : at + size])):
                files.write(part, some)
        for part in range(files.parts):
            found[part] = as_written([record for batch in files.read(part) for record in batch])
            files.drop(part)
            assert list(files.read(part)) == []
    assert sorted((r.offset, r.partition) for some in found.values() for r in some) == sorted(
        (r.offset, r.partition) for r in records
    )
    homes: Mapping[bytes, set[int]] = {
        key: {part for part, some in found.items() for r in some if (r.key or b"") == key}
        for key in {r.key or b"" for r in records}
    }
    assert all(len(at) == 1 for at in homes.values())
    for some in found.values():
        keys = {record.key or b"" for record in some}
        assert some == [record for record in as_written(records) if (record.key or b"") in keys]


def test_where_there_is_no_room_a_sentence_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill, "TemporaryDirectory", full)
    with pytest.raises(Unavailable, match="TMPDIR names: OSError No space left on device"), spilled(2):
        raise AssertionError
