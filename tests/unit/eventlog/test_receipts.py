"""What a door answers fits where it is written, and can be read back."""

from collections.abc import Sequence

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.receipts import MAX_CONTENT, MAX_KEY, in_dead_letters, unreadable
from libs.eventlog.wire.record import RAW_BATCH, Outgoing, Record
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Header, Receipt

STRUCTURED = [("content-type", b"application/cloudevents+json")]
DOOR, WHY = "olcare.tickets.in.v1", Unreadable("not-json", "", "this is not JSON")
Headers = Sequence[tuple[str, bytes | None]]


def answers(
    key: bytes | None = b"4711", value: bytes | None = b"{", headers: Headers = (), why: Unreadable = WHY
) -> tuple[Outgoing, Outgoing]:
    """The dead letter and the receipt of a record that can not be read."""
    letter, receipt = unreadable(Record(DOOR, 0, 17, key, value, headers, 0), why, 3)  # type: ignore[arg-type] # a header may have no value
    return letter, receipt


def letter_of(
    key: bytes | None = b"4711", value: bytes | None = b"{", headers: Headers = (), why: Unreadable = WHY
) -> DeadLetter:
    return DeadLetter.model_validate_json(answers(key, value, headers, why)[0].value or b"")


def test_a_dead_letter_keeps_what_a_record_does_not_have() -> None:
    letter = letter_of(key=None, value=None, headers=[("ce_id", None), ("n", b"")])
    assert (letter.key, letter.value) == (None, None)
    assert letter.headers == (Header(name="ce_id", value=None), Header(name="n", value=b""))


def test_a_dead_letter_keeps_every_byte_of_key_and_value() -> None:
    every = bytes(range(256))
    letter = letter_of(key=every, value=every, headers=[("n", every)])
    assert (letter.key, letter.value, letter.headers[0].value) == (every, every, every)


@pytest.mark.parametrize(
    ("name", "written"), [("ce_\udcff", r"ce_\xff"), ("é\n\x00", "é\n\x00"), ("😀", "😀"), (r"\xff", r"\xff"), ("", "")]
)
def test_the_name_of_a_header_is_written_as_far_as_json_can(name: str, written: str) -> None:
    assert letter_of(headers=[(name, b"")]).headers[0].name == written


def test_a_marker_for_a_dead_letter_is_read_back() -> None:
    marker = DeadLetterDiscarded(place=letter_of().place, by="ops", why="nothing more to do")
    assert (
        DeadLetterDiscarded.model_validate_json(in_dead_letters(DOOR, marker.place, marker, 3).value or b"") == marker
    )


def test_a_receipt_leaves_out_what_it_has_not() -> None:
    receipt = answers()[1].value or b""
    assert b"null" not in receipt
    assert Receipt.model_validate_json(receipt).where == ""


def test_a_receipt_stands_in_the_partition_of_its_record() -> None:
    for partition in range(3):
        _, receipt = unreadable(Record(DOOR, partition, 17, b"4711", b"{", (), 0), WHY, 3)
        assert (receipt.topic, receipt.partition) == ("olcare.tickets.receipts.v1", partition)


def test_a_receipt_has_the_key_of_its_record_unless_that_is_huge() -> None:
    assert answers(key=bytes(MAX_KEY))[1].key == bytes(MAX_KEY)
    assert answers(key=bytes(MAX_KEY + 1))[1].key is None
    assert answers(key=None)[1].key is None


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (bytes(MAX_CONTENT), []),
        (b"{", [("", None)] * 60_000),
        (b"{", [("\x00" * 320_000, b"")]),
        (b"{", [("n", bytes(MAX_CONTENT))]),
    ],
)
def test_what_would_not_fit_into_a_dead_letter_stays_at_its_place(value: bytes, headers: Headers) -> None:
    letter = letter_of(value=value, headers=headers, why=Unreadable("too-large", "", "a" * 200))
    assert (letter.key, letter.value, letter.headers) == (None, None, ())
    assert letter.message.startswith("too large to be kept here")
    assert (letter.place.offset, str(letter.reason), len(letter.message)) == (17, "too-large", 200)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (bytes(1 << 20), []),
        (b"{", [("", None)] * 50_000),
        (b"{", [("\x00" * 300_000, b"")]),
        (b"{", [("\udcff" * 300_000, b"")]),
    ],
)
def test_a_dead_letter_fits_into_its_topic(value: bytes, headers: Headers) -> None:
    written = answers(key=b"", value=value, headers=headers)[0].value or b""
    assert MAX_CONTENT / 2 < len(written) <= MAX_CONTENT
    assert DeadLetter.model_validate_json(written).value == value


@pytest.mark.parametrize(
    ("value", "headers", "identity"),
    [
        (b'{"specversion":"1.0","source":"crm-eu","id":"m-1"}', STRUCTURED, ("crm-eu", "m-1")),
        (b"{", [("ce_source", b"crm-eu"), ("ce_id", b"m-1")], ("crm-eu", "m-1")),
        (b'{"specversion":"1.0","source":"a@b.example","id":"m-1"}', STRUCTURED, (None, "m-1")),
        (b'{"specversion":"1.0","source":7,"id":"m\\n1"}', STRUCTURED, (None, None)),
        (b"{", STRUCTURED, (None, None)),
        (b"", [], (None, None)),
        (None, RAW_BATCH, (None, None)),
    ],
)
def test_a_receipt_says_which_message_it_answers_where_that_can_be_read(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], identity: tuple[str | None, str | None]
) -> None:
    record = Record("olcare.tickets.in.v1", 4, 1042, b"key", value, headers, 0)
    _, out = unreadable(record, Unreadable("bad-field", "data", "it does not fit"), 1)
    answer = Receipt.model_validate_json(out.value or b"")
    assert (answer.source, answer.id) == identity
    said = {name: value.decode() for name, value in out.headers if name.startswith("olcare_")}
    assert said == {f"olcare_{name}": text for name, text in zip(("source", "id"), identity, strict=True) if text}
