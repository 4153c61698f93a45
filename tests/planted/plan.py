"""The plan: promises, prices, terms, cover, and what a change of it does."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="warnings-by-the-wall",
        file="libs/plan/promise.py",
        before="at_risk_at=add_working_time(calendar, opened_at, target * percent / 100))",
        after="at_risk_at=due.started_at + target * percent / 100)",
        why="warnings would come while the centre is closed",
        test="tests/unit/plan/test_promise.py::test_l01_warnings_are_given_in_working_time",
    ),
    Bug(
        name="coming-back-is-not-dearer",
        file="libs/plan/prices.py",
        before="return EXACT.add(renewal, EXACT.scaleb(Decimal(1), -prices.minor_digits))",
        after="return renewal",
        why="a re-subscription could cost just what a renewal costs",
        test="tests/unit/plan/test_prices.py::test_k11_where_rounding_makes_them_equal_coming_back_costs_one_unit_more",
    ),
    Bug(
        name="leap-day-contract-ends-in-march",
        file="libs/plan/terms.py",
        before="return date(year, 2, 28)",
        after="return date(year, 3, 1)",
        why="a contract begun on 29 February would last a day too long",
        test="tests/unit/plan/test_terms.py::test_k6_a_term_from_29_february_comes_back_to_it",
    ),
    Bug(
        name="last-day-is-not-covered",
        file="libs/plan/terms.py",
        before="return start_of_day(term.last_day + ONE_DAY, zone(zone_name))",
        after="return start_of_day(term.last_day, zone(zone_name))",
        why="on the last day of a contract tickets would be refused",
        test="tests/unit/plan/test_terms.py::test_cover_ends_with_the_last_local_day",
    ),
    Bug(
        name="covered-at-the-end",
        file="libs/plan/cover.py",
        before="if term.covered_from <= request.at < term.covered_until]",
        after="if term.covered_from <= request.at <= term.covered_until]",
        why="a ticket at the very end of a term would be covered by nothing",
        test="tests/unit/plan/test_cover.py::test_cover_is_what_the_date_on_the_wall_of_the_centre_says",
    ),
    Bug(
        name="whom-to-contact",
        file="libs/plan/cover.py",
        before="return Contact.RESELLER if customer.reseller else Contact.REGIONAL_TEAM",
        after="return Contact.REGIONAL_TEAM",
        why="a reseller's customer would be sent to us",
        test="tests/unit/plan/test_cover.py::test_whoever_bought_from_a_reseller_is_sent_there",
    ),
    Bug(
        name="targets-made-longer",
        file="libs/plan/changes.py",
        before="    if target >= now.target_seconds:\n        return certificate\n",
        after="",
        why="a running promise would be loosened by new targets",
        test="tests/unit/plan/test_changes.py::test_a_longer_target_and_that_of_another_channel_are_for_others",
    ),
    Bug(
        name="closure-gives-time-back",
        file="libs/plan/changes.py",
        before="left = leg.target - used_between(certificate.intervals, leg.counts_from, at)",
        after="left = leg.target",
        why="a closure would start the whole target anew",
        test="tests/unit/plan/test_changes.py::test_l07_a_closure_announced_for_the_future_keeps_what_is_used",
    ),
    Bug(
        name="warned-twice",
        file="libs/plan/changes.py",
        before="return (*passed, *(one for one in later if one.percent > greatest))",
        after="return (*passed, *later)",
        why="a share that was warned of would be warned of again after a closure",
        test="tests/unit/plan/test_changes.py::test_l08_a_closure_recorded_after_the_fact_leaves_the_promise_and_gives_another_view_beside_it",
    ),
)
