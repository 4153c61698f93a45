"""The deadlines of tests/cases/deadlines.csv, each under its id, and the certificate that each carries."""

import csv
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.certificates import AtRisk, Certificate, WorkingInterval
from libs.messages.tickets import Channel
from libs.plan import BadCertificate, promise, recompute, target_of, verify, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead, in_utc, tz_version, working_time_between, zone
from tests.unit.plan.seed import CENTRES, FR, PLAN, calendar_with, utc

MICROSECOND = timedelta(microseconds=1)
with (Path(__file__).parents[2] / "cases" / "deadlines.csv").open(encoding="utf-8") as rows:
    DEADLINES = [pytest.param(row, id=row["id"]) for row in csv.DictReader(rows)]


def promised(centre: str, channel: str, opened_at: datetime) -> Certificate:
    return promise(working_calendar(CENTRES[centre]), PLAN.targets, Channel(channel), opened_at)


def over_a_weekend() -> Certificate:
    return promised("france", "web", utc("2026-11-27 15:30"))


@pytest.mark.parametrize("row", DEADLINES)
def test_a_ticket_is_due(row: dict[str, str]) -> None:
    certificate = promised(row["centre"], row["channel"], datetime.fromisoformat(row["opened_at"]))
    assert certificate.due_at == datetime.fromisoformat(row["due_at"])
    assert recompute(certificate) == certificate.due_at


def at_three_quarters(at: str) -> tuple[AtRisk, ...]:
    return (AtRisk(percent=75, at_risk_at=utc(at)),)


def test_every_deadline_of_the_cases_is_there() -> None:
    assert len(DEADLINES) == 27


def test_l01_warnings_are_given_in_working_time() -> None:
    targets = PLAN.targets.model_copy(update={"at_risk_percents": (50, 75)})
    certificate = promise(FR, targets, Channel.WEB, utc("2026-11-27 15:30"))
    at = [one.at_risk_at.astimezone(zone("Europe/Paris")).isoformat() for one in certificate.at_risk]
    assert at == ["2026-11-30T10:30:00+01:00", "2026-11-30T11:30:00+01:00"]
    assert certificate.due_at == datetime(2026, 11, 30, 12, 30, tzinfo=zone("Europe/Paris"))


def test_the_shipped_plan_warns_at_three_quarters() -> None:
    assert over_a_weekend().at_risk == at_three_quarters("2026-11-30 10:30")


def test_the_warning_comes_before_the_weekend_that_the_deadline_is_after() -> None:
    certificate = promised("france", "web", utc("2026-11-27 12:30"))
    assert certificate.at_risk == at_three_quarters("2026-11-27 15:30")
    assert certificate.due_at == utc("2026-11-30 08:30")


@pytest.mark.parametrize(("channel", "hours"), [(Channel.PHONE, 2), (Channel.EMAIL, 4), (Channel.WEB, 4)])
def test_the_target_depends_on_the_channel_alone(channel: Channel, hours: int) -> None:
    assert target_of(PLAN.targets, channel) == timedelta(hours=hours)


def test_a_certificate_says_what_it_rests_on() -> None:
    assert over_a_weekend() == Certificate(
        centre="france",
        zone="Europe/Paris",
        channel=Channel.WEB,
        opened_at=utc("2026-11-27 15:30"),
        clock_started_at=utc("2026-11-27 15:30"),
        target_seconds=14_400,
        at_risk=at_three_quarters("2026-11-30 10:30"),
        due_at=utc("2026-11-30 11:30"),
        calendar_version=1,
        targets_version=1,
        tz_version=tz_version(),
        intervals=(
            WorkingInterval(opens_at=utc("2026-11-27 15:30"), closes_at=utc("2026-11-27 16:00")),
            WorkingInterval(opens_at=utc("2026-11-30 08:00"), closes_at=utc("2026-11-30 11:30")),
        ),
    )


def test_out_of_hours_the_clock_starts_at_the_next_opening() -> None:
    certificate = promised("germany", "phone", utc("2026-11-28 11:00"))
    assert certificate.opened_at == utc("2026-11-28 11:00")
    assert certificate.clock_started_at == utc("2026-11-30 08:00")


@pytest.mark.parametrize(
    ("opened_at", "closed_since"),
    [
        ("2026-11-24 08:00", None),
        ("2026-11-24 15:59:59.999999", None),
        ("2026-11-24 16:00", "2026-11-24 16:00"),
        ("2026-11-25 07:59:59.999999", "2026-11-24 16:00"),
        ("2026-11-29 12:00", "2026-11-27 16:00"),
        ("2026-01-01 12:00", "2025-12-31 23:00"),  # the first published instant: nothing is known before it
    ],
)
def test_a_certificate_says_since_when_the_centre_was_closed(opened_at: str, closed_since: str | None) -> None:
    certificate = promised("france", "web", utc(opened_at))
    assert certificate.closed_since == (utc(closed_since) if closed_since else None)
    assert (certificate.clock_started_at > certificate.opened_at) == (closed_since is not None)


def test_a_certificate_survives_being_written_down() -> None:
    certificate = over_a_weekend()
    assert recompute(Certificate.model_validate_json(certificate.model_dump_json())) == certificate.due_at


def test_a_target_cut_short_is_seen_in_the_certificate() -> None:
    forged = over_a_weekend().model_copy(update={"due_at": utc("2026-11-30 12:00")})
    assert recompute(forged) != forged.due_at


def interval(opens: str, closes: str) -> WorkingInterval:
    return WorkingInterval(opens_at=utc(f"2026-11-{opens}"), closes_at=utc(f"2026-11-{closes}"))


@pytest.mark.parametrize(
    "intervals",
    [
        (),
        (interval("27 15:30", "27 16:00"),),
        (interval("27 15:31", "27 16:00"), interval("30 08:00", "30 11:31")),
        (interval("27 15:30", "27 16:00"), interval("27 15:45", "30 11:30")),
        (interval("27 15:30", "27 16:00"), interval("30 08:00", "30 07:00"), interval("30 09:00", "30 17:00")),
    ],
)
def test_a_certificate_that_does_not_bear_a_deadline_is_refused(intervals: tuple[WorkingInterval, ...]) -> None:
    with pytest.raises(BadCertificate):
        recompute(over_a_weekend().model_copy(update={"intervals": intervals}))


def test_a_clock_that_starts_before_the_ticket_is_refused() -> None:
    with pytest.raises(BadCertificate):
        recompute(over_a_weekend().model_copy(update={"opened_at": utc("2026-11-27 15:31")}))


def test_nothing_is_promised_beyond_the_published_calendar() -> None:
    with pytest.raises(CalendarEnds):
        promised("france", "email", utc("2028-12-29 13:00"))


def test_nothing_is_promised_where_a_centre_stays_closed_for_a_year() -> None:
    shut = [{"day": FR.first_day + timedelta(days=n), "name": "fermé", "status": "confirmed"} for n in range(1, 600)]
    with pytest.raises(TooFarAhead):
        promise(calendar_with(closures=shut), PLAN.targets, Channel.EMAIL, utc("2026-01-01 17:00"))


@given(
    st.sampled_from(sorted(CENTRES)),
    st.sampled_from(Channel),
    st.datetimes(datetime(2026, 1, 2), datetime(2028, 12, 1)).map(lambda each: utc(each.isoformat())),  # noqa: DTZ001
)
def test_every_certificate_bears_its_deadline(centre: str, channel: Channel, opened_at: datetime) -> None:
    calendar, certificate = working_calendar(CENTRES[centre]), promised(centre, channel, opened_at)
    verify(certificate)
    assert recompute(certificate) == certificate.due_at == certificate.intervals[-1].closes_at
    assert working_time_between(calendar, opened_at, certificate.due_at).total_seconds() == certificate.target_seconds
    assert certificate.clock_started_at < certificate.at_risk[0].at_risk_at < certificate.due_at
    assert all(one.closes_at <= other.opens_at for one, other in pairwise(certificate.intervals))


def test_an_instant_may_be_given_in_any_zone() -> None:
    local = datetime(2026, 11, 27, 16, 30, tzinfo=zone("Europe/Paris"))
    assert promise(FR, PLAN.targets, Channel.WEB, local) == over_a_weekend()
    assert in_utc(local) == over_a_weekend().opened_at
