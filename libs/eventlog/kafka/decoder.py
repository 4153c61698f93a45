"""Decode every record that a broker accepts, including those at which aiokafka's decoder raises or that it misreads.

A broker stores what it is sent: header names that are not UTF-8, wrong offsets and lengths, compressed data that no
client can decompress. A consumer that raises at such a record never gets past it. Here each offset of a batch yields
one record; what can not be decoded comes as raw bytes, with the reason in its headers.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from mmap import mmap
from struct import error as NotPacked  # noqa: N812 - a class, whatever its name
from typing import Any, NamedTuple

import cramjam
from aiokafka.codec import snappy_decode
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint_py

from libs.eventlog.wire.record import BROKEN, TOO_MANY_HEADERS, UNPACKS_TOO_LARGE, raw_headers

# A kilobyte may decompress to a megabyte, and that to half a million headers: data beyond these limits is not decoded,
# so that neither memory nor the time between two heartbeats runs out.
MAX_HEADERS = 200
MAX_RECORD, MAX_BATCH = 1 << 20, 32 << 20  # bytes, unpacked: on average, and in all

_HEADER = DefaultRecordBase.HEADER_STRUCT
_INTO: Mapping[int, Any] = {
    DefaultRecordBase.CODEC_GZIP: cramjam.gzip.decompress_into,
    DefaultRecordBase.CODEC_LZ4: cramjam.lz4.decompress_into,
    DefaultRecordBase.CODEC_ZSTD: cramjam.zstd.decompress_into,
}
_ROOM_IS_FULL = "failed to write whole buffer"
"""What cramjam says, whatever the codec, where data need more room than they were given."""
UNREADABLE = (ValueError, LookupError, OverflowError, NotPacked, KafkaError, cramjam.DecompressionError)
"""What the decoders raise at bytes that they can not decode."""


def install_decoder() -> None:
    """Use this decoder in every consumer of this process; it costs a tenth of a microsecond per record."""
    fetcher.MemoryRecords = DecodedBatches


class DecodedBatches(_MemoryRecordsPy):  # type: ignore[misc] # aiokafka ships no types
    """The batches of one fetched partition."""

    def next_batch(self) -> Any:
        """The next batch; a control batch, or one of an old format, stays aiokafka's own."""
        raw, batch = self._next_slice, super().next_batch()
        written = isinstance(batch, DefaultRecordBatch) and not batch.is_control_batch
        return DecodedBatch(raw, batch) if written else batch


class DecodedRecord(NamedTuple):
    """What aiokafka's consumer takes from a record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Any
    timestamp_type: int = 0
    checksum: None = None


class DecodedBatch:
    """One batch: the records are decoded here, everything else is aiokafka's."""

    def __init__(self, raw: memoryview, batch: Any) -> None:
        self._raw, self._batch = raw, batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        """Yield aiokafka's records as long as their offsets are right, then records decoded here, then raw bytes."""
        at, end, why = self._batch.base_offset, self._batch.next_offset, BROKEN
        try:
            if not self._batch.compression_type:
                dense = _is_dense(self._raw)
                with suppress(*UNREADABLE):
                    for record in DefaultRecordBatch(self._raw):
                        offset = record.offset
                        if (offset != at and (dense or not at < offset < end)) or len(record.headers) > MAX_HEADERS:
                            break
                        at = offset + 1
                        yield record
                    else:
                        return
            for record in _records(self._raw):
                if at <= record.offset < end:
                    at = record.offset + 1
                    yield record
        except UNREADABLE as error:
            why = UNPACKS_TOO_LARGE if _ROOM_IS_FULL in str(error) else BROKEN
        else:
            return
        yield from self._rest(at, end, why)

    def _rest(self, first: int, end: int, why: bytes) -> Iterator[DecodedRecord]:
        """The raw batch as the record of the first offset; a reference to that offset as the others."""
        for offset in range(first, end):
            value = bytes(self._raw) if offset == first else f"see offset {first}".encode()
            headers, kind = raw_headers(why), self._batch.timestamp_type
            yield DecodedRecord(offset, self._batch.max_timestamp, None, value, headers, kind)


def _is_dense(raw: memoryview) -> bool:
    """Whether each offset has its record, as before any compaction."""
    last, count = _HEADER.unpack_from(raw)[6::6]
    return bool(count == last + 1)


def _records(raw: memoryview) -> Iterator[DecodedRecord]:
    """Decode records as the broker validates them: by content, not by the length and the offset that they state."""
    base, _, _, _, _, attributes, last, first, latest, _, _, _, count = _HEADER.unpack_from(raw)
    most = min(count * MAX_RECORD, MAX_BATCH)
    plain, at = _unpacked(attributes & DefaultRecordBase.CODEC_MASK, bytes(raw[_HEADER.size :]), most), 0
    for index in range(count):
        length, began = decode_varint_py(plain, at)
        later, at = decode_varint_py(plain, began + 1)  # after one byte of attributes, which mean nothing
        delta, at = decode_varint_py(plain, at)
        key, at = _sized(plain, at)
        value, at = _sized(plain, at)
        headers, at = _headers(plain, at)
        if headers is None:
            at = _within(plain, began + length)
            key, value, headers = None, plain[began:at], raw_headers(TOO_MANY_HEADERS)
        appended = bool(attributes & DefaultRecordBase.TIMESTAMP_TYPE_MASK)
        offset = base + (index if count == last + 1 else delta)
        yield DecodedRecord(offset, latest if appended else first + later, key, value, headers, int(appended))


def _unpacked(codec: int, data: bytes, most: int) -> bytes:
    """Decompress into a buffer of `most` bytes; data that needs more is not decoded."""
    if codec == DefaultRecordBase.CODEC_NONE:
        return data
    if codec == DefaultRecordBase.CODEC_SNAPPY:  # whose data unpack to twenty times their size at most
        return bytes(snappy_decode(data))
    with mmap(-1, most) as room:  # pages that are never touched take no memory
        return room[: _INTO[codec](data, room)]


def _headers(plain: bytes, at: int) -> tuple[Any, int]:
    """Names and values, None where there are too many; in names, bytes that are not UTF-8 become surrogates."""
    count, at = decode_varint_py(plain, at)
    if count > MAX_HEADERS:
        return None, at
    headers = []
    for _ in range(count):
        name, at = _sized(plain, at)
        value, at = _sized(plain, at)
        headers.append(((name or b"").decode(errors="surrogateescape"), value))
    return headers, at


def _sized(plain: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = decode_varint_py(plain, at)
    if size < 0:
        return None, at
    end = _within(plain, at + size)
    return plain[at:end], end


def _within(plain: bytes, end: int) -> int:
    if not 0 < end <= len(plain):
        raise IndexError("the bytes end before the record does")
    return end
