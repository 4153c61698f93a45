"""A dead letter goes back as it came; what is done with it is written beside it."""

from datetime import UTC, datetime

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import parse
from libs.eventlog.wire.receipts import unreadable
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded
from services.ops.cli.output import Refused
from services.ops.door.stored_dead_letters import StoredDeadLetter, again, marked

HEADERS = (("content-type", b"application/json"), ("ce_id", b"\xff"), ("empty", None))
CAME = Record(TICKETS_DOOR, 4, 17, b"\x00key", b"\xff\xfe{", HEADERS, 0)  # type: ignore[arg-type] # a header may have no value


def dead_letter(record: Record) -> DeadLetter:
    try:
        parse(record.value, record.headers, UPSTREAM[TICKETS_DOOR])
    except Unreadable as why:
        written, _ = unreadable(record, why, 3)
        return DeadLetter.model_validate_json(written.value or b"")
    raise AssertionError("it was to be unreadable")


def test_bytes_key_headers_and_partition_go_back_as_they_came() -> None:
    sent = again(dead_letter(CAME))
    assert (sent.topic, sent.partition, sent.key, sent.value) == (TICKETS_DOOR, 4, CAME.key, CAME.value)
    assert list(sent.headers) == list(CAME.headers)


def test_a_record_without_key_and_value_goes_back_without_them() -> None:
    sent = again(dead_letter(CAME._replace(key=None, value=None, headers=())))
    assert (sent.key, sent.value, list(sent.headers)) == (None, None, [])


def test_what_was_too_large_to_be_kept_is_not_sent_in_empty() -> None:
    letter = dead_letter(CAME).model_copy(update={"value": None})
    with pytest.raises(Refused, match=r"olcare.tickets.in.v1/4/17 was too large to be kept"):
        again(letter)


def test_a_marker_stands_where_its_dead_letter_stands() -> None:
    letter = dead_letter(CAME)
    written, _ = unreadable(CAME, Unreadable(letter.reason, letter.where, letter.message), 3)
    marker, record = marked(letter.place, "anna", "a trial", 3)
    assert (record.topic, record.partition, record.key) == (written.topic, written.partition, written.key)
    assert DeadLetterDiscarded.model_validate_json(record.value or b"") == marker


def test_a_list_of_dead_letters_shows_nothing_of_what_they_hold() -> None:
    row = StoredDeadLetter(
        dead_letter(CAME._replace(value=b"Camille Exemple")), datetime(2026, 11, 23, tzinfo=UTC)
    ).row()
    assert "Camille" not in str(row)
