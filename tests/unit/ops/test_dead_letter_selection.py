"""Which dead letters `olcare dlq` means: by door, reason, upstream system and time."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer

from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, Header, Unreadability
from services.ops.door.dead_letter_selection import Selection, require_one_or_some, source_of, too_large

AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
PLACE = RecordAddress(topic=TICKETS_DOOR, partition=3, offset=17)


def letter(value: bytes | None = b"{}", *headers: Header, offset: int = 17, topic: str = TICKETS_DOOR) -> DeadLetter:
    return DeadLetter(
        place=RecordAddress(topic=topic, partition=3, offset=offset),
        key=None,
        value=value,
        headers=headers,
        reason=Unreadability.BAD_FIELD,
        where="data.channel",
        message="channel: email, telephone or web",
    )


SAID = letter(json.dumps({"source": "crm-eu", "data": {}}).encode())


@pytest.mark.parametrize(
    "some",
    [
        Selection(),
        Selection(topic=TICKETS_DOOR),
        Selection(reason=Unreadability.BAD_FIELD),
        Selection(source="crm-eu"),
        Selection(since=AT),
        Selection(TICKETS_DOOR, Unreadability.BAD_FIELD, "crm-eu", AT),
    ],
)
def test_a_dead_letter_is_meant_where_all_that_is_asked_is_so(some: Selection) -> None:
    assert some.has(SAID, AT)


@pytest.mark.parametrize(
    "some",
    [
        Selection(topic=CONTRACTS_DOOR),
        Selection(reason=Unreadability.NOT_JSON),
        Selection(source="crm-us"),
        Selection(since=AT + timedelta(microseconds=1)),
        Selection(CONTRACTS_DOOR, Unreadability.BAD_FIELD, "crm-eu", AT),
    ],
)
def test_a_dead_letter_is_not_meant_where_one_thing_is_otherwise(some: Selection) -> None:
    assert not some.has(SAID, AT)


@pytest.mark.parametrize(
    ("value", "headers", "source"),
    [
        (b'{"source": "crm-eu"}', (), "crm-eu"),
        (b"\xff", (Header(name="ce_source", value=b"crm-eu"),), "crm-eu"),
        (b'{"source": "crm-us"}', (Header(name="ce_source", value=None),), "crm-us"),
        (b"\xff", (Header(name="ce_source", value=b"\xff"),), None),
        (b'{"source": "Camille Exemple"}', (), None),
        (b'{"source": 7}', (), None),
        (b"[]", (), None),
        (b"[" * 100_000, (), None),
        (b"{", (), None),
        (None, (), None),
    ],
)
def test_the_upstream_system_is_known_where_it_is_well_formed(
    value: bytes | None, headers: tuple[Header, ...], source: str | None
) -> None:
    assert source_of(letter(value, *headers)) == source


def test_a_place_or_a_selection_is_named_and_not_both() -> None:
    require_one_or_some(PLACE, Selection())
    require_one_or_some(None, Selection(source="crm-eu"))
    with pytest.raises(typer.BadParameter):
        require_one_or_some(PLACE, Selection(source="crm-eu"))
    with pytest.raises(typer.BadParameter):
        require_one_or_some(None, Selection())


def test_what_was_not_kept_is_told_from_what_had_no_value() -> None:
    nothing = letter(None)
    assert too_large(nothing)
    assert not too_large(nothing.model_copy(update={"reason": Unreadability.NO_VALUE}))
