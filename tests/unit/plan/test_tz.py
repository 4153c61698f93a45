"""What a version of the tz database says of the plan's zones, and where another one differs from it."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.messages.plan import PlanRefusal, TzDatabase, ZoneOffset
from libs.plan import differences, is_more_of, span_of, tz_database, tz_objection
from libs.workcal import Interval, tz_version
from tests.tz import Installed, moved
from tests.unit.plan.seed import CENTRES, PLAN, day

PARIS, BERLIN = "Europe/Paris", "Europe/Berlin"
SUMMER, EARLIER = datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 14, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def of(*centres: str, **changed: object) -> TzDatabase:
    """Say what is installed of some centres' zones."""
    found = tz_database(CENTRES[name].model_copy(update=changed) for name in centres)
    assert found is not None
    return found


def with_offset(database: TzDatabase, at: datetime, seconds: int) -> TzDatabase:
    """Give the first zone one more offset."""
    first, *others = database.zones
    more = first.model_copy(update={"offsets": (*first.offsets, ZoneOffset(from_at=at, seconds=seconds))})
    return database.model_copy(update={"zones": (more, *others)})


def test_every_zone_of_the_plan_is_in_it_once_with_the_installed_version() -> None:
    found = tz_database(PLAN.centres)
    assert found is not None
    assert [each.zone for each in found.zones] == sorted({centre.zone for centre in PLAN.centres})
    assert (found.version, found.first_day, found.last_day) == (tz_version(), day("2026-01-01"), day("2028-12-31"))


def test_paris_goes_to_summer_time_at_the_very_instant() -> None:
    [paris] = of("france").zones
    assert [(o.from_at, o.seconds) for o in paris.offsets if o.from_at.year == 2027] == [
        (SUMMER, 7200),
        (datetime(2027, 10, 31, 1, tzinfo=UTC), 3600),
    ]


def test_a_zone_that_is_not_known_is_left_out() -> None:
    assert tz_database([CENTRES["france"].model_copy(update={"zone": "Europe/Atlantis"})]) is None


def test_another_release_differs_just_where_it_does(tz: Installed) -> None:
    before = of("france", "germany")
    tz.release("2027a", Europe__Paris=moved(PARIS, SUMMER, EARLIER))
    after = of("france", "germany")
    assert after.version == "2027a"
    assert differences(before, after, PARIS) == [Interval(EARLIER, SUMMER)]
    assert differences(before, after, BERLIN) == []


def test_a_time_that_differs_in_two_ways_is_one_span() -> None:
    before = of("france")
    [paris] = before.zones
    between = (ZoneOffset(from_at=EARLIER, seconds=0), ZoneOffset(from_at=EARLIER + 7 * DAY, seconds=1800))
    around = [offset for offset in paris.offsets if offset.from_at < EARLIER], paris.offsets[3:]
    other = paris.model_copy(update={"offsets": (*around[0], *between, *around[1])})
    assert around[1][0].from_at == SUMMER
    assert differences(before, before.model_copy(update={"zones": (other,)}), PARIS) == [Interval(EARLIER, SUMMER)]


def test_days_that_only_one_of_them_has_do_not_differ() -> None:
    long, short = of("france"), of("france", last_day=day("2026-12-31"))
    assert differences(long, short, PARIS) == differences(short, long, PARIS) == []


def test_more_zones_or_more_days_say_all_that_was_said(tz: Installed) -> None:
    short, one, both = of("france", last_day=day("2026-12-31")), of("france"), of("france", "germany")
    assert is_more_of(one, both)
    assert is_more_of(short, one)
    assert is_more_of(one, one)
    assert not is_more_of(both, one)
    assert not is_more_of(one, short)
    tz.release("2027a", Europe__Paris=moved(PARIS, SUMMER, EARLIER))
    assert not is_more_of(one, of("france", "germany"))


def test_every_published_local_day_lies_within_what_is_said() -> None:
    for centre in PLAN.centres:
        found = of(centre.centre)
        last = found.zones[0].offsets[-1]
        ends_at = datetime.combine(centre.last_day + DAY, datetime.min.time(), UTC) - timedelta(seconds=last.seconds)
        assert span_of(found).opens_at < datetime(2025, 12, 31, 10, tzinfo=UTC) < ends_at < span_of(found).closes_at


@pytest.mark.parametrize("at", [SUMMER - 400 * DAY, datetime(2028, 10, 29, 1, tzinfo=UTC)])
def test_offsets_out_of_order_can_not_be_published(at: datetime) -> None:
    assert tz_objection(of("france")) is None
    assert tz_objection(with_offset(of("france"), at, 0)) is PlanRefusal.OFFSETS_OUT_OF_ORDER


def test_a_zone_that_is_there_twice_can_not_be_published() -> None:
    once = of("france")
    twice = once.model_copy(update={"zones": once.zones * 2})
    assert tz_objection(twice) is PlanRefusal.OFFSETS_OUT_OF_ORDER
