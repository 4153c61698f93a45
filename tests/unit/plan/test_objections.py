import pytest

from libs.messages.plan import ChannelTargets, PlanRefusal, ResponseTargets
from libs.plan import calendar_objection, reminders_objection, targets_objection
from tests.unit.plan.seed import PLAN, centre_with

MONDAY = {"weekday": 1, "opens": "09:00", "closes": "17:00"}
NOEL = {"day": "2026-12-25", "name": "Noël", "status": "confirmed"}
EXTRA = {"day": "2026-12-25", "opens": "09:00", "closes": "12:00"}
HALF_HOURS = [
    MONDAY | {"opens": f"{n // 2:02}:{n % 2 * 30:02}", "closes": f"{n // 2:02}:{n % 2 * 30 + 20}"} for n in range(48)
]


def test_nothing_is_wrong_with_the_shipped_calendars() -> None:
    assert [calendar_objection(centre) for centre in PLAN.centres] == [None] * 8


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"zone": "Europe/Atlantis"}, PlanRefusal.UNKNOWN_ZONE),
        ({"weekly": []}, PlanRefusal.EMPTY_CALENDAR),
        ({"weekly": [MONDAY, MONDAY | {"opens": "16:00", "closes": "24:00"}]}, PlanRefusal.HOURS_OVERLAP),
        ({"weekly": [MONDAY | {"opens": "18:00"}]}, PlanRefusal.HOURS_OVERLAP),
        ({"closures": [NOEL], "extra_openings": [EXTRA]}, PlanRefusal.HOURS_OVERLAP),
        ({"closures": [NOEL | {"day": "2029-12-25"}]}, PlanRefusal.DAY_OUTSIDE_PUBLICATION),
        ({"extra_openings": [EXTRA | {"day": "2025-12-31"}]}, PlanRefusal.DAY_OUTSIDE_PUBLICATION),
        ({"first_day": "1970-01-01", "last_day": "2199-12-31"}, PlanRefusal.TOO_MANY_HOURS),
        ({"weekly": HALF_HOURS}, PlanRefusal.TOO_MANY_HOURS),
        ({"closures": [NOEL] * 25}, PlanRefusal.TOO_MANY_HOURS),
    ],
)
def test_a_calendar_on_which_nothing_can_be_reckoned_is_not_published(
    changes: dict[str, object], objection: PlanRefusal
) -> None:
    assert calendar_objection(centre_with(**changes)) is objection


def test_targets_that_promise_nothing_on_any_channel_are_not_published() -> None:
    def targets(**seconds: int | None) -> ResponseTargets:
        return PLAN.targets.model_copy(update={"targets": ChannelTargets(**seconds)})

    assert targets_objection(targets()) is PlanRefusal.NO_TARGET
    for channel in ("phone", "email", "web"):
        assert targets_objection(targets(**{f"{channel}_seconds": 60})) is None


@pytest.mark.parametrize("days", [(90, 60), (60, 60), (60, 30, 45), (30, 60, 7)])
def test_reminders_come_after_the_offer_and_one_nearer_to_the_end_than_the_other(days: tuple[int, ...]) -> None:
    assert reminders_objection(PLAN.notices) is None
    changed = PLAN.notices.model_copy(update={"reminder_days": days})
    assert reminders_objection(changed) is PlanRefusal.REMINDERS_OUT_OF_ORDER
