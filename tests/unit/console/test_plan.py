"""What is in force of the plan, what was, and what each version changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.messages.plan import CentreCalendarPublished, Closure, PlanPart, PlanPartRefused, PlanRefusal, Status
from services.contract.plan import read_plan
from services.ops.console.pages.centres import CentresQuery, centres_view
from services.ops.console.pages.page import NotThere
from services.ops.console.pages.plan import by_name, changes, parts_of
from services.ops.sla.grounds import grounds_of
from tests.unit.recorded import recorded_event

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = read_plan()
FRANCE = next(centre for centre in PLAN.centres if centre.centre == "france")
STREAM = "calendar/plan/france"
STRIKE = Closure(day=date(2026, 12, 2), name="Strike", status=Status.CONFIRMED)


def published(sequence: int, at: datetime, **changed: Any) -> Any:
    calendar = FRANCE.model_copy(update={"version": sequence, **changed})
    return recorded_event(STREAM, sequence, CentreCalendarPublished(published_at=at, calendar=calendar))


def test_the_newest_by_now_is_in_force_and_a_later_one_is_to_come() -> None:
    events = [published(n, NOON + HOUR * (n - 3)) for n in (1, 2, 3, 4)]
    [part] = parts_of(events, NOON)
    assert [(v.version, v.in_force, v.coming) for v in part.versions] == [
        (4, False, True),
        (3, True, False),
        (2, False, False),
        (1, False, False),
    ]


def test_a_new_closure_differs_in_its_own_place_alone() -> None:
    closures = tuple(sorted((STRIKE, *FRANCE.closures), key=lambda closure: closure.day))
    [part] = parts_of([published(1, NOON - HOUR), published(2, NOON, closures=closures)], NOON)
    newest, first = part.versions
    assert [(d.place, d.before) for d in newest.differs] == [("closures/2026-12-02", None)]
    assert "Strike" in (newest.differs[0].after or "")
    assert (first.differs, first.more) == ((), 0)


def test_what_was_refused_is_no_version() -> None:
    refused = PlanPartRefused(refused_at=NOON, part=PlanPart.CALENDAR, version=1, reason=PlanRefusal.OLDER_VERSION)
    [part] = parts_of([published(1, NOON), recorded_event(STREAM, 2, refused)], NOON)
    assert [v.version for v in part.versions] == [1]


def test_the_number_of_the_version_is_no_difference() -> None:
    assert list(changes({"version": 1, "a": [1]}, {"version": 2, "a": [1]})) == []


def test_entries_that_share_a_name_are_told_apart_by_their_place() -> None:
    assert by_name([{"day": "a"}, {"day": "a"}]) == [{"day": "a"}, {"day": "a"}]
    assert by_name([{"day": "a"}, {"day": "b"}]) == {"a": {"day": "a"}, "b": {"day": "b"}}


def test_a_centre_is_shown_with_the_closures_of_a_year_in_order() -> None:
    found = centres_view(grounds_of(PLAN), CentresQuery(centre="france", year=2027), NOON)
    [france] = found.centres
    days = [closed.day for closed in france.closures]
    assert days == sorted(day for closure in FRANCE.closures if (day := closure.day).year == 2027)
    assert [day.hours for day in france.week] == [("09:00-17:00",)] * 5 + [()] * 2
    assert found.years[0] == FRANCE.first_day.year


def test_all_centres_are_shown_where_none_is_named_and_the_present_year() -> None:
    found = centres_view(grounds_of(PLAN), CentresQuery(), NOON)
    assert {one.now.centre for one in found.centres} == {centre.centre for centre in PLAN.centres}
    assert found.year == 2026


def test_a_centre_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotThere, match=r"there are .*france"):
        centres_view(grounds_of(PLAN), CentresQuery(centre="nowhere"), NOON)
