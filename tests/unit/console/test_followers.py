"""A word for what becomes of a follower's lag, from the looks of the last minute."""

import pytest

from services.ops.console.followers import STUCK_AFTER, Sample, Trend, group_of, trend
from services.ops.watch.services import SERVICES


def looks(*seen: tuple[float, int, int]) -> list[Sample]:
    return [Sample(*one) for one in seen]


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (looks((0, 0, 5)), Trend.CAUGHT_UP),
        (looks((0, 9, 5), (1, 0, 14)), Trend.CAUGHT_UP),
        (looks((0, 9, 5)), Trend.BEHIND),
        (looks((0, 9, 5), (5, 6, 8)), Trend.CATCHING_UP),
        (looks((0, 9, 5), (5, 12, 8)), Trend.FALLING_BEHIND),
        (looks((0, 9, 5), (5, 9, 8)), Trend.BEHIND),
        (looks((0, 9, 5), (5, 12, 5)), Trend.BEHIND),
        (looks((0, 0, 5), (5, 3, 5)), Trend.BEHIND),
        (looks((0, 9, 5), (STUCK_AFTER, 9, 5)), Trend.STUCK),
        (looks((0, 9, 5), (STUCK_AFTER, 90, 5)), Trend.STUCK),
        (looks((0, 9, 5), (STUCK_AFTER - 0.1, 9, 5)), Trend.BEHIND),
        (looks((0, 0, 5), (10, 1, 5), (10 + STUCK_AFTER, 1, 5)), Trend.STUCK),
        (looks((0, 0, 5), (STUCK_AFTER, 1, 5)), Trend.BEHIND),
        (looks((0, 9, 4), (5, 9, 5), (5 + STUCK_AFTER, 9, 5)), Trend.STUCK),
        (looks((0, 90, 4), (40, 9, 85), (41, 8, 86)), Trend.CATCHING_UP),
    ],
)
def test_a_trend(samples: list[Sample], word: Trend) -> None:
    assert trend(samples, 1) is word


def test_where_a_group_has_no_member_nobody_reads_even_where_nothing_is_left_to_read() -> None:
    assert trend(looks((0, 0, 5)), 0) is Trend.NOBODY_READS


def test_where_members_are_not_known_the_lag_says_what_it_can() -> None:
    assert trend(looks((0, 0, 5)), None) is Trend.CAUGHT_UP


def test_the_group_of_a_reader_has_the_version_of_its_tables() -> None:
    service = SERVICES["sla_timer"]
    versions = {reader.name: reader.version for reader in service.readers}
    assert group_of(service, "sla_timer.plan") == f"sla_timer.plan.v{versions['plan']}"
    assert group_of(SERVICES["contract"], f"contract.{SERVICES['contract'].private}").endswith(".v1")
