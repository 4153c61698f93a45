"""What messages are made of: instants, days, ids and keys."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel, TypeAdapter, ValidationError

from libs.messages.base import (
    Count,
    Day,
    Event,
    Instant,
    Microseconds,
    Offset,
    PersonId,
    PlanVersion,
    PrivateKey,
    Seconds,
    Sequence,
    StreamId,
    event_type,
    rfc3339,
    type_name,
)
from libs.messages.notices import Recipient
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, Header, Unreadability
from libs.messages.streams import stream_id
from libs.messages.tickets import TicketOpened
from libs.messages.upstream import TicketSubmitted, upstream_type

NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)


class Seen(BaseModel):
    at: Instant


class Closed(BaseModel):
    on: Day


class TicketOpenedV2(Event):
    """A second major version."""


def test_an_instant_is_written_in_utc_with_microseconds_and_read_back() -> None:
    paris = NINE.astimezone(timezone(timedelta(hours=1)))
    assert Seen(at=paris).model_dump_json() == '{"at":"2026-11-24T09:00:00.000000Z"}'
    assert Seen.model_validate_json('{"at":"2026-11-24T10:00:00+01:00"}').at == NINE


@given(some.datetimes(timezones=some.timezones(), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_instant_comes_back_as_it_was_written(at: datetime) -> None:
    assert Seen.model_validate_json(Seen(at=at).model_dump_json()).at == at.astimezone(UTC)
    assert rfc3339(at).endswith("Z")


@pytest.mark.parametrize("at", ['"2026-11-24T09:00:00"', "1795510800", '"tomorrow"', '"2026-02-30T09:00:00Z"', "null"])
def test_a_local_time_a_number_or_no_time_is_no_instant(at: str) -> None:
    with pytest.raises(ValidationError):
        Seen.model_validate_json(f'{{"at":{at}}}')


def test_a_day_is_a_date_and_nothing_else() -> None:
    assert Closed.model_validate_json('{"on":"2026-12-25"}').on == date(2026, 12, 25)
    for bad in ("20261225", '"2026-12-25T09:00:00Z"', '"25/12/2026"', '"0001-01-01"'):
        with pytest.raises(ValidationError):
            Closed.model_validate_json(f'{{"on":{bad}}}')


@pytest.mark.parametrize(
    ("kind", "largest"),
    [
        (Seconds, 2**31 - 1),
        (Count, 2**31 - 1),
        (PlanVersion, 2**31 - 1),
        (Microseconds, 2**53 - 1),
        (Sequence, 9_999_999_999),
        (Offset, 2**63 - 1),
    ],
)
def test_no_number_is_larger_than_what_is_reckoned_with_and_stored(kind: Any, largest: int) -> None:
    number: TypeAdapter[int] = TypeAdapter(kind)
    assert number.validate_json(str(largest)) == largest
    for bad in (largest + 1, 9 * 10**30, -1):
        with pytest.raises(ValidationError):
            number.validate_json(str(bad))


def test_the_type_names_the_event_and_its_major_version() -> None:
    assert event_type(TicketOpened) == "olcare.TicketOpened.v1"
    assert event_type(TicketOpenedV2) == "olcare.TicketOpened.v2"
    assert upstream_type(TicketSubmitted) == "olcare.upstream.TicketSubmitted.v1"
    with pytest.raises(ValueError, match="no name of a message"):
        type_name("olcare", "ticket-opened")


def test_an_event_is_never_edited() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        KEY.offset = 1  # type: ignore[misc] # it is what the test is about


def test_a_stream_id_holds_any_number_that_a_door_takes() -> None:
    streams: TypeAdapter[str] = TypeAdapter(StreamId)
    for number in ("4711", "2026/11/4711", "4711-é", "チケット", "a:b#c"):
        assert streams.validate_python(stream_id("ticket", "https://crm.example/eu", number))


@pytest.mark.parametrize("person", ["person/crm/camille%40client.example", "person/crm/Camille%20Exemple", "p-17"])
def test_an_address_or_a_full_name_is_no_number_of_a_person(person: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PersonId).validate_python(person)


def test_a_private_key_is_read_from_its_text() -> None:
    assert KEY.text() == "person/crm-eu/p-17/olcare.tickets.in.v1/4/1042"
    assert PrivateKey.parse(KEY.text()) == KEY
    for bad in ("", "person/crm-eu/p-17", "person/crm-eu/p-17/olcare.tickets.in.v1/4/-1", "x/y/z/t/1/2"):
        with pytest.raises(ValidationError):
            PrivateKey.parse(bad)


def test_a_notice_goes_to_a_person_to_a_centre_or_to_operations() -> None:
    for one in ({"private": KEY}, {"centre": "france"}, {"operations": True}):
        assert Recipient.model_validate(one).model_dump(exclude_defaults=True).keys() == one.keys()
    for none_or_two in ({}, {"private": KEY, "centre": "france"}, {"centre": "france", "operations": True}):
        with pytest.raises(ValidationError, match="one of them alone"):
            Recipient.model_validate(none_or_two)


@given(some.binary(max_size=64) | some.none(), some.binary(max_size=64) | some.none())
def test_a_dead_letter_keeps_every_byte(key: bytes | None, value: bytes | None) -> None:
    letter = DeadLetter(
        place=RecordAddress(topic="olcare.tickets.in.v1", partition=0, offset=17),
        key=key,
        value=value,
        headers=(Header(name="ce_id", value=value),),
        reason=Unreadability.NOT_JSON,
        where="envelope",
        message="this is not JSON",
    )
    assert DeadLetter.model_validate_json(letter.model_dump_json()) == letter
    assert letter.place.text() == "olcare.tickets.in.v1/0/17"
