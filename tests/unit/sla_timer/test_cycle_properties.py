"""Whatever the order in which facts become known: the same cycles, in turn, and every minute counted once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages.cycles import Measure
from libs.messages.tickets import Channel
from libs.plan import working_calendar
from libs.workcal import working_time_between
from services.sla_timer.cycles.model import Cycle, CycleFact, Kind, TicketHistory, cycles_of
from services.sla_timer.cycles.working_time import NOTHING, stretches, used_up_at, working_time
from tests.unit.sla_timer.examples import CALENDARS, TICKET

GERMANY = working_calendar(CALENDARS["germany"])
OPENED_AT = datetime(2026, 11, 27, 9, tzinfo=UTC)  # a Friday
END = OPENED_AT + timedelta(days=9)

instants = st.sampled_from([-1, 0, 1, 30, 60, 90, 240, 420, 481, 1000, 4320, 4400, 4500, 6000]).map(
    lambda minutes: OPENED_AT + timedelta(minutes=minutes)
)
facts = st.builds(
    lambda at, kind, into: CycleFact(at, kind, into if kind in {Kind.MERGED, Kind.UNMERGED} else None),
    instants,
    st.sampled_from(Kind),
    st.sampled_from(["ticket/crm-eu/8", "ticket/crm-eu/9"]),
)
working_facts = facts.filter(lambda fact: fact.kind not in {Kind.MERGED, Kind.UNMERGED})
channels = st.sampled_from(Channel)


def story(said: list[CycleFact], channel: Channel = Channel.EMAIL) -> TicketHistory:
    return TicketHistory(TICKET, "germany", channel, OPENED_AT, tuple(said))


def by_measure(found: list[Cycle]) -> list[list[Cycle]]:
    return [[cycle for cycle in found if cycle.measure is measure] for measure in Measure]


@settings(deadline=None)
@given(st.lists(facts, max_size=14).flatmap(lambda said: st.tuples(st.just(said), st.permutations(said))), channels)
def test_the_cycles_follow_from_the_facts_whatever_came_first(
    said: tuple[list[CycleFact], list[CycleFact]], channel: Channel
) -> None:
    assert cycles_of(story(said[0], channel)) == cycles_of(story(said[1], channel))


@settings(deadline=None)
@given(st.lists(working_facts, max_size=14), st.data())
def test_what_is_said_twice_is_said_once(said: list[CycleFact], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(said), max_size=5)) if said else []
    assert cycles_of(story([*said, *again])) == cycles_of(story(said))


@settings(deadline=None)
@given(st.lists(facts, max_size=14))
def test_cycles_of_a_measure_follow_each_other_and_only_the_last_may_run(said: list[CycleFact]) -> None:
    for found in by_measure(cycles_of(story(said))):
        assert sorted(cycle.instance for cycle in found) == list(range(1, len(found) + 1))
        ordered = sorted(found, key=lambda cycle: cycle.instance)
        for before, after in pairwise(ordered):
            assert before.ended_at is not None
            assert before.started_at <= before.ended_at <= after.started_at
        assert sum(cycle.ended_at is None for cycle in found) <= 1


@settings(deadline=None)
@given(st.lists(facts, max_size=14))
def test_a_pause_takes_its_own_working_time_out_of_a_cycle_and_no_more(said: list[CycleFact]) -> None:
    for cycle in cycles_of(story(said)):
        end = cycle.ended_at or END
        stood = (working_time_between(GERMANY, p.paused_at, p.resumed_at or end) for p in cycle.pauses)
        whole = working_time_between(GERMANY, cycle.started_at, end)
        assert working_time(cycle, GERMANY, END) == whole - sum(stood, NOTHING)


@settings(deadline=None)
@given(st.lists(facts, max_size=14), st.integers(1, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds)))
def test_at_its_deadline_a_cycle_has_run_for_the_target_and_not_before(
    said: list[CycleFact], target: timedelta
) -> None:
    for cycle in cycles_of(story(said)):
        due_at = used_up_at(cycle, GERMANY, target)
        if due_at is None:
            assert cycle.pauses
            assert working_time(cycle, GERMANY, END) < target
            continue
        spans = [(stretch.since, stretch.until) for stretch in stretches(cycle)]
        last = max(since for since, _ in spans if since <= due_at)
        ran = (
            working_time_between(GERMANY, since, due_at if since == last else until or due_at)
            for since, until in spans
            if since <= due_at
        )
        assert sum(ran, NOTHING) == target
