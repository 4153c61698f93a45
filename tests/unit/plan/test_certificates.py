"""A certificate is judged from itself alone: one that was changed anywhere that matters is found out, in words."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.messages.certificates import AtRisk, Certificate, RetargetCause, WorkingInterval
from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.plan import BadCertificate, promise, recompute, verify, with_calendar, with_call, with_targets
from tests.unit.plan.seed import FR, PLAN, calendar_with, utc

NOON = [{"day": "2026-11-24", "name": "fermé", "status": "confirmed", "closed_from": "12:00", "closed_to": "13:00"}]
SHUT = calendar_with(version=2, closures=NOON)


def shorter(version: int, seconds: int, web: int = 14_400) -> ResponseTargets:
    other = {"phone_seconds": seconds, "email_seconds": seconds, "web_seconds": web}
    found = PLAN.targets.targets.model_copy(update=other)
    return PLAN.targets.model_copy(update={"version": version, "targets": found})


IN_HOURS = promise(FR, PLAN.targets, Channel.EMAIL, utc("2026-11-24 08:30"))
IN_THE_NIGHT = promise(FR, PLAN.targets, Channel.WEB, utc("2026-11-28 11:00"))
OVER_A_WEEKEND = promise(FR, PLAN.targets, Channel.WEB, utc("2026-11-27 15:30"))
LATER = with_calendar(IN_HOURS, SHUT, utc("2026-11-24 09:15"))
CALLED = with_call(LATER, SHUT, PLAN.targets, utc("2026-11-24 09:30"))
CUT_SHORT = with_targets(CALLED, shorter(2, 3600), utc("2026-11-24 10:00"))
AT_ONCE = with_targets(IN_HOURS, shorter(2, 60), utc("2026-11-24 09:30"))
EVERY = (IN_HOURS, IN_THE_NIGHT, OVER_A_WEEKEND, LATER, CALLED, CUT_SHORT, AT_ONCE)


@pytest.mark.parametrize("certificate", EVERY)
def test_what_was_promised_is_true(certificate: Certificate) -> None:
    verify(certificate)
    assert recompute(certificate) == certificate.due_at


def test_several_changes_stand_in_one_certificate() -> None:
    found = [(str(c.cause), c.used_microseconds // 60_000_000, c.due_at) for c in CUT_SHORT.changes]
    assert found == [
        ("closure", 45, utc("2026-11-24 13:30")),
        ("call", 60, utc("2026-11-24 12:30")),
        ("shorter-target", 90, utc("2026-11-24 10:30")),
    ]


def test_a_target_that_is_used_up_at_its_publication_is_due_then() -> None:
    assert (AT_ONCE.due_at, AT_ONCE.at_risk[0].at_risk_at) == (utc("2026-11-24 09:30"), utc("2026-11-24 09:30"))


def warned(certificate: Certificate, percent: int, at: datetime) -> Certificate:
    return certificate.model_copy(update={"at_risk": (AtRisk(percent=percent, at_risk_at=at),)})


def refused(certificate: Certificate) -> str:
    with pytest.raises(BadCertificate) as found:
        verify(Certificate.model_validate_json(certificate.model_dump_json()))
    return str(found.value)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("certificate", EVERY)
@pytest.mark.parametrize("by", [SECOND, -SECOND, timedelta.resolution, timedelta(minutes=-61), timedelta(days=1)])
@pytest.mark.parametrize("name", ["clock_started_at", "due_at"])
def test_a_moved_instant_is_found(certificate: Certificate, name: str, by: timedelta) -> None:
    assert refused(certificate.model_copy(update={name: getattr(certificate, name) + by}))


@pytest.mark.parametrize("certificate", EVERY)
@pytest.mark.parametrize("by", [SECOND, -SECOND, timedelta.resolution, timedelta(minutes=-61), timedelta(days=1)])
def test_a_moved_warning_is_found(certificate: Certificate, by: timedelta) -> None:
    assert refused(warned(certificate, 75, certificate.at_risk[0].at_risk_at + by))


@pytest.mark.parametrize("percent", [50, 74, 76])
def test_a_warning_at_another_share_is_found(percent: int) -> None:
    assert refused(warned(IN_HOURS, percent, IN_HOURS.at_risk[0].at_risk_at))


def test_warnings_out_of_order_are_found() -> None:
    (warning,) = IN_HOURS.at_risk
    assert refused(IN_HOURS.model_copy(update={"at_risk": (warning, warning)}))


def test_a_promise_without_warnings_is_one_too() -> None:
    verify(IN_HOURS.model_copy(update={"at_risk": ()}))


@pytest.mark.parametrize("by", [SECOND, -SECOND, timedelta(hours=-1), timedelta(days=-1)])
def test_a_moved_opening_is_found(by: timedelta) -> None:
    reason = refused(IN_HOURS.model_copy(update={"opened_at": IN_HOURS.opened_at + by}))
    assert reason.startswith("the clock ")


def test_an_opening_out_of_hours_moved_to_where_the_centre_was_open_is_found() -> None:
    for at in (IN_THE_NIGHT.clock_started_at, utc("2026-11-27 15:59")):
        assert "closed by then" in refused(IN_THE_NIGHT.model_copy(update={"opened_at": at}))
    assert "closed by then" in refused(IN_THE_NIGHT.model_copy(update={"closed_since": None}))


@pytest.mark.parametrize("certificate", EVERY)
@pytest.mark.parametrize("by", [1, -1, 3600])
def test_another_target_is_found(certificate: Certificate, by: int) -> None:
    forged = {"target_seconds": certificate.target_seconds + by}
    if not certificate.changes:
        assert refused(certificate.model_copy(update=forged))
        return
    *others, last = certificate.changes
    forged_last = last.model_copy(update={"target_seconds": last.target_seconds + by})
    if certificate != AT_ONCE:  # any target that short is used up
        assert refused(certificate.model_copy(update={"changes": (*others, forged_last)}))


def test_a_zone_that_is_none_is_found() -> None:
    assert "Europe/Nowhere" in refused(IN_HOURS.model_copy(update={"zone": "Europe/Nowhere"}))


@pytest.mark.parametrize("certificate", EVERY)
def test_a_moved_end_of_an_interval_is_found(certificate: Certificate) -> None:
    for at, interval in enumerate(certificate.intervals):
        for name in ("opens_at", "closes_at"):
            for by in (SECOND, -SECOND):
                other = interval.model_copy(update={name: getattr(interval, name) + by})
                intervals = (*certificate.intervals[:at], other, *certificate.intervals[at + 1 :])
                assert refused(certificate.model_copy(update={"intervals": intervals}))


@pytest.mark.parametrize("certificate", EVERY)
def test_a_missing_doubled_or_added_interval_is_found(certificate: Certificate) -> None:
    first, *others = certificate.intervals
    end = max(certificate.intervals[-1].closes_at, certificate.due_at) + SECOND
    added = WorkingInterval(opens_at=end, closes_at=end + SECOND)
    empty = WorkingInterval(opens_at=certificate.due_at, closes_at=certificate.due_at)
    more = ([*certificate.intervals, added], [*certificate.intervals, empty])
    for intervals in (others, [first, first, *others], *more, [*others, first][1:], []):
        assert refused(certificate.model_copy(update={"intervals": tuple(intervals)}))


def changes(certificate: Certificate, at: int, **forged: object) -> Certificate:
    found = list(certificate.changes)
    found[at] = found[at].model_copy(update=forged)
    return certificate.model_copy(update={"changes": tuple(found)})


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("changed_at", lambda at: at + SECOND),
        ("changed_at", lambda at: at - SECOND),
        ("used_microseconds", lambda used: used + 1),
        ("used_microseconds", lambda used: used - 1),
        ("due_at", lambda _: utc("2026-11-24 09:00")),
        ("was_due_at", lambda at: at.replace(hour=9, minute=0)),
        ("cause", lambda _: RetargetCause.MERGE),
        ("cause", lambda _: RetargetCause.TZ_VERSION),
        ("cause", lambda cause: RetargetCause.CALENDAR if cause is not RetargetCause.CALENDAR else cause),
        ("cause", lambda _: RetargetCause("never-heard-of")),
    ],
)
def test_a_forged_change_is_found(at: int, name: str, moved: Any) -> None:
    assert refused(changes(CUT_SHORT, at, **{name: moved(getattr(CUT_SHORT.changes[at], name))}))


@pytest.mark.parametrize(
    ("at", "forged"),
    [
        (0, {"calendar_version": 1}),
        (0, {"targets_version": 2}),
        (0, {"target_seconds": 7_200}),
        (0, {"was_due_at": utc("2026-11-24 12:29:59")}),
        (1, {"calendar_version": 1}),
        (2, {"tz_version": "2020a"}),
        (2, {"targets_version": 1}),
        (2, {"target_seconds": 7_201}),
        (2, {"was_due_at": utc("2026-11-24 12:31")}),
    ],
)
def test_grounds_that_do_not_follow_from_those_before_are_found(at: int, forged: dict[str, object]) -> None:
    assert refused(changes(CUT_SHORT, at, **forged))


def test_a_change_left_out_or_out_of_order_is_found() -> None:
    first, second, third = CUT_SHORT.changes
    for found in ((), (first, third), (first, second), (second, first, third), (first, second, third, third)):
        assert refused(CUT_SHORT.model_copy(update={"changes": found}))


def test_a_change_before_the_opening_is_found() -> None:
    shut = calendar_with(version=2, closures=[{"day": "2026-11-30", "name": "fermé", "status": "confirmed"}])
    certificate = with_calendar(IN_THE_NIGHT, shut, IN_THE_NIGHT.opened_at)
    verify(certificate)
    assert "out of order" in refused(changes(certificate, 0, changed_at=certificate.opened_at - SECOND))


def test_an_interval_that_goes_on_over_a_change_is_found() -> None:
    before, after, *others = LATER.intervals
    one = WorkingInterval(opens_at=before.opens_at, closes_at=after.closes_at)
    assert before.closes_at == after.opens_at == LATER.changes[0].changed_at
    assert "within an interval" in refused(LATER.model_copy(update={"intervals": (one, *others)}))


def test_a_change_after_all_was_used_up_is_found() -> None:
    at = IN_HOURS.due_at
    late = LATER.changes[0].model_copy(
        update={
            "changed_at": at,
            "cause": RetargetCause.OPENING,
            "used_microseconds": 14_400_000_000,
            "was_due_at": at + SECOND,
            "due_at": at,
        }
    )
    assert "found the target used up" in refused(IN_HOURS.model_copy(update={"changes": (late,)}))


def test_a_deadline_too_early_for_what_was_left_is_found_under_a_later_call_too() -> None:
    before = promise(SHUT, PLAN.targets, Channel.EMAIL, utc("2026-11-24 08:30"))
    open_again = with_calendar(before, calendar_with(version=3), utc("2026-11-24 09:15"))
    called = with_call(open_again, calendar_with(version=3), PLAN.targets, utc("2026-11-24 09:30"))
    verify(called)
    assert "leaves more of the target" in refused(changes(called, 0, due_at=utc("2026-11-24 12:29:59")))


def test_a_longer_target_is_no_shorter_one() -> None:
    friday = with_targets(OVER_A_WEEKEND, shorter(2, 3600, 10_800), utc("2026-11-27 15:45"))
    called = with_call(friday, FR, shorter(2, 3600), utc("2026-11-27 15:50"))
    verify(called)
    assert [str(change.cause) for change in called.changes] == ["shorter-target", "call"]
    assert "no shorter target" in refused(changes(called, 0, target_seconds=14_401))


def test_versions_do_not_go_back() -> None:
    assert "older calendar_version" in refused(LATER.model_copy(update={"calendar_version": 3}))


def test_reasons_are_in_words() -> None:
    moved = IN_HOURS.model_copy(update={"due_at": utc("2026-11-24 12:31")})
    assert refused(moved) == (
        "the target is used up at 2026-11-24T12:30:00.000000Z, not at the due_at 2026-11-24T12:31:00.000000Z"
    )
    assert refused(changes(LATER, 0, used_microseconds=0)) == (
        "the change by closure at 2026-11-24T09:15:00.000000Z found 2700000000 microseconds used, not 0"
    )
    assert refused(IN_HOURS.model_copy(update={"target_seconds": 14_401})) == (
        "0:00:01 of the target are not covered by the intervals"
    )


def test_a_target_beyond_all_time_is_no_crash() -> None:
    assert refused(IN_HOURS.model_copy(update={"target_seconds": 2**31 - 1}))
    assert refused(changes(LATER, 0, target_seconds=2**31 - 1))
    assert refused(IN_HOURS.model_copy(update={"target_seconds": 0}))
    assert refused(changes(AT_ONCE, 0, target_seconds=0))


def test_the_instants_of_a_certificate_may_be_those_of_any_year() -> None:
    long_ago = datetime.fromisoformat("0001-01-01T00:00:00Z")
    assert refused(warned(IN_HOURS, 75, long_ago))
    assert refused(IN_HOURS.model_copy(update={"due_at": datetime.fromisoformat("9999-12-31T23:59:59.999999Z")}))
