"""Whatever is said in whatever order: one promise, one verdict, never early, and never against an answer in time."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    PromiseEvent,
)
from libs.messages.tickets import Medium, RespondedBy
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.responses import RecordResponse
from services.sla_timer.promise.rows import PROMISES, PromiseRow
from services.sla_timer.promise.state import Judged, NotPromised, State, Untracked, Waiting
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.examples import DUE_AT, OPENED_AT, STREAM, answer, breached, fire, met, start, warn

MUCH_LATER = DUE_AT + timedelta(days=1)
STATES: TypeAdapter[State] = TypeAdapter(State)

instants = st.one_of(
    st.just(OPENED_AT),
    st.integers(-2, 2).map(lambda microseconds: DUE_AT + timedelta(microseconds=microseconds)),
    st.integers(0, 100).map(lambda hours: OPENED_AT + timedelta(hours=hours)),
)
answers = st.builds(answer, instants, st.sampled_from(Medium), st.sampled_from(RespondedBy), help_given=st.booleans())
openings = st.builds(start, st.one_of(st.just(OPENED_AT), instants))
duties: st.SearchStrategy[Command] = st.one_of(
    st.just(warn()), st.builds(warn, instants), st.builds(fire, instants), st.builds(fire, instants, instants)
)
early_duties: st.SearchStrategy[Command] = st.one_of(
    st.just(warn()), st.builds(warn, instants), st.builds(fire, instants.filter(lambda at: at <= DUE_AT), instants)
)
histories = st.lists(st.one_of(openings, answers, answers, duties, duties), max_size=15)


def played(said: Sequence[Command]) -> list[PromiseEvent]:
    events: list[PromiseEvent] = []
    state = DECIDER.initial
    for command in said:
        if event := DECIDER.decide(state, command):
            events.append(event)
            state = DECIDER.evolve(state, event)
    return events


def verdicts(events: Sequence[PromiseEvent]) -> list[PromiseEvent]:
    return [event for event in events if isinstance(event, FirstResponseMet | FirstResponseBreached)]


def is_a_response(said: RecordResponse) -> bool:
    opening_call = said.medium is Medium.CALL and said.occurred_at == OPENED_AT
    return said.by is RespondedBy.PERSON and (said.help_given or not opening_call)


@given(histories)
def test_there_is_at_most_one_promise_one_warning_and_one_verdict(said: list[Command]) -> None:
    events = played(said)
    kinds = [type(event) for event in events]
    assert kinds.count(FirstResponseClockStarted) <= 1
    assert kinds.count(FirstResponseAtRisk) <= 1
    assert len(verdicts(events)) <= kinds.count(FirstResponseClockStarted)


@given(histories)
def test_no_verdict_is_early_or_against_the_rule(said: list[Command]) -> None:
    for verdict in verdicts(played(said)):
        assert isinstance(verdict, FirstResponseMet | FirstResponseBreached)
        if isinstance(verdict, FirstResponseMet):
            assert verdict.responded_at <= verdict.due_at
        else:
            assert verdict.breached_at == verdict.due_at < verdict.detected_at
            assert verdict.responded_at is None or verdict.responded_at > verdict.due_at


@given(st.lists(st.one_of(openings, answers), max_size=15))
def test_what_is_no_duty_leaves_exactly_one_event_each(said: list[Command]) -> None:
    assert len(played(said)) == len(said)


@given(st.lists(answers, max_size=8), st.lists(early_duties, max_size=4), st.data())
def test_in_whatever_order_it_was_read_before_the_deadline_fires_the_verdict_is_the_same(
    answered: list[RecordResponse], early: list[Command], data: st.DataObject
) -> None:
    """That is what safe time is for; which of several answers in time meets the promise is for the order to say."""
    read = data.draw(st.permutations([*answered, *early]))
    (verdict,) = verdicts(played([start(OPENED_AT), *read, fire(MUCH_LATER)]))
    counted = sorted(said.occurred_at for said in answered if is_a_response(said))
    in_time = [at for at in counted if at <= DUE_AT]
    if in_time:
        assert verdict in [met(at) for at in in_time]
    else:
        assert verdict == breached(MUCH_LATER, next(iter(counted), None))


@given(histories, st.integers(0, 15))
def test_any_prefix_of_a_history_folds_and_comes_back_from_storage(said: list[Command], length: int) -> None:
    events = played(said)
    state = DECIDER.replay(events[:length])
    assert STATES.validate_json(STATES.dump_json(state)) == state
    for event in events[length:]:
        state = DECIDER.evolve(state, event)
    assert state == DECIDER.replay(events)


@given(histories)
def test_the_row_says_what_the_state_says_that_is_decided_on(said: list[Command]) -> None:
    row: PromiseRow | None = None
    state = DECIDER.initial
    for sequence, event in enumerate(played(said), start=1):
        row, state = PROMISES.evolve(row, recorded_event(STREAM, sequence, event)), DECIDER.evolve(state, event)
        match state:
            case Untracked():
                assert row is None
            case Waiting():
                assert row is not None
                assert (row.state, row.warned, row.responded_at) == ("waiting", state.warned, state.late_at)
            case Judged():
                assert row is not None
                assert row.state == state.verdict
            case NotPromised():
                assert row is not None
                assert (row.state, row.reason) == ("not-promised", state.reason)
