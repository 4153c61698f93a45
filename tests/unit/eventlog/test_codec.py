"""What a record must say to be read at all."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from libs.eventlog.errors import Halted
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import CONTENT_TYPE, Cause, Head, Record, encode
from libs.messages.base import rfc3339
from libs.messages.catalogue import EVENT_OF_TYPE, EVENTS, topic_of
from libs.messages.ids import event_id, name_id
from libs.messages.streams import partition_of
from tests.model.story import CODECS, MONDAY, TICKETS
from tests.unit.eventlog.history import History, note, stream_in

A = stream_in(1)
EXAMPLES = sorted((Path(__file__).parents[3] / "contracts" / "examples" / "log").glob("*.json"))
CODEC: Codec = CODECS[TICKETS]
RECORD = History().next(A)


TEXTS = ("id", "source", "type", "causationid", "correlationid", "previousid", "traceparent")
DEEP = b'"invented":' + b"[" * 200_000 + b"]" * 200_000


def changed(**attributes: object) -> Record:
    """Give the record with other attributes; None takes one away."""
    event = {**json.loads(RECORD.value or b""), **attributes}
    kept = {name: value for name, value in event.items() if value is not None}
    return RECORD._replace(value=json.dumps(kept).encode())


def test_an_event_is_read_as_it_was_written() -> None:
    head, cause = Head(41, str(name_id("before"))), Cause(str(name_id("command")), "ticket-17", MONDAY, "00-trace-01")
    made = encode("olcare/desk", A, head, note(3), cause, MONDAY)
    event = CODEC.open(CODEC.envelope(RECORD._replace(value=made.value, offset=9)))
    assert event.data == note(3)
    assert event.head == made.head == Head(42, event.id)
    assert (event.stream, event.type, event.source) == (A, "olcare.Noted.v1", "olcare/desk")
    assert (event.previousid, event.causationid, event.correlationid) == (head.id, cause.command, "ticket-17")
    assert (event.time, event.recordedtime, event.traceparent) == (MONDAY, MONDAY, "00-trace-01")
    assert (event.partition, event.offset) == (1, 9)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_what_a_writer_knows_of_its_own_event_is_what_is_read(example: Path) -> None:
    written = json.loads(example.read_text())
    stream, event = written["subject"], EVENT_OF_TYPE[written["type"]].model_validate_json(json.dumps(written["data"]))
    in_paris = datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Europe/Paris"))
    cause = Cause(str(name_id("command")), "ticket-17", in_paris, "00-trace-01", "mark", "olcare.tickets.in.v1/0/1")
    made, topic = (
        encode("olcare/desk", stream, Head(41, str(name_id("before"))), event, cause, in_paris),
        topic_of(stream),
    )
    codec, place = Codec(topic, EVENTS[topic], 12), (partition_of(stream, 12), 9)
    read = codec.open(codec.envelope(Record(topic, *place, stream.encode(), made.value, CONTENT_TYPE, 0)))
    made.recorded.partition, made.recorded.offset = place
    assert made.recorded == read
    assert (made.head, read.time.utcoffset()) == (read.head, made.recorded.time.utcoffset())


def test_an_event_is_one_json_object_with_the_attributes_of_cloudevents() -> None:
    event = json.loads(RECORD.value or b"")
    assert event["specversion"] == "1.0"
    assert (event["sequence"], event["sequencetype"]) == ("0000000001", "Integer")
    assert event["dataschema"] == "urn:olcare:schema:olcare.Noted.v1"
    assert "previousid" not in event
    assert "traceparent" not in event


def test_the_id_follows_from_history_cause_and_content_alone() -> None:
    cause = Cause(str(name_id("command")), "correlation", MONDAY)
    made = encode("one", A, None, note(), cause, MONDAY)
    data = note().model_dump_json()
    assert made.head.id == str(event_id(A, cause.command, None, "olcare.Noted.v1", rfc3339(MONDAY), data))
    assert encode("another", A, None, note(), cause, MONDAY.replace(hour=23)).head == made.head
    others = [
        encode("one", stream_in(0), None, note(), cause, MONDAY),
        encode("one", A, made.head, note(), cause, MONDAY),
        encode("one", A, None, note(1), cause, MONDAY),
        encode("one", A, None, note(), cause._replace(command=str(name_id("other"))), MONDAY),
        encode("one", A, None, note(), cause._replace(occurred_at=MONDAY.replace(hour=23)), MONDAY),
    ]
    assert len({made.head.id, *(other.head.id for other in others)}) == 6


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (RECORD._replace(value=None), "can not be read"),
        (RECORD._replace(value=b""), "can not be read"),
        (RECORD._replace(value=b"\xff"), "can not be read"),
        (RECORD._replace(value=b"[]"), "can not be read"),
        (changed(id=None), "missing required field `id`"),
        (changed(causationid=None), "missing required field `causationid`"),
        (changed(time="yesterday"), "can not be read"),
        (changed(sequence=1), "can not be read"),
        (changed(sequence="first"), "can not be read"),
        (changed(sequence="0000000000"), "is below 1"),
        (changed(type="olcare.Unheard.v1"), "olcare.Unheard.v1 is not known here; deploy readers before writers"),
        (changed(type="olcare.Noted.v2"), "olcare.Noted.v2 is not known here"),
        (changed(sequence="10000000000"), "is below 1 or above 9999999999"),
        (changed(sequence=str(2**63)), "is below 1 or above 9999999999"),
        (changed(sequence="9" * 5000), "can not be read"),
        (changed(time="2026-03-02T09:00:00"), "can not be read .*`\\$.time`"),
        (changed(recordedtime="2026-03-02T09:00:00"), "can not be read .*`\\$.recordedtime`"),
        (changed(time="0001-01-01T00:00:00+14:00"), "lies in no year of UTC"),
        (changed(recordedtime="9999-12-31T23:59:59-14:00"), "lies in no year of UTC"),
        *((changed(**{name: "\ud800"}), "can not be read") for name in TEXTS),
        *((changed(**{name: "a\0b"}), "the character NUL") for name in TEXTS),
        (RECORD._replace(value=(RECORD.value or b"").replace(b"correlation", b"\xed\xa0\x80", 1)), "can not be read"),
        (RECORD._replace(value=(RECORD.value or b"").replace(b'"correlation"', b'"\xed\xa0\x80"')), "can not be read"),
        (RECORD._replace(value=(RECORD.value or b"").replace(b'"data":', DEEP + b',"data":')), "can not be read"),
        (changed(subject="x" * 1701)._replace(key=b"x" * 1701), "has 1701 bytes, more than 1700"),
        (RECORD._replace(key=None), "is not the subject"),
        (RECORD._replace(key=b"ticket/upstream/another"), "is not the subject"),
    ],
)
def test_what_can_not_be_read_stops_its_partition_with_a_sentence(record: Record, sentence: str) -> None:
    with pytest.raises(Halted, match=sentence) as stopped:
        CODEC.envelope(record)
    assert (stopped.value.topic, stopped.value.partition, stopped.value.offset) == (TICKETS, 1, 0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"at": "2026-03-02T09:00:00Z", "fact": "much", "basis": []},
        {"at": "2026-03-02T09:00:00", "fact": 1, "basis": []},
        {"at": "2026-03-02T09:00:00Z", "fact": 2**63, "basis": []},
    ],
)
def test_data_that_does_not_fit_its_type_stops_the_partition_when_it_is_opened(data: object) -> None:
    event = CODEC.envelope(changed(data="none" if data is None else data))
    with pytest.raises(Halted, match=r"the data of olcare.Noted.v1 can not be read"):
        CODEC.open(event)


def test_what_only_looks_like_what_can_not_be_stored_is_read() -> None:
    assert CODEC.envelope(changed(correlationid="\\u0000")).correlationid == "\\u0000"
    assert CODEC.envelope(changed(sequence="9999999999")).sequence == 9_999_999_999
    assert CODEC.envelope(changed(time="2026-03-02T10:00:00+01:00")).time == MONDAY


def test_attributes_that_nobody_knows_are_passed_over() -> None:
    assert CODEC.open(CODEC.envelope(changed(invented="later"))).data == note()


def test_data_is_decoded_once_and_only_when_it_is_needed() -> None:
    event = CODEC.envelope(RECORD)
    assert event.data is None
    assert CODEC.open(event).data is CODEC.open(event).data


def test_a_stream_belongs_to_one_partition() -> None:
    event = CODEC.envelope(RECORD)
    assert CODEC.belongs(event)
    event.partition = 0
    with pytest.raises(Halted, match="belongs to another partition"):
        CODEC.check_partition(event)
