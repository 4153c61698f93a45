"""What was offered and signed for, priced once more by the lists of a draft: as contract itself would have done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.contracts import ContractLapsed, ContractRenewed, ContractResubscribed, RenewalOffered
from libs.messages.money import Price
from libs.messages.plan import PriceList
from libs.plan import PriceKind
from services.contract.contracts import DECIDER, Command
from services.contract.pricing import price_of
from services.ops.rehearse.prices import price_changes
from services.ops.rehearse.timeline import DatedPart, DraftPlan, PlanTimeline
from tests.unit.contract.examples import ACTIVATED, CONTRACT
from tests.unit.contract.renewed import (
    END,
    FIRST_DAY,
    KNOWN,
    LISTS,
    OFFER,
    OFFERED_AT,
    price_list,
    sign,
    take_up,
)
from tests.unit.recorded import recorded_event

APRIL = datetime(2027, 4, 1, 9, tzinfo=UTC)
SIGN = sign(APRIL.date(), APRIL)
STREAM = "prices/plan/EUR"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DEARER = price_list(version=2, renewal=2500)
BEGINNING = OFFERED_AT - timedelta(days=10)


def timeline(*lists: tuple[datetime, PriceList]) -> PlanTimeline:
    every = ((LONG_AGO, LISTS[0]), *lists)
    return PlanTimeline(tuple(DatedPart(STREAM, n, at, at, one) for n, (at, one) in enumerate(every, 1)))


def said(commands: list[Command]) -> list[RecordedEvent[Any]]:
    """What contract says to some commands, each recorded at its own instant."""
    state, found = DECIDER.evolve(DECIDER.initial, ACTIVATED), list[RecordedEvent[Any]]()
    for number, command in enumerate(commands, 2):
        event = DECIDER.decide(state, command)
        assert event is not None
        state = DECIDER.evolve(state, event)
        recorded = recorded_event(CONTRACT, number, event, command.occurred_at)
        found.append(msgspec.structs.replace(recorded, recordedtime=command.occurred_at))
    return found


def by(lists: tuple[PriceList, ...], command: Any) -> Any:
    return replace(command, price_lists=lists)


def prices(events: list[RecordedEvent[Any]]) -> list[Price | None]:
    return [event.data.price for event in events]


@pytest.mark.parametrize("offered", [True, False])
def test_an_offer_and_its_signature_cost_what_contract_would_have_said(*, offered: bool) -> None:
    commands = [OFFER, SIGN] if offered else [SIGN]
    was, would = (said([by(lists, one) for one in commands]) for lists in (LISTS, (*LISTS, DEARER)))
    before = timeline()
    changes, [*totals] = price_changes(was, before, before.with_draft(DraftPlan(BEGINNING, (DEARER,))), BEGINNING)
    expected = [(one.amount, one.price_list) for one in prices(would) if one]
    assert [(change.after, change.after_list) for change in changes] == expected
    assert [(change.before, change.before_list) for change in changes] == [
        (one.amount, one.price_list) for one in prices(was) if one
    ]
    assert [total.changed for total in totals] == [1] * len(commands)


def test_an_offer_of_before_binds_whatever_the_draft_says() -> None:
    events = said([OFFER, SIGN])
    begins = OFFERED_AT + timedelta(seconds=5)
    before = timeline()
    changes, [total] = price_changes(events, before, before.with_draft(DraftPlan(begins, (DEARER,))), begins)
    assert changes == []
    assert (total.said, total.prices, total.changed) == (ContractRenewed.__name__, 1, 0)
    assert total.before == total.after


def test_a_list_that_applies_later_changes_nothing_before() -> None:
    later = price_list(version=2, renewal=2500, applies_from=date(2030, 1, 1))
    before = timeline()
    changes, totals = price_changes(said([OFFER]), before, before.with_draft(DraftPlan(BEGINNING, (later,))), BEGINNING)
    assert changes == []
    assert [total.said for total in totals] == [RenewalOffered.__name__]


def test_a_list_that_was_published_later_would_have_been_refused_as_older() -> None:
    between = price_list(version=2, renewal=2200)
    before = timeline((OFFERED_AT - timedelta(days=1), between))
    events = said([by((*LISTS, between), OFFER)])
    newest = price_list(version=3, renewal=2500)
    [change], _ = price_changes(events, before, before.with_draft(DraftPlan(BEGINNING, (newest,))), BEGINNING)
    assert (change.before_list, change.after_list) == (2, 3)


def ending(lists: tuple[PriceList, ...]) -> list[Any]:
    """The term ends without a signature, and is taken up again in the month after."""
    to_return = price_of(KNOWN, lists, PriceKind.RESUBSCRIPTION, FIRST_DAY)
    july = datetime(2027, 7, 1, 9, tzinfo=UTC)
    return [replace(END, price_to_return=to_return), by(lists, take_up(july.date(), july))]


def test_what_coming_back_costs_is_priced_for_the_day_after_and_for_that_of_the_signature() -> None:
    dearer_in_july = price_list(version=2, renewal=2500, applies_from=date(2027, 6, 15))
    was, would = (said(ending(lists)) for lists in (LISTS, (*LISTS, dearer_in_july)))
    before = timeline()
    [change], totals = price_changes(was, before, before.with_draft(DraftPlan(BEGINNING, (dearer_in_july,))), BEGINNING)
    assert change.said == ContractResubscribed.__name__
    assert (change.before, change.after) == (was[1].data.term.price.amount, would[1].data.term.price.amount)
    assert [(total.said, total.changed) for total in totals] == [
        (ContractLapsed.__name__, 0),
        (ContractResubscribed.__name__, 1),
    ]
