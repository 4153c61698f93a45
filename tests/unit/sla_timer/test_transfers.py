"""A transfer keeps the promise where it was made, and gives the receiving centre what is left of the target."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from libs.messages.plan import CentreCalendar
from libs.messages.sla import InternalTargetNotSet, InternalTargetSet, NotChanged, PromiseEvent, Verdict
from libs.messages.tickets import Channel
from libs.plan import working_calendar
from libs.workcal import add_working_time, zone
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.promise.transfers import SetInternalTarget
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.sla_timer.examples import CALENDARS, PROMISE, TICKET, later, met, paris, started

AMERICAS = CALENDARS["americas"]
MONDAY = date(2026, 11, 30)


def monday(clock: str) -> datetime:
    return datetime.combine(MONDAY, time.fromisoformat(clock), zone("Europe/Paris")).astimezone(UTC)


MAILED = started(monday("16:00"), Channel.EMAIL)


def to_americas(at: datetime, content: CentreCalendar | None = AMERICAS) -> SetInternalTarget:
    published = PublishedCalendar("calendar/plan/americas", 1, paris("08:00", day=2), content) if content else None
    return SetInternalTarget(at, TICKET, "americas", published)


def not_set(at: datetime, reason: NotChanged) -> InternalTargetNotSet:
    return InternalTargetNotSet(ticket=TICKET, centre="americas", transferred_at=at, reason=reason)


def test_l06_the_promise_stays_and_the_receiving_centre_has_what_is_left_in_its_own_hours() -> None:
    state = DECIDER.replay((MAILED,))
    event: Any = DECIDER.decide(state, to_americas(monday("17:30")))
    assert isinstance(event, InternalTargetSet)
    assert (event.used_microseconds, event.due_at) == (3_600_000_000, datetime(2026, 11, 30, 19, 30, tzinfo=UTC))
    after: Any = DECIDER.evolve(state, event)
    assert (after.promise.certificate, after.promise.centre) == (MAILED.certificate, "france")
    assert MAILED.certificate.due_at == monday("12:00") + timedelta(days=1)


@pytest.mark.parametrize("centre", sorted(CALENDARS))
@pytest.mark.parametrize("minutes", range(0, 1200, 75))
def test_the_internal_target_never_lies_after_the_promise(centre: str, minutes: int) -> None:
    """Where the receiving centre opens later than the promising one, which day and hour the transfer may be."""
    content = CALENDARS[centre]
    due_at, at = MAILED.certificate.due_at, monday("16:00") + timedelta(minutes=minutes)
    published = PublishedCalendar(f"calendar/plan/{centre}", 1, paris("08:00", day=2), content)
    event: Any = DECIDER.decide(DECIDER.replay((MAILED,)), SetInternalTarget(at, TICKET, centre, published))
    assert isinstance(event, InternalTargetSet)
    used = timedelta(microseconds=event.used_microseconds)
    left = timedelta(seconds=event.target_seconds) - used
    assert event.due_at == min(add_working_time(working_calendar(content), at, left), due_at)


def test_after_its_end_there_is_nothing_left_to_aim_at() -> None:
    due_at = MAILED.certificate.due_at
    PROMISE.given(MAILED).when(to_americas(due_at)).then(not_set(due_at, NotChanged.OVER))
    given: tuple[PromiseEvent, ...] = (MAILED, met(monday("16:30"), MAILED))
    PROMISE.given(*given).when(to_americas(monday("17:30"))).then(not_set(monday("17:30"), NotChanged.OVER))


@pytest.mark.parametrize(
    ("given", "content", "reason"),
    [
        ((), AMERICAS, NotChanged.NO_PROMISE),
        ((MAILED,), None, NotChanged.NO_CALENDAR),
        ((MAILED,), AMERICAS.model_copy(update={"last_day": MONDAY, "closures": ()}), NotChanged.CALENDAR_ENDS),
    ],
)
def test_a_target_that_cannot_be_given_is_said(
    given: tuple[PromiseEvent, ...], content: CentreCalendar | None, reason: NotChanged
) -> None:
    at = monday("17:30") if reason is not NotChanged.CALENDAR_ENDS else monday("23:30")
    PROMISE.given(*given).when(to_americas(at, content)).then(not_set(at, reason))


# Who is told of what follows


def told(*history: PromiseEvent) -> list[tuple[str, str | None]]:
    """The centres that a warning and a breach after such a history name."""
    state, certificate = DECIDER.replay((MAILED, *history)), MAILED.certificate
    warn, fire = WarnAtRisk(certificate.at_risk[0].at_risk_at), FireDeadline(certificate.due_at, monday("12:00") + DAYS)
    events: list[Any] = [DECIDER.decide(state, command) for command in (warn, fire)]
    return [(event.centre, event.transferred_to) for event in events]


DAYS = timedelta(days=3)
TO_AMERICAS, TO_JAPAN, BACK = (
    not_set(monday(clock), NotChanged.NO_CALENDAR).model_copy(update={"centre": centre})
    for clock, centre in (("16:10", "americas"), ("16:20", "japan"), ("16:30", "france"))
)


@pytest.mark.parametrize(
    ("history", "centre"),
    [
        ((), None),
        ((TO_AMERICAS,), "americas"),
        ((TO_AMERICAS, TO_JAPAN), "japan"),
        ((TO_JAPAN, TO_AMERICAS), "japan"),
        ((TO_AMERICAS, BACK), None),
    ],
)
def test_a_warning_and_a_breach_name_the_centre_that_promised_and_the_one_that_has_the_ticket(
    history: tuple[PromiseEvent, ...], centre: str | None
) -> None:
    assert told(*history) == [("france", centre)] * 2


def test_a_restated_breach_names_who_had_the_ticket_when_it_was_breached() -> None:
    due_at = MAILED.certificate.due_at
    breach: Any = DECIDER.decide(DECIDER.replay((MAILED, TO_AMERICAS)), FireDeadline(due_at, due_at + DAYS))
    state = DECIDER.replay((MAILED, TO_AMERICAS, breach, TO_JAPAN, later(monday("16:40"))))
    event: Any = DECIDER.decide(state, RestatePromise(due_at + DAYS, (), ()))
    assert (event.centre, event.transferred_to, event.customer) == ("france", "americas", MAILED.customer)
    assert (event.promised, event.stated, event.restated) == (Verdict.BREACHED, Verdict.BREACHED, Verdict.MET)
