"""Every later version folds the log of an earlier one to the same tables, or says what it means to change."""

import json

import pytest

from libs.messages.catalogue import EVENT_OF_TYPE
from tests.contracts.recorded_log import PUT_AWAY, TABLES, folded, recorded_log, writing


def test_the_recorded_log_holds_every_type_of_event_of_its_version() -> None:
    recorded = {json.loads(record.value or b"")["type"] for records in recorded_log().values() for record in records}
    assert len(recorded) == 62
    assert recorded <= EVENT_OF_TYPE.keys()


def test_a_recorded_log_is_folded_to_the_same_tables() -> None:
    recorded, now = TABLES.read_text().splitlines(), folded()
    assert [line for line in recorded if line not in now] == []
    assert [line for line in now if line not in recorded] == []
    assert now == recorded


@pytest.mark.parametrize("name", writing())
def test_what_a_version_of_a_reader_has_packed_can_be_read_as_long_as_it_stays(name: str) -> None:
    reader = writing()[name]
    recorded = [json.loads(line) for line in PUT_AWAY.read_text().splitlines()]
    mine = [one for one in recorded if (one["reader"], one["version"]) == (name, reader.version)]
    assert mine, f"version {reader.version} has packed nothing yet: python -m tests.contracts.recorded_log"
    for one in mine:
        read = reader.put_away.unpacked(bytes.fromhex(one["packed"]))
        assert json.loads(read or b"") == json.loads(one["state"])


def test_no_state_holds_a_fraction_since_those_that_are_put_away_would_not_come_back_digit_by_digit() -> None:
    states = {f"{name}.{reader.state.table}" for name, reader in writing().items() if reader.state}
    rows = [json.loads(line) for line in TABLES.read_text().splitlines()]
    found = [row["row"][1] for row in rows if row["table"] in states]
    assert found
    for state in found:
        json.loads(state, parse_float=pytest.fail)
