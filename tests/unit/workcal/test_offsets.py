"""The offsets of a zone over a span of time, with the exact instants of their changes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from libs.workcal import UnknownZone, offsets, zone

HOUR = timedelta(hours=1)
SUMMER = datetime(2027, 3, 28, 1, tzinfo=UTC)
NAMES = (
    "America/Toronto",
    "Europe/Paris",
    "Australia/Melbourne",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
)


def test_summer_time_begins_at_its_very_instant() -> None:
    found = list(offsets("Europe/Paris", SUMMER - 50 * HOUR, SUMMER + 50 * HOUR))
    assert found == [(SUMMER - 50 * HOUR, HOUR), (SUMMER, 2 * HOUR)]


def test_a_change_at_the_beginning_counts_and_one_at_the_end_does_not() -> None:
    assert list(offsets("Europe/Paris", SUMMER, SUMMER + HOUR)) == [(SUMMER, 2 * HOUR)]
    assert list(offsets("Europe/Paris", SUMMER - HOUR, SUMMER)) == [(SUMMER - HOUR, HOUR)]


def test_a_zone_without_summer_time_has_one_offset() -> None:
    begins_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert list(offsets("Asia/Tokyo", begins_at, begins_at + timedelta(days=1000))) == [(begins_at, 9 * HOUR)]


def test_there_are_no_offsets_of_what_is_no_zone() -> None:
    with pytest.raises(UnknownZone):
        list(offsets("Europe/Atlantis", SUMMER, SUMMER + HOUR))


@pytest.mark.parametrize("name", NAMES)
@given(after=some.timedeltas(timedelta(0), timedelta(days=400)))
def test_the_offsets_are_those_of_the_database_at_every_instant(name: str, after: timedelta) -> None:
    begins_at = datetime(2026, 1, 1, tzinfo=UTC)
    known = [offset for at, offset in FOUND[name] if at <= begins_at + after]
    assert known[-1] == (begins_at + after).astimezone(zone(name)).utcoffset()


FOUND = {
    name: list(offsets(name, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))) for name in NAMES
}
