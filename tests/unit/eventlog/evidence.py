"""Records that cannot stand where they stand: evidence of loss, or that somebody wrote into the log."""

import json

from libs.eventlog.wire.record import Head, Record
from tests.unit.eventlog.history import History, note, stream_in, written

A, B = stream_in(0), stream_in(1)


def edited(record: Record, **attributes: object) -> bytes:
    return json.dumps({**json.loads(record.value or b""), **attributes}).encode()


def unreadable(history: History) -> Record:
    return history.record(b"{", A)


def of_a_type_that_nobody_knows(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, type="olcare.Unheard.v1"))


def under_a_strange_key(history: History) -> Record:
    return history.next(A)._replace(key=b"ticket/upstream/another")


def of_a_stream_that_stands_elsewhere(history: History) -> Record:
    """Would be the next of its stream, were it in its own partition."""
    strayed = history.next(B)
    history.offsets[1] = strayed.offset
    return history.record(strayed.value, B, partition=0)


def after_one_that_is_lost(history: History) -> Record:
    lost = history.next(A)
    history.offsets[0] = lost.offset
    return history.next(A)


def after_another_history(history: History) -> Record:
    other, _ = written(A, None, note(7))
    return history.record(written(A, Head(history.heads[A].sequence, other.id), note())[1], A)


def caused_by_no_command(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, causationid="somebody"))


def with_data_of_another_kind(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, data={"at": "some day"}))


def at_no_certain_instant(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, time="2026-03-02T09:00:00"))


def with_half_a_character(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, correlationid="\ud83d"))


def with_bytes_that_are_no_text(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=(record.value or b"").replace(b'"correlation"', b'"\xed\xa0\xbd"'))


def with_a_character_that_no_table_holds(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, source="\0"))


def with_a_sequence_that_no_table_holds(history: History) -> Record:
    record = history.next(A)
    return record._replace(value=edited(record, sequence=str(2**63)))


def with_lists_in_lists(history: History) -> Record:
    record = history.next(A)
    deep = b'"invented":' + b"[" * 100_000 + b"]" * 100_000
    return record._replace(value=(record.value or b"").replace(b'"data":', deep + b',"data":'))


EVIDENCE = [
    unreadable,
    of_a_type_that_nobody_knows,
    under_a_strange_key,
    of_a_stream_that_stands_elsewhere,
    after_one_that_is_lost,
    after_another_history,
    caused_by_no_command,
    with_data_of_another_kind,
    at_no_certain_instant,
    with_half_a_character,
    with_bytes_that_are_no_text,
    with_a_character_that_no_table_holds,
    with_a_sequence_that_no_table_holds,
    with_lists_in_lists,
]
