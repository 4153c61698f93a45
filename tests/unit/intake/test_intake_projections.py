"""What intake knows of tickets, and of other services' facts: pure folds of their events."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from libs.eventlog.projection import Projection
from libs.messages.base import Event, PrivateKey
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    CustomerChanged,
    CustomerRegistered,
)
from libs.messages.licences import LicenceKind
from libs.messages.plan import CentreCalendar, CentreCalendarPublished, ProductVersionsPublished
from libs.messages.tickets import MergeUndone, RespondedBy, TicketEvent
from services.intake.domain import DECIDER
from services.intake.facts import FACTS as READ_FACTS
from services.intake.facts import KnownContract
from services.intake.life import Ticket
from services.intake.projections import CENTRES, CONTRACT_TERMS, CUSTOMERS, PRODUCTS, READERS
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
        changed_at=LATER, country="BE", language="nl", contact=CONTACT.person, private=CONTACT, reseller=None
    )
    row = folded(CUSTOMERS, "customer/erp/C-1001", REGISTERED, changed)
    assert row == ("customer/erp/C-1001", "france", None, "nl", 2)


def test_a_contract_is_known_by_its_term_and_by_how_far_it_was_read() -> None:
    lapsed = ContractLapsed(
        contract=CONTRACT.stream,
        customer="customer/erp/C-1001",
        centre="france",
        last_day=CONTRACT.last_day,
        lapsed_at=CONTRACT.covered_until,
        detected_at=CONTRACT.covered_until,
    )
    row = folded(CONTRACT_TERMS, CONTRACT.stream, ACTIVATED, lapsed)
    continued = ContractContinued(
        contract=CONTRACT.stream,
        customer="customer/erp/C-1001",
        centre="france",
        last_day=CONTRACT.last_day,
        ended_at=CONTRACT.covered_until,
        continued_by="contract/erp/K-9",
        detected_at=CONTRACT.covered_until,
    )
    assert folded(CONTRACT_TERMS, CONTRACT.stream, ACTIVATED, continued) == row
    known = {name: value for name, value in row._asdict().items() if name not in {"customer", "products"}}
    assert KnownContract(**known) == KnownContract(**{**vars(CONTRACT), "sequence": 2})
    assert row.products == ["planetpress-connect", "pres-connect"]


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
