"""Which records are wanted; what is masked is no answer to any question."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.eventlog.wire.record import Record
from services.ops.console.masking import shape
from services.ops.console.pages.record_filter import NOT_THERE, RecordFilter, value_at, wanted

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
EVENT = {
    "specversion": "1.0",
    "type": "olcare.TicketOpened.v1",
    "subject": "ticket/crm-eu/4711",
    "causationid": "c-1",
    "data": {"centre": "france", "priority": 2, "cover": {"products": ["a", "b"]}, "urgent": True, "none": None},
}


def record(value: object = EVENT) -> Record:
    headers = [("content-type", b"application/cloudevents+json"), ("x", b"1")]
    return Record("t", 0, 7, b"ticket/crm-eu/4711", json.dumps(value).encode(), headers, int(NOON.timestamp() * 1000))


def is_wanted(*, is_open: bool = True, **asked: Any) -> bool:
    one = record()
    return wanted(RecordFilter(**asked), one, shape(one, is_open=is_open))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"type": "TicketOpened"},
        {"type": "ticketopened"},
        {"stream": "ticket/crm-eu/"},
        {"key": "4711"},
        {"field": "centre"},
        {"field": "centre", "value": "france"},
        {"field": "data/centre", "value": "france"},
        {"field": "priority", "value": "2"},
        {"field": "cover/products/1", "value": "b"},
        {"field": "urgent", "value": "true"},
        {"field": "none"},
        {"field": "none", "value": "null"},
        {"field": "causationid", "value": "c-1"},
        {"header": "x"},
        {"header": "x=1"},
        {"since": NOON},
        {"since": NOON, "until": NOON + timedelta(milliseconds=1)},
    ],
)
def test_wanted(asked: dict[str, Any]) -> None:
    assert is_wanted(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "TicketClosed"},
        {"stream": "promise/"},
        {"stream": "crm-eu"},
        {"key": "4712"},
        {"field": "centr"},
        {"field": "centre", "value": "franc"},
        {"field": "cover/products/2"},
        {"field": "cover/products/-1"},
        {"field": "centre/0"},
        {"header": "y"},
        {"header": "x=2"},
        {"until": NOON},
        {"since": NOON + timedelta(milliseconds=1)},
        {"type": "TicketOpened", "field": "centre", "value": "japan"},
    ],
)
def test_not_wanted(asked: dict[str, Any]) -> None:
    assert not is_wanted(**asked)


@pytest.mark.parametrize(
    "asked",
    [{"stream": "t"}, {"key": "4"}, {"field": "centre"}, {"field": "centre", "value": "france"}, {"header": "x"}],
)
def test_what_is_masked_can_not_be_guessed_by_filters(asked: dict[str, Any]) -> None:
    assert not is_wanted(is_open=False, **asked)


def test_a_value_of_nothing_is_there_and_what_is_not_there_is_not() -> None:
    assert value_at({"a": None}, "a") is None
    assert value_at({"a": None}, "b") is NOT_THERE


def test_what_is_asked_stands_in_the_url_and_reads_back() -> None:
    asked = RecordFilter(type="x", since=datetime(2026, 11, 30, 8))  # noqa: DTZ001 - as somebody types it
    assert asked.since == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert RecordFilter.model_validate(asked.filters()) == asked
    assert asked.asks
    assert not RecordFilter().asks
