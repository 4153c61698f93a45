"""Streams of which nothing was recorded for long are put away: all that is kept of one, packed in one row.

When is a function of the log alone, so that a rebuild puts the same streams away: the last event of the stream is more
than 180 days of plan time older than the newest one of its partition. It is only where and how a stream is kept:
whoever asks for it is given what was there before, and its next event brings it back.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

CHECK = 8
"""Bytes of a packed state that say which state it is, however it was compressed: two builds agree where they do."""

_DAYS_BEFORE = date(1970, 1, 1).toordinal()

_sorted = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True)
class PutAway:
    """How a reader puts streams away. Whoever changes it raises the reader's version: what is packed is read by it.

    `example` is a state, in JSON: what others have in common with it takes no room. `after` are hours of plan time.
    """

    example: str = "{}"
    after: int = 180 * 24

    def packed(self, state: bytes | None) -> bytes | None:
        """Pack a state, JSON in whatever order of its keys; None where there is none."""
        if state is None:
            return None
        plain = _sorted(msgspec.json.decode(state))
        compressor = _primed(self.example).copy()
        packed: bytes = compressor.compress(plain) + compressor.flush()
        return _check(plain) + packed

    def unpacked(self, packed: bytes | None) -> bytes | None:
        """Give the JSON of a packed state; raises ValueError where it is not what was packed."""
        if packed is None:
            return None
        plain = zlib.decompressobj(_WINDOW, zdict=_dictionary(self.example)).decompress(packed[CHECK:])
        if _check(plain) != packed[:CHECK]:
            raise ValueError("a state that was put away is not what it was: build the reader's tables anew")
        return plain


def hour_of(recorded_at: datetime) -> int:
    """Number the hour of an instant, from 1970 on."""
    instant = recorded_at if recorded_at.tzinfo is UTC else recorded_at.astimezone(UTC)
    return (instant.toordinal() - _DAYS_BEFORE) * 24 + instant.hour


def can_be_put_away(event_id: str) -> bool:
    """Whether the id of a head is kept in 16 bytes, and read back as it was; of a record set aside it may be any."""
    try:
        return str(UUID(event_id)) == event_id
    except ValueError:
        return False


_WINDOW = -12  # 4 KiB, as raw deflate


@cache
def _dictionary(example: str) -> bytes:
    return _sorted(msgspec.json.decode(example))


@cache
def _primed(example: str) -> Any:
    """A compressor that has read the example; to be copied, since reading it costs more than a state."""
    return zlib.compressobj(9, zlib.DEFLATED, _WINDOW, 5, zlib.Z_DEFAULT_STRATEGY, _dictionary(example))


def _check(plain: bytes) -> bytes:
    return blake2b(plain, digest_size=CHECK).digest()
