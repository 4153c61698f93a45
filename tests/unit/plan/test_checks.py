"""What is said of a plan before it is published: why a part would be refused, and what somebody should see to."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.messages.plan import CentreCalendar, ChannelTargets
from libs.plan import Plan, calendar_objection, prices_objection
from libs.plan.checks import objections, warnings
from tests.unit.plan.seed import PLAN, centre_with, day

MONDAY = {"weekday": 1, "opens": "09:00", "closes": "17:00"}
NOEL = {"day": "2026-12-25", "name": "Noël", "status": "confirmed"}
EXTRA = {"day": "2026-12-25", "opens": "09:00", "closes": "12:00"}
LAST_DAY = day("2028-12-31")
SUMMER = day("2026-07-01")


def plan_of(*centres: CentreCalendar) -> Plan:
    return replace(PLAN, centres=centres)


def said(plan: Plan) -> list[str]:
    return [str(problem) for problem in objections(plan)]


def warned(plan: Plan, today: date) -> list[str]:
    return [str(problem) for problem in warnings(plan, today)]


def test_nothing_is_wrong_with_the_shipped_plan() -> None:
    assert said(PLAN) == warned(PLAN, SUMMER) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"zone": "Europe/Atlantis"}, "centres.yaml: france: 'Europe/Atlantis' is no zone"),
        ({"weekly": []}, "centres.yaml: france: france never opens from 2026-01-01 to 2028-12-31; give it"),
        ({"weekly": [MONDAY, MONDAY | {"opens": "16:00", "closes": "24:00"}]}, "centres.yaml: france: monday: "),
        ({"weekly": [MONDAY | {"opens": "18:00"}]}, "centres.yaml: france: '18:00-17:00' are no hours"),
        ({"closures": [NOEL], "extra_openings": [EXTRA]}, "centres.yaml: france: 2026-12-25: "),
        ({"closures": [NOEL | {"day": "2029-12-25"}]}, "holidays.csv: france 2029-12-25: is outside 2026-01-01 to"),
        ({"extra_openings": [EXTRA | {"day": "2025-12-31"}]}, "centres.yaml: france 2025-12-31: is outside"),
        ({"closures": [NOEL] * 25}, "centres.yaml: france: opens or closes over 24 times on a day"),
        ({"first_day": "2029-01-01"}, "centres.yaml: france: france: published from 2029-01-01 to 2028-12-31"),
    ],
)
def test_whatever_the_door_would_refuse_is_said_with_its_place(changes: dict[str, object], what: str) -> None:
    centre = centre_with(**changes)
    assert calendar_objection(centre)
    found = said(plan_of(centre))
    assert [sentence[: len(what)] for sentence in found] == [what]
    assert "; " in found[0], "says what to do"


def test_a_plan_that_promises_nothing_is_refused() -> None:
    nothing = replace(PLAN, targets=PLAN.targets.model_copy(update={"targets": ChannelTargets()}))
    assert said(nothing) == ["targets.yaml: targets: no channel has a target; write one, such as phone_seconds: 7200"]


def test_every_day_outside_the_publication_is_named() -> None:
    assert len(said(plan_of(centre_with(last_day="2027-12-31")))) == 11


def test_coming_back_must_be_dearer_than_a_renewal() -> None:
    cheap = [prices.model_copy(update={"resubscription": prices.renewal}) for prices in PLAN.prices[:1]]
    assert said(replace(PLAN, prices=(*cheap, *PLAN.prices[1:]))) == [
        "prices.yaml: CAD: 2000 for coming back is not above 2000 for a renewal; raise it"
    ]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"currency": "XXX"}, "XXX: XXX is no currency of ISO 4217 that is paid with; write one like EUR"),
        ({"minor_digits": 3}, "CAD: 3 are not the minor digits of CAD; write 2"),
        ({"resubscription": 1_999}, "CAD: 1999 for coming back is not above 2000 for a renewal; raise it"),
    ],
)
def test_a_price_list_that_would_be_refused_is_said_with_its_place(changes: dict[str, object], what: str) -> None:
    wrong = PLAN.prices[0].model_copy(update=changes)
    assert prices_objection(wrong)
    assert said(replace(PLAN, prices=(wrong, *PLAN.prices[1:]))) == [f"prices.yaml: {what}"]


def test_of_several_price_lists_the_wrong_one_is_named_by_its_version() -> None:
    cheap = PLAN.prices[0].model_copy(update={"version": 7, "resubscription": 0})
    [found] = said(replace(PLAN, prices=(*PLAN.prices, cheap)))
    assert found.startswith("prices.yaml: CAD version 7: 0 for coming back")


def test_a_later_price_list_that_begins_earlier_is_warned_of() -> None:
    first = PLAN.prices[0]
    earlier, later = (
        first.model_copy(update={"version": version, "applies_from": day(text)})
        for version, text in ((3, "2026-06-01"), (2, "2027-01-01"))
    )
    assert warned(replace(PLAN, prices=(*PLAN.prices, earlier, later)), SUMMER) == [
        "prices.yaml: CAD version 3: applies from 2026-06-01, but only until version 2 does on 2027-01-01"
    ]


@pytest.mark.parametrize(("days_before", "times"), [(181, 0), (180, 8), (0, 8), (-1, 8)])
def test_a_year_without_a_successor_is_warned_of_180_days_before_its_end(days_before: int, times: int) -> None:
    found = warned(PLAN, LAST_DAY - timedelta(days=days_before))
    assert len(found) == times
    assert all("`olcare calendar propose --years 2029`" in sentence for sentence in found)


@pytest.mark.parametrize(("today", "left"), [("2028-12-30", 1), ("2028-12-31", 0), ("2029-01-02", -2)])
def test_a_warning_says_how_many_days_are_left(today: str, left: int) -> None:
    assert warned(PLAN, day(today))[0].startswith(
        f"centres.yaml: americas.last_day: 2028-12-31, days left: {left}; `olcare calendar propose --years 2029`"
    )


def test_a_whole_year_without_a_closure_is_warned_of() -> None:
    found = warned(plan_of(centre_with(last_day="2029-12-31")), SUMMER)
    assert found == [
        "holidays.csv: france: no closure in the whole of 2029; `olcare calendar propose --years 2029` drafts some"
    ]


def test_a_part_of_a_year_may_be_without_a_closure() -> None:
    assert warned(plan_of(centre_with(last_day="2029-12-30")), SUMMER) == []


def test_a_currency_without_prices_is_warned_of() -> None:
    assert warned(replace(PLAN, prices=PLAN.prices[1:]), SUMMER) == [
        "centres.yaml: americas: no prices in CAD; add them to prices.yaml"
    ]


def test_reminders_out_of_order_are_said_with_their_place() -> None:
    notices = PLAN.notices.model_copy(update={"reminder_days": (60, 90)})
    what = "60, 90 do not come down one by one from below 90; put them in order"
    assert said(replace(PLAN, notices=notices)) == [f"notices.yaml: reminder_days: {what}"]
