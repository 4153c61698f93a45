"""What intake knows of tickets, and of other services' facts: pure folds of their events."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from libs.eventlog.projection import Projection
from libs.messages.base import Event, PrivateKey
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRenewed,
    CustomerChanged,
    CustomerRegistered,
)
from libs.messages.licences import FirstTerm, LicenceKind, LicenceOptionsAdded, LicenceRegistered
from libs.messages.plan import (
    CentreCalendar,
    CentreCalendarPublished,
    PriceList,
    PriceListPublished,
    ProductVersionsPublished,
    Status,
)
from libs.messages.tickets import MergeUndone, RespondedBy, TicketEvent
from services.intake.domain import DECIDER
from services.intake.facts import FACTS as READ_FACTS
from services.intake.life import Ticket
from services.intake.projections import CENTRES, CUSTOMERS, LICENCES, PRICE_LISTS, PRODUCTS, READERS, TERMS
from services.intake.ticket_rows import TICKET_ROWS, TicketRow
from tests.unit.intake.examples import (
    CONTRACT,
    COVER,
    LATER,
    OPENED,
    PRODUCT,
    REFUSED,
    THERE,
    TUESDAY,
    held,
    merged,
    paused,
    recorded,
    reopened,
    resolved,
    resumed,
    term,
    transferred,
    withdrawn,
)
from tests.unit.recorded import NOON, recorded_event

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "door"
SUBMITTED = json.loads((EXAMPLES / "PlanPartSubmitted.json").read_text())
FRANCE = CentreCalendar.model_validate(SUBMITTED["data"]["publication"]["content"])
TICKET = "ticket/crm-eu/4711"
CONTACT = PrivateKey(person="person/erp/c-88", topic="olcare.contracts.in.v1", partition=4, offset=12)
REGISTERED = CustomerRegistered(
    registered_at=TUESDAY,
    country="FR",
    centre="france",
    language="fr",
    contact=CONTACT.person,
    private=CONTACT,
    reseller="revendeur-7",
)
ACTIVATED = ContractActivated(
    activated_at=TUESDAY,
    customer="customer/erp/C-1001",
    licence="licence/erp/L-3001",
    licence_kind=LicenceKind.PERPETUAL,
    products=("planetpress-connect", "pres-connect"),
    centre="france",
    zone=CONTRACT.zone,
    first_day=CONTRACT.first_day,
    last_day=CONTRACT.last_day,
    covered_from=CONTRACT.covered_from,
    covered_until=CONTRACT.covered_until,
)


NEXT = replace(term(date(2027, 6, 1), date(2028, 5, 31)), number=2, sequence=2)
RENEWED = ContractRenewed(
    renewed_at=LATER,
    contract=CONTRACT.stream,
    customer=ACTIVATED.customer,
    licence=ACTIVATED.licence,
    products=ACTIVATED.products,
    centre="france",
    zone=NEXT.zone,
    number=2,
    signed_on=date(2027, 5, 1),
    first_day=NEXT.first_day,
    last_day=NEXT.last_day,
    covered_from=NEXT.covered_from,
    covered_until=NEXT.covered_until,
)
LICENCE = LicenceRegistered(
    registered_at=TUESDAY,
    customer=ACTIVATED.customer,
    licence_kind=LicenceKind.PERPETUAL,
    products=ACTIVATED.products,
    list_value="12345.67",
    currency="EUR",
    purchased_on=CONTRACT.first_day,
    first_term=FirstTerm(
        contract=CONTRACT.stream,
        centre="france",
        zone=CONTRACT.zone,
        first_day=CONTRACT.first_day,
        last_day=CONTRACT.last_day,
        covered_from=CONTRACT.covered_from,
        covered_until=CONTRACT.covered_until,
    ),
)
EUROS = PriceList(
    currency="EUR",
    version=1,
    minor_digits=2,
    first_year=2000,
    renewal=2000,
    resubscription=2500,
    applies_from=date(2026, 1, 1),
    status=Status.ASSUMPTION,
)


def folded(projection: Projection[Any], stream: str, *events: Event) -> Any:
    row = None
    for sequence, event in enumerate(events, start=1):
        assert type(event) in projection.events
        row = projection.evolve(row, recorded_event(stream, sequence, event))
    return row


def test_a_ticket_shows_its_first_answer_by_a_person_whatever_came_first() -> None:
    automatic = recorded(TUESDAY, RespondedBy.AUTOMATIC)
    earlier = TUESDAY + timedelta(hours=1)
    row = folded(TICKET_ROWS, TICKET, held(LATER), OPENED, automatic, recorded(LATER), recorded(earlier))
    assert row == TicketRow(
        stream=TICKET,
        state="open",
        customer="customer/erp/C-1001",
        channel="web",
        centre="france",
        product="planetpress-connect",
        opened_at=TUESDAY,
        contract="contract/erp/K-2001",
        responses=2,
        first_responded_at=earlier,
        current_centre="france",
    )


def test_a_transferred_ticket_keeps_its_local_centre() -> None:
    row = folded(TICKET_ROWS, TICKET, OPENED, transferred(LATER))
    assert (row.centre, row.current_centre) == ("france", "americas")


def test_a_ticket_is_resolved_and_reopened_under_the_cover_of_that_day() -> None:
    row = folded(TICKET_ROWS, TICKET, OPENED, resolved(LATER))
    assert (row.state, row.resolved_at, row.reopenings) == ("resolved", LATER, 0)
    cover = COVER.model_copy(update={"contract": "contract/erp/K-2002"})
    again = reopened(LATER).model_copy(update={"cover": cover})
    row = folded(TICKET_ROWS, TICKET, OPENED, resolved(LATER), again)
    assert (row.state, row.resolved_at, row.reopenings, row.contract) == ("open", None, 1, "contract/erp/K-2002")


def test_a_ticket_shows_since_when_it_waits_for_the_customer() -> None:
    waits = [OPENED, paused(LATER)]
    row = folded(TICKET_ROWS, TICKET, *waits)
    assert (row.state, row.paused_at) == ("open", LATER)
    for end in (resumed(LATER), resolved(LATER), withdrawn(LATER)):
        assert folded(TICKET_ROWS, TICKET, *waits, end).paused_at is None


def test_a_withdrawn_ticket_is_withdrawn() -> None:
    assert folded(TICKET_ROWS, TICKET, OPENED, resolved(LATER), withdrawn(LATER)).state == "withdrawn"


def test_an_absorbed_ticket_names_its_survivor_until_that_is_undone() -> None:
    undone = MergeUndone(undone_at=LATER, into=THERE)
    for past, state in (
        ([OPENED], "open"),
        ([OPENED, paused(LATER)], "open"),
        ([OPENED, resolved(LATER)], "resolved"),
    ):
        row = folded(TICKET_ROWS, TICKET, *past, merged(LATER))
        assert (row.state, row.merged_into, row.merged_at) == ("merged", THERE, LATER)
        assert (row.merge_recorded_at, row.merge_correlation) == (NOON, "test")
        back = folded(TICKET_ROWS, TICKET, *past, merged(LATER), undone)
        assert back == folded(TICKET_ROWS, TICKET, *past)
        assert back.state == state


def test_the_row_and_the_state_that_is_decided_on_agree() -> None:
    """Merging looks at the row of the other ticket, never at its state."""
    events: list[TicketEvent] = [OPENED, transferred(LATER), resolved(LATER), reopened(LATER), merged(LATER)]
    for many in range(1, len(events) + 1):
        state = DECIDER.replay(events[:many])
        assert isinstance(state, Ticket)
        row = folded(TICKET_ROWS, TICKET, *events[:many])
        assert (row.state, row.current_centre) == (state.stage.stage, state.centre)


def test_a_refused_ticket_shows_why() -> None:
    row = folded(TICKET_ROWS, TICKET, REFUSED)
    assert (row.state, row.reason, row.centre) == ("refused", "unknown-customer", None)


def test_a_ticket_that_was_only_answered_is_held() -> None:
    assert folded(TICKET_ROWS, TICKET, held(LATER)) == TicketRow(TICKET, "held")


def test_a_customer_keeps_its_centre_and_may_change_its_reseller() -> None:
    changed = CustomerChanged(
        changed_at=LATER,
        country="BE",
        language="nl",
        contact=CONTACT.person,
        private=CONTACT,
        regional_team="netherlands",
    )
    row = folded(CUSTOMERS, "customer/erp/C-1001", REGISTERED, changed)
    assert row == ("customer/erp/C-1001", "france", None, "nl", "netherlands", 2)


def test_a_contract_has_a_row_for_each_term_with_the_event_that_began_it() -> None:
    first, second = (folded(TERMS, CONTRACT.stream, event) for event in (ACTIVATED, RENEWED))
    assert READ_FACTS.validate_python({"terms": [first._asdict()]}).terms == (CONTRACT,)
    renewed = RENEWED.model_copy(update={"number": 3})
    events = [recorded_event(CONTRACT.stream, n, e) for n, e in enumerate((ACTIVATED, RENEWED, renewed), start=1)]
    assert [TERMS.keys(event) for event in events] == [((CONTRACT.stream, number),) for number in (1, 2, 3)]
    later = TERMS.evolve(None, events[1])
    assert later == second._replace(sequence=2)
    assert READ_FACTS.validate_python({"terms": [second._asdict()]}).terms == (replace(NEXT, sequence=1),)


def test_what_ends_a_term_changes_nothing_of_it() -> None:
    assert ContractLapsed not in TERMS.events
    assert ContractContinued not in TERMS.events


def test_a_licence_is_known_by_its_value_with_the_options_that_were_added() -> None:
    added = LicenceOptionsAdded(
        added_at=LATER, added_on=date(2026, 12, 1), options=("imposition",), added_value="100", list_value="12445.67"
    )
    row = folded(LICENCES, CONTRACT.licence or "", LICENCE, added)
    assert row == ("licence/erp/L-3001", "perpetual", "12445.67", "EUR", 2)


def test_every_version_of_a_price_list_stays() -> None:
    published = [
        recorded_event("prices/plan/EUR", n, PriceListPublished(published_at=TUESDAY, prices=prices))
        for n, prices in enumerate((EUROS, EUROS.model_copy(update={"version": 2})), start=1)
    ]
    assert [PRICE_LISTS.keys(event) for event in published] == [(("prices/plan/EUR", n),) for n in (1, 2)]
    row = PRICE_LISTS.evolve(None, published[0])
    assert row == ("prices/plan/EUR", 1, "EUR", EUROS.model_dump_json(), 1)


def test_a_product_and_a_centre_are_known_by_their_last_publication() -> None:
    published = ProductVersionsPublished(published_at=TUESDAY, product=PRODUCT.versions)
    row = folded(PRODUCTS, PRODUCT.stream, published, published, published)
    stored = f'{{"stream": "{row.stream}", "sequence": {row.sequence}, "versions": {row.versions}}}'
    assert READ_FACTS.validate_json(f'{{"product": {stored}}}').product == PRODUCT
    calendar = CentreCalendarPublished(published_at=TUESDAY, calendar=FRANCE)
    row = folded(CENTRES, "calendar/plan/france", calendar)
    assert row == ("calendar/plan/france", "france", ["+33180875286"], 1)


def test_every_table_has_one_name_and_its_columns_in_the_order_of_its_row() -> None:
    projections = [projection for reader in READERS for projection in reader.projections]
    assert len({projection.table for projection in projections}) == len(projections)
    for projection in projections:
        names = [column.split()[0] for column in projection.columns.split(",")]
        assert tuple(names) == projection.row._fields
