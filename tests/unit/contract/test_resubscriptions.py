"""OL Care is taken up again: another contract, dearer, with a gap that stays uncovered (K9, K11)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRefusal,
    ContractRefused,
    ContractResubscribed,
    ResubscriptionUndone,
    SignatureRefusal,
    SignatureRefused,
    TermKind,
)
from libs.messages.licences import LicenceKind, Payment
from services.contract.contract_states import Lapsed, Resubscribed
from services.contract.contracts import DECIDER, BeginContract
from services.contract.reactions import ReactionFacts, react
from services.contract.resubscriptions import UndoResubscription
from tests.unit.contract.examples import ACTIVATED, CONTRACT, CUSTOMER, ENDS
from tests.unit.contract.renewed import END, FIRST_DAY, KNOWN, LAPSED, LAST_DAY, SUCCESSOR, take_up
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

SUPPORT = Specification(DECIDER)
NOW = datetime(2027, 6, 15, 9, tzinfo=UTC)
NOTHING_KNOWN = ReactionFacts(NOW, {}, {})


def taken_up() -> ContractResubscribed:
    found = DECIDER.decide(DECIDER.replay((ACTIVATED, LAPSED)), take_up(NOW.date(), NOW))
    assert isinstance(found, ContractResubscribed)
    return found


def begin() -> tuple[str, BeginContract]:
    [reaction] = react(recorded_event(CONTRACT, 3, taken_up()), NOTHING_KNOWN)
    assert isinstance(reaction.command, BeginContract)
    return reaction.stream, reaction.command


def test_k9_another_contract_begins_dearer_and_the_gap_stays() -> None:
    event = taken_up()
    assert (event.term.contract, event.term.first_day, event.term.last_day) == (
        SUCCESSOR,
        date(2027, 6, 15),
        date(2028, 6, 14),
    )
    assert event.term.covered_from > ENDS
    assert event.term.price
    assert (event.term.price.amount, event.term.price.rate) == ("3086.42", 2500)
    stream, command = begin()
    activated = DECIDER.decide(DECIDER.initial, command)
    assert isinstance(activated, ContractActivated)
    assert (stream, activated.term_kind, activated.follows) == (SUCCESSOR, TermKind.RESUBSCRIPTION, CONTRACT)
    assert activated.price == event.term.price


def test_k11_it_is_dearer_after_rounding() -> None:
    poor = replace(take_up(NOW.date(), NOW), licence=replace(KNOWN, list_value="0.05"))
    event = DECIDER.decide(DECIDER.replay((ACTIVATED, LAPSED)), poor)
    assert isinstance(event, ContractResubscribed)
    assert event.term.price
    assert (Decimal(event.term.price.amount), event.term.price.adjusted) == (Decimal("0.02"), True)


def test_it_is_taken_although_nobody_has_noted_the_lapse_yet_and_the_lapse_is_noted_after_it() -> None:
    event = DECIDER.decide(DECIDER.replay((ACTIVATED,)), take_up(FIRST_DAY, NOW))
    assert isinstance(event, ContractResubscribed)
    state = DECIDER.replay((ACTIVATED, event))
    ended = DECIDER.decide(state, END)
    assert isinstance(ended, ContractLapsed)
    assert isinstance(state, Resubscribed)
    assert DECIDER.replay((ACTIVATED, event, ended)) == replace(state, lapsed=True)
    SUPPORT.given(ACTIVATED, event, ended).when(END).then(None)


def test_k9_the_successor_from_the_day_after_on_is_no_renewal_in_whatever_order_lapse_and_signature_come() -> None:
    event = DECIDER.decide(DECIDER.replay((ACTIVATED,)), take_up(FIRST_DAY, NOW))
    assert isinstance(event, ContractResubscribed)
    assert event.term.covered_from == ENDS
    SUPPORT.given(ACTIVATED, event).when(replace(END, continued_by=SUCCESSOR)).then(LAPSED)
    other = DECIDER.decide(DECIDER.replay((ACTIVATED, event)), replace(END, continued_by="contract/erp/K-9"))
    assert isinstance(other, ContractContinued)


@pytest.mark.parametrize(
    ("command", "reason", "clause"),
    [
        (take_up(LAST_DAY, NOW), SignatureRefusal.NOT_LAPSED, None),
        (take_up(date(2027, 6, 16), NOW), SignatureRefusal.SIGNED_IN_FUTURE, None),
        (take_up(NOW.date(), NOW, date(2027, 6, 14)), SignatureRefusal.BEGINS_WITH_SIGNATURE, None),
        (take_up(NOW.date(), NOW, date(2029, 6, 14)), SignatureRefusal.BEGINS_WITH_SIGNATURE, None),
        (
            replace(take_up(NOW.date(), NOW), successor_is_there=True),
            SignatureRefusal.CONTRACT_NUMBER_IN_USE,
            None,
        ),
        (replace(take_up(NOW.date(), NOW), successor=CONTRACT), SignatureRefusal.CONTRACT_NUMBER_IN_USE, None),
        (
            take_up(NOW.date(), NOW, payment=Payment.MONTHLY),
            SignatureRefusal.NOT_BY_THE_MONTH,
            Clause.YEARLY_PROGRAMME,
        ),
        (
            take_up(NOW.date(), NOW, payment=Payment.PER_CALL),
            SignatureRefusal.NOT_BY_THE_CALL,
            Clause.NO_PAY_PER_CALL,
        ),
    ],
)
def test_what_is_no_re_subscription_is_refused_with_its_reason(
    command: object, reason: SignatureRefusal, clause: Clause | None
) -> None:
    found = DECIDER.decide(DECIDER.replay((ACTIVATED, LAPSED)), command)  # type: ignore[arg-type]
    assert isinstance(found, SignatureRefused)
    assert (found.reason, found.clause) == (reason, clause)


def test_it_is_taken_up_once() -> None:
    found = DECIDER.decide(DECIDER.replay((ACTIVATED, LAPSED, taken_up())), take_up(NOW.date(), NOW))
    assert isinstance(found, SignatureRefused)
    assert found.reason is SignatureRefusal.RESUBSCRIBED


def test_a_subscription_licence_is_bought_anew_not_taken_up() -> None:
    included = ACTIVATED.model_copy(update={"licence_kind": LicenceKind.SUBSCRIPTION})
    found = DECIDER.decide(DECIDER.replay((included, LAPSED)), take_up(NOW.date(), NOW))
    assert isinstance(found, SignatureRefused)
    assert found.reason is SignatureRefusal.SUBSCRIPTION_INCLUDES_CARE


def test_where_the_number_was_given_away_meanwhile_the_contract_is_lapsed_again() -> None:
    _, command = begin()
    in_use = DECIDER.decide(DECIDER.replay((ACTIVATED,)), command)
    assert isinstance(in_use, ContractRefused)
    assert (in_use.reason, in_use.asked_by) == (ContractRefusal.ALREADY_ACTIVE, CONTRACT)
    [reaction] = react(recorded_event(SUCCESSOR, 2, in_use), NOTHING_KNOWN)
    assert (reaction.stream, reaction.command) == (CONTRACT, UndoResubscription(NOW, CONTRACT, SUCCESSOR))
    history = (ACTIVATED, LAPSED, taken_up())
    undone = DECIDER.decide(DECIDER.replay(history), reaction.command)  # type: ignore[arg-type]
    assert undone == ResubscriptionUndone(contract=CONTRACT, successor=SUCCESSOR, undone_at=NOW)
    assert isinstance(DECIDER.replay(history), Resubscribed)
    assert isinstance(DECIDER.replay((*history, undone)), Lapsed)
    SUPPORT.given(*history, undone).when(reaction.command).then(None)  # type: ignore[arg-type]


def test_the_days_between_are_covered_by_neither() -> None:
    event = taken_up()
    assert event.term.covered_from - ENDS == timedelta(days=14)
    assert event.customer == CUSTOMER
