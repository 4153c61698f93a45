"""Facts are read before a message is decided on: whatever they are about by then, there is an answer and no failure."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from libs.messages.tickets import MessageHeld, MessageRefused
from libs.plan import KnownCustomer
from services.intake.domain import DECIDER, ApplyHeld, Command, UndoMerge
from services.intake.facts import KnownCentre, KnownTicket, TicketFacts
from tests.unit.intake.examples import (
    BY_WEB,
    CALLED_JAPAN,
    FACTS,
    LATER,
    THERE,
    TUESDAY,
    UNKNOWN,
    reopen,
)
from tests.unit.intake.test_ticket_properties import MESSAGES

OTHERS = (None, KnownCustomer("customer/erp/C-2002", 3, "japan", None, has_contract=True), FACTS.customer)
EMPTY = replace(reopen(LATER), message=MessageHeld(upstream_type="olcare.upstream.NewerKind.v1", said_at=LATER))


def facts(rng: Random) -> TicketFacts:
    states = ["held", "open", "excluded", "resolved", "withdrawn", "merged", "refused"]
    return TicketFacts(
        customer=rng.choice(OTHERS),
        terms=FACTS.terms if rng.random() < 0.5 else (),
        product=FACTS.product if rng.random() < 0.5 else None,
        called=rng.choice([None, FACTS.called]),
        receiving=rng.choice([None, KnownCentre("calendar/plan/japan", 1, "japan")]),
        survivor=rng.choice([None, KnownTicket(THERE, rng.randrange(1, 9), rng.choice(states))]),
    )


def command(rng: Random) -> Command:
    kind = rng.random()
    if kind < 0.2:
        return replace(rng.choice([BY_WEB, CALLED_JAPAN, UNKNOWN]), facts=facts(rng))
    if kind < 0.7:
        return replace(rng.choice([*MESSAGES, EMPTY]), facts=facts(rng))
    if kind < 0.9:
        return ApplyHeld(TUESDAY + timedelta(minutes=rng.randrange(90)), rng.randrange(4), facts(rng))
    return UndoMerge(LATER, THERE)


def test_no_command_about_a_ticket_fails_whatever_its_facts_are_about() -> None:
    for seed in range(1000):
        rng, state = Random(seed), DECIDER.initial
        for _ in range(12):
            asked = command(rng)
            event = DECIDER.decide(state, asked)
            assert event is not None or isinstance(asked, ApplyHeld | UndoMerge), (seed, asked)
            state = DECIDER.evolve(state, event) if event else state


def test_a_message_of_a_kind_that_is_not_known_here_is_refused() -> None:
    opened = DECIDER.decide(DECIDER.initial, BY_WEB)
    assert opened is not None
    event = DECIDER.decide(DECIDER.replay([opened]), EMPTY)
    assert isinstance(event, MessageRefused)
    assert str(event.reason) == "not-taken-yet"


def test_a_held_reopening_waits_while_the_facts_are_of_another_customer() -> None:
    asked = reopen(LATER)
    opened = DECIDER.decide(DECIDER.initial, BY_WEB)
    assert opened is not None
    state = DECIDER.replay([asked.message, opened])
    assert DECIDER.decide(state, ApplyHeld(LATER, 1, replace(FACTS, customer=OTHERS[1]))) is None
    assert DECIDER.decide(state, ApplyHeld(LATER, 1, FACTS)) is not None
