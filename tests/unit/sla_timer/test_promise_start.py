"""What is promised when a ticket opens, and when nothing can be."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from libs.messages.base import FactVersion
from libs.messages.certificates import AtRisk, Certificate, WorkingInterval
from libs.messages.plan import CentreCalendar
from libs.messages.sla import FirstResponseClockStarted, FirstResponseNotPromised, NoPromise, PromiseEvent
from libs.messages.tickets import Channel
from libs.workcal import tz_version
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.opening import StartClock
from tests.unit.sla_timer.examples import (
    CALENDARS,
    CUSTOMER,
    DUE_AT,
    FRANCE,
    MICROSECOND,
    OPENED_AT,
    PRIVATE,
    PROMISE,
    TARGETS,
    TICKET,
    W03,
    breached,
    met,
    not_promised,
    paris,
    start,
)

RESTS_ON = (FactVersion(stream="calendar/plan/france", sequence=1),)
with (Path(__file__).parents[2] / "cases" / "deadlines.csv").open(encoding="utf-8") as rows:
    DEADLINES = [pytest.param(row, id=row["id"]) for row in csv.DictReader(rows)]


def decided(command: StartClock) -> FirstResponseClockStarted:
    event = DECIDER.decide(DECIDER.initial, command)
    assert isinstance(event, FirstResponseClockStarted)
    return event


def without_hours(**changes: object) -> CentreCalendar:
    return CentreCalendar.model_validate(FRANCE.model_dump() | changes)


@pytest.mark.parametrize("row", DEADLINES)
def test_a_ticket_is_promised_its_first_response(row: dict[str, str]) -> None:
    opened_at, due_at = datetime.fromisoformat(row["opened_at"]), datetime.fromisoformat(row["due_at"])
    started = decided(start(opened_at, Channel(row["channel"]), CALENDARS[row["centre"]]))
    assert (started.centre, started.certificate.due_at) == (row["centre"], due_at)


def test_every_deadline_of_the_cases_is_there() -> None:
    assert len(DEADLINES) == 27


def test_a_promise_says_to_whom_until_when_and_on_what_it_rests() -> None:
    certificate = Certificate(
        centre="france",
        zone="Europe/Paris",
        channel=Channel.PHONE,
        opened_at=OPENED_AT,
        clock_started_at=OPENED_AT,
        target_seconds=7200,
        at_risk=(AtRisk(percent=75, at_risk_at=paris("16:30")),),
        due_at=paris("17:00"),
        calendar_version=1,
        targets_version=1,
        tz_version=tz_version(),
        intervals=(WorkingInterval(opens_at=OPENED_AT, closes_at=paris("17:00")),),
    )
    command = start(OPENED_AT)
    PROMISE.when(StartClock(**{**vars(command), "rests_on": RESTS_ON})).then(
        FirstResponseClockStarted(
            ticket=TICKET,
            customer=CUSTOMER,
            requester=PRIVATE.person,
            private=PRIVATE,
            language="fr",
            centre="france",
            channel=Channel.PHONE,
            certificate=certificate,
            rests_on=RESTS_ON,
        )
    )


def test_a_call_in_the_night_starts_the_clock_at_the_next_opening() -> None:
    certificate = decided(start(paris("17:00"))).certificate
    assert (certificate.opened_at, certificate.clock_started_at) == (paris("17:00"), paris("09:00", day=25))
    assert certificate.due_at == paris("11:00", day=25)


def test_a_ticket_read_long_after_its_deadline_is_promised_it_all_the_same() -> None:
    """The deadline then fires at once, by safe time: an answer in time may still be read."""
    long_ago = datetime.fromisoformat("2026-09-18T07:00:00Z")
    assert decided(start(long_ago)).certificate.due_at < OPENED_AT


def test_without_a_calendar_or_targets_nothing_is_promised() -> None:
    PROMISE.when(start(OPENED_AT, calendar=None)).then(not_promised(NoPromise.NO_CALENDAR))
    PROMISE.when(start(OPENED_AT, targets=None)).then(not_promised(NoPromise.NO_TARGETS))


def test_on_a_channel_without_a_target_nothing_is_promised() -> None:
    mails_alone = TARGETS.model_copy(update={"targets": TARGETS.targets.model_copy(update={"phone_seconds": None})})
    PROMISE.when(start(OPENED_AT, targets=mails_alone)).then(not_promised(NoPromise.NO_TARGET_FOR_CHANNEL))
    event = DECIDER.decide(DECIDER.initial, start(OPENED_AT, Channel.EMAIL, targets=mails_alone))
    assert isinstance(event, FirstResponseClockStarted)


def test_a_refused_promise_says_what_it_rests_on() -> None:
    command = start(OPENED_AT, targets=None)
    event = DECIDER.decide(DECIDER.initial, StartClock(**{**vars(command), "rests_on": RESTS_ON}))
    assert isinstance(event, FirstResponseNotPromised)
    assert event.rests_on == RESTS_ON


@pytest.mark.parametrize(
    ("opened_at", "reason"),
    [
        ("2028-12-29T15:00:00Z", NoPromise.CALENDAR_ENDS),
        ("2025-12-31T22:59:59Z", NoPromise.CALENDAR_ENDS),
        ("2029-01-02T09:00:00Z", NoPromise.CALENDAR_ENDS),
    ],
)
def test_nothing_is_promised_on_days_that_are_not_published(opened_at: str, reason: NoPromise) -> None:
    instant = datetime.fromisoformat(opened_at)
    PROMISE.when(start(instant, Channel.WEB)).then(not_promised(reason, instant, Channel.WEB))


def test_the_last_published_minute_can_still_be_promised() -> None:
    last = datetime.fromisoformat("2028-12-29T12:00:00Z")
    assert decided(start(last, Channel.WEB)).certificate.due_at == last + timedelta(hours=4)
    PROMISE.when(start(last + MICROSECOND, Channel.WEB)).then(
        not_promised(NoPromise.CALENDAR_ENDS, last + MICROSECOND, Channel.WEB)
    )


def test_nothing_is_promised_where_a_centre_stays_closed_for_a_year() -> None:
    shut = [
        {"day": FRANCE.first_day + timedelta(days=n), "name": "fermé", "status": "confirmed"} for n in range(1, 600)
    ]
    new_year = datetime.fromisoformat("2026-01-01T17:00:00Z")
    command = start(new_year, calendar=without_hours(closures=shut))
    PROMISE.when(command).then(not_promised(NoPromise.NO_OPENING_IN_A_YEAR, new_year))


@pytest.mark.parametrize("history", [(W03,), (W03, met(DUE_AT)), (W03, breached(DUE_AT + MICROSECOND))])
def test_a_first_response_is_promised_once(history: tuple[PromiseEvent, ...]) -> None:
    again = paris("16:00")
    PROMISE.given(*history).when(start(again)).then(not_promised(NoPromise.ALREADY_PROMISED, again))
    refused = not_promised(NoPromise.ALREADY_PROMISED, again)
    assert DECIDER.replay([*history, refused]) == DECIDER.replay(history)


def test_what_could_not_be_promised_stays_so() -> None:
    no_calendar = not_promised(NoPromise.NO_CALENDAR)
    PROMISE.given(no_calendar).when(start(OPENED_AT)).then(no_calendar)
