"""Two builds are equal where every table holds the same, which its number of rows alone does not say."""

import pytest

from libs.eventlog.rebuild.proof import Difference, Fingerprint, Snapshot, differences, stored

LIVE = Snapshot({0: 10, 1: 7}, {"heads_tickets": Fingerprint(3, 111), "tickets": Fingerprint(3, 222)})


def test_builds_with_the_same_tables_are_equal() -> None:
    assert differences(LIVE, LIVE) == []
    assert stored(LIVE, [])["equal"]


@pytest.mark.parametrize("other", [Fingerprint(3, 223), Fingerprint(2, 222)])
def test_a_table_with_other_rows_or_with_fewer_is_named(other: Fingerprint) -> None:
    rebuilt = LIVE._replace(tables={**LIVE.tables, "tickets": other})
    found = differences(LIVE, rebuilt)
    assert found == [Difference("tickets", LIVE.tables["tickets"], other)]
    proof = stored(LIVE, found)
    assert (proof["equal"], proof["differences"]) == (False, ["tickets"])


def test_builds_at_other_positions_are_not_compared() -> None:
    with pytest.raises(ValueError, match="the builds stand at"):
        differences(LIVE, LIVE._replace(positions={0: 10, 1: 8}))
