"""Stream ids: `kind/source/number`, source and number percent-encoded, so that two upstreams never meet."""

from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote

from murmurhash2 import murmurhash2

KAFKA_SEED = 0x9747B28C


class Stream(NamedTuple):
    """The parts of a stream id, decoded."""

    kind: str
    source: str
    number: str


def stream_id(kind: str, source: str, number: str) -> str:
    """Join the parts; `/` within source or number is encoded."""
    return f"{kind}/{quote(source, safe='')}/{quote(number, safe='')}"


def parse_stream(text: str) -> Stream:
    """Take a stream id apart; raises ValueError where it is none."""
    parts = text.split("/")
    if len(parts) != len(Stream._fields) or not all(parts):
        raise ValueError(f"{text!r} is not kind/source/number")
    return Stream(parts[0], unquote(parts[1]), unquote(parts[2]))


def normal(text: str) -> str:
    """The one spelling of a source or a number: Unicode's NFC."""
    return normalize("NFC", text)


def normal_id(text: str) -> str:
    """The one spelling of an id: what needs no encoding has none (`p%2D17` is `p-17`), and all is NFC.

    Raises ValueError where what is encoded is not UTF-8.
    """
    kind, *parts = text.split("/")
    return "/".join((kind, *(quote(normal(unquote(part, errors="strict")), safe="") for part in parts)))


def partition_of(stream: str, partitions: int) -> int:
    """The partition of a stream: murmur2 of its id, as Kafka's own clients compute it."""
    return int(murmurhash2(stream.encode(), KAFKA_SEED) & 0x7FFFFFFF) % partitions
