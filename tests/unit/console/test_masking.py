"""What of a record everybody may see: all of a log's, of a door's the shape and nothing that somebody wrote."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import EVENTS
from services.ops.console.masking import MASK, OPEN, masked, shape

SECRET = "Ada Lovelace"


def record(value: object, headers: list[tuple[str, bytes]] | None = None, key: bytes = SECRET.encode()) -> Record:
    content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return Record("t", 0, 0, key, content, headers or [], 0)


EVENT = {
    "specversion": "1.0",
    "type": "olcare.X.v1",
    "subject": SECRET,
    "source": SECRET,
    "id": SECRET,
    "data": [SECRET],
}


def test_of_a_log_everything_is_shown() -> None:
    found = shape(record(EVENT), is_open=True)
    assert (found.type, found.stream, found.data, found.masked) == ("olcare.X.v1", SECRET, [SECRET], False)


@pytest.mark.parametrize(
    "value",
    [
        EVENT,
        {SECRET: SECRET},
        {"type": SECRET, "specversion": "1.0", "data": {"name": SECRET, SECRET: 1, "deep": [{"a": SECRET}]}},
        SECRET,
        SECRET.encode(),
        b"\xff" + SECRET.encode(),
        None,
        [SECRET, [[SECRET]]],
    ],
)
def test_of_a_door_nothing_is_shown_that_somebody_wrote(value: object) -> None:
    binary = [("ce_type", SECRET.encode()), ("ce_subject", SECRET.encode()), ("ce_specversion", b"1.0")]
    for headers in ([], binary):
        assert SECRET not in repr(shape(record(value, headers), is_open=False))


def test_of_a_door_its_type_and_the_shape_are_shown() -> None:
    kind = "olcare.upstream.TicketSubmitted.v1"
    found = shape(
        record({**EVENT, "type": kind, "data": {"priority": 1, "requester": {"name": SECRET}}}), is_open=False
    )
    assert found.type == kind
    assert found.data == {"priority": MASK, "requester": {"name": MASK}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_it_is_only_marks_and_names_of_ours_are_left(value: Any) -> None:
    def leaves(found: Any) -> list[Any]:
        match found:
            case dict():
                return [leaf for inner in found.values() for leaf in leaves(inner)]
            case list():
                return [leaf for inner in found for leaf in leaves(inner)]
            case _:
                return [found]

    assert set(leaves(masked(value))) <= {MASK, None}


def test_what_is_nested_without_end_is_cut() -> None:
    deep: Any = SECRET
    for _ in range(100):
        deep = [deep]
    assert SECRET not in repr(masked(deep))


def test_a_topic_is_open_where_the_command_line_shows_it_or_it_has_instants_alone() -> None:
    cards = load_cards(Path("contracts/topics"))
    assert {card.topic for card in cards.values() if card.kind in OPEN and card.kind != "clock"} == {*EVENTS}
