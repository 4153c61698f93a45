"""A ticket without a promise gets one once what was wanting is published, as if it had been read after that."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from libs.messages.plan import CentreCalendar
from libs.messages.sla import (
    CallNoted,
    CancellationCause,
    CancellationNoted,
    FirstResponseClockStarted,
    FirstResponseNotPromised,
    FirstResponseRetargeted,
    NoPromise,
    NotAResponse,
    NotChanged,
    PromiseEvent,
    ReinstatementNotApplied,
)
from libs.messages.tickets import Channel
from services.sla_timer.promise.calls import ReckonCalls, RecordCall
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.opening import StartClock
from services.sla_timer.promise.reconsidering import WANTING, ReconsiderPromise, wanting
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.sla_timer.examples import (
    CALENDARS,
    FRANCE,
    MICROSECOND,
    PROMISE,
    TARGETS,
    TICKET,
    answer,
    not_applied,
    paris,
    start,
)
from tests.unit.sla_timer.test_publications import FIRST_TARGETS, at, targets_at
from tests.unit.sla_timer.timer import Timer

OPENED_AT, PUBLISHED_AT = paris("15:00"), paris("16:00")
MUCH_LATER = OPENED_AT + timedelta(days=14)
ENDING = FRANCE.model_copy(update={"last_day": date(2026, 11, 24), "closures": ()})
LONGER = FRANCE.model_copy(update={"version": 2})
WITHDRAWN = CancellationNoted(
    ticket=TICKET, cause=CancellationCause.WITHDRAWN, cancelled_at=paris("15:30"), reason=NotChanged.NO_PROMISE
)
UNDONE = ReinstatementNotApplied(ticket=TICKET, undone_at=paris("15:40"), reason=NotChanged.NO_PROMISE)
MERGED = WITHDRAWN.model_copy(update={"cause": CancellationCause.MERGED, "into": "ticket/crm-eu/9"})


def decided(command: StartClock) -> FirstResponseNotPromised:
    event = DECIDER.decide(DECIDER.initial, command)
    assert isinstance(event, FirstResponseNotPromised)
    return event


def asked(centre: str = "france", channel: Channel = Channel.EMAIL, opened_at: datetime = OPENED_AT) -> StartClock:
    return replace(start(opened_at, channel, None, None), centre=centre)


def ending(channel: Channel = Channel.EMAIL) -> FirstResponseNotPromised:
    return decided(start(OPENED_AT, channel, ENDING))


def published(
    *calendars: CentreCalendar, since: datetime = PUBLISHED_AT, targets: PublishedTargets = FIRST_TARGETS
) -> tuple[tuple[PublishedCalendar, ...], tuple[PublishedTargets, ...]]:
    return tuple(at(since, calendar) for calendar in calendars), (targets,)


def again(*calendars: CentreCalendar, now: datetime = MUCH_LATER, since: datetime = PUBLISHED_AT) -> ReconsiderPromise:
    return ReconsiderPromise(now, *published(*calendars, since=since))


WITHOUT = decided(asked())


@pytest.mark.parametrize("centre", sorted(CALENDARS))
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("hours", range(0, 24 * 7, 11))
def test_the_promise_is_the_one_of_a_ticket_that_is_read_after_the_publication(
    centre: str, channel: Channel, hours: int
) -> None:
    late = asked(centre, channel, OPENED_AT + timedelta(hours=hours))
    refused = decided(late)
    command = ReconsiderPromise(MUCH_LATER, *published(CALENDARS[centre]))
    event = DECIDER.decide(DECIDER.replay((refused,)), command)
    assert isinstance(event, FirstResponseClockStarted)
    in_time = DECIDER.decide(DECIDER.initial, replace(late, calendar=CALENDARS[centre], targets=TARGETS))
    assert event.model_copy(update={"rests_on": ()}) == in_time
    assert [fact.stream for fact in event.rests_on] == [f"calendar/plan/{centre}", "targets/plan/first-response"]


@pytest.mark.parametrize("centre", sorted(CALENDARS))
@pytest.mark.parametrize("first", ["calendar", "targets"])
def test_it_is_reconsidered_once_and_when_both_are_there(centre: str, first: str) -> None:
    timer = Timer([], [])
    timer.ask(asked(centre))
    calendars, targets = published(CALENDARS[centre])
    timer.calendars += calendars if first == "calendar" else ()
    timer.targets += targets if first == "targets" else ()
    timer.do_what_is_due(PUBLISHED_AT)
    assert len(timer.events) == 1
    timer.calendars, timer.targets = list(calendars), list(targets)
    timer.do_what_is_due(PUBLISHED_AT)
    assert [type(event) for event in timer.events[:2]] == [FirstResponseNotPromised, FirstResponseClockStarted]
    before = len(timer.events)
    timer.do_what_is_due(PUBLISHED_AT)
    assert len(timer.events) == before


@pytest.mark.parametrize(
    "after",
    [
        (not_applied(paris("15:30"), NotAResponse.NO_PROMISE),),
        (WITHDRAWN,),
        (MERGED,),
        (MERGED, UNDONE, not_applied(paris("15:50"), NotAResponse.NO_PROMISE)),
    ],
)
def test_a_ticket_that_was_answered_or_called_off_meanwhile_is_left_alone(after: tuple[PromiseEvent, ...]) -> None:
    PROMISE.given(WITHOUT, *after).when(again(FRANCE)).then(None)


@pytest.mark.parametrize(
    "after",
    [
        (),
        (not_applied(paris("15:30"), NotAResponse.AUTOMATIC),),
        (not_applied(paris("15:30"), NotAResponse.CALL_WITHOUT_HELP),),
        (MERGED, UNDONE),
    ],
)
def test_nothing_of_that_is_an_answer_or_the_end(after: tuple[PromiseEvent, ...]) -> None:
    event = DECIDER.decide(DECIDER.replay((WITHOUT, *after)), again(FRANCE))
    assert isinstance(event, FirstResponseClockStarted)


def test_an_answer_that_was_told_before_the_ticket_counts_as_one() -> None:
    early = not_applied(OPENED_AT, NotAResponse.NO_PROMISE)
    refused = DECIDER.decide(DECIDER.replay((early,)), asked())
    assert isinstance(refused, FirstResponseNotPromised)
    assert refused.responded_at == OPENED_AT
    PROMISE.given(early, refused).when(again(FRANCE)).then(None)


def test_where_the_calendar_ended_a_newer_one_is_taken_from_its_own_instant_on() -> None:
    timer = Timer(*published(ENDING, since=paris("08:00", day=2)))
    timer.ask(start(OPENED_AT, Channel.EMAIL, ENDING))
    timer.calendars.append(at(PUBLISHED_AT, LONGER))
    timer.do_what_is_due(PUBLISHED_AT - MICROSECOND)
    assert timer.events == [ending()]
    timer.do_what_is_due(PUBLISHED_AT)
    started = timer.events[1]
    assert isinstance(started, FirstResponseClockStarted)
    assert (started.certificate.calendar_version, started.certificate.due_at) == (2, paris("11:00", day=25))


def test_one_that_is_no_better_is_said_once_and_waits_for_the_next() -> None:
    timer = Timer(*published(ENDING, since=paris("08:00", day=2)))
    timer.ask(start(OPENED_AT, Channel.EMAIL, ENDING))
    timer.calendars.append(at(PUBLISHED_AT, ENDING.model_copy(update={"version": 2})))
    timer.do_what_is_due(PUBLISHED_AT)
    first, second = timer.events
    assert isinstance(second, FirstResponseNotPromised)
    assert (second.reason, second.calendar_version) == (NoPromise.CALENDAR_ENDS, 2)
    timer.calendars.append(at(PUBLISHED_AT, LONGER.model_copy(update={"version": 3})))
    timer.do_what_is_due(PUBLISHED_AT)
    assert isinstance(timer.events[2], FirstResponseClockStarted)
    assert first == ending()


def test_a_channel_without_a_target_stays_without_a_promise() -> None:
    without = targets_at(PUBLISHED_AT, version=1, email_seconds=None)
    event = DECIDER.decide(
        DECIDER.replay((WITHOUT,)), ReconsiderPromise(MUCH_LATER, (at(PUBLISHED_AT, FRANCE),), (without,))
    )
    assert isinstance(event, FirstResponseNotPromised)
    assert event.reason is NoPromise.NO_TARGET_FOR_CHANNEL
    assert wanting(event) is None
    PROMISE.given(WITHOUT, event).when(again(FRANCE)).then(None)


def test_a_call_that_came_meanwhile_makes_the_deadline_earlier_all_the_same() -> None:
    called_at = paris("15:10")
    noted = CallNoted(ticket=TICKET, called_at=called_at, reason=NotChanged.NO_PROMISE)
    PROMISE.given(WITHOUT).when(RecordCall(called_at, TICKET, help_given=False)).then(noted)
    state = DECIDER.replay((WITHOUT, noted))
    started = DECIDER.decide(state, again(FRANCE))
    assert isinstance(started, FirstResponseClockStarted)
    facts = published(FRANCE)
    reckoned = DECIDER.decide(DECIDER.evolve(state, started), ReckonCalls(called_at, *facts))
    in_time = DECIDER.decide(DECIDER.replay((started,)), RecordCall(called_at, TICKET, False, *facts))  # noqa: FBT003
    assert isinstance(reckoned, FirstResponseRetargeted)
    assert reckoned == in_time


@pytest.mark.parametrize("reason", NoPromise)
def test_what_was_written_before_one_could_be_reconsidered_stays_as_it_is(reason: NoPromise) -> None:
    old = WITHOUT.model_copy(update={"reason": reason, "private": None, "language": None})
    assert wanting(old) is None
    PROMISE.given(old).when(again(FRANCE)).then(None)
    assert (wanting(WITHOUT.model_copy(update={"reason": reason})) is None) == (reason not in WANTING)


def test_a_promise_that_was_made_is_not_made_again() -> None:
    started = DECIDER.decide(DECIDER.replay((WITHOUT,)), again(FRANCE))
    assert isinstance(started, FirstResponseClockStarted)
    PROMISE.given(WITHOUT, started).when(again(FRANCE)).then(None)
    PROMISE.given().when(again(FRANCE)).then(None)
    in_time = answer(started.certificate.due_at)
    event = DECIDER.decide(DECIDER.replay((WITHOUT, started)), in_time)
    assert event is not None
    assert event.model_dump()["due_at"] == started.certificate.due_at
