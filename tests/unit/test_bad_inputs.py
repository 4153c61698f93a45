"""What a door must get right whatever is put into it: each row by the id that docs/security.md names."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import MAX_VALUE, Message
from libs.eventlog.wire.record import CONTENT_TYPE, Record
from libs.messages.catalogue import TICKETS_DOOR
from services.intake.handlers import TicketDoor
from tests.contracts.asyncapi import examples

Headers = Sequence[tuple[str, bytes]]
EVENT: dict[str, Any] = json.loads(examples("olcare.upstream.TicketSubmitted.v1")[0].read_text())
GOOD = json.dumps(EVENT).encode()


def read(value: bytes | None, headers: Headers = CONTENT_TYPE) -> Message[Any]:
    host: Any = SimpleNamespace(cards={}, queries=None, clock=None)
    nobody: Any = None
    return TicketDoor(host, nobody, nobody, nobody).read(Record(TICKETS_DOOR, 0, 0, b"4711", value, headers, 0))


def event(**changed: object) -> bytes:
    return json.dumps({**EVENT, **changed}).encode()


def data(**changed: object) -> bytes:
    return event(data={**EVENT["data"], **changed})


def raw(name: str, text: str) -> bytes:
    """The event with a field of its data as it is spelled."""
    return data(**{name: "@@"}).replace(b'"@@"', text.encode())


DEEP = 100_000
REFUSED: list[tuple[str, bytes | None, str]] = [
    ("K1", None, "no-value"),
    ("K2", b"", "no-value"),
    ("K3", GOOD[:-20], "not-json"),
    ("K3", GOOD + b"{}", "not-json"),
    ("K3", GOOD + b" x", "not-json"),
    ("K4", b"[]", "not-an-object"),
    ("K4", b"7", "not-an-object"),
    ("K4", b'"ticket"', "not-an-object"),
    ("K4", b"null", "not-an-object"),
    ("K5", GOOD.decode().encode("utf-16"), "not-utf8"),
    ("K5", GOOD.replace(b"crm-eu", b"crm-\xff", 1), "not-utf8"),
    ("K6", b'{"id": "1", ' + GOOD[1:], "not-json"),
    ("K6", raw("product", '"a", "product": "b"'), "not-json"),
    ("K7", raw("product", "NaN"), "not-json"),
    ("K7", raw("product", "Infinity"), "not-json"),
    ("K7", raw("product", "1e400"), "bad-field"),
    ("K7", raw("product", "9" * 400), "bad-field"),
    ("K8", raw("product", "[" * DEEP + "]" * DEEP), "not-json"),
    ("K8", b"[" * DEEP, "not-json"),
    ("K9", data(text="a\0b"), "bad-field"),
    ("K10", raw("text", r'"\ud800"'), "not-json"),
    ("K12", event(type="olcare.upstream.TicketSubmitted.v2"), "unknown-type"),
    ("K12", event(type="olcare.upstream.TicketSpoiled.v1"), "unknown-type"),
    ("K14", event(id=None), "missing-attribute"),
    ("K21", event(time="1900-01-01T00:00:00Z"), "bad-attribute"),
    ("K21", event(time="9999-12-31T23:59:59Z"), "bad-attribute"),
    ("K21", event(time=1_795_939_200_000), "bad-attribute"),
    ("K22", event(time="2026-11-27T15:30:00"), "bad-attribute"),
    ("K23", event(time="2026-11-27T24:00:00Z"), "bad-attribute"),
    ("K23", event(time="2026-11-27T15:30:60Z"), "bad-attribute"),
    ("K24", b" " * (MAX_VALUE + 1), "too-large"),
    ("K24", data(text="x" * 100_001), "bad-field"),
    ("K28", b"\x00\x00\x00\x00\x07" + GOOD, "not-json"),
    ("K32", event(subject="47\u202e11"), "bad-attribute"),
    ("K32", event(subject="47\u200b11"), "bad-attribute"),
    ("K34", event(source="plan"), "bad-attribute"),
    ("K34", event(source="olcare/intake"), "bad-attribute"),
]


@pytest.mark.parametrize(("row", "value", "reason"), REFUSED)
def test_it_is_refused_with_its_cause_and_without_its_content(row: str, value: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(value)
    assert (row, refused.value.reason) == (row, reason)
    assert len(refused.value.text) <= 200
    assert all(word not in refused.value.text for word in ("Camille", "\0", "\u202e"))


TAKEN: list[tuple[str, bytes]] = [
    ("K5", b"\xef\xbb\xbf" + GOOD),
    ("K11", event(strange={"any": ["thing"]})),
    ("K13", data(came_later=7)),
    ("K23", event(time="2016-12-31T23:59:60Z")),
    ("K31", data(text="'; drop table tickets; -- {{7*7}} =cmd|' /C calc'!A0 <b>\r\nERROR")),
    ("K32", data(text="\u202eabc\u200b" + "a" + "\u0301" * 10_000)),
]


@pytest.mark.parametrize(("row", "value"), TAKEN)
def test_it_is_taken(row: str, value: bytes) -> None:
    assert (row, read(value).subject) == (row, EVENT["subject"])


@pytest.mark.parametrize(
    "headers",
    [
        [*CONTENT_TYPE, *((f"h{n}", b"x") for n in range(150))],
        [*CONTENT_TYPE, ("traceparent", b"junk")],
        [*CONTENT_TYPE, ("photo", bytes(range(256)))],
        [*CONTENT_TYPE, ("twice", b"1"), ("twice", b"2")],
    ],
    ids=["many", "traceparent", "binary", "twice"],
)
def test_k27_headers_of_others_are_left_alone(headers: Headers) -> None:
    assert read(GOOD, headers).traceparent is None
