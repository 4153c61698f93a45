"""Unreadable records, one of every kind: a good message, damaged in one place."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from libs.eventlog.client.messages import Event, binary, structured
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing
from libs.messages.receipts import Unreadability
from services.ops.demo.scribe import HALF_HOUR, Scribe, ScriptLine

XML = "<ticket/>"
TOO_LARGE = 600 * 1024  # bytes
Headers = Sequence[tuple[str, bytes]]


class Dirt(NamedTuple):
    """A record's value and headers, and what is wrong with it."""

    reason: Unreadability
    value: bytes | None
    headers: Headers


def play_dirt(scribe: Scribe, begins: datetime) -> None:
    """Hand over an unreadable record every three hours, among the rest and under the key of a ticket."""
    good = scribe.tickets[0].asked
    assert good.event is not None  # noqa: S101 - it was asked for
    for turn, dirt in enumerate(_kinds(good.event)):
        topic, partition, key = good.record.topic, good.record.partition, good.record.key
        record = Outgoing(topic, partition, key, dirt.value, dirt.headers)
        scribe.write(ScriptLine(begins + HALF_HOUR * (4 + 6 * turn), record, None, dirt.reason))


def _kinds(good: Event) -> Iterator[Dirt]:
    yield from _no_event(good)
    yield from _bad_event(good)
    yield from _bad_in_binary_mode(good)


def _no_event(good: Event) -> Iterator[Dirt]:
    value, headers = structured(good)
    yield Dirt(Unreadability.NO_VALUE, None, headers)
    yield Dirt(Unreadability.TOO_LARGE, structured(_with_data(good, text="x" * TOO_LARGE))[0], headers)
    yield Dirt(Unreadability.NOT_UTF8, value.decode().encode("utf-16"), headers)
    yield Dirt(Unreadability.NOT_JSON, value[: len(value) // 2].decode(errors="ignore").encode(), headers)
    yield Dirt(Unreadability.NOT_AN_OBJECT, json.dumps([good]).encode(), headers)
    yield Dirt(Unreadability.NOT_A_CLOUDEVENT, value, (("content-type", b"text/plain"),))
    yield Dirt(Unreadability.UNKNOWN_CONTENT_TYPE, value, (("content-type", b"application/cloudevents-batch+json"),))


def _bad_event(good: Event) -> Iterator[Dirt]:
    yield _said(Unreadability.MISSING_ATTRIBUTE, {k: v for k, v in good.items() if k != "source"})
    yield _said(Unreadability.BAD_ATTRIBUTE, {**good, "time": "last Tuesday"})
    yield _said(Unreadability.BAD_ATTRIBUTE, {**good, "subject": "somebody@example.org"})
    yield _said(Unreadability.UNKNOWN_TYPE, {**good, "type": "olcare.upstream.TicketEaten.v1"})
    yield _said(Unreadability.BAD_FIELD, _with_data(good, channel="pigeon"))
    yield _said(Unreadability.BAD_FIELD, _with_data(good, requester="Somebody"))


def _bad_in_binary_mode(good: Event) -> Iterator[Dirt]:
    value, headers = binary(good)
    yield Dirt(Unreadability.MISSING_ATTRIBUTE, value, [h for h in headers if h[0] != "ce_id"])
    yield Dirt(Unreadability.BAD_ATTRIBUTE, value, [*headers, ("ce_source", b"another")])
    yield Dirt(Unreadability.NOT_JSON, XML.encode(), headers)
    rest = [header for header in headers if header[0] != "content-type"]
    yield Dirt(Unreadability.UNKNOWN_CONTENT_TYPE, XML.encode(), [("content-type", b"application/xml"), *rest])


def _said(reason: Unreadability, event: Event) -> Dirt:
    return Dirt(reason, structured(event)[0], CONTENT_TYPE)


def _with_data(good: Event, **changed: object) -> Event:
    return {**good, "data": {**good["data"], **changed}}
