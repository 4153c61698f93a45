"""Benefits switch with cover, product by product, at the instant from which they hold."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any, NamedTuple

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from libs.messages.base import Event
from libs.messages.contracts import ContractContinued, ContractLapsed, TermBegan
from libs.messages.entitlements import Benefit, EntitlementsChanged
from services.contract.entitlements import ALL, DECIDER, Entitlements
from services.contract.reactions import (
    CoverAsked,
    Covering,
    CoveringTerm,
    ReactionFacts,
    cover_asked,
    entitlements_of,
    react,
)
from tests.unit.contract.examples import CONTRACT, CUSTOMER, ENDS, JUNE
from tests.unit.contract.renewed import LAPSED, LAST_DAY, SUCCESSOR, renewed
from tests.unit.recorded import recorded_event

PRODUCTS = ("planetpress-connect", "pres-connect")
BEGAN = TermBegan(
    contract=CONTRACT, customer=CUSTOMER, products=PRODUCTS, began_at=JUNE, covered_until=ENDS, detected_at=JUNE
)
A_DAY = timedelta(days=1)


class Span(NamedTuple):
    """A term of a contract, which covers all products."""

    contract: str
    covered_from: datetime
    covered_until: datetime

    def covers(self, instant: datetime) -> bool:
        return self.covered_from <= instant < self.covered_until


FIRST = Span(CONTRACT, JUNE, ENDS)


def changes(events: Iterable[tuple[str, Event]], terms: Sequence[Span], now: datetime) -> list[EntitlementsChanged]:
    """All that follows from some events, one after the other, where so many terms are known."""
    products = {span.contract: PRODUCTS for span in terms}
    state, found = Entitlements(), []
    for sequence, (stream, event) in enumerate(events, start=1):
        recorded: Any = recorded_event(stream, sequence, event)
        cover = {asked: covering(asked, terms, now) for asked in cover_asked(recorded, products)}
        for reaction in react(recorded, ReactionFacts(now, products, cover)):
            assert reaction.stream == entitlements_of(CUSTOMER)
            changed = DECIDER.decide(state, reaction.command)  # type: ignore[arg-type]
            if changed:
                state = DECIDER.evolve(state, changed)
                found.append(changed)
    return found


def covering(asked: CoverAsked, terms: Sequence[Span], now: datetime) -> Covering:
    begun = [span for span in terms if span.covered_until > asked.instant and span.covered_from <= now]
    later = min(begun, key=lambda span: (span.covered_from, span.contract), default=None)
    return Covering(any(span.covers(asked.instant) for span in terms), CoveringTerm(*later) if later else None)


def said(found: Iterable[EntitlementsChanged]) -> list[tuple[str, bool, datetime]]:
    return [(change.product, bool(change.benefits), change.holds_from) for change in found]


def test_all_benefits_hold_from_the_first_day_until_the_lapse() -> None:
    found = changes([(CONTRACT, BEGAN), (CONTRACT, LAPSED)], [FIRST], ENDS)
    assert said(found) == [
        *((product, True, JUNE) for product in PRODUCTS),
        *((product, False, ENDS) for product in PRODUCTS),
    ]
    assert set(found[0].benefits) == set(Benefit) == set(ALL)


def test_a_contract_that_goes_on_in_another_one_changes_nothing() -> None:
    following = Span(SUCCESSOR, ENDS, ENDS + timedelta(days=365))
    continued = ContractContinued(
        contract=CONTRACT,
        customer=CUSTOMER,
        centre="france",
        last_day=LAST_DAY,
        ended_at=ENDS,
        continued_by=SUCCESSOR,
        detected_at=ENDS,
    )
    events: list[tuple[str, Event]] = [(CONTRACT, BEGAN), (CONTRACT, continued)]
    assert len(changes(events, [FIRST, following], ENDS)) == len(PRODUCTS)


def test_k8_entitlements_return_without_a_gap() -> None:
    back = renewed(LAST_DAY, ENDS + 3 * A_DAY, reverses=True).model_copy(update={"products": PRODUCTS})
    found = changes([(CONTRACT, BEGAN), (CONTRACT, LAPSED), (CONTRACT, back)], [FIRST], ENDS + 3 * A_DAY)
    assert said(found)[-2:] == [(product, True, ENDS) for product in PRODUCTS]


@pytest.mark.parametrize("order", [order for order in permutations(range(3)) if order.index(0) < order.index(1)])
def test_a_re_subscription_opens_them_from_its_first_day_in_whatever_order_it_is_read(order: tuple[int, ...]) -> None:
    begins = ENDS + 14 * A_DAY
    again = BEGAN.model_copy(update={"contract": SUCCESSOR, "began_at": begins, "covered_until": begins + 365 * A_DAY})
    events = [(CONTRACT, BEGAN), (CONTRACT, LAPSED), (SUCCESSOR, again)]
    told = [events[at] for at in order]
    terms = [FIRST, Span(SUCCESSOR, begins, begins + timedelta(days=365))]
    held = {change.product: change for change in changes(told, terms, begins + A_DAY)}
    assert all(change.benefits and change.holds_from in {begins, JUNE} for change in held.values())


@drawn(st.data())
def test_whatever_is_told_in_whatever_order_they_hold_at_the_end_if_a_term_covers(data: st.DataObject) -> None:
    spans = data.draw(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10)), min_size=1, max_size=4))
    terms = [
        Span(f"contract/erp/K-{n}", JUNE + A_DAY * begin, JUNE + A_DAY * (begin + days))
        for n, (begin, days) in enumerate(spans)
    ]
    now = JUNE + A_DAY * data.draw(st.integers(0, 32))
    pairs = [list(happened(span, now)) for span in terms]
    told: list[tuple[str, Event]] = []
    while any(pairs):
        pair = data.draw(st.sampled_from([pair for pair in pairs if pair]))
        told.append(pair.pop(0))
    held = {change.product: bool(change.benefits) for change in changes(told, terms, now)}
    covered = any(span.covers(now) for span in terms)
    assert all(held.get(product, False) is covered for product in PRODUCTS)


def happened(span: Span, now: datetime) -> Iterable[tuple[str, Event]]:
    if span.covered_from <= now:
        yield (
            span.contract,
            BEGAN.model_copy(
                update={"contract": span.contract, "began_at": span.covered_from, "covered_until": span.covered_until}
            ),
        )
    if span.covered_until <= now:
        lapsed: ContractLapsed = LAPSED.model_copy(update={"contract": span.contract, "lapsed_at": span.covered_until})
        yield span.contract, lapsed
