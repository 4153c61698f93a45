"""Batches of records as a client may put them on the wire, the untrue and the unreadable included."""

import gzip
import struct
from collections.abc import Callable, Sequence

from aiokafka.codec import lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.util import calc_crc32c, encode_varint

Headers = Sequence[tuple[bytes, bytes | None]]
Pack = Callable[[bytes], bytes]
CODECS: dict[str, tuple[int, Pack]] = {
    "gzip": (1, gzip.compress),
    "snappy": (2, snappy_encode),
    "lz4": (3, lz4_encode),
    "zstd": (4, zstd_encode),
}


def record(
    index: int,
    value: bytes | None = b"value",
    headers: Headers = (),
    key: bytes | None = b"key",
    attributes: int = 0,
    length: int | None = None,
) -> bytes:
    """One record; `index` is the offset that it claims in its batch, `length` what it claims to take."""
    named = b"".join(_sized(name) + _sized(content) for name, content in headers)
    body = bytes([attributes]) + _varint(0) + _varint(index) + _sized(key) + _sized(value)
    body += _varint(len(headers)) + named
    return _varint(len(body) if length is None else length) + body


def batch(
    *records: bytes, codec: str | None = None, pack: Pack | None = None, last: int | None = None, base: int = 0
) -> bytes:
    """A batch with its checksum; `pack` compresses in another way than `codec` does."""
    number, usual = CODECS[codec] if codec else (0, bytes)
    body = (pack or usual)(b"".join(records))
    count = len(records)
    return sealed(
        struct.pack(">hiqqqhii", number, count - 1 if last is None else last, 0, 0, -1, -1, -1, count) + body, base=base
    )


def sealed(rest: bytes, *, magic: int = 2, wrong: int = 0, base: int = 0) -> bytes:
    """What follows the checksum, with what comes before it; the checksum is off by `wrong`."""
    checksum = calc_crc32c(rest) ^ wrong
    return struct.pack(">qiibI", base, len(rest) + 9, -1, magic, checksum) + rest


def _sized(content: bytes | None) -> bytes:
    return _varint(-1) if content is None else _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    encode_varint(number, written.append)
    return bytes(written)
