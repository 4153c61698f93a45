"""What comes between a promise and its deadline: the rows of tests/cases/lifecycle.md, each under its id."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages.certificates import Certificate, RetargetCause
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.tickets import Channel
from libs.plan import promise, verify, with_calendar, with_call, with_merge, with_targets, working_calendar
from libs.workcal import CalendarEnds, WorkingCalendar, working_time_between
from tests.unit.plan.seed import AMER, CENTRES, FR, PLAN, utc

DE = working_calendar(CENTRES["germany"])
TUESDAY = "2026-11-24"
HOUR = 3_600_000_000  # microseconds


def closed(*closures: tuple[str, str, str], centre: str = "france", version: int = 2) -> WorkingCalendar:
    """The centre's calendar with more closures, `("2026-11-24", "12:00", "17:00")` in local time."""
    return changed(centre, version, closures=[{"day": d, "closed_from": a, "closed_to": b} for d, a, b in closures])


def changed(centre: str, version: int, **more: list[dict[str, Any]]) -> WorkingCalendar:
    content = CENTRES[centre].model_dump()
    for name, entries in more.items():
        content[name] = [*content[name], *({"name": "fermé", "status": "confirmed", **entry} for entry in entries)]
    return working_calendar(CentreCalendar.model_validate({**content, "version": version}))


def targets(version: int = 2, **seconds: int | None) -> ResponseTargets:
    found = PLAN.targets.targets.model_copy(update=seconds)
    return PLAN.targets.model_copy(update={"version": version, "targets": found})


def mailed(opened_at: str, calendar: WorkingCalendar = FR) -> Certificate:
    return promise(calendar, PLAN.targets, Channel.EMAIL, utc(opened_at))


def called(certificate: Certificate, at: str, calendar: WorkingCalendar = FR) -> Certificate:
    return with_call(certificate, calendar, PLAN.targets, utc(at))


def paris(text: str, day: str = TUESDAY) -> datetime:
    return datetime.fromisoformat(f"{day} {text}+01:00")


def test_l04_a_call_about_the_ticket_brings_its_own_two_hours() -> None:
    moved = called(mailed(f"{TUESDAY} 08:30"), f"{TUESDAY} 09:00")
    verify(moved)
    [change] = moved.changes
    assert moved.due_at == change.due_at == paris("12:00")
    assert (change.cause, change.used_microseconds, change.target_seconds) == (RetargetCause.CALL, HOUR // 2, 7200)
    assert moved.at_risk[0].at_risk_at == paris("11:30")
    assert (moved.target_seconds, moved.clock_started_at) == (14_400, paris("09:30"))


def test_l05_a_late_call_never_lengthens_the_promise() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    assert called(before, f"{TUESDAY} 11:30") == before
    assert before.due_at == paris("13:30")


def test_a_call_that_would_end_at_the_same_instant_changes_nothing() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    assert called(before, f"{TUESDAY} 10:30") == before
    assert called(before, f"{TUESDAY} 10:29:59.999999").due_at == before.due_at - timedelta.resolution


def test_l07_a_closure_announced_for_the_future_keeps_what_is_used() -> None:
    before = mailed(f"{TUESDAY} 09:00")
    assert before.due_at == paris("14:00")
    moved = with_calendar(before, closed((TUESDAY, "12:00", "17:00")), paris("11:00"))
    verify(moved)
    [change] = moved.changes
    assert moved.due_at == utc("2026-11-25 10:00")
    assert (change.cause, change.used_microseconds) == (RetargetCause.CLOSURE, HOUR)
    assert (change.calendar_version, change.targets_version, moved.calendar_version) == (2, 1, 1)
    assert [(i.opens_at, i.closes_at) for i in moved.intervals] == [
        (paris("10:00"), paris("11:00")),
        (paris("11:00"), paris("12:00")),
        (paris("09:00", "2026-11-25"), paris("11:00", "2026-11-25")),
    ]


def test_l08_a_closure_recorded_after_the_fact_leaves_the_promise_and_gives_another_view_beside_it() -> None:
    afterwards = closed((TUESDAY, "10:00", "12:00"))
    moved = with_calendar(mailed(f"{TUESDAY} 09:00"), afterwards, paris("13:00"))
    verify(moved)
    [change] = moved.changes
    assert (moved.due_at, change.used_microseconds, change.cause) == (paris("14:00"), 3 * HOUR, RetargetCause.CALENDAR)
    restated = mailed(f"{TUESDAY} 09:00", afterwards)
    verify(restated)
    assert restated.due_at == paris("16:00")
    assert working_time_between(afterwards, paris("10:00"), paris("13:00")) == timedelta(hours=1)


def test_l09_a_holiday_added_before_it_happens() -> None:
    before = mailed("2026-11-27 14:00", DE)
    assert before.due_at == paris("11:00", "2026-11-30")
    moved = with_calendar(before, closed(("2026-11-30", "00:00", "24:00"), centre="germany"), utc("2026-11-28 09:00"))
    verify(moved)
    assert moved.due_at == utc("2026-12-01 10:00")
    assert [change.used_microseconds for change in moved.changes] == [2 * HOUR]


def test_a_closure_withdrawn_or_hours_added_make_the_deadline_earlier() -> None:
    shut = closed((TUESDAY, "12:00", "17:00"))
    before = promise(shut, PLAN.targets, Channel.EMAIL, utc(f"{TUESDAY} 09:00"))
    withdrawn = with_calendar(before, changed("france", 3), paris("13:00"))
    evening = changed("france", 3, closures=[{"day": TUESDAY, "closed_from": "12:00", "closed_to": "17:00"}])
    added = [{"day": TUESDAY, "opens": "18:00", "closes": "22:00"}]
    longer = with_calendar(before, changed("france", 4, extra_openings=added), paris("17:00"))
    for moved, due in ((withdrawn, paris("15:00")), (longer, paris("20:00"))):
        verify(moved)
        assert (moved.due_at, moved.changes[0].cause) == (due, RetargetCause.OPENING)
    assert with_calendar(withdrawn, evening, paris("14:00")) == withdrawn  # no newer version


def test_a_shorter_target_counts_what_is_used_and_is_due_at_its_publication_at_the_earliest() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    three = with_targets(before, targets(email_seconds=10_800), paris("11:00"))
    one = with_targets(before, targets(email_seconds=3_600), paris("11:00"))
    for moved, due, warned in ((three, "12:30", "11:45"), (one, "11:00", "11:00")):
        verify(moved)
        assert (moved.due_at, moved.at_risk[0].at_risk_at) == (paris(due), paris(warned))
        [change] = moved.changes
        assert (change.cause, change.targets_version) == (RetargetCause.SHORTER_TARGET, 2)


def test_a_longer_target_and_that_of_another_channel_are_for_others() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    assert with_targets(before, targets(email_seconds=18_000), paris("11:00")) == before
    assert with_targets(before, targets(web_seconds=3_600, phone_seconds=60), paris("11:00")) == before
    assert with_targets(before, targets(version=1, email_seconds=60), paris("11:00")) == before


def test_a_channel_that_loses_its_target_does_so_for_new_tickets_only() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    assert with_targets(before, targets(email_seconds=None), paris("11:00")) == before
    moved = called(before, f"{TUESDAY} 09:00")
    assert with_targets(moved, targets(phone_seconds=None, email_seconds=60), paris("10:30")) == moved


def test_a_target_that_comes_back_shorter_is_taken() -> None:
    gone = with_targets(mailed(f"{TUESDAY} 08:30"), targets(email_seconds=None), paris("10:00"))
    back = with_targets(gone, targets(version=3, email_seconds=3_600), paris("11:00"))
    verify(back)
    assert (back.due_at, back.changes[0].targets_version) == (paris("11:00"), 3)


def test_a_call_moves_nothing_where_nothing_is_promised_by_telephone() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    assert with_call(before, FR, targets(version=1, phone_seconds=None), paris("10:00")) == before


def test_after_a_call_the_target_that_counts_is_the_telephone_s() -> None:
    moved = called(mailed(f"{TUESDAY} 08:30"), f"{TUESDAY} 09:00")
    assert with_targets(moved, targets(email_seconds=60), paris("10:30")) == moved
    shorter = with_targets(moved, targets(phone_seconds=3_600), paris("10:30"))
    verify(shorter)
    assert (shorter.due_at, shorter.changes[1].used_microseconds) == (paris("11:00"), HOUR)


def test_a_promise_that_has_run_out_never_changes() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    at = before.due_at
    assert with_calendar(before, closed((TUESDAY, "12:00", "17:00")), at) == before
    assert with_targets(before, targets(email_seconds=60), at) == before
    assert with_call(before, FR, PLAN.targets, at) == before
    at_last = with_calendar(before, closed((TUESDAY, "12:00", "17:00")), at - timedelta.resolution)
    assert at_last.due_at == paris("09:00", "2026-11-25") + timedelta.resolution


def test_a_warning_that_was_due_before_a_change_stays() -> None:
    before = mailed(f"{TUESDAY} 08:30")
    moved = with_calendar(before, closed((TUESDAY, "13:00", "17:00")), before.at_risk[0].at_risk_at)
    verify(moved)
    assert moved.at_risk[0].at_risk_at == before.at_risk[0].at_risk_at < before.due_at < moved.due_at


def test_a_warning_that_was_due_before_a_shorter_target_or_a_call_stays() -> None:
    before, fewer = mailed(f"{TUESDAY} 08:30"), targets(email_seconds=12_600, phone_seconds=600)
    for moved in (with_targets(before, fewer, paris("12:45")), with_call(before, FR, fewer, paris("12:45"))):
        verify(moved)
        assert moved.at_risk[0].at_risk_at == before.at_risk[0].at_risk_at == paris("12:30")
        assert paris("12:45") < moved.due_at < before.due_at


def test_a_warning_that_is_still_to_come_moves_with_the_deadline() -> None:
    moved = with_calendar(mailed(f"{TUESDAY} 09:00"), closed((TUESDAY, "12:00", "17:00")), paris("11:00"))
    assert moved.at_risk[0].at_risk_at == paris("10:00", "2026-11-25")


def test_of_several_warnings_those_to_come_move_and_what_is_used_up_by_a_change_is_told_at_once() -> None:
    shares = PLAN.targets.model_copy(update={"at_risk_percents": (25, 50, 75)})
    before = promise(FR, shares, Channel.EMAIL, utc(f"{TUESDAY} 08:30"))
    fewer = targets(email_seconds=7_200).model_copy(update={"at_risk_percents": (20, 60, 90)})
    moved = with_targets(before, fewer, paris("11:00"))
    verify(moved)
    assert [(one.percent, one.at_risk_at) for one in moved.at_risk] == [
        (25, paris("10:30")),
        (60, paris("11:00")),
        (90, paris("11:18")),
    ]


def test_a_closure_before_the_clock_starts_moves_its_start() -> None:
    before = mailed("2026-11-28 11:00")
    moved = with_calendar(before, closed(("2026-11-30", "00:00", "24:00")), utc("2026-11-29 10:00"))
    verify(moved)
    assert (before.clock_started_at, moved.clock_started_at) == (utc("2026-11-30 08:00"), utc("2026-12-01 08:00"))
    assert moved.closed_since == before.closed_since == utc("2026-11-27 16:00")


def test_a_calendar_published_before_the_opening_but_read_after_it_holds_from_the_opening_on() -> None:
    moved = with_calendar(mailed(f"{TUESDAY} 09:00"), closed((TUESDAY, "09:30", "12:00")), paris("09:59"))
    verify(moved)
    assert (moved.clock_started_at, moved.closed_since, moved.due_at) == (
        paris("12:00"),
        paris("09:30"),
        paris("16:00"),
    )
    assert moved.changes[0].changed_at == moved.opened_at


def test_a_merge_gives_the_survivor_the_earlier_promise() -> None:
    earlier, later = mailed(f"{TUESDAY} 08:30"), mailed("2026-11-24 15:00", AMER)
    moved = with_merge(later, earlier, paris("11:00"))
    verify(moved)
    [change] = moved.changes
    assert (moved.centre, moved.opened_at, moved.due_at) == ("france", earlier.opened_at, earlier.due_at)
    assert (change.cause, change.used_microseconds) == (RetargetCause.MERGE, HOUR + HOUR // 2)
    assert with_merge(earlier, later, paris("11:00")) == earlier
    assert with_merge(later, earlier, earlier.due_at) == later


def test_another_tz_database_is_another_change_of_the_same_calendar() -> None:
    older = mailed(f"{TUESDAY} 08:30").model_copy(update={"tz_version": "2020a"})
    moved = with_calendar(older, FR, paris("11:00"))
    verify(moved)
    [change] = moved.changes
    assert (change.cause, change.due_at, moved.tz_version) == (RetargetCause.TZ_VERSION, older.due_at, "2020a")
    assert with_calendar(moved, FR, paris("12:00")) == moved


def test_a_call_heard_of_late_counts_from_its_own_instant() -> None:
    shut = closed((TUESDAY, "12:00", "13:00"))
    mail = with_calendar(mailed(f"{TUESDAY} 08:30"), shut, paris("11:00"))
    assert mail.due_at == paris("14:30")
    moved = called(mail, f"{TUESDAY} 09:30", shut)
    verify(moved)
    assert (moved.due_at, [change.cause for change in moved.changes]) == (paris("13:30"), [RetargetCause.CALL])
    assert moved.changes[0].calendar_version == 2


def test_a_call_is_compared_on_the_calendar_that_the_promise_stands_on() -> None:
    with pytest.raises(ValueError, match="version 2"):
        called(mailed(f"{TUESDAY} 08:30"), f"{TUESDAY} 09:00", closed((TUESDAY, "12:00", "13:00")))


def test_a_call_whose_own_deadline_is_beyond_the_calendar_changes_nothing() -> None:
    before = mailed("2028-12-29 11:30")
    assert called(before, "2028-12-29 15:00") == before


def test_a_call_does_not_take_targets_that_were_replaced_before_it() -> None:
    before = with_targets(mailed(f"{TUESDAY} 08:30"), targets(email_seconds=14_000), paris("09:45"))
    with pytest.raises(ValueError, match="version 1 of the targets"):
        called(before, f"{TUESDAY} 09:00")


def test_the_calendar_of_another_centre_is_not_taken() -> None:
    with pytest.raises(ValueError, match="americas"):
        with_calendar(mailed(f"{TUESDAY} 08:30"), AMER, paris("11:00"))


def test_a_calendar_that_ends_before_the_deadline_gives_none() -> None:
    ends = CENTRES["france"].model_copy(update={"version": 2, "last_day": datetime(2026, 11, 27).date()})  # noqa: DTZ001
    content = {**ends.model_dump(), "closures": [c for c in ends.model_dump()["closures"] if c["day"] <= ends.last_day]}
    short = working_calendar(CentreCalendar.model_validate(content))
    with pytest.raises(CalendarEnds):
        with_calendar(mailed("2026-11-27 14:00"), short, utc("2026-11-27 15:00"))


@st.composite
def a_week(draw: st.DrawFn, version: int) -> WorkingCalendar:
    """France with some hours closed in the week of the tickets."""
    hours = st.tuples(st.integers(22, 28), st.integers(8, 20), st.integers(1, 3))
    drawn = draw(st.lists(hours, max_size=4))
    return closed(*((f"2026-11-{d}", f"{at:02}:00", f"{at + n:02}:00") for d, at, n in drawn), version=version)


@settings(deadline=None)
@given(st.data(), st.sampled_from(Channel), st.integers(0, 7 * 86_400_000_000))
def test_whatever_happens_the_certificate_is_true_by_itself(data: st.DataObject, channel: Channel, opened: int) -> None:
    at, calendar, in_force = utc("2026-11-22 00:00") + timedelta(microseconds=opened), FR, PLAN.targets
    certificate = promise(calendar, in_force, channel, at)
    for version in range(2, 2 + data.draw(st.integers(0, 5))):
        at, before = at + timedelta(microseconds=data.draw(st.integers(0, 3 * HOUR))), certificate
        match data.draw(st.sampled_from(["calendar", "targets", "call", "late call", "merge"])):
            case "calendar":
                calendar = data.draw(a_week(version))
                certificate = with_calendar(certificate, calendar, at)
            case "targets":
                phone, mail = data.draw(st.integers(1, 7_200)), data.draw(st.integers(1, 14_400))
                in_force = targets(version, phone_seconds=phone, email_seconds=mail, web_seconds=mail)
                certificate = with_targets(certificate, in_force, at)
            case "merge":
                certificate = with_merge(promise(calendar, in_force, channel, at), certificate, at)
            case call if calendar.version == (before.changes or (before,))[-1].calendar_version:
                ago = timedelta(microseconds=data.draw(st.integers(1, HOUR))) if call == "late call" else timedelta()
                certificate = with_call(certificate, calendar, in_force, at - ago)
                assert certificate.due_at <= before.due_at
        verify(Certificate.model_validate_json(certificate.model_dump_json()))
        assert certificate.due_at >= min(at, before.due_at)


def test_a_calendar_of_another_zone_is_named_with_its_zone() -> None:
    other = CENTRES["france"].model_copy(update={"version": 2, "zone": "Europe/London"})
    corrected = working_calendar(other)
    moved = with_calendar(mailed(f"{TUESDAY} 08:30"), corrected, paris("11:00"))
    verify(moved)
    assert (moved.zone, moved.due_at) == ("Europe/London", paris("13:30"))
