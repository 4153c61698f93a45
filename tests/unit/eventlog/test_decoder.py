"""Each offset of a batch gives one record, whatever its bytes are."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.eventlog.kafka.decoder import MAX_HEADERS, MAX_RECORD, DecodedBatches
from libs.eventlog.kafka.subscription import record_of
from libs.eventlog.wire.record import BROKEN, TOO_MANY_HEADERS, UNPACKS_TOO_LARGE, Record, why_raw
from tests.unit.eventlog.batches import CODECS, batch, record, sealed

CUT_OFF = b"\x00\x00\x00\x02\xfe\xff\x07key"  # the key takes 65,535 bytes, it says


def read(raw: bytes, start: int = 0, records: Any = DecodedBatches) -> list[Record]:
    """The records from an offset on, as aiokafka's consumer takes them from a fetched partition."""
    given_up = PartitionRecords(TopicPartition("door", 0), records(raw), None, start, None, None, True, 0)  # noqa: FBT003 - not ours
    return [record_of(message) for message in given_up]


def values(raw: bytes, start: int = 0) -> list[tuple[int, bytes | None]]:
    return [(found.offset, found.value) for found in read(raw, start)]


@pytest.mark.parametrize("codec", [None, *CODECS])
def test_an_ordinary_batch_is_read_as_ever(codec: str | None) -> None:
    raw = batch(record(0, b"a", [(b"n", b"1"), (b"n", None)]), record(1, None, key=None), codec=codec, base=7)
    assert read(raw, 7) == [
        Record("door", 0, 7, b"key", b"a", (("n", b"1"), ("n", None)), 0),  # type: ignore[arg-type] # a header may have no value
        Record("door", 0, 8, None, None, (), 0),
    ]
    assert read(raw, 7) == read(raw, 7, MemoryRecords)


@pytest.mark.parametrize("codec", [None, *CODECS])
def test_a_header_name_that_is_not_utf_8_costs_nobody_a_record(codec: str | None) -> None:
    raw = batch(record(0, b"a"), record(1, b"b", [(b"ce_\xff", b"x")], key=b"\xff"), record(2, b"c"), codec=codec)
    assert values(raw) == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert [found.offset for found in DecodedBatches(raw).next_batch()] == [0, 1, 2]
    poisoned = read(raw)[1]
    assert (poisoned.key, poisoned.headers) == (b"\xff", (("ce_\udcff", b"x"),))


@pytest.mark.parametrize("claimed", [(1000, 1), (0, -5), (0, 0), (1, 1), (1, 0)])
def test_a_record_stands_where_it_is_and_not_where_it_claims(claimed: Sequence[int]) -> None:
    raw = batch(*(record(index, b"%d" % at) for at, index in enumerate(claimed)))
    assert values(raw) == [(0, b"0"), (1, b"1")]


@pytest.mark.parametrize("attributes", [0x80, 0xFF])
def test_attributes_that_mean_nothing_hide_no_record(attributes: int) -> None:
    assert values(batch(record(0, b"a", attributes=attributes), record(1, b"b"))) == [(0, b"a"), (1, b"b")]


@pytest.mark.parametrize("length", [-1, 0, 5, 500])
def test_a_length_that_is_not_true_hides_no_record(length: int) -> None:
    assert values(batch(record(0, b"a", length=length), record(1, b"b"), codec="gzip")) == [(0, b"a"), (1, b"b")]


def test_reading_may_begin_within_a_batch() -> None:
    assert values(batch(record(0, b"a"), record(1, b"b", [(b"\xff", b"")]), record(2, b"c")), start=2) == [(2, b"c")]


def test_a_compacted_batch_keeps_its_gaps() -> None:
    assert values(batch(record(1, b"a"), record(4, b"b"), last=6, base=10), start=10) == [(11, b"a"), (14, b"b")]
    unusual = batch(record(1, b"a"), record(4, b"b", [(b"\xff", b"")]), last=6, base=10)
    assert values(unusual, start=10) == [(11, b"a"), (14, b"b")]


def test_what_can_not_be_unpacked_comes_as_it_is_and_once() -> None:
    raw = batch(record(0), record(1), codec="gzip", pack=lambda _: b"no gzip") + batch(record(0, b"c"), base=2)
    first, second, third = read(raw)
    assert (first.offset, why_raw(first.headers), raw.startswith(first.value or b"-")) == (0, BROKEN, True)
    assert (second.offset, why_raw(second.headers), second.value) == (1, BROKEN, b"see offset 0")
    assert (third.offset, third.value) == (2, b"c")


def test_records_before_the_one_that_can_not_be_told_apart_are_read() -> None:
    first, second, third = read(batch(record(0, b"a"), CUT_OFF, record(2, b"c")))
    assert (first.value, why_raw(second.headers), why_raw(third.headers)) == (b"a", BROKEN, BROKEN)


@pytest.mark.parametrize("codec", CODECS)
def test_room_is_made_for_a_mebibyte_a_record(codec: str) -> None:
    within, beyond = (record(0, bytes(MAX_RECORD + more)) for more in (-100, 1))
    assert read(batch(within, codec=codec))[0].value == bytes(MAX_RECORD - 100)
    if codec != "snappy":  # which packs a twentieth at best
        assert why_raw(read(batch(beyond, codec=codec))[0].headers) == UNPACKS_TOO_LARGE


def test_a_record_with_too_many_headers_comes_as_its_bytes() -> None:
    many, still = (record(1, b"b", [(b"n", None)] * (MAX_HEADERS + more)) for more in (1, 0))
    raw = batch(record(0, b"a"), many, record(2, b"c"))
    first, second, third = read(raw)
    assert (first.value, why_raw(second.headers), third.value) == (b"a", TOO_MANY_HEADERS, b"c")
    assert many.endswith(second.value or b"-")
    assert len(read(batch(record(0), still))[1].headers) == MAX_HEADERS


@settings(deadline=None)
@given(
    body=st.binary(max_size=60) | st.lists(st.builds(record, st.integers(-3, 3)), max_size=4).map(b"".join),
    codec=st.sampled_from([None, *CODECS]),
    flags=st.integers(0, 15),
    count=st.integers(1, 4),
    packed=st.booleans(),
)
def test_any_bytes_give_a_record_for_each_offset(
    body: bytes, codec: str | None, flags: int, count: int, *, packed: bool
) -> None:
    number, pack = CODECS[codec] if codec else (flags, bytes)
    rest = struct.pack(">hiqqqhii", number, count - 1, 0, 0, -1, -1, -1, count) + (pack(body) if packed else body)
    assert [found.offset for found in read(sealed(rest))] == list(range(count))
