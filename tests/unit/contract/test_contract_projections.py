"""What contract knows of customers, terms, erased persons and the plan: pure folds of its own events."""

from datetime import timedelta
from typing import Any

import pytest

from libs.eventlog.projection import Projection
from libs.messages.base import Event
from libs.messages.contracts import (
    ContractLapsed,
    ContractRefusal,
    ContractRefused,
    CustomerRefusal,
    CustomerRefused,
    PersonErased,
)
from libs.messages.plan import CentreCalendar, PriceList, PriceListPublished, TzDatabase
from services.contract.contract_rows import CONTRACT_ROWS
from services.contract.contract_states import Active, Inactive, Lapsed
from services.contract.customers import Registered, Unregistered
from services.contract.domain import State
from services.contract.projections import (
    CONTRACT_STATES,
    CUSTOMERS,
    ERASED,
    PLAN_PARTS,
    PLAN_STATES,
    PRICE_LISTS,
    READERS,
    TZ_DATABASES,
)
from tests.unit.contract.examples import (
    ACTIVATED,
    CALENDAR,
    CHANGED,
    COLLEAGUE,
    CONTACT,
    CONTRACT,
    CUSTOMER,
    ENDS,
    JULY,
    JUNE,
    PRIVATE,
    REGISTERED,
    RUNNING,
)
from tests.unit.contract.examples import ERASED as PERSON_ERASED
from tests.unit.contract.test_contract import CONTINUED
from tests.unit.contract.test_plan_parts import PARTS, PRICES, TZ, tz_published
from tests.unit.recorded import recorded_event

LAPSED = ContractLapsed(
    contract=CONTRACT,
    customer=CUSTOMER,
    centre="france",
    last_day=ACTIVATED.last_day,
    lapsed_at=ENDS,
    detected_at=ENDS + timedelta(hours=1),
)


def folded(projection: Projection[Any], stream: str, *events: Event) -> Any:
    row = None
    for sequence, event in enumerate(events, start=1):
        assert type(event) in projection.events
        row = projection.evolve(row, recorded_event(stream, sequence, event))
    return row


def test_a_customer_is_known_as_it_stands_now() -> None:
    moved = CHANGED.model_copy(update={"country": "BE", "contact": COLLEAGUE, "reseller": None})
    row = folded(CUSTOMERS, CUSTOMER, REGISTERED, moved)
    assert row._asdict() == {
        "stream": CUSTOMER,
        "country": "BE",
        "centre": "france",
        "language": "fr",
        "contact": COLLEAGUE,
        "private_key": PRIVATE.text(),
        "reseller": None,
        "regional_team": None,
        "reminders": True,
        "registered_at": JUNE,
        "sequence": 2,
    }


def test_a_term_runs_until_it_lapses() -> None:
    running = folded(CONTRACT_ROWS, CONTRACT, ACTIVATED)
    assert (running.state, running.covered_until, running.detected_at) == ("active", ENDS, None)
    ended = folded(CONTRACT_ROWS, CONTRACT, ACTIVATED, LAPSED)
    assert ended == running._replace(state="lapsed", detected_at=ENDS + timedelta(hours=1))
    assert folded(CONTRACT_ROWS, CONTRACT, ACTIVATED, CONTINUED) == running._replace(
        state="continued", detected_at=ENDS
    )


def test_each_erased_person_has_a_row_of_its_own() -> None:
    event = recorded_event(CUSTOMER, 2, PERSON_ERASED)
    assert ERASED.keys(event) == ((CUSTOMER, CONTACT),)
    assert ERASED.evolve(None, event) == (CUSTOMER, CONTACT, JULY, "ops-anna")


@pytest.mark.parametrize(("publication", "published", "stream"), PARTS)
def test_every_part_of_the_plan_stands_as_it_was_published_last(
    publication: Any, published: Event, stream: str
) -> None:
    row = folded(PLAN_PARTS, stream, published, published)
    kind, _, name = stream.split("/")
    assert row[:5] == (stream, kind, name, 1, JUNE)
    assert row.sequence == 2
    assert type(publication.content).model_validate_json(row.content) == publication.content


def test_every_price_list_stands_whatever_follows_it() -> None:
    newer = PRICES.model_copy(update={"version": 2, "applies_from": PRICES.applies_from + timedelta(days=365)})
    events = [
        recorded_event("prices/plan/EUR", sequence, PriceListPublished(published_at=JUNE, prices=prices))
        for sequence, prices in enumerate((PRICES, newer), start=1)
    ]
    assert [PRICE_LISTS.keys(event) for event in events] == [(("prices/plan/EUR", version),) for version in (1, 2)]
    rows = [PRICE_LISTS.evolve(None, event) for event in events]
    assert [row[:4] for row in rows if row] == [
        ("prices/plan/EUR", prices.version, prices.applies_from, JUNE) for prices in (PRICES, newer)
    ]
    assert [PriceList.model_validate_json(row.content) for row in rows if row] == [PRICES, newer]


def test_the_tz_database_stands_as_it_was_published_last() -> None:
    row = folded(TZ_DATABASES, "tz/plan/iana", tz_published(), tz_published(version="2027a"))
    assert (row.version, row.published_at, row.sequence) == ("2027a", JUNE, 2)
    assert TzDatabase.model_validate_json(row.content) == TZ.model_copy(update={"version": "2027a"})
    assert folded(PLAN_STATES, "tz/plan/iana", tz_published()).state.content == TZ


def test_a_calendar_that_was_read_from_the_log_is_the_one_that_was_published() -> None:
    state = folded(PLAN_STATES, "calendar/plan/france", PARTS[0][1]).state
    assert isinstance(state.content, CentreCalendar)
    assert state.content == CALENDAR


@pytest.mark.parametrize(
    ("stream", "history", "state"),
    [
        (CUSTOMER, [CustomerRefused(refused_at=JUNE, reason=CustomerRefusal.UNKNOWN_CENTRE)], Unregistered()),
        (CUSTOMER, [REGISTERED, CHANGED, PERSON_ERASED], Registered("france", (CONTACT,))),
        (
            CUSTOMER,
            [REGISTERED, PERSON_ERASED, PersonErased(person=COLLEAGUE, erased_at=JULY, by="ops-anna")],
            Registered("france", (CONTACT, COLLEAGUE)),
        ),
        (
            CONTRACT,
            [ContractRefused(refused_at=JUNE, customer=CUSTOMER, reason=ContractRefusal.UNKNOWN_CUSTOMER)],
            Inactive(),
        ),
        (CONTRACT, [ACTIVATED], Active(RUNNING)),
        (CONTRACT, [ACTIVATED, LAPSED], Lapsed(RUNNING)),
    ],
)
def test_one_table_holds_the_states_of_customers_and_of_contracts(
    stream: str, history: list[Event], state: State
) -> None:
    row = folded(CONTRACT_STATES, stream, *history)
    assert row.state == state
    assert CONTRACT_STATES.loaded(CONTRACT_STATES.dump(row)) == row


def test_every_table_has_one_name_and_its_columns_in_the_order_of_its_row() -> None:
    projections = [projection for reader in READERS for projection in reader.projections]
    assert len({projection.table for projection in projections}) == len(projections)
    for projection in projections:
        names = [column.split()[0] for column in projection.columns.split(",")]
        assert tuple(names) == projection.row._fields
