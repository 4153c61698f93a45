"""Promises counted from rows made by hand, with numbers worked out by hand."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from libs.messages.tickets import Channel
from libs.plan import promise, working_calendar
from libs.workcal import Interval
from services.ops.report.accounts import Days, Ledger, PromiseAccount
from services.ops.report.attainment import Attainment, attainment, nearest_rank, spread
from services.ops.report.layout import FLAT, FLAT_MISS, flat, percentage
from services.ops.report.layout import data as whole
from services.ops.report.misses import data, why
from services.ops.sla.grounds import grounds_of
from services.ops.sla.response_times import spoken
from tests.unit.sla_timer.examples import CALENDARS, MICROSECOND, PLAN, TARGETS, paris

GROUNDS = grounds_of(PLAN)
TUESDAY = Days(date(2026, 11, 24), date(2026, 11, 25), GROUNDS)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = paris("17:00")  # W03: opened by telephone at 15:00, due when the centre closes


def account(state: str, answered: str | None = None, opened: str = "15:00", **more: Any) -> PromiseAccount:
    certificate = promise(working_calendar(CALENDARS["france"]), TARGETS, Channel.PHONE, paris(opened))
    known = {
        "ticket": "ticket/crm-eu/4711",
        "centre": "france",
        "channel": "phone",
        "state": state,
        "opened_at": paris(opened),
        "due_at": certificate.due_at,
        "responded_at": paris(answered) if answered else None,
        "calendar_centre": "france",
        "since": paris(opened),
        "intervals": tuple(Interval(one.opens_at, one.closes_at) for one in certificate.intervals),
    }
    return PromiseAccount(**{**known, **more})


def counted(*accounts: PromiseAccount, ledger: Ledger = Ledger.PROMISED, days: Days = TUESDAY) -> Attainment:
    return attainment(accounts, days, ledger)


@pytest.mark.parametrize(
    ("number", "median", "p95"), [(1, 1, 1), (2, 1, 2), (19, 10, 19), (20, 10, 19), (21, 11, 20), (100, 50, 95)]
)
def test_percentiles_are_values_that_there_are_by_nearest_rank(number: int, median: int, p95: int) -> None:
    found = spread(range(number, 0, -1))
    assert (found.number, found.most) == (number, number * MICROSECOND)
    assert (found.median, found.p95) == (median * MICROSECOND, p95 * MICROSECOND)
    assert nearest_rank(number, 100) == number


def test_of_nothing_there_is_no_median() -> None:
    assert spread([]) == (0, None, None, None)


def test_l02_an_answer_after_closing_is_late_by_half_an_hour_and_by_no_working_time() -> None:
    found = counted(account("breached", "17:30"))
    (miss,) = found.misses
    assert miss.late == (timedelta(0), timedelta(minutes=30))
    assert why(miss, Ledger.PROMISED) == "answered 30 min after closing: 0 s of working time late"
    took = found.total.to_first_response
    assert (took.working.median, took.wall.median) == (2 * HOUR, 2 * HOUR + 30 * MINUTE)
    assert (found.total.late_by.working.most, found.total.late_by.wall.most) == (timedelta(0), 30 * MINUTE)


def test_l03_an_answer_at_the_very_deadline_is_early_by_nothing() -> None:
    early = counted(account("met", "17:00")).total.early_by
    assert (early.working.median, early.wall.median) == (timedelta(0), timedelta(0))


def test_an_answer_on_the_next_morning_is_late_by_the_hours_since_the_opening() -> None:
    found = counted(account("breached", responded_at=paris("09:45", day=25)))
    (miss,) = found.misses
    assert found.total.to_first_response.working.median == 2 * HOUR + 45 * MINUTE
    assert miss.late == (45 * MINUTE, 16 * HOUR + 45 * MINUTE)
    assert why(miss, Ledger.PROMISED) == "answered 45 min of working time late, 16 h 45 min by the clock"


def test_attainment_is_the_share_of_the_verdicts_and_all_else_is_counted_apart() -> None:
    found = counted(
        account("met", "15:10"),
        account("met", "15:20"),
        account("met", "16:40"),
        account("breached"),
        account("waiting"),
        account("cancelled", "15:01"),
        account("not-promised", due_at=None, since=None, intervals=()),
    )
    total = found.total
    assert (total.promised, total.met, total.breached, total.running, total.cancelled) == (6, 3, 1, 1, 1)
    assert (total.not_promised, total.unanswered, total.attainment) == (1, 1, 0.75)
    assert total.to_first_response.working == (3, 20 * MINUTE, 100 * MINUTE, 100 * MINUTE)
    assert total.early_by.wall == (3, 100 * MINUTE, 110 * MINUTE, 110 * MINUTE)
    assert total.late_by.wall.number == 0
    assert [why(miss, Ledger.PROMISED) for miss in found.misses] == ["nobody has answered"]


def test_without_a_verdict_there_is_no_attainment() -> None:
    assert counted(account("waiting")).total.attainment is None
    assert counted().total.attainment is None


def test_groups_are_of_a_centre_and_a_channel_in_order() -> None:
    found = counted(account("met", "15:10"), account("met", "15:10", channel="email"), account("met", centre="germany"))
    names = [(group.centre, group.channel, group.met) for group in found.groups]
    assert names == [("france", "email", 1), ("france", "phone", 1), ("germany", "phone", 1)]
    assert (found.total.centre, found.total.met) == (None, 3)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("centre", "day", "first", "next_first"),
    [
        ("japan", "2026-11-24", "2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z"),
        ("americas", "2026-11-24", "2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z"),
        ("france", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # 25 h
        ("france", "2027-03-28", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"),  # 23 h
    ],
)
def test_a_day_is_the_centre_s_own_from_included_to_excluded(
    centre: str, day: str, first: str, next_first: str
) -> None:
    begins, ends = utc(first), utc(next_first)
    days = Days(date.fromisoformat(day), date.fromisoformat(day) + timedelta(days=1), GROUNDS)
    dues = [begins - MICROSECOND, begins, ends - MICROSECOND, ends]
    found = [counted(account("waiting", centre=centre, due_at=due), days=days).total.promised for due in dues]
    assert found == [0, 1, 1, 0]


def test_a_ticket_without_a_promise_counts_on_the_day_of_its_opening_even_where_no_calendar_is_published() -> None:
    def nowhere(opened_at: datetime) -> PromiseAccount:
        return PromiseAccount("ticket/crm-eu/4711", "belgium", "phone", "not-promised", opened_at)

    opened = [utc(at) for at in ("2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z", "2026-11-24T23:59:59Z")]
    found = [counted(nowhere(at)).total for at in opened]
    assert [(total.not_promised, total.promised) for total in found] == [(0, 0), (1, 0), (1, 0)]


def restated(state: str, as_: str, due: str, answered: str | None = None) -> PromiseAccount:
    return account(state, answered, restated=as_, restated_due_at=paris(due), restated_because="closure")


def test_each_ledger_has_its_own_verdicts_and_says_how_many_differ() -> None:
    turned = restated("breached", "met", "17:00", "16:59")
    same = restated("met", "met", "17:00", "16:00")
    promised, later = counted(turned, same), counted(turned, same, ledger=Ledger.RESTATED)
    assert (promised.total.met, promised.total.breached, promised.differing) == (1, 1, 1)
    assert (later.total.met, later.total.breached, later.differing) == (2, 0, 1)
    assert why(promised.misses[0], Ledger.PROMISED) == (
        "answered in time, which was told after the deadline had fired; "
        "restated as met: a calendar by which the deadline would have been later"
    )
    assert promised.total.late_by.wall.number == 0
    assert data(promised.misses[0], Ledger.PROMISED)["late_by_wall_seconds"] is None


def test_the_restated_deadline_says_on_which_day_a_promise_counts_in_that_ledger_and_how_late_it_was() -> None:
    moved = account(
        "met", responded_at=paris("10:30", day=25), due_at=paris("11:00", day=25), restated="breached",
        restated_due_at=DUE, restated_because="opening",
    )  # fmt: skip
    assert counted(moved).total.promised == 0
    found = counted(moved, ledger=Ledger.RESTATED)
    assert (found.total.promised, found.total.breached) == (1, 1)
    assert found.misses[0].late == (90 * MINUTE, 17 * HOUR + 30 * MINUTE)
    assert found.total.to_first_response.working.median == 3 * HOUR + 30 * MINUTE
    assert why(found.misses[0], Ledger.RESTATED) == (
        "answered 1 h 30 min of working time late, 17 h 30 min by the clock; "
        "promised verdict met: a calendar by which the deadline would have been earlier"
    )


def test_a_running_promise_stays_running_in_either_ledger() -> None:
    running = account("waiting", restated_due_at=paris("16:00"))
    assert [counted(running, ledger=ledger).total.running for ledger in Ledger] == [1, 1]


def test_where_a_calendar_ends_before_the_answer_its_working_time_is_unknown_and_never_guessed() -> None:
    found = counted(account("breached", responded_at=utc("2029-06-01T00:00:00Z")))
    took = found.total.to_first_response
    assert (took.working.number, took.wall.number, took.unknown) == (0, 1, 1)
    assert "the working time is unknown" in why(found.misses[0], Ledger.PROMISED)
    assert data(found.misses[0], Ledger.PROMISED)["late_by_working_seconds"] is None


def test_a_miss_that_was_noticed_late_says_so() -> None:
    (miss,) = counted(account("breached", detected_at=DUE + 40 * MINUTE)).misses
    assert why(miss, Ledger.PROMISED) == "nobody has answered; detected 40 min later"
    (miss,) = counted(account("breached", detected_at=DUE + MINUTE - MICROSECOND)).misses
    assert why(miss, Ledger.PROMISED) == "nobody has answered"


def test_misses_stand_in_the_order_of_their_deadlines() -> None:
    found = counted(account("breached", opened="14:00"), account("breached", opened="10:00"))
    assert [miss.due_at for miss in found.misses] == [paris("12:00"), paris("16:00")]


def test_a_share_is_rounded_down_so_that_only_all_of_them_are_a_hundred_percent() -> None:
    assert [percentage(*of) for of in ((1, 1), (9999, 10_000), (2, 3), (0, 1), (0, 0))] == [
        "100.0 %",
        "99.9 %",
        "66.6 %",
        "0.0 %",
        None,
    ]


def test_rows_for_other_programs_hold_every_column() -> None:
    found = counted(account("met", "15:10"), account("breached", "17:30"))
    row = flat(found.total)
    assert tuple(row) == FLAT
    assert (row["to_first_response_working_median_seconds"], row["late_by_wall_max_seconds"]) == (600, 1800)
    assert row["early_by_working_p95_seconds"] == 6600
    assert tuple(data(found.misses[0], Ledger.PROMISED)) == FLAT_MISS
    assert whole(found, Ledger.PROMISED)["total"]["late_by"]["working"]["max_seconds"] == 0


def test_lengths_are_said_in_words() -> None:
    lengths = [timedelta(0), MICROSECOND, 90 * MINUTE, 64 * HOUR + 1.5 * MINUTE, -MINUTE]
    assert list(map(spoken, lengths)) == ["0 s", "0.000001 s", "1 h 30 min", "64 h 1 min 30 s", "1 min"]
