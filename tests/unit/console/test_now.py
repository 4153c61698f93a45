"""What somebody on call sees of a centre: open or closed, until when, and the next day that it is closed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from libs.messages.plan import CentreCalendar
from services.contract.plan import read_plan
from services.ops.console.pages.now import centre_now, in_order

CENTRES = {centre.centre: centre for centre in read_plan().centres}
FRANCE, JAPAN = CENTRES["france"], CENTRES["japan"]
MICROSECOND = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def altered(calendar: CentreCalendar, **values: object) -> CentreCalendar:
    return CentreCalendar.model_validate({**calendar.model_dump(), **values})


@pytest.mark.parametrize(
    ("now", "open_", "changes_at"),
    [
        (utc("2026-11-30T08:00") - MICROSECOND, False, utc("2026-11-30T08:00")),
        (utc("2026-11-30T08:00"), True, utc("2026-11-30T16:00")),
        (utc("2026-11-30T16:00") - MICROSECOND, True, utc("2026-11-30T16:00")),
        (utc("2026-11-30T16:00"), False, utc("2026-12-01T08:00")),
        (utc("2026-12-24T16:00"), False, utc("2026-12-28T08:00")),
    ],
)
def test_a_centre_is_open_from_its_opening_to_before_its_closing(
    now: datetime, *, open_: bool, changes_at: datetime
) -> None:
    found = centre_now(FRANCE, now)
    assert (found.open, found.changes_at) == (open_, changes_at)


def test_hours_that_touch_are_one_opening() -> None:
    halves = [{"weekday": 1, "opens": "09:00", "closes": "12:00"}, {"weekday": 1, "opens": "12:00", "closes": "18:00"}]
    found = centre_now(altered(FRANCE, weekly=halves), utc("2026-11-30T10:00"))
    assert found.changes_at == utc("2026-11-30T17:00")


def test_beyond_the_last_published_day_nothing_is_known_of_the_next_opening() -> None:
    found = centre_now(altered(FRANCE, last_day=date(2026, 11, 30)), utc("2026-11-30T20:00"))
    assert (found.open, found.changes_at) == (False, None)


def test_the_next_closure_is_one_that_takes_hours_away() -> None:
    found = centre_now(FRANCE, utc("2026-11-30T10:00")).next_closure
    assert found is not None
    assert (found.day, found.name, found.in_days) == (date(2026, 12, 25), "Noël", 25)
    sunday = [{"day": "2026-12-06", "name": "Sunday", "status": "confirmed"}, *altered(FRANCE).closures]
    assert centre_now(altered(FRANCE, closures=sunday), utc("2026-11-30T10:00")).next_closure == found


def test_a_closure_is_of_the_centre_s_own_day() -> None:
    before, after = utc("2026-12-31T14:59"), utc("2026-12-31T15:00")
    assert [c and c.in_days for c in (centre_now(JAPAN, at).next_closure for at in (before, after))] == [1, 0]


def test_centres_that_are_open_stand_first_and_what_changes_soonest_before_the_others() -> None:
    found = in_order(centre_now(centre, utc("2026-11-30T07:30")) for centre in CENTRES.values())
    assert [one.open for one in found] == sorted((one.open for one in found), reverse=True)
    assert found[0].centre in {"australia", "japan"}
    closed = [one.changes_at for one in found if not one.open]
    assert closed == sorted(closed, key=lambda at: at or utc("9999-01-01T00:00"))
