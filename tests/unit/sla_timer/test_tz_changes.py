"""A version of the tz database reckons anew just the promises that have a time ahead of which it says another thing."""

import json
from datetime import datetime, timedelta

import pytest

from libs.messages.base import FactVersion
from libs.messages.certificates import RetargetCause
from libs.messages.sla import FirstResponseNotRetargeted, FirstResponseRetargeted
from libs.messages.tickets import Channel
from libs.plan import verify
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.rows import PROMISES
from services.sla_timer.published.publications import PublishedCalendar
from services.sla_timer.published.tz_changes import TzChange
from services.sla_timer.published.tz_rows import TZ_DATABASES
from services.sla_timer.reactions import FACTS
from tests.tz import Installed
from tests.unit.sla_timer.examples import CALENDARS, FRANCE, MICROSECOND, PROMISE, STREAM, TICKET, started
from tests.unit.sla_timer.test_promise_projections import folded
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed
from tests.unit.sla_timer.tz_examples import (
    DUE,
    DUE_BY_2027A,
    EARLIER,
    OVER_THE_WEEKEND,
    SATURDAY,
    SUMMER,
    TZ_STREAM,
    change,
    install_2027a,
    march,
    published,
    said,
)

A_DAY, HOUR = timedelta(days=1), 3_600_000_000  # microseconds


def recompute(now: datetime, *changes: TzChange, calendars: tuple[PublishedCalendar, ...] = ()) -> RecomputePromise:
    return RecomputePromise(now, (FIRST, *calendars), (FIRST_TARGETS,), changes)


def retargeted(command: RecomputePromise) -> FirstResponseRetargeted:
    """Decide about the promise over the weekend, and see that the same is not said twice."""
    state = DECIDER.replay((OVER_THE_WEEKEND,))
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseRetargeted)
    verify(event.certificate)
    assert DECIDER.decide(DECIDER.evolve(state, event), command) is None
    return event


def test_hours_that_are_earlier_by_a_new_version_make_the_deadline_earlier(tz: Installed) -> None:
    assert OVER_THE_WEEKEND.certificate.due_at == DUE
    install_2027a(tz)
    event = retargeted(recompute(SATURDAY, change()))
    assert (event.was_due_at, event.certificate.due_at) == (DUE, DUE_BY_2027A)
    [made] = event.certificate.changes
    assert (made.cause, made.changed_at, made.tz_version) == (RetargetCause.TZ_VERSION, SATURDAY, "2027a")
    assert event.rests_on == (FactVersion(stream=TZ_STREAM, sequence=2),)


def test_working_time_that_was_used_by_the_publication_stays_used(tz: Installed) -> None:
    install_2027a(tz)
    event = retargeted(recompute(march("08:30", 15), change(march("08:30", 15))))
    assert event.certificate.changes[0].used_microseconds == HOUR + HOUR // 2
    assert event.certificate.due_at == DUE


@pytest.mark.parametrize(
    ("opened_at", "centre"),
    [(march("15:00", 5), "france"), (march("15:00", 29), "france"), (march("15:00", 12), "germany")],
)
def test_promises_of_other_weeks_and_of_other_zones_are_left_alone(
    tz: Installed, opened_at: datetime, centre: str
) -> None:
    made = started(opened_at, Channel.EMAIL, CALENDARS[centre])
    of_centre = PublishedCalendar(f"calendar/plan/{centre}", 1, FIRST.published_at, CALENDARS[centre])
    install_2027a(tz)
    command = RecomputePromise(opened_at, (of_centre,), (FIRST_TARGETS,), (change(opened_at),))
    PROMISE.given(made).when(command).then(None)


@pytest.mark.parametrize(
    ("from_at", "until_at", "is_concerned"),
    [
        (DUE, SUMMER, True),
        (DUE + MICROSECOND, SUMMER, False),
        (EARLIER - A_DAY, SATURDAY, False),
        (EARLIER - A_DAY, SATURDAY + MICROSECOND, True),
    ],
)
def test_a_time_concerns_a_promise_up_to_its_deadline_and_from_the_publication_on(
    tz: Installed, from_at: datetime, until_at: datetime, *, is_concerned: bool
) -> None:
    install_2027a(tz)
    one = TzChange(TZ_STREAM, 2, SATURDAY, "Europe/Paris", "2027a", from_at, until_at)
    event = DECIDER.decide(DECIDER.replay((OVER_THE_WEEKEND,)), recompute(DUE, one))
    assert (event is not None) == is_concerned


def test_a_version_that_is_not_installed_is_waited_for(tz: Installed) -> None:
    tz.release("2026g")
    PROMISE.given(OVER_THE_WEEKEND).when(recompute(SATURDAY, change())).then(None)


def test_a_promise_made_by_the_new_version_rests_on_it_already(tz: Installed) -> None:
    install_2027a(tz)
    made = started(march("15:00", 12), Channel.EMAIL)
    assert made.certificate.due_at == DUE_BY_2027A
    PROMISE.given(made).when(recompute(SATURDAY, change())).then(None)


@pytest.mark.parametrize("published_at", [DUE, DUE + MICROSECOND])
def test_what_is_published_when_a_promise_is_over_leaves_it(tz: Installed, published_at: datetime) -> None:
    install_2027a(tz)
    PROMISE.given(OVER_THE_WEEKEND).when(recompute(DUE + A_DAY, change(published_at))).then(None)


def test_a_version_takes_its_place_among_the_other_publications(tz: Installed) -> None:
    install_2027a(tz)
    closing = at(march("07:30", 15), closed(("10:00", "17:00"), day=march("00:00", 15).date()))
    event = retargeted(recompute(march("08:00", 15), change(), calendars=(closing,)))
    assert [(made.cause, made.tz_version) for made in event.certificate.changes] == [
        (RetargetCause.TZ_VERSION, "2027a"),
        (RetargetCause.CLOSURE, "2027a"),
    ]
    first = at(SATURDAY - A_DAY / 2, closed(day=march("00:00", 15).date()))
    event = retargeted(recompute(SATURDAY, change(), calendars=(first,)))
    assert [made.cause for made in event.certificate.changes] == [RetargetCause.CLOSURE]


def test_a_calendar_that_gives_no_deadline_by_the_new_version_leaves_the_promise_and_is_said_once(
    tz: Installed,
) -> None:
    install_2027a(tz)
    ending = FRANCE.model_copy(update={"last_day": march("00:00", 14).date(), "closures": (), "extra_openings": ()})
    only = PublishedCalendar("calendar/plan/france", 1, FIRST.published_at, ending)
    command = RecomputePromise(SATURDAY, (only,), (FIRST_TARGETS,), (change(),))
    state = DECIDER.replay((OVER_THE_WEEKEND,))
    event = DECIDER.decide(state, command)
    assert isinstance(event, FirstResponseNotRetargeted)
    assert (event.due_at, event.calendar_version, event.tz_version) == (DUE, 1, "2027a")
    assert DECIDER.decide(DECIDER.evolve(state, event), command) is None
    row = folded(PROMISES, STREAM, OVER_THE_WEEKEND, event)
    assert (row.due_at, row.calendar_version, row.tz_version) == (DUE, 1, "2027a")


def test_a_call_is_reckoned_on_the_installed_version_whatever_the_promise_was_made_by(tz: Installed) -> None:
    install_2027a(tz)
    called_at = march("07:10", 15)
    call = RecordCall(called_at, TICKET, help_given=False, calendars=(FIRST,), targets=(FIRST_TARGETS,))
    event = DECIDER.decide(DECIDER.replay((OVER_THE_WEEKEND,)), call)
    assert isinstance(event, FirstResponseRetargeted)
    verify(event.certificate)
    assert event.certificate.due_at == called_at + timedelta(hours=2)


def test_the_row_of_a_promise_says_by_which_version_and_since_when(tz: Installed) -> None:
    install_2027a(tz)
    event = retargeted(recompute(SATURDAY, change()))
    row = folded(PROMISES, STREAM, OVER_THE_WEEKEND, event)
    assert (row.zone, row.tz_version, row.reckoned_from) == ("Europe/Paris", "2027a", SATURDAY)


def test_the_log_says_where_a_version_differs_from_the_one_before(tz: Installed) -> None:
    first = published(said(), FIRST.published_at)
    second = published(install_2027a(tz), SATURDAY)
    row = folded(TZ_DATABASES, TZ_STREAM, first, second)
    assert row.version == "2027a"
    facts = FACTS.validate_python({"tz_changes": [{**one, "stream": TZ_STREAM} for one in json.loads(row.changes)]})
    assert facts.tz_changes == (change(),)


def test_a_zone_that_a_version_did_not_hold_is_compared_with_the_one_that_did(tz: Installed) -> None:
    first = said()
    without = first.model_copy(
        update={"version": "2026g", "zones": tuple(each for each in first.zones if each.zone != "Europe/Paris")}
    )
    events = [published(each, SATURDAY) for each in (first, without, install_2027a(tz))]
    changes = json.loads(folded(TZ_DATABASES, TZ_STREAM, *events).changes)
    assert [(one["zone"], one["version"], one["sequence"]) for one in changes] == [("Europe/Paris", "2027a", 3)]
