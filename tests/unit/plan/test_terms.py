"""Terms and cover: K1 to K6 of tests/cases/lifecycle.md."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.plan import Term, covered_from, covered_until, is_covered, yearly_term
from tests.unit.plan.seed import AMER, AU, FR, JP, day, utc

ONE_DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("zone", "last_day", "until"),
    [
        pytest.param(AU.zone, "2027-06-30", "2027-06-30 14:00", id="K1"),
        pytest.param(AMER.zone, "2027-06-30", "2027-07-01 04:00", id="K2"),
        pytest.param(FR.zone, "2027-03-27", "2027-03-27 23:00", id="K3"),
        pytest.param(JP.zone, "2026-12-31", "2026-12-31 15:00", id="K4"),
    ],
)
def test_cover_ends_with_the_last_local_day(zone: str, last_day: str, until: str) -> None:
    term = Term(day("2026-01-01"), day(last_day))
    assert covered_until(term, zone) == utc(until)
    assert is_covered(term, zone, utc(until) - MICROSECOND)
    assert not is_covered(term, zone, utc(until))


def test_k1_a_ticket_later_on_the_same_utc_day_is_not_covered() -> None:
    assert not is_covered(Term(day("2026-07-01"), day("2027-06-30")), AU.zone, utc("2027-06-30 14:30"))


def test_cover_begins_with_the_first_local_day() -> None:
    term = yearly_term(day("2026-07-01"))
    assert covered_from(term, JP.zone) == utc("2026-06-30 15:00")
    assert is_covered(term, JP.zone, utc("2026-06-30 15:00"))
    assert not is_covered(term, JP.zone, utc("2026-06-30 15:00") - MICROSECOND)


def test_k5_a_term_lasts_a_year_and_the_next_begins_the_day_after() -> None:
    assert yearly_term(day("2026-11-23")) == Term(day("2026-11-23"), day("2027-11-22"))
    assert yearly_term(day("2026-11-23"), 2).first_day == day("2027-11-23")


def test_k6_a_term_from_29_february_comes_back_to_it() -> None:
    renewals = [yearly_term(day("2028-02-29"), number).first_day for number in (2, 3, 4, 5)]
    assert renewals == [day("2029-02-28"), day("2030-02-28"), day("2031-02-28"), day("2032-02-29")]


def test_a_renewed_term_leaves_no_gap_in_cover() -> None:
    one, two = yearly_term(day("2026-03-29")), yearly_term(day("2026-03-29"), 2)
    assert covered_until(one, FR.zone) == covered_from(two, FR.zone)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 30))
def test_terms_follow_each_other_day_by_day(anchor: date, number: int) -> None:
    this, following = yearly_term(anchor, number), yearly_term(anchor, number + 1)
    assert this.last_day + ONE_DAY == following.first_day
    assert (this.last_day - this.first_day).days in (364, 365)


def test_terms_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        yearly_term(day("2026-11-23"), 0)


def test_a_term_cannot_end_before_it_begins() -> None:
    assert Term(day("2026-11-23"), day("2026-11-23")).last_day == day("2026-11-23")
    with pytest.raises(ValueError, match="cannot last"):
        Term(day("2026-11-23"), day("2026-11-22"))
