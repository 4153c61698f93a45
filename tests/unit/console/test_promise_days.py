"""The days of a promise: one line each, hours in shares of the local day, closures by name."""

from datetime import UTC, date, datetime, timedelta

import pytest

from libs.messages.plan import Closure
from services.ops.console.pages.promise_days import SpanView, day_views
from services.ops.explain.days import DayLine, DayLineKind

PARIS, FRIDAY = "Europe/Paris", date(2026, 11, 27)


def closure(name: str) -> Closure:
    return Closure.model_validate({"day": FRIDAY, "name": name, "status": "confirmed"})


def used(opens: str, closes: str, total: int, day: date = FRIDAY) -> DayLine:
    instants = (datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=UTC) for text in (opens, closes))
    opens_at, closes_at = instants
    return DayLine(
        day, DayLineKind.USED, 1, "", opens_at, closes_at, used=closes_at - opens_at, total=timedelta(hours=total)
    )


def test_what_a_day_was_used_for_is_one_line_with_its_total() -> None:
    [day] = day_views([used("08:00", "10:00", 2), used("11:00", "12:00", 3)], PARIS)
    assert (day.day, day.kinds, day.used_seconds, day.total_seconds) == (FRIDAY, ("used",), 3 * 3600, 3 * 3600)
    assert day.spans == (
        SpanView(kind="used", begins=9 / 24, length=2 / 24),
        SpanView(kind="used", begins=12 / 24, length=1 / 24),
    )


def test_a_closure_of_a_whole_day_is_named_and_fills_it() -> None:
    [day] = day_views([DayLine(FRIDAY, DayLineKind.CLOSED, 1, "", closure=closure("Pont"))], PARIS)
    assert (day.closures, day.used_seconds, day.total_seconds) == (("Pont",), 0, None)
    assert day.spans == (SpanView(kind="closed", begins=0, length=1),)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
def test_a_day_on_which_summer_time_changes_is_as_long_as_it_is(day: date, hours: int) -> None:
    [found] = day_views([used("12:00", "13:00", 1, day)], PARIS)
    assert found.spans[0].length == pytest.approx(1 / hours)
