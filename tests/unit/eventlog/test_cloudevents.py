"""What comes in at a door: read in both modes, and any dirt named without repeating it."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import MAX_VALUE, Message, parse
from libs.eventlog.wire.fingerprint import canonical
from libs.eventlog.wire.record import BROKEN, RAW_BATCH, TOO_MANY_HEADERS, UNPACKS_TOO_LARGE, raw_headers
from libs.messages.base import PersonId
from libs.messages.catalogue import UPSTREAM
from libs.messages.receipts import Receipt
from libs.messages.streams import stream_id
from libs.messages.tickets import Channel, RequestKind
from libs.messages.upstream import (
    LONGEST_ID,
    ContractSubmitted,
    Person,
    PlanPartSubmitted,
    ResponseGiven,
    TicketSubmitted,
    Upstream,
    upstream_type,
)

DOOR: Mapping[str, type[Upstream]] = {
    upstream_type(model): model for model in (TicketSubmitted, ResponseGiven, ContractSubmitted, PlanPartSubmitted)
}
DOOR_EXAMPLES = {path.stem: path for path in (Path(__file__).parents[3] / "contracts/examples/door").iterdir()}
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ANNE: PersonId = "person/crm-eu/501"
ASKED = {
    "customer": "customer/crm-eu/1001",
    "product": "planetpress",
    "channel": "web",
    "request_kind": "question",
    "language": "fr",
    "requester": {"person": ANNE, "name": "Anne Exemple"},
    "subject": "Où est mon gabarit ?",
    "text": "Il a disparu.",
}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "crm-eu",
    "type": "olcare.upstream.TicketSubmitted.v1",
    "subject": "4711",
    "time": "2026-11-24T09:30:00.25+01:00",
}
READ = Message(
    source="crm-eu",
    id="m-1",
    type="olcare.upstream.TicketSubmitted.v1",
    subject="4711",
    time=datetime(2026, 11, 24, 8, 30, 0, 250_000, UTC),
    data=TicketSubmitted(
        customer="customer/crm-eu/1001",
        product="planetpress",
        channel=Channel.WEB,
        request_kind=RequestKind.QUESTION,
        language="fr",
        requester=Person(person=ANNE, name="Anne Exemple"),
        subject="Où est mon gabarit ?",
        text="Il a disparu.",
    ),
    said=canonical("olcare.upstream.TicketSubmitted.v1", json.dumps(ASKED).encode()),
)


def structured(event: object) -> bytes:
    return json.dumps(event).encode()


def binary(attributes: Mapping[str, str], content_type: str | None = "application/json") -> list[tuple[str, bytes]]:
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return [*headers, ("content-type", content_type.encode())] if content_type is not None else headers


def refusal(value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = STRUCTURED) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        parse(value, headers, DOOR)
    return caught.value.reason, caught.value.where


def with_attributes(**changed: object) -> bytes:
    """The event with other attributes; those that are None are left out."""
    event = {**ATTRIBUTES, "data": ASKED, **changed}
    return structured({name: value for name, value in event.items() if value is not None})


def with_data(**changed: object) -> bytes:
    return with_attributes(data={**ASKED, **changed})


def test_structured_and_binary_mode_say_the_same() -> None:
    assert parse(with_attributes(), STRUCTURED, DOOR) == READ
    assert parse(structured(ASKED), binary(ATTRIBUTES), DOOR) == READ


@pytest.mark.parametrize("content_type", ["APPLICATION/CloudEvents+JSON", "application/cloudevents+json;charset=utf-8"])
def test_the_media_type_is_matched_as_media_types_are(content_type: str) -> None:
    assert parse(with_attributes(), [("Content-Type", content_type.encode())], DOOR) == READ


@pytest.mark.parametrize("content_type", [None, "", "application/json; charset=UTF-8", "application/vnd.olcare+json"])
def test_binary_data_is_json_whatever_its_kind_is_called(content_type: str | None) -> None:
    assert parse(structured(ASKED), binary(ATTRIBUTES, content_type), DOOR) == READ


def test_structured_data_may_come_in_base64() -> None:
    encoded = b64encode(structured(ASKED)).decode()
    assert parse(with_attributes(data=None, data_base64=encoded), STRUCTURED, DOOR) == READ


def test_extensions_and_fields_that_nobody_knows_are_left_alone() -> None:
    event = with_attributes(partitionkey="4711", data={**ASKED, "mood": {"deep": [None, 1.5]}})
    found = parse(event, [*STRUCTURED, ("ce_id", b"another"), ("x", b"\xff"), ("ce_y", None)], DOOR)
    assert found._replace(said=READ.said) == READ
    assert found.said != READ.said  # a later version may know the field


def test_a_trace_goes_along_in_either_mode() -> None:
    assert parse(with_attributes(traceparent=TRACE), STRUCTURED, DOOR).traceparent == TRACE
    for header in ("ce_traceparent", "traceparent"):
        headers = [*binary(ATTRIBUTES), (header, TRACE.encode())]
        assert parse(structured(ASKED), headers, DOOR).traceparent == TRACE


def test_a_trace_that_can_not_be_followed_turns_nothing_away() -> None:
    assert parse(with_attributes(traceparent="lost"), STRUCTURED, DOOR) == READ


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_a_value_says_nothing(value: bytes | None) -> None:
    assert refusal(value) == ("no-value", "")
    assert refusal(value, binary(ATTRIBUTES)) == ("no-value", "")


def test_the_largest_value_is_read_and_one_byte_more_is_not() -> None:
    event = with_attributes()
    assert parse(event.ljust(MAX_VALUE), STRUCTURED, DOOR) == READ
    assert refusal(event.ljust(MAX_VALUE + 1)) == ("too-large", "")


def test_the_longest_text_of_any_script_is_read() -> None:
    event = json.dumps({**ATTRIBUTES, "data": {**ASKED, "text": "𠮷" * 100_000}}, ensure_ascii=False).encode()
    assert isinstance(parse(event, STRUCTURED, DOOR).data, TicketSubmitted)


def test_a_record_that_is_no_cloudevent_is_told_how_to_be_one() -> None:
    assert refusal(structured(ASKED), []) == ("not-a-cloudevent", "")
    assert refusal(structured(ASKED), [("content-type", b"application/json")]) == ("not-a-cloudevent", "")
    assert refusal(structured(ASKED), [("traceparent", TRACE.encode())]) == ("not-a-cloudevent", "")


@pytest.mark.parametrize("content_type", ["application/cloudevents-batch+json", "application/cloudevents+avro"])
def test_batches_and_other_formats_are_not_taken(content_type: str) -> None:
    headers = [("content-type", content_type.encode())]
    assert refusal(structured([]), headers) == ("unknown-content-type", "")


def test_data_that_is_not_json_by_its_own_word_is_not_taken() -> None:
    assert refusal(b"<a/>", binary(ATTRIBUTES, "text/xml")) == ("unknown-content-type", "/datacontenttype")
    assert refusal(with_attributes(datacontenttype="text/xml")) == ("unknown-content-type", "/datacontenttype")
    assert refusal(with_attributes(datacontenttype=7)) == ("unknown-content-type", "/datacontenttype")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "not-json"),
        (b"\xff{}", "not-utf8"),
        (b'{"id": "\\ud800"}', "not-json"),
        (b'{"id": NaN}', "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
    ],
)
def test_an_envelope_must_be_a_json_object(value: bytes, reason: str) -> None:
    assert refusal(value) == (reason, "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"{", "not-json"), (b"\xff{}", "not-utf8"), (b"[]", "not-an-object"), (b'"text"', "not-an-object")],
)
def test_data_must_be_a_json_object(value: bytes, reason: str) -> None:
    assert refusal(value, binary(ATTRIBUTES)) == (reason, "/data")
    assert refusal(with_attributes(data=None, data_base64=b64encode(value).decode())) == (reason, "/data")


def test_an_event_without_data_says_nothing() -> None:
    assert refusal(with_attributes(data=None)) == ("missing-attribute", "/data")
    assert refusal(structured({**ATTRIBUTES, "data": None})) == ("not-an-object", "/data")
    for spoilt in ("*", "é", 7):
        assert refusal(with_attributes(data=None, data_base64=spoilt)) == ("bad-attribute", "/data_base64")


@pytest.mark.parametrize("name", list(ATTRIBUTES))
@pytest.mark.parametrize("nothing", [None, ""])
def test_every_attribute_must_be_there(name: str, nothing: str | None) -> None:
    assert refusal(with_attributes(**{name: nothing})) == ("missing-attribute", f"/{name}")
    headers = binary({n: text for n, text in {**ATTRIBUTES, name: nothing}.items() if text is not None})
    assert refusal(structured(ASKED), headers) == ("missing-attribute", f"/{name}")


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        *[(name, 7) for name in ATTRIBUTES],
        *[(name, ["x"]) for name in ATTRIBUTES],
        ("specversion", "0.3"),
        ("id", "x" * 201),
        ("id", "a\nb"),
        ("source", "x" * 129),
        ("source", "𠮷" * 34),
        ("source", "anne@example.org"),
        ("source", "crm eu"),
        ("subject", "4" * 65),
        ("subject", "anne@example.org"),
        ("subject", "47 11"),
        ("time", "2026-11-24"),
        ("time", "2026-11-24T09:30:00"),
        ("time", "2026-11-24 09:30:00Z"),
        ("time", "2026-11-24T09:30:60Z"),
        ("time", "2026-11-24T09:30:00+24:00"),
        ("time", "1764000000"),
        ("time", "1999-12-31T23:59:59Z"),
        ("time", "2100-01-01T00:00:00Z"),
        ("time", "0001-01-01T00:00:00+05:00"),
        ("time", "9999-12-31T23:59:59-05:00"),
    ],
)
def test_every_attribute_must_be_what_it_says(name: str, spoilt: object) -> None:
    assert refusal(with_attributes(**{name: spoilt})) == ("bad-attribute", f"/{name}")


def test_an_attribute_in_another_encoding_is_named() -> None:
    headers = [h for h in binary(ATTRIBUTES) if h[0] != "ce_source"]
    assert refusal(structured(ASKED), [*headers, ("ce_source", b"\xe9")]) == ("not-utf8", "/source")


def test_a_header_of_ours_whose_name_is_not_utf_8_is_told_and_a_foreign_one_is_ignored() -> None:
    assert refusal(structured(ASKED), [*binary(ATTRIBUTES), ("ce_\udcff", b"x")]) == ("not-utf8", "")
    assert parse(structured(ASKED), [*binary(ATTRIBUTES), ("x-\udcff", b"x"), ("ce_\udcff", None)], DOOR) == READ


@pytest.mark.parametrize(
    ("headers", "reason", "told"),
    [
        (RAW_BATCH, "not-a-cloudevent", "can not be unpacked"),
        (raw_headers(BROKEN), "not-a-cloudevent", "can not be unpacked"),
        (raw_headers(TOO_MANY_HEADERS), "not-a-cloudevent", "more than 200 headers"),
        (raw_headers(UNPACKS_TOO_LARGE), "too-large", "unpacks to more than 1 MiB"),
    ],
)
def test_what_came_as_bytes_is_told_its_one_cause(headers: list[tuple[str, bytes]], reason: str, told: str) -> None:
    assert refusal(b"x" * (MAX_VALUE + 1), list(headers)) == (reason, "")
    with pytest.raises(Unreadable, match=told):
        parse(b"x", headers, DOOR)


@given(data=st.data())
def test_a_place_in_the_data_is_there_or_is_missing_from_what_is_there(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(sorted(DOOR_EXAMPLES)))
    content = json.loads(DOOR_EXAMPLES[event].read_text())
    path = data.draw(st.sampled_from([*places(content["data"])]))
    *folders, name = path
    inner = content["data"]
    for folder in folders:
        inner = inner[folder]
    inner[name] = data.draw(st.sampled_from([None, 7, "", [], {}, "a b@c", {"part": "x"}]))
    where = place_of_error(json.dumps(content).encode())
    at: Any = content
    *before, last = where.split("/")[1:] or [""]
    for part in before:
        at = at[int(part)] if isinstance(at, list) else at[part]
    assert isinstance(at, dict) or 0 <= int(last) < len(at)


def place_of_error(value: bytes) -> str:
    """Where the door says that an event does not fit; nowhere where it does."""
    try:
        parse(value, STRUCTURED, {kind: model for types in UPSTREAM.values() for kind, model in types.items()})
    except Unreadable as error:
        return error.where
    return ""


def places(content: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON document."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, value in inner:
        yield (name,)
        yield from ((name, *rest) for rest in places(value))


def test_an_attribute_said_twice_is_not_guessed() -> None:
    assert refusal(structured(ASKED), [*binary(ATTRIBUTES), ("ce_id", b"m-2")]) == ("bad-attribute", "/id")
    assert refusal(with_attributes(), [*STRUCTURED, *STRUCTURED]) == ("bad-attribute", "")


def test_a_type_of_another_door_is_unknown_here() -> None:
    assert refusal(with_attributes(type="olcare.upstream.ResendOrdered.v1")) == ("unknown-type", "/type")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"customer": None}, "/data/customer"),
        ({"customer": "customer/erp/%FF"}, "/data/customer"),
        ({"customer": f"customer/erp/{'c' * LONGEST_ID}"}, "/data/customer"),
        ({"requester": {"person": f"person/erp/{'p' * LONGEST_ID}"}}, "/data/requester/person"),
        ({"channel": "fax"}, "/data/channel"),
        ({"requester": {"person": "Anne"}}, "/data/requester/person"),
        ({"requester": "Anne"}, "/data/requester"),
        ({"text": "a\0b"}, "/data/text"),
        ({"text": "x" * 100_001}, "/data/text"),
        ({"request_kind": "Quick Question"}, "/data/request_kind"),
    ],
)
def test_the_first_field_that_does_not_fit_is_named(changed: dict[str, Any], where: str) -> None:
    assert refusal(with_data(**changed)) == ("bad-field", where)


def test_a_field_within_a_list_or_a_choice_is_named() -> None:
    plan = {"part": "targets", "content": {"version": 0}}
    submitted = with_attributes(source="plan", type="olcare.upstream.PlanPartSubmitted.v1", data={"publication": plan})
    assert refusal(submitted) == ("bad-field", "/data/publication/content/version")
    contract = {
        "customer": "customer/a/1",
        "licence": "licence/a/1",
        "licence_kind": "perpetual",
        "products": ["a", "B"],
    }
    submitted = with_attributes(type="olcare.upstream.ContractSubmitted.v1", data=contract)
    assert refusal(submitted) == ("bad-field", "/data/products/1")


PRIVATE = "Anne Exemple, anne@example.org"


@pytest.mark.parametrize(
    "event",
    [
        *[with_attributes(**{name: PRIVATE}) for name in ATTRIBUTES if name != "id"],
        *[with_data(**{name: PRIVATE}) for name in ASKED if name not in {"language", "subject", "text"}],
        with_data(requester={"person": PRIVATE}),
        with_attributes(
            type="olcare.upstream.PlanPartSubmitted.v1", data={"publication": {"part": PRIVATE, "content": {}}}
        ),
        with_attributes(type="olcare.upstream.ContractSubmitted.v1", data={"first_day": PRIVATE}),
        structured([PRIVATE]),
        PRIVATE.encode(),
    ],
)
def test_no_error_repeats_what_was_said(event: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(event, STRUCTURED, DOOR)
    assert "Anne" not in f"{caught.value.where} {caught.value.text}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def read_or_told(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> None:
    """Any record gives a message that has a stream, or an error that a receipt can hold."""
    try:
        message = parse(value, headers, DOOR)
    except Unreadable as error:
        place = {"topic": "door", "partition": 0, "offset": 0}
        Receipt.model_validate(
            {
                "place": place,
                "outcome": "unreadable",
                "reason": error.reason,
                "where": error.where,
                "message": error.text,
            }
        )
    else:
        assert len(stream_id("ticket", message.source, message.subject)) <= LONGEST_ID


names = st.sampled_from(["content-type", *[f"ce_{name}" for name in ATTRIBUTES], "ce_é", "ce_\n" + "x" * 300])
good = st.sampled_from([text.encode() for text in ATTRIBUTES.values()])
words = st.text(max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
unhurried = settings(deadline=None, max_examples=200)
spoilt = st.sampled_from([*ATTRIBUTES, *ASKED, "data", "data_base64"])


@unhurried
@given(st.none() | st.binary(), st.lists(st.tuples(names, st.none() | st.binary() | good)))
@example(b"\xef\xbb\xbf{}", STRUCTURED)
def test_any_bytes_are_read_or_told(value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    read_or_told(value, headers)


@unhurried
@given(st.dictionaries(spoilt, anything), st.sampled_from([*DOOR]))
def test_any_json_is_read_or_told(changed: dict[str, Any], kind: str) -> None:
    read_or_told(structured({**ATTRIBUTES, "type": kind, "data": {**ASKED, **changed}, **changed}), STRUCTURED)
    read_or_told(structured({**ASKED, **changed}), binary({**ATTRIBUTES, "type": kind}))


@unhurried
@given(st.data(), st.integers(0, 400), st.binary(max_size=3))
def test_a_good_message_with_some_bytes_spoilt_is_read_or_told(data: st.DataObject, at: int, other: bytes) -> None:
    event = data.draw(st.sampled_from([with_attributes(), with_attributes(data={})]))
    read_or_told(event[:at] + other + event[at + len(other) :], STRUCTURED)


@unhurried
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128))
def test_any_source_and_number_that_is_read_has_a_stream(text: str) -> None:
    read_or_told(with_attributes(source=text, subject=text[:64]), STRUCTURED)


def test_a_whole_event_declared_as_plain_json_is_taken_as_structured() -> None:
    assert parse(with_attributes(), [("content-type", b"application/json")], DOOR) == READ


def test_a_byte_order_mark_says_nothing() -> None:
    mark = b"\xef\xbb\xbf"
    assert parse(mark + with_attributes(), STRUCTURED, DOOR) == READ
    assert parse(mark + with_attributes(), [("content-type", b"application/json")], DOOR) == READ
    assert parse(mark + structured(ASKED), binary(ATTRIBUTES), DOOR) == READ


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-24t09:30:00z", "2026-11-24T09:30:00+00:00"),
        ("2026-11-24T10:30:00.25+01:00", "2026-11-24T09:30:00.250000+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2016-12-31T23:59:60.5z", "2017-01-01T00:00:00.500000+00:00"),
        ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_every_way_of_rfc_3339_is_read(text: str, instant: str) -> None:
    assert parse(with_attributes(time=text), STRUCTURED, DOOR).time.isoformat() == instant


@pytest.mark.parametrize("text", ["2026-11-24T09:30:60Z", "2016-12-31T23:59:61Z", "2016-12-31T23:59:60+01:00"])
def test_a_second_60_is_refused_where_there_can_be_none(text: str) -> None:
    assert refusal(with_attributes(time=text)) == ("bad-attribute", "/time")


def test_a_name_that_stands_twice_in_an_object_is_refused_wherever_it_stands() -> None:
    twice = structured(ASKED)[:-1] + b', "text": "Another."}'
    assert refusal(twice, binary(ATTRIBUTES)) == ("not-json", "/data")
    event = with_attributes(data=None)[:-1] + b', "data": ' + twice + b"}"
    assert refusal(event) == ("not-json", "")
    encoded = b64encode(twice).decode()
    assert refusal(with_attributes(data=None, data_base64=encoded)) == ("not-json", "/data_base64")
    assert refusal(with_attributes()[:-1] + b', "id": "m-2"}') == ("not-json", "")


def test_data_in_two_ways_are_refused() -> None:
    encoded = b64encode(structured(ASKED)).decode()
    assert refusal(with_attributes(data_base64=encoded)) == ("bad-attribute", "/data_base64")


def test_what_is_no_json_is_said_with_its_place_and_without_its_text() -> None:
    for value, headers in ((with_attributes()[:-1] + b",Anne}", STRUCTURED), (b'{"a":Anne}', binary(ATTRIBUTES))):
        with pytest.raises(Unreadable) as caught:
            parse(value, headers, DOOR)
        assert "line 1 column" in caught.value.text
        assert "Anne" not in caught.value.text
