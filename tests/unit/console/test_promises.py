"""The board of promises: how a clock stands at its centre, how days were kept, and its lines as CSV."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.plan import read_plan
from services.ops.console.curves import HEIGHT, WIDTH, curve, runs
from services.ops.console.pages.board import COLUMNS, OpenPromise, as_csv, days_kept, open_promise
from services.ops.console.pages.promises import PromiseFilters, last_day
from services.ops.console.shown import Shown
from services.ops.sla.grounds import grounds_of

GROUNDS = grounds_of(read_plan())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(**values: Any) -> dict[str, Any]:
    return {
        "stream": "promise/crm-eu/1",
        "ticket": "ticket/crm-eu/1",
        "customer": "customer/erp/1",
        "centre": "france",
        "calendar_centre": "france",
        "channel": "web",
        "opened_at": utc("2026-11-30T08:00"),
        "due_at": utc("2026-11-30T12:00"),
        "warned": 0,
        "reason": None,
        "standing": "in-time",
        **values,
    }


def at(now: str, **values: Any) -> OpenPromise:
    return open_promise(row(**values), GROUNDS, utc(now))


@pytest.mark.parametrize(
    ("now", "closed", "stands_until"),
    [
        ("2026-11-30T07:59:59", True, utc("2026-11-30T08:00")),
        ("2026-11-30T08:00", False, None),
        ("2026-11-30T15:59:59", False, None),
        ("2026-11-30T16:00", True, utc("2026-12-01T08:00")),
        ("2026-12-04T16:00", True, utc("2026-12-07T08:00")),
    ],
)
def test_a_clock_stands_from_closing_until_the_next_opening(
    now: str, *, closed: bool, stands_until: datetime | None
) -> None:
    found = at(now)
    assert (found.closed, found.stands_until, found.zone) == (closed, stands_until, "Europe/Paris")


def test_time_is_left_by_the_clock_and_in_opening_hours() -> None:
    found = at("2026-11-30T15:00", due_at=utc("2026-12-01T09:00"))
    assert (found.seconds_left, found.working_seconds_left) == (18 * 3600, 2 * 3600)


def test_what_is_late_has_less_than_no_time_left_from_the_first_second_on() -> None:
    found = at("2026-11-30T12:00:01", standing="late")
    assert (found.seconds_left, found.working_seconds_left) == (-1, -1)


def test_the_clock_is_that_of_the_centre_on_whose_calendar_it_is_due() -> None:
    assert at("2026-11-30T10:00", calendar_centre="japan").zone == "Asia/Tokyo"


def test_a_centre_without_a_calendar_has_no_clock() -> None:
    found = at("2026-11-30T10:00", calendar_centre="nowhere", centre="nowhere")
    assert (found.closed, found.stands_until, found.working_seconds_left, found.zone) == (False, None, None, "UTC")


def test_beyond_what_is_published_no_opening_hours_are_said() -> None:
    assert at("2026-11-30T10:00", due_at=utc("2999-01-01T00:00")).working_seconds_left is None


def test_a_ticket_without_a_promise_says_why_and_counts_nothing() -> None:
    found = at("2026-11-30T10:00", due_at=None, reason="no-calendar", standing="without-promise")
    assert (found.reason, found.seconds_left, found.working_seconds_left) == ("no-calendar", None, None)
    assert at("2026-11-30T10:00", reason="no-calendar").reason is None


def test_csv_has_a_head_that_stays_and_a_line_for_each() -> None:
    lines = list(csv.reader(StringIO(as_csv([at("2026-11-30T16:00"), at("2026-11-30T10:00", due_at=None)]))))
    assert lines[0] == [
        "ticket",
        "state",
        "customer",
        "centre",
        "channel",
        "opened_at",
        "due_at",
        "seconds_left",
        "working_seconds_left",
        "stands_until",
        "zone",
        "warned_percent",
        "reason",
    ]
    first, second = (dict(zip(COLUMNS, line, strict=True)) for line in lines[1:])
    assert (first["ticket"], first["state"], first["seconds_left"]) == ("ticket/crm-eu/1", "in-time", "-14400")
    assert (first["due_at"], first["stands_until"]) == ("2026-11-30T12:00:00.000000Z", "2026-12-01T08:00:00.000000Z")
    assert (second["due_at"], second["seconds_left"]) == ("", "")


def test_every_day_of_a_span_is_there_and_one_without_verdicts_has_no_share() -> None:
    rows = [{"day": date(2026, 11, 29), "met": 3, "breached": 1}, {"day": date(2026, 12, 9), "met": 9, "breached": 0}]
    found = days_kept(rows, date(2026, 11, 28), 3)
    assert [(one.day.day, one.met, one.breached, one.attainment) for one in found] == [
        (28, 0, 0, None),
        (29, 3, 1, 0.75),
        (30, 0, 0, None),
    ]


def test_the_last_day_is_the_latest_that_it_is_anywhere() -> None:
    assert last_day(utc("2026-11-30T16:00"), ["Europe/Paris", "Asia/Tokyo"]) == date(2026, 12, 1)
    assert last_day(utc("2026-11-30T16:00"), []) == date(2026, 11, 30)


def test_an_instant_without_an_offset_is_in_utc_and_what_was_known_then_stands_still() -> None:
    assert PromiseFilters.model_validate({"known_at": "2026-11-30T10:00"}).known_at == utc("2026-11-30T10:00")
    assert PromiseFilters.model_validate({"known_at": "2026-11-30"}).stands_still
    assert not PromiseFilters().stands_still


@given(st.lists(st.none() | st.floats(0, 1), max_size=40))
def test_a_curve_is_broken_where_there_is_no_share_and_stays_in_its_frame(shares: list[float | None]) -> None:
    points = [point for run in runs(shares) for point in run]
    assert len(points) == sum(share is not None for share in shares)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    gaps = sum(
        1 for before, after in zip([None, *shares], shares, strict=False) if before is None and after is not None
    )
    assert len(list(runs(shares))) == gaps


def test_what_a_curve_is_called_is_escaped() -> None:
    assert "<b>" not in curve([1.0], "<b>")


def test_a_countdown_ends_where_nothing_is_left() -> None:
    shown = Shown("en")
    assert [shown.countdown(timedelta(seconds=one)) for one in (0, 1, 60, 61)] == ["0s", "1m", "1m", "2m"]
