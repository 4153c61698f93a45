"""Nobody stops a door by what he writes to it: whatever the broker takes is answered, and what follows it too."""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka.codec import lz4_encode, snappy_encode

from libs.messages.receipts import Header, Outcome
from tests.integration.eventlog.open_door import open_door
from tests.unit.eventlog.batches import CODECS, Headers, batch, record, sealed

GOOD = (Path(__file__).parents[3] / "contracts/examples/door/TicketSubmitted.json").read_bytes()
STRUCTURED = (b"content-type", b"application/cloudevents+json")
UNKNOWN, CORRUPT, INVALID = -1, 2, 87  # what a broker answers to what it can not make sense of
ACCEPTED, UNREADABLE = Outcome.ACCEPTED, Outcome.UNREADABLE


def ticket(
    index: int = 0, headers: Headers = (), key: bytes = b"4711", attributes: int = 0, length: int | None = None
) -> bytes:
    return record(index, GOOD, [STRUCTURED, *headers], key, attributes, length)


def odd_snappy(data: bytes) -> bytes:
    """Snappy's frames of a version that is not known yet, which Java's library takes all the same."""
    usual: bytes = snappy_encode(data)
    return usual[:8] + struct.pack(">i", 2) + usual[12:]


POISON: dict[str, tuple[bytes, Sequence[Outcome]]] = {
    "a foreign header's name is not UTF-8": (batch(ticket(0, [(b"\xff", b"")])), [ACCEPTED]),
    "the name of one of ours is not UTF-8": (batch(ticket(0, [(b"ce_\xff", b"")])), [UNREADABLE]),
    "and that is compressed": (batch(ticket(0, [(b"ce_\xff", b"")]), ticket(1), codec="gzip"), [UNREADABLE, ACCEPTED]),
    "attributes that mean nothing": (batch(ticket(0, attributes=0x80), ticket(1)), [ACCEPTED, ACCEPTED]),
    "an offset far ahead": (batch(ticket(1000)), [ACCEPTED]),
    "an offset long past": (batch(ticket(0), ticket(-5)), [ACCEPTED, ACCEPTED]),
    "a length that is not true": (batch(ticket(0, length=5), ticket(1), codec="gzip"), [ACCEPTED, ACCEPTED]),
    "gzip with something behind": (batch(ticket(), codec="gzip", pack=lambda b: gzip.compress(b) + b"x"), [UNREADABLE]),
    "lz4 with something behind": (
        batch(ticket(0), ticket(1), codec="lz4", pack=lambda b: lz4_encode(b) + b"x"),
        [UNREADABLE, UNREADABLE],
    ),
    "snappy of another kind": (batch(ticket(), codec="snappy", pack=odd_snappy), [UNREADABLE]),
    "zeros packed in gzip": (batch(record(0, bytes(64 << 20)), codec="gzip"), [UNREADABLE]),
    "zeros packed in zstd": (batch(record(0, bytes(64 << 20)), codec="zstd"), [UNREADABLE]),
    "more headers than can be kept": (batch(record(0, b"{", [(b"", None)] * 400_000)), [UNREADABLE]),
    "many headers on something good": (batch(ticket(0, [(b"n", b"v")] * 199)), [ACCEPTED]),
    "a huge value": (batch(record(0, bytes(1_000_000), [STRUCTURED])), [UNREADABLE]),
    "a huge key": (batch(ticket(key=bytes(1_000_000))), [ACCEPTED]),
    "a huge key and nothing else": (batch(record(0, b"", (), bytes(1_048_400))), [UNREADABLE]),
    "a huge name of control characters": (batch(record(0, b"{", [(bytes(1_000_000), b"")])), [UNREADABLE]),
    "control characters everywhere": (batch(record(0, bytes(40), [(bytes(9), bytes(9))], bytes(9))), [UNREADABLE]),
    "nothing at all": (batch(record(0, None, (), None), record(1, b"", (), b"")), [UNREADABLE, UNREADABLE]),
}
REFUSED = {
    "a checksum that is wrong": sealed(batch(ticket())[21:], wrong=1),
    "an old format": sealed(batch(ticket())[21:], magic=1),
    "a control batch": sealed(bytes([0, 0x20]) + batch(ticket())[23:]),
    "an unknown compression": sealed(bytes([0, 5]) + batch(ticket())[23:]),
    "a record too few": sealed(batch(ticket())[21:57] + struct.pack(">i", 2) + batch(ticket())[61:]),
    "a record that ends too early": batch(b"\x0e\x00\x00\x00\x02\xfe\xff\x07k"),
}


@pytest.mark.parametrize("poison", POISON)
async def test_whatever_the_broker_takes_is_answered_and_what_follows_too(kafka: str, unique: str, poison: str) -> None:
    raw, outcomes = POISON[poison]
    async with open_door(kafka, unique) as door:
        assert [await door.send(sent) for sent in (batch(ticket()), raw, batch(ticket()))] == [0, 0, 0]
        count = len(outcomes) + 2
        receipts = await door.receipts(count)
        answers = {receipt.place.offset: receipt.outcome for receipt in receipts}
        assert (len(receipts), answers) == (count, dict(enumerate([ACCEPTED, *outcomes, ACCEPTED])))
        dead = [receipt.place for receipt in receipts if receipt.outcome is UNREADABLE]
        assert [letter.place for letter in (await door.letters(len(dead)) if dead else ())] == dead
        assert await door.committed(count) == count


@pytest.mark.parametrize("codec", CODECS)
async def test_a_client_may_compress_as_it_likes(kafka: str, unique: str, codec: str) -> None:
    async with open_door(kafka, unique) as door:
        assert await door.send(batch(ticket(0), ticket(1), codec=codec)) == 0
        assert [receipt.outcome for receipt in await door.receipts(2)] == [ACCEPTED, ACCEPTED]


@pytest.mark.parametrize("refused", REFUSED)
async def test_what_could_not_be_read_at_all_the_broker_refuses(kafka: str, unique: str, refused: str) -> None:
    async with open_door(kafka, unique) as door:
        assert await door.send(REFUSED[refused]) in {UNKNOWN, CORRUPT, INVALID}
        assert await door.send(batch(ticket())) == 0
        assert [receipt.place.offset for receipt in await door.receipts(1)] == [0]


async def test_a_dead_letter_keeps_the_bytes_of_a_record_that_no_library_would_write(kafka: str, unique: str) -> None:
    every = bytes(range(256))
    async with open_door(kafka, unique) as door:
        await door.send(batch(record(0, every, [(b"ce_\xff\n", every), (b"\xfe", None)], key=every)))
        [letter] = await door.letters(1)
    assert (letter.key, letter.value, str(letter.reason), letter.where) == (every, every, "not-utf8", "")
    assert letter.headers == (Header(name="ce_\\xff\n", value=every), Header(name="\\xfe", value=None))


async def test_a_batch_that_can_not_be_unpacked_is_kept_as_it_came(kafka: str, unique: str) -> None:
    raw = batch(ticket(0), ticket(1), codec="snappy", pack=odd_snappy)
    async with open_door(kafka, unique) as door:
        await door.send(raw)
        first, second = await door.letters(2)
    assert (first.value or b"")[61:] == raw[61:]  # the broker writes its own time into what is before
    assert second.value == b"see offset 0"
