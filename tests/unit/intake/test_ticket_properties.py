"""Whatever is said about a ticket, in whatever order: every message is judged once, in order, and as if never held."""

from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from libs.messages.clauses import Clause
from libs.messages.tickets import (
    MergeUndone,
    MessageHeld,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from services.intake.domain import (
    DECIDER,
    Command,
    RefusedTicket,
    State,
    TakeMessage,
    UndoMerge,
    Unopened,
    owed,
)
from services.intake.facts import KnownCentre
from services.intake.life import Merged, Paused, Resolved, Ticket
from services.intake.life import ticket as begin
from services.intake.opening import OpenTicket
from tests.unit.intake.examples import (
    BY_WEB,
    CALLED_JAPAN,
    CONTRACT,
    FACTS,
    HERE,
    LATER,
    MICROSECOND,
    OPENED,
    REFUSED,
    SURVIVOR,
    THERE,
    TUESDAY,
    UNKNOWN,
    call,
    held,
    merge,
    note,
    pause,
    reopen,
    resolve,
    response,
    resume,
    transfer,
    withdraw,
)

KNOWN = replace(FACTS, receiving=KnownCentre("calendar/plan/americas", 1, "americas"), survivor=SURVIVOR)
"""What is known whenever it is asked for."""
MESSAGES = [
    response(TUESDAY - MICROSECOND),
    response(TUESDAY),
    call(LATER),
    note(LATER),
    transfer(LATER),
    merge(LATER),
    merge(LATER, HERE),
    pause(TUESDAY),
    resume(LATER),
    reopen(LATER),
    reopen(CONTRACT.covered_until),
    resolve(TUESDAY),
    resolve(LATER),
    withdraw(LATER),
    replace(note(LATER), not_after=TUESDAY),
]
messages = st.lists(st.sampled_from(MESSAGES), max_size=10).map(
    lambda said: [replace(one, facts=KNOWN) for one in said]
)
openings = st.sampled_from([BY_WEB, CALLED_JAPAN, UNKNOWN])


def answer(past: list[TicketEvent], command: Command) -> TicketEvent:
    event = DECIDER.decide(DECIDER.replay(past), command)
    assert event is not None
    return event


def settled(said: list[OpenTicket | TakeMessage]) -> list[TicketEvent]:
    """Answer everything, and apply at once what can be applied."""
    history: list[TicketEvent] = []
    for command in said:
        history.append(answer(history, command))
        while due := owed(DECIDER.replay(history)):
            history.append(answer(history, replace(due[0].command, facts=KNOWN)))
    return history


@settings(deadline=None)
@drawn(messages, openings)
def test_a_message_that_was_held_comes_to_what_it_would_have_come_to(
    said: list[TakeMessage], opening: OpenTicket
) -> None:
    before = [event for event in settled([*said, opening]) if not isinstance(event, MessageHeld)]
    after = settled([opening, *said])
    assert sorted(map(repr, before)) == sorted(map(repr, after))
    assert [e for e in before if _waits(e)] == [e for e in after if _waits(e)]
    assert _without_count(DECIDER.replay(before)) == _without_count(DECIDER.replay(after))


def _waits(event: TicketEvent) -> bool:
    """Tell what is judged on the ticket from what is turned away at once: that does not wait for the ticket."""
    return getattr(event, "reason", None) not in {"into-itself", "time-in-future"} and not isinstance(
        event, TicketOpened | TicketRefused
    )


def _without_count(state: State) -> State:
    return state if isinstance(state, Unopened) else replace(state, applied=0)


@settings(deadline=None)
@drawn(st.lists(st.one_of(messages.flatmap(lambda some: st.sampled_from(some or MESSAGES)), openings), max_size=12))
def test_every_message_has_one_answer_and_none_is_left_over(said: list[OpenTicket | TakeMessage]) -> None:
    history = settled(said)
    state = DECIDER.replay(history)
    waiting = sum(isinstance(event, MessageHeld) for event in history)
    assert sum(isinstance(event, TicketOpened | TicketRefused) for event in history) <= 1
    if isinstance(state, Unopened):
        assert len(state.held) == waiting
    else:
        assert (state.held, state.applied) == ((), waiting)
    assert len(history) == len(said) + (0 if isinstance(state, Unopened) else waiting)


@settings(deadline=None)
@drawn(messages, openings, st.data())
def test_any_part_of_a_history_folds_and_is_stored_as_it_is(
    said: list[TakeMessage], opening: OpenTicket, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(said)))
    history = settled([*said[:at], opening, *said[at:]])
    part = DECIDER.replay(history[: data.draw(st.integers(0, len(history)))])
    adapter: TypeAdapter[State] = TypeAdapter(State)
    assert adapter.validate_json(adapter.dump_json(part)) == part
    undone = DECIDER.decide(part, UndoMerge(LATER, THERE))
    assert (undone is not None) == (isinstance(part, Ticket) and isinstance(part.stage, Merged))
    assert undone is None or isinstance(undone, MergeUndone)


@pytest.mark.parametrize(
    "state",
    [
        Unopened(),
        DECIDER.replay([held(LATER)]),
        DECIDER.replay([held(LATER), note(LATER).message, reopen(LATER).message, OPENED]),
        DECIDER.replay([REFUSED]),
        replace(begin(OPENED, held=()), applied=3, stage=Merged(THERE, Resolved())),
        replace(begin(OPENED, held=()), stage=Merged(THERE, Paused())),
        RefusedTicket(Clause.NOT_COVERED, applied=1),
    ],
)
def test_a_stored_state_is_the_state(state: State) -> None:
    adapter: TypeAdapter[State] = TypeAdapter(State)
    assert adapter.validate_json(adapter.dump_json(state)) == state
