"""Clocks differ: what is stamped a little before the opening is taken at it, and a call told twice is one call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.messages import upstream
from libs.messages.base import FactVersion
from libs.messages.refusals import MessageRefusal, ResponseRefusal
from libs.messages.tickets import (
    Channel,
    Medium,
    MessageRefused,
    RespondedBy,
    ResponseRecorded,
    ResponseRefused,
    TicketEvent,
    TicketsMerged,
)
from services.intake.domain import DECIDER, ApplyHeld, TakeMessage
from services.intake.known_calls import CALLS_AT_MOST
from services.intake.life import Ticket
from services.intake.ticket_rows import TICKET_ROWS
from tests.unit.intake.examples import (
    HERE,
    LATER,
    MICROSECOND,
    OPENED,
    THERE,
    TUESDAY,
    call,
    called,
    exclude,
    excluded,
    merge,
    merged,
    note,
    noted,
    pause,
    paused,
    recorded,
    reopen,
    reopened,
    resolve,
    resolved,
    response,
    resume,
    resumed,
    said_of,
    take,
    transfer,
    transferred,
    withdraw,
    withdrawn,
)
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

TICKET = Specification(DECIDER)
TOLERANCE = timedelta(minutes=5)
ZERO = timedelta()
AROUND = (-TOLERANCE - MICROSECOND, -TOLERANCE, -MICROSECOND, ZERO, MICROSECOND, TOLERANCE, TOLERANCE + MICROSECOND)
PHONED = OPENED.model_copy(update={"channel": Channel.PHONE})
AGENT, COLLEAGUE = "person/crm-eu/agent-5", "person/crm-eu/agent-6"


def on_survivor(at: datetime) -> TicketsMerged:
    return merged(at).model_copy(update={"rests_on": (FactVersion(stream=THERE, sequence=3),)})


Said = Callable[[datetime], TakeMessage]
Happened = Callable[[datetime], TicketEvent]
KINDS: list[tuple[Said, Happened, tuple[TicketEvent, ...]]] = [
    (response, recorded, ()),
    (call, called, ()),
    (note, noted, ()),
    (transfer, transferred, ()),
    (merge, on_survivor, ()),
    (pause, paused, ()),
    (resume, resumed, (paused(TUESDAY),)),
    (resolve, resolved, ()),
    (reopen, reopened, (resolved(TUESDAY),)),
    (exclude, excluded, ()),
    (withdraw, withdrawn, ()),
]


def test_every_kind_of_message_is_among_them() -> None:
    kinds = {said(LATER).message.upstream_type for said, _, _ in KINDS}
    assert kinds == {upstream.upstream_type(model) for model in upstream.TicketFollowUp.__args__}


@pytest.mark.parametrize("offset", AROUND)
@pytest.mark.parametrize(("said", "happened", "before"), KINDS)
def test_what_is_stamped_within_the_tolerance_before_the_opening_is_taken_at_the_opening(
    said: Said, happened: Happened, before: tuple[TicketEvent, ...], offset: timedelta
) -> None:
    command = replace(said(TUESDAY + offset), tolerance=TOLERANCE)
    expected = happened(max(TUESDAY, TUESDAY + offset)) if offset >= -TOLERANCE else turned_away(command)
    TICKET.given(OPENED, *before).when(command).then(expected)
    if not before:
        held = ApplyHeld(command.occurred_at, 1, command.facts, TOLERANCE)
        TICKET.given(command.message, OPENED).when(held).then(expected)


@pytest.mark.parametrize(("said", "happened", "before"), KINDS)
def test_without_a_tolerance_nothing_is_about_an_instant_before_the_opening(
    said: Said, happened: Happened, before: tuple[TicketEvent, ...]
) -> None:
    early = said(TUESDAY - MICROSECOND)
    TICKET.given(OPENED, *before).when(early).then(turned_away(early))
    TICKET.given(OPENED, *before).when(said(TUESDAY)).then(happened(TUESDAY))


def turned_away(command: TakeMessage) -> TicketEvent:
    at, kind = command.occurred_at, command.message.upstream_type
    if command.message.response:
        return ResponseRefused(responded_at=at, by=RespondedBy.PERSON, reason=ResponseRefusal.BEFORE_OPENING)
    return MessageRefused(upstream_type=kind, said_at=at, reason=MessageRefusal.BEFORE_OPENING)


def answered(
    at: datetime,
    medium: Medium = Medium.CALL,
    by: RespondedBy = RespondedBy.PERSON,
    responder: str | None = AGENT,
    *,
    help_given: bool = False,
) -> ResponseRecorded:
    return ResponseRecorded(responded_at=at, medium=medium, by=by, help_given=help_given, responder=responder)


def answering(said: ResponseRecorded) -> TakeMessage:
    message = said_of(said.responded_at, upstream.ResponseGiven, response=said)
    return replace(take(message), tolerance=TOLERANCE)


def is_known(said: ResponseRecorded, *given: TicketEvent) -> bool:
    event: Any = DECIDER.decide(DECIDER.replay(given), answering(said))
    assert isinstance(event, ResponseRecorded)
    return event.known_call


@pytest.mark.parametrize("offset", AROUND[1:])
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("by", RespondedBy)
@pytest.mark.parametrize("help_given", [False, True])
@pytest.mark.parametrize("responder", [None, AGENT])
def test_the_opening_call_is_known_by_channel_medium_agent_and_tolerance(
    offset: timedelta, channel: Channel, medium: Medium, by: RespondedBy, responder: str | None, *, help_given: bool
) -> None:
    said = answered(TUESDAY + offset, medium, by, responder, help_given=help_given)
    is_call = channel is Channel.PHONE and medium is Medium.CALL and by is RespondedBy.PERSON and not help_given
    opened = OPENED.model_copy(update={"channel": channel})
    assert is_known(said, opened) is (is_call and abs(offset) <= TOLERANCE)


@pytest.mark.parametrize("offset", AROUND)
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("helped_in_call", [False, True])
def test_a_call_of_the_customer_that_is_told_again_as_an_answer_is_known_on_every_channel(
    offset: timedelta, channel: Channel, *, helped_in_call: bool
) -> None:
    rang = called(LATER).model_copy(update={"help_given": helped_in_call})
    opened = OPENED.model_copy(update={"channel": channel})
    assert is_known(answered(LATER + offset), opened, rang) is (abs(offset) <= TOLERANCE and not helped_in_call)


@pytest.mark.parametrize("opened", [PHONED, OPENED])
@pytest.mark.parametrize(
    ("first", "second", "known"),
    [
        (AGENT, AGENT, True),
        (AGENT, None, True),
        (None, COLLEAGUE, True),
        (AGENT, COLLEAGUE, False),
    ],
)
def test_another_agent_who_rings_back_answers(
    opened: TicketEvent, first: str | None, second: str | None, *, known: bool
) -> None:
    rang = called(TUESDAY)
    told = answered(TUESDAY + MICROSECOND, responder=first).model_copy(update={"known_call": True})
    before = (opened,) if opened is PHONED else (opened, rang)
    assert is_known(answered(TUESDAY + TOLERANCE, responder=second), *before, told) is known


def test_what_a_ticket_remembers_of_calls_is_limited_and_holds_the_opening_call() -> None:
    calls = [called(LATER + number * TOLERANCE) for number in range(1, 3 * CALLS_AT_MOST)]
    state = DECIDER.replay([PHONED, *calls])
    assert isinstance(state, Ticket)
    assert len(state.calls) == CALLS_AT_MOST + 1
    assert is_known(answered(TUESDAY + TOLERANCE), PHONED, *calls)
    assert is_known(answered(calls[-1].called_at), PHONED, *calls)


def test_a_known_call_is_no_answer_in_the_row_either() -> None:
    told = answered(TUESDAY + MICROSECOND).model_copy(update={"known_call": True})
    row = None
    for number, event in enumerate((PHONED, told), start=1):
        row = TICKET_ROWS.evolve(row, recorded_event(HERE, number, event))
    assert row is not None
    assert (row.responses, row.first_responded_at) == (0, None)
