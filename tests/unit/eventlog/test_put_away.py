"""Packing what is put away: nothing is lost, two builds agree, and most of it is what all have in common."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.eventlog.put_away import CHECK, PutAway, can_be_put_away, hour_of
from libs.messages.ids import name_id
from tests.unit.eventlog.environment import InMemory
from tests.unit.eventlog.suite_put_away import NEVER, READER, any_play, loaded, read, same_but_where

EXAMPLE = '{"ticket":"ticket/crm-eu/4711","opened_at":"2026-11-27T15:30:00Z","stage":{"stage":"resolved"},"held":[]}'
STATE = EXAMPLE.encode()
OTHER = STATE.replace(b"4711", b"4712").replace(b"15:30:00", b"16:45:12")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(JSON, st.booleans())
def test_what_is_packed_is_read_back(state: Any, by_example: bool) -> None:  # noqa: FBT001 - drawn
    put_away = PutAway(EXAMPLE if by_example else "{}")
    assert json.loads(put_away.unpacked(put_away.packed(json.dumps(state).encode())) or b"") == state


def test_the_order_of_keys_does_not_matter() -> None:
    packed = PutAway(EXAMPLE).packed
    assert packed(b'{"a":1,"b":[{"c":2,"d":3}]}') == packed(b'{"b": [{"d": 3, "c": 2}], "a": 1}')


def test_no_state_is_none() -> None:
    assert PutAway().packed(None) is None
    assert PutAway().unpacked(None) is None


def test_what_states_have_in_common_takes_no_room() -> None:
    assert len(PutAway(EXAMPLE).packed(OTHER) or b"") < len(PutAway().packed(OTHER) or b"") / 2 < len(OTHER) / 2


@pytest.mark.parametrize("example", ["{}", OTHER.decode()])
def test_what_says_which_state_it_is_does_not_depend_on_how_it_is_packed(example: str) -> None:
    assert (PutAway(example).packed(STATE) or b"")[:CHECK] == (PutAway(EXAMPLE).packed(STATE) or b"")[:CHECK]
    assert (PutAway(example).packed(STATE) or b"")[:CHECK] != (PutAway(example).packed(OTHER) or b"")[:CHECK]


def test_a_state_that_is_not_what_was_packed_is_not_given_out() -> None:
    packed = PutAway().packed(STATE) or b""
    with pytest.raises(ValueError, match="is not what it was"):
        PutAway().unpacked(bytes([packed[0] ^ 1]) + packed[1:])


@pytest.mark.parametrize(
    ("instant", "hour"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC), 20_514 * 24 + 23),
        (datetime(2026, 3, 3, tzinfo=UTC), 20_515 * 24),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), -1),
        (datetime(1970, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), -1),
        (datetime(2026, 3, 3, 5, 29, 59, tzinfo=timezone(timedelta(hours=5, minutes=30))), 20_514 * 24 + 23),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 2_932_896 * 24 + 23),
    ],
)
def test_hours_are_those_of_utc(instant: datetime, hour: int) -> None:
    assert hour_of(instant) == hour


@pytest.mark.parametrize(
    "event_id", ["", "by hand", str(name_id("a")).upper(), name_id("a").hex, f"{{{name_id('a')}}}"]
)
def test_an_id_that_would_not_be_read_back_as_it_was_keeps_its_stream_where_it_is(event_id: str) -> None:
    assert can_be_put_away(str(name_id("a")))
    assert not can_be_put_away(event_id)


@given(st.integers(0, 10**9), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
async def test_whatever_happened_and_however_it_was_read_nobody_notices(seed: int, size: int) -> None:
    play, env = any_play(seed), InMemory()
    async with env.tables(READER) as tables, env.tables(NEVER) as never:
        await read(tables.stores[READER.name], READER, play, size)
        await read(never.stores[NEVER.name], NEVER, play, 7)
        assert same_but_where(await tables.contents(READER), await never.contents(NEVER))
        assert await loaded(tables.stores[READER.name]) == await loaded(never.stores[NEVER.name])
