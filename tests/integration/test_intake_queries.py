"""The named queries of intake on a real PostgreSQL, over rows that its own folds made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import services.intake
from libs.messages.plan import CentreCalendarPublished, ProductVersionsPublished
from services.intake.cover import FACTS, Covered, Facts, KnownCentre, KnownCustomer, judge_cover
from services.intake.projections import READERS
from tests.integration.folded import Folded, folded
from tests.unit.intake.examples import (
    BY_WEB,
    CONTRACT,
    COVER,
    CUSTOMER,
    FRENCH_NUMBER,
    PRODUCT,
    TUESDAY,
    held,
    recorded,
)
from tests.unit.intake.test_intake_projections import ACTIVATED, FRANCE, REGISTERED
from tests.unit.intake.test_ticket import OPENED, REFUSED

FILES = sorted(Path(services.intake.__file__).parent.glob("*.sql"))
CONNECT = "planetpress-connect"


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        yield tables


async def publish(intake: Folded) -> None:
    versions = ProductVersionsPublished(published_at=TUESDAY, product=PRODUCT.versions)
    await intake.happened(PRODUCT.stream, *[versions] * 3)
    await intake.happened("calendar/plan/france", CentreCalendarPublished(published_at=TUESDAY, calendar=FRANCE))


async def facts_for(intake: Folded, *asked: tuple[str, str, str | None]) -> list[Facts]:
    customers, products, numbers = (list(column) for column in zip(*asked, strict=True))
    rows = await intake.found("facts_for_tickets", customers=customers, products=products, numbers=numbers)
    return [FACTS.validate_json(row["facts"]) for row in rows]


async def test_the_facts_of_a_ticket_are_what_other_services_have_said(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    (facts,) = await facts_for(intake, (CUSTOMER.stream, CONNECT, FRENCH_NUMBER))
    assert facts == Facts(
        KnownCustomer(CUSTOMER.stream, 1, "france", "revendeur-7", has_contract=True),
        (CONTRACT,),
        PRODUCT,
        KnownCentre("calendar/plan/france", 1, "france"),
    )
    verdict = judge_cover(facts, BY_WEB.request_kind, BY_WEB.version, BY_WEB.occurred_at)
    assert isinstance(verdict, Covered)
    assert verdict.cover == COVER


async def test_where_nothing_was_said_there_are_no_facts(intake: Folded) -> None:
    assert await facts_for(intake, (CUSTOMER.stream, CONNECT, FRENCH_NUMBER)) == [Facts()]


async def test_each_place_is_answered_in_its_order_repeats_too(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    somebody = "customer/erp/C-9"
    answers = await facts_for(
        intake,
        (somebody, CONNECT, None),
        (CUSTOMER.stream, "abacus", "+4930123456"),
        (somebody, CONNECT, None),
        (CUSTOMER.stream, CONNECT, FRENCH_NUMBER),
    )
    known = KnownCustomer(CUSTOMER.stream, 1, "france", "revendeur-7", has_contract=False)
    assert answers == [
        Facts(product=PRODUCT),
        Facts(known),
        Facts(product=PRODUCT),
        Facts(known, (), PRODUCT, KnownCentre("calendar/plan/france", 1, "france")),
    ]


async def test_of_a_customer_s_contracts_those_that_name_the_product_are_facts(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened("contract/erp/K-1", ACTIVATED.model_copy(update={"products": ("abacus",)}))
    await intake.happened("contract/erp/K-2", ACTIVATED)
    await intake.happened("contract/erp/K-3", ACTIVATED.model_copy(update={"customer": "customer/erp/C-9"}))
    for product, contracts in ((CONNECT, ["contract/erp/K-2"]), ("abacus", ["contract/erp/K-1"]), ("other", [])):
        (facts,) = await facts_for(intake, (CUSTOMER.stream, product, None))
        assert [contract.stream for contract in facts.contracts] == contracts
        assert facts.customer
        assert facts.customer.has_contract


async def test_tickets_are_found_by_name_by_customer_and_by_state(intake: Folded) -> None:
    await intake.happened("ticket/crm-eu/1", held(TUESDAY))
    await intake.happened("ticket/crm-eu/2", OPENED, recorded(TUESDAY))
    await intake.happened("ticket/crm-eu/3", REFUSED)
    (ticket,) = await intake.found("ticket", stream="ticket/crm-eu/2")
    assert (ticket["state"], ticket["first_responded_at"]) == ("open", TUESDAY)
    newest = await intake.found("tickets_of_customer", customer=CUSTOMER.stream, most=1)
    assert [row["stream"] for row in newest] == ["ticket/crm-eu/2"]
    counts = await intake.found("tickets_by_state")
    assert [(row["state"], row["reason"], row["tickets"]) for row in counts] == [
        ("held", None, 1),
        ("open", None, 1),
        ("refused", "unknown-customer", 1),
    ]
