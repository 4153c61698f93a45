"""Where the plan gives a target: cycles are reckoned on what is known, and each is missed once, after its deadline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.cycles import CycleReckoned, CyclesEvent, CyclesReckoned, CycleTargetMissed, Measure, TargetedCycle
from libs.messages.plan import CentreCalendar, Closure, CycleTargets, ResponseTargets, Status
from libs.workcal import tz_version
from services.sla_timer.cycles.decider import DECIDER, Begun, MissTarget, ReckonCycles, Reckoned, Unreckoned, target_of
from services.sla_timer.cycles.model import CycleFact, Kind, TicketHistory
from services.sla_timer.cycles.rows import CYCLES, CyclesRow
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.examples import CALENDARS, MICROSECOND, TARGETS, TICKET
from tests.unit.sla_timer.test_cycles import berlin, monday, story, tuesday
from tests.unit.support import Specification

STREAM = "cycles/crm-eu/4711"
CYCLE = Specification(DECIDER)
HOUR = 3600
OPENED_AT, ELEVEN, DUE_AT = monday("10:00"), monday("11:00"), monday("14:00")
FIRST = berlin(11, 1, "00:00")
RESOLVED = (monday("13:00"), Kind.RESOLVED)


def published(at: datetime = FIRST, version: int = 1, **cycles: int) -> PublishedTargets:
    content = {"version": version, "cycles": CycleTargets(**cycles) if cycles else None}
    return PublishedTargets("targets/plan/first-response", version, at, TARGETS.model_copy(update=content))


def calendar(at: datetime = FIRST, version: int = 1, *closures: Closure) -> PublishedCalendar:
    germany = CALENDARS["germany"]
    content = germany.model_copy(update={"version": version, "closures": (*germany.closures, *closures)})
    return PublishedCalendar("calendar/plan/germany", version, at, content)


CALENDAR, FOUR_HOURS = calendar(), published(resolution_seconds=4 * HOUR)
CLOSED_AT_NOON = calendar(
    monday("11:00"),
    2,
    Closure(
        day=monday("12:00").date(),
        name="Betriebsversammlung",
        status=Status.CONFIRMED,
        closed_from="12:00",
        closed_to="13:00",
    ),
)


def reckon(told: TicketHistory, now: datetime = ELEVEN) -> ReckonCycles:
    return ReckonCycles(now, told, 1 + len(told.facts), (CALENDAR,), (FOUR_HOURS,))


def reckoned(command: ReckonCycles, *past: CyclesEvent) -> list[CycleReckoned]:
    """Everything that is reckoned until nothing is left to be."""
    events: list[CycleReckoned] = []
    while event := DECIDER.decide(DECIDER.replay([*past, *events]), command):
        assert isinstance(event, CycleReckoned)
        assert event.is_last is (DECIDER.decide(DECIDER.replay([*past, *events, event]), command) is None)
        events.append(event)
    assert events
    return events


def cycles(*events: CyclesEvent) -> tuple[TargetedCycle, ...]:
    state = DECIDER.replay(events)
    assert isinstance(state, Reckoned)
    return state.cycles


def missed(detected_at: datetime, due_at: datetime = DUE_AT, started_at: datetime = OPENED_AT) -> CycleTargetMissed:
    return CycleTargetMissed(
        ticket=TICKET,
        centre="germany",
        measure=Measure.RESOLUTION,
        instance=1,
        started_at=started_at,
        due_at=due_at,
        missed_at=due_at,
        detected_at=detected_at,
    )


(OPENED,) = reckoned(reckon(story(OPENED_AT)))


def test_only_cycles_with_a_target_are_reckoned_with_what_they_rest_on() -> None:
    told = story(OPENED_AT, (monday("10:30"), Kind.ANSWERED))
    CYCLE.given().when(reckon(told)).then(
        CycleReckoned(
            ticket=TICKET,
            centre="germany",
            facts=2,
            cycle=TargetedCycle(
                measure=Measure.RESOLUTION,
                instance=1,
                started_at=OPENED_AT,
                target_seconds=4 * HOUR,
                used_microseconds=0,
                due_at=DUE_AT,
            ),
            is_last=True,
            calendar_version=1,
            targets_version=1,
            tz_version=tz_version(),
            rests_on=OPENED.rests_on,
        )
    )


def test_l10_a_paused_cycle_has_no_deadline_and_goes_on_with_what_is_left() -> None:
    paused = story(OPENED_AT, (monday("11:30"), Kind.PAUSED))
    (cycle,) = cycles(OPENED, *reckoned(reckon(paused, monday("11:30")), OPENED))
    assert (cycle.due_at, cycle.used_microseconds) == (None, 5400 * 1_000_000)
    resumed = replace(paused, facts=(*paused.facts, CycleFact(tuesday("08:00"), Kind.RESUMED)))
    (cycle,) = cycles(OPENED, *reckoned(reckon(resumed, tuesday("08:00")), OPENED))
    assert cycle.due_at == tuesday("11:30")


def test_a_target_holds_for_cycles_that_begin_from_its_publication_on() -> None:
    targets = [published(), published(monday("12:00"), 2, resolution_seconds=HOUR, next_response_seconds=60)]
    assert target_of(Measure.RESOLUTION, monday("12:00"), targets) == timedelta(hours=1)
    assert target_of(Measure.PERIODIC_UPDATE, monday("12:00"), targets) is None
    assert target_of(Measure.RESOLUTION, monday("12:00") - MICROSECOND, targets) is None
    assert target_of(Measure.RESOLUTION, FIRST - MICROSECOND, [FOUR_HOURS]) is None
    assert target_of(Measure.RESOLUTION, FIRST, [FOUR_HOURS]) == timedelta(hours=4)
    assert target_of(Measure.NEXT_RESPONSE, tuesday("12:00"), targets) == timedelta(minutes=1)


def test_nothing_is_reckoned_again_on_the_same_grounds() -> None:
    same = reckon(story(OPENED_AT), tuesday("11:00"))
    CYCLE.given(OPENED).when(same).then(None)
    newer = replace(same, calendars=(CALENDAR, CLOSED_AT_NOON))
    (anew,) = reckoned(newer, OPENED)
    assert cycles(OPENED, anew)[0].due_at == monday("15:00")
    assert anew.rests_on[0].sequence == 2
    CYCLE.given().when(replace(same, calendars=())).then(None)
    CYCLE.given().when(replace(same, targets=())).then(None)


def test_a_calendar_that_is_not_in_force_yet_moves_nothing() -> None:
    command = reckon(story(OPENED_AT), CLOSED_AT_NOON.published_at - MICROSECOND)
    CYCLE.given(OPENED).when(replace(command, calendars=(CALENDAR, CLOSED_AT_NOON))).then(None)


def test_what_has_ended_stays_as_it_was_reckoned_whatever_is_published_later() -> None:
    told = story(OPENED_AT, RESOLVED)
    before = reckoned(reckon(told))
    more = replace(told, facts=(*told.facts, CycleFact(monday("16:00"), Kind.REOPENED)))
    again = reckoned(replace(reckon(more, tuesday("09:00")), calendars=(CALENDAR, CLOSED_AT_NOON)), *before)
    after = cycles(*before, *again)
    assert after[0] == cycles(*before)[0]
    assert [cycle.instance for cycle in after] == [1, 2]
    anew = reckoned(replace(reckon(more, tuesday("09:00")), calendars=(CALENDAR, CLOSED_AT_NOON)))
    assert cycles(*anew)[0].due_at == monday("15:00")


def test_a_target_is_missed_after_its_deadline_and_not_at_it() -> None:
    CYCLE.given(OPENED).when(MissTarget(DUE_AT, DUE_AT)).then(None)
    CYCLE.given(OPENED).when(MissTarget(DUE_AT, DUE_AT + MICROSECOND)).then(missed(DUE_AT + MICROSECOND))
    CYCLE.given(OPENED).when(MissTarget(DUE_AT - MICROSECOND, tuesday("09:00"))).then(None)
    CYCLE.given().when(MissTarget(DUE_AT, tuesday("09:00"))).then(None)


def test_a_target_is_missed_once_also_when_more_becomes_known() -> None:
    gone = missed(tuesday("09:00"))
    CYCLE.given(OPENED, gone).when(MissTarget(DUE_AT, tuesday("10:00"))).then(None)
    anew = reckoned(
        replace(reckon(story(OPENED_AT), tuesday("10:00")), calendars=(CALENDAR, CLOSED_AT_NOON)), OPENED, gone
    )
    assert cycles(OPENED, gone, *anew)[0].due_at == monday("15:00")
    CYCLE.given(OPENED, gone, *anew).when(MissTarget(monday("15:00"), tuesday("11:00"))).then(None)


@pytest.mark.parametrize(("ended_at", "is_missed"), [(DUE_AT, False), (DUE_AT + MICROSECOND, True)])
def test_what_ended_in_time_is_not_missed_and_what_ended_late_is(ended_at: datetime, is_missed: bool) -> None:  # noqa: FBT001 - it is the table's column
    done = reckoned(reckon(story(OPENED_AT, (ended_at, Kind.RESOLVED)), tuesday("09:00")))
    expected = missed(tuesday("09:00")) if is_missed else None
    CYCLE.given(*done).when(MissTarget(DUE_AT, tuesday("09:00"))).then(expected)


def test_of_two_that_are_due_the_earlier_one_is_missed_first() -> None:
    told = story(OPENED_AT, (monday("10:30"), Kind.ANSWERED), (monday("10:45"), Kind.ASKED))
    targets = published(resolution_seconds=4 * HOUR, next_response_seconds=HOUR)
    both = reckoned(replace(reckon(told), targets=(targets,)))
    first = MissTarget(monday("11:45"), tuesday("09:00"))
    event = DECIDER.decide(DECIDER.replay(both), first)
    assert isinstance(event, CycleTargetMissed)
    assert (event.measure, event.started_at) == (Measure.NEXT_RESPONSE, monday("10:45"))
    CYCLE.given(*both).when(MissTarget(DUE_AT, tuesday("09:00"))).then(None)
    CYCLE.given(*both, event).when(MissTarget(DUE_AT, tuesday("09:00"))).then(missed(tuesday("09:00")))


def row(*events: CyclesEvent) -> CyclesRow:
    found: CyclesRow | None = None
    for sequence, event in enumerate(events, start=1):
        assert type(event) in CYCLES.events
        found = CYCLES.evolve(found, recorded_event(STREAM, sequence, event))
    assert found
    assert CYCLES.loaded(CYCLES.dump(found)) == found
    return found


def test_a_row_says_what_is_due_next_and_what_was_missed() -> None:
    shown = row(OPENED)
    assert (shown.known, shown.is_running, shown.next_due_at, shown.missed) == (1, True, DUE_AT, ())
    gone = row(OPENED, missed(tuesday("09:00")))
    assert (gone.is_running, gone.next_due_at, gone.missed) == (False, None, (Begun(Measure.RESOLUTION, OPENED_AT),))
    assert row(OPENED, missed(tuesday("09:00")), OPENED) == gone
    done = row(OPENED, *reckoned(reckon(story(OPENED_AT, RESOLVED)), OPENED))
    assert (done.known, done.is_running, done.next_due_at) == (2, False, None)


ALL = replace(reckon(story(OPENED_AT)), targets=(published(resolution_seconds=4 * HOUR, next_response_seconds=HOUR),))
MOMENTS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(
            [Kind.ANSWERED, Kind.RANG_WITHOUT_HELP, Kind.ASKED, Kind.PAUSED, Kind.RESUMED, Kind.RESOLVED, Kind.REOPENED]
        ),
    ),
    max_size=12,
)


def told_of(moments: Sequence[tuple[int, Kind]]) -> ReckonCycles:
    facts = tuple(CycleFact(OPENED_AT + timedelta(minutes=10 * at), kind) for at, kind in moments)
    return replace(ALL, story=replace(ALL.story, facts=facts), known=1 + len(facts), occurred_at=tuesday("12:00"))


@given(MOMENTS, st.integers(0, 12))
def test_reckoned_one_by_one_they_are_those_that_are_reckoned_at_once(
    moments: list[tuple[int, Kind]], first: int
) -> None:
    early, late = told_of(moments[:first]), told_of(moments)
    before = reckoned(early)
    after = reckoned(late, *before) if first < len(moments) else []
    wanted = cycles(*reckoned(late))
    assert cycles(*before, *after) == wanted
    assert row(*before, *after).cycles == wanted


def test_what_was_reckoned_whole_is_gone_on_from() -> None:
    told = story(OPENED_AT, RESOLVED)
    whole = CyclesReckoned(**{**OPENED.model_dump(exclude={"cycle", "gone", "is_last"}), "cycles": cycles(OPENED)})
    assert DECIDER.replay([whole]) == DECIDER.replay([OPENED])
    assert cycles(whole, *reckoned(reckon(told), whole)) == cycles(*reckoned(reckon(told)))
    assert row(whole) == row(OPENED)


def test_no_event_of_a_ticket_with_very_many_cycles_is_large() -> None:
    asked = [CycleFact(OPENED_AT + timedelta(seconds=n), (Kind.ANSWERED, Kind.ASKED)[n % 2]) for n in range(5000)]
    command = replace(ALL, story=replace(ALL.story, facts=tuple(asked)), known=5001)
    event = DECIDER.decide(Unreckoned(), command)
    assert isinstance(event, CycleReckoned)
    assert not event.is_last
    assert len(event.model_dump_json()) < 2000


def test_a_deadline_that_no_calendar_gives_is_left_open() -> None:
    germany: CentreCalendar = CALENDAR.content.model_copy(update={"last_day": OPENED_AT.date()})
    short = (replace(CALENDAR, content=germany),)
    (cycle,) = cycles(*reckoned(replace(reckon(story(monday("16:00"))), calendars=short)))
    assert (cycle.due_at, cycle.used_microseconds) == (None, None)


def test_the_shipped_plan_gives_no_target_for_cycles() -> None:
    assert TARGETS.cycles is None
    assert ResponseTargets.model_validate(TARGETS.model_dump(exclude={"cycles"})) == TARGETS
