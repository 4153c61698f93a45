"""The lanes of a ticket's life: idle gaps folded and said, opening hours behind, what is near one mark."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.workcal import Interval
from services.ops.console.lanes import (
    AN_HOUR,
    FOLDED,
    IDLE,
    LEFT,
    MARGIN,
    NARROWEST,
    RIGHT,
    WIDEST,
    Band,
    Happened,
    bands,
    marks,
    place,
    stretches,
    width_of,
)

NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
INSTANTS = st.lists(st.integers(0, 40 * 60).map(lambda minutes: NINE + timedelta(minutes=minutes)), min_size=1)


def at(hour: int, minute: int = 0) -> datetime:
    return NINE.replace(hour=hour, minute=minute)


def happened(instant: datetime, standing: str = "stands", topic: str = "a", kind: str = "T") -> Happened:
    return Happened(instant, topic, kind, standing)


def test_a_gap_is_folded_where_it_is_longer_than_idle_and_says_how_long_the_centre_was_open() -> None:
    hours = [Interval(at(8), at(12)), Interval(at(14), at(18))]
    first, gap, last = stretches([at(9), at(15)], hours)
    assert (first.is_folded, gap.is_folded, last.is_folded) == (False, True, False)
    assert (gap.since, gap.until, gap.open) == (at(9), at(15), timedelta(hours=4))
    assert [one.is_folded for one in stretches([at(9), at(9) + IDLE])] == [False]
    assert stretches([at(9), at(15)])[1].open is None


@given(INSTANTS)
def test_every_instant_has_its_place_in_order_and_stretches_follow_each_other(instants: list[datetime]) -> None:
    along = stretches(instants)
    places = [place(along, one) for one in sorted(set(instants))]
    assert all(a < b for a, b in pairwise(places))
    assert along[0].x == LEFT
    assert all(a.x + a.width == b.x and a.until == b.since for a, b in pairwise(along))
    assert all(one.until - one.since > IDLE for one in along if one.is_folded)
    assert all(one.width == FOLDED if one.is_folded else NARROWEST <= one.width <= WIDEST for one in along)
    assert width_of(along) == sum(one.width for one in along) + LEFT + RIGHT


def test_an_instant_in_a_gap_has_no_place() -> None:
    with pytest.raises(LookupError):
        place(stretches([at(9), at(15)]), at(12))


def test_what_happens_within_a_minute_is_drawn_as_near_as_it_is() -> None:
    instants = [at(9), at(9, 1)]
    along = stretches(instants)
    assert place(along, instants[1]) - place(along, instants[0]) == pytest.approx(AN_HOUR / 60)
    assert len(marks(along, [happened(one) for one in instants])) == 1


def test_opening_hours_lie_behind_what_is_to_scale() -> None:
    along = stretches([at(9), at(10), at(11)])
    [stretch] = along
    half = place(along, at(10))
    assert bands(along, [Interval(at(8), at(10))]) == [Band(stretch.x, half - stretch.x)]
    assert bands(along, [Interval(at(10), at(12))]) == [Band(half, stretch.x + stretch.width - half)]
    assert bands(along, [Interval(at(12), at(14))]) == []


@pytest.mark.parametrize(("hour", "is_open"), [(8, True), (11, True), (12, False), (7, False)])
def test_an_instant_alone_is_open_or_not(hour: int, is_open: bool) -> None:  # noqa: FBT001 - of the table above
    assert bool(bands(stretches([at(hour)]), [Interval(at(8), at(12))])) is is_open


def test_what_is_near_in_a_lane_is_one_mark_as_notable_as_its_most_notable() -> None:
    every = [happened(at(9)), happened(at(9), "not-known", kind="U"), happened(at(10)), happened(at(9), topic="b")]
    found = marks(stretches([one.at for one in every]), every)
    assert [(one.topic, one.types, one.standing) for one in found] == [
        ("a", ("T", "U"), "not-known"),
        ("a", ("T",), "stands"),
        ("b", ("T",), "stands"),
    ]
    assert found[0].x == LEFT + MARGIN
