"""Dead letters with the same wrong stand together, with what a good message has there; a trial says what is so now."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.eventlog.wire.receipts import unreadable
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing, Record
from libs.messages.catalogue import CONTRACTS_DOOR, NOTICES_DOOR, OPS_DOOR, TICKETS_DOOR, UPSTREAM
from libs.messages.receipts import DeadLetter, Header, Unreadability
from libs.messages.sources import SourcePolicy
from services.ops.cli.output import Refused
from services.ops.door.dead_letter_edits import changed
from services.ops.door.dead_letter_groups import (
    NOTHING,
    KnownLetter,
    at,
    event_of,
    example,
    groups,
    in_any,
    kind_of,
    known,
    what_fits,
)
from services.ops.door.dead_letter_trial import READ, record_of, trial, trial_of
from services.ops.door.stored_dead_letters import draft, edited

CONTRACTS = Path("contracts")
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
SUBMITTED = "olcare.upstream.TicketSubmitted.v1"
GOOD = dict(example(CONTRACTS, SUBMITTED))
KINDS = [(door, kind) for door, kinds in UPSTREAM.items() for kind in kinds]


def with_data(**data: object) -> dict[str, Any]:
    return {**GOOD, "data": {**GOOD["data"], **data}}


def record(event: object, offset: int = 17, door: str = TICKETS_DOOR) -> Record:
    return Record(door, 3, offset, b"4711", json.dumps(event).encode(), CONTENT_TYPE, 0)


def binary(event: Mapping[str, Any]) -> Record:
    headers = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    value = json.dumps(event["data"]).encode()
    return Record(TICKETS_DOOR, 3, 17, b"4711", value, [("content-type", b"application/json"), *headers], 0)


def dead(came: Record) -> DeadLetter:
    """What the door makes of a record that it can not read."""
    found = trial(came, None)
    why = type("Why", (), {"reason": found.reason, "where": found.where, "text": found.message})()
    return DeadLetter.model_validate_json(unreadable(came, why, 3)[0].value or b"")


NO_CHANNEL = dead(record(with_data(channel=1)))


def found(letter: DeadLetter, minutes: int = 0, source: str | None = "crm-eu") -> KnownLetter:
    return known(letter, MONDAY + timedelta(minutes=minutes))._replace(source=source)


def test_letters_with_the_same_wrong_are_one_group_the_largest_first() -> None:
    other = dead(record({**GOOD, "time": "yesterday"}, 18))
    letters = [found(NO_CHANNEL), found(other, 1, "crm-us"), found(dead(record(with_data(channel=2), 19)), 5, None)]
    first, second = groups(letters)
    assert (first.reason, first.where, first.letters, first.sources) == ("bad-field", "/data/channel", 2, ("crm-eu",))
    assert (first.since, first.until) == (MONDAY, MONDAY + timedelta(minutes=5))
    assert first.kind == SUBMITTED
    assert (second.reason, second.where, second.letters) == ("bad-attribute", "/time", 1)
    assert sum(group.letters for group in (first, second)) == len(letters)


def test_entries_of_a_list_are_one_place() -> None:
    assert in_any("/data/products/3/name") == "/data/products/*/name"
    assert in_any("") == ""


def test_a_group_holds_nothing_of_what_its_letters_hold() -> None:
    letter = dead(record(with_data(channel="Camille Exemple")))
    assert "Camille" not in str(groups([found(letter)]))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (binary(with_data(channel=1)), SUBMITTED),
        (record(with_data(channel=1)), SUBMITTED),
        (record({**GOOD, "type": "Camille Exemple"}), None),
        (record({**GOOD, "type": 7}), None),
        (record([1]), None),
        (record(with_data(channel=1))._replace(value=b"\xff{"), None),
        (record(with_data(channel=1))._replace(value=None), None),
        (record({**GOOD, "type": "olcare.upstream.CustomerSubmitted.v1"}), None),
    ],
)
def test_the_type_is_known_where_the_door_takes_such_a_one(said: Record, kind: str | None) -> None:
    assert kind_of(dead(said)) == kind


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/a/b", 1),
        ("/a/c/1", "y"),
        ("/a/c/*", "x"),
        ("/d~1e/~0f", 2),
        ("/a/none", NOTHING),
        ("/a/c/9", NOTHING),
        ("/a/b/c", NOTHING),
    ],
)
def test_what_stands_at_a_pointer(pointer: str, value: object) -> None:
    event = {"a": {"b": 1, "c": ["x", "y"]}, "d/e": {"~f": 2}}
    assert at(pointer, event) == value


def test_what_a_good_message_has_there_stands_beside_it() -> None:
    assert what_fits(CONTRACTS, SUBMITTED, "/data/channel") == json.dumps(GOOD["data"]["channel"])
    assert what_fits(CONTRACTS, SUBMITTED, "/data/nothing") is None
    assert what_fits(CONTRACTS, None, "/data/channel") is None


@pytest.mark.parametrize(("door", "kind"), KINDS)
def test_every_door_reads_its_examples_in_a_trial(door: str, kind: str) -> None:
    assert trial(record(dict(example(CONTRACTS, kind)), door=door), None).readable


def test_every_door_can_be_tried() -> None:
    assert set(READ) == set(UPSTREAM) == {TICKETS_DOOR, CONTRACTS_DOOR, NOTICES_DOOR, OPS_DOOR}


def test_what_its_own_door_does_not_take_is_not_readable() -> None:
    order = {**example(CONTRACTS, "olcare.upstream.ResendOrdered.v1"), "subject": "4711"}
    found_now = trial(record(order, door=NOTICES_DOOR), None)
    assert (found_now.reason, found_now.where) == ("bad-attribute", "/subject")


def test_a_trial_says_what_is_wrong_now_and_that_nothing_is_any_more() -> None:
    still = trial_of(NO_CHANNEL, None)
    assert (still.readable, still.reason, still.where) == (False, "bad-field", "/data/channel")
    mended = dead(record(with_data(channel=1))).model_copy(update={"value": json.dumps(GOOD).encode()})
    assert trial_of(mended, None).readable


def test_a_trial_asks_the_policy() -> None:
    policy = SourcePolicy.model_validate({"clients": {"crm": {"sources": {"crm-us": ["tickets"]}}}})
    forbidden = trial(record(GOOD), policy)
    assert (forbidden.reason, forbidden.where) == ("source-not-allowed", "/source")
    assert trial(record(GOOD), None).readable


def test_what_was_too_large_to_be_kept_stays_unreadable() -> None:
    gone = NO_CHANNEL.model_copy(update={"value": None})
    assert trial_of(gone, None).reason == "bad-field"
    empty = dead(record(GOOD)._replace(value=None))
    assert trial_of(empty, None).reason == Unreadability.NO_VALUE


def test_a_record_is_tried_as_it_came() -> None:
    came = binary(with_data(channel=1))
    again = record_of(dead(came))
    assert (again.key, again.value, list(again.headers)) == (came.key, came.value, list(came.headers))


@pytest.mark.parametrize("came", [record(with_data(channel=1)), binary(with_data(channel=1))])
def test_what_is_edited_is_the_whole_event_and_is_read_once_it_is_mended(came: Record) -> None:
    letter = dead(came)
    event = json.loads(draft(letter))
    assert {name: event[name] for name in ("id", "source", "subject")} == {
        n: GOOD[n] for n in ("id", "source", "subject")
    }
    event["data"]["channel"] = "email"
    sent: Outgoing = edited(letter, json.dumps(event))
    assert trial(record_of(letter)._replace(value=sent.value, headers=sent.headers), None).readable


def test_what_is_no_json_is_edited_as_text() -> None:
    assert draft(dead(record(GOOD)._replace(value=b"{\xff"))) == "{\\xff"


def test_fields_are_changed_without_looking() -> None:
    mended = json.loads(changed(NO_CHANNEL, ["data.channel=email", "data.product:="]))
    assert mended["data"]["channel"] == "email"
    assert "product" not in mended["data"]
    assert mended["id"] == GOOD["id"]
    with pytest.raises(Refused, match="holds no JSON object"):
        changed(NO_CHANNEL.model_copy(update={"value": b"["}), ["subject=1"])


def test_attributes_that_are_headers_are_part_of_the_event() -> None:
    letter = dead(binary(with_data(channel=1)))
    assert event_of(letter)["data"]["channel"] == 1
    assert event_of(letter)["type"] == SUBMITTED
    assert event_of(letter.model_copy(update={"headers": (Header(name="ce_id", value=b"x"),), "value": b"{"})) is None


def test_letters_are_asked_for_by_what_a_group_says() -> None:
    [group] = groups([found(NO_CHANNEL)])
    assert found(NO_CHANNEL).in_common() == (group.door, group.reason, group.where, group.kind)
