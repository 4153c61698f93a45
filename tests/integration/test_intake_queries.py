"""The named queries of intake on a real PostgreSQL, over rows that its own folds made."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import services.intake
from libs.messages.clauses import Clause
from libs.messages.licences import LicenceKind
from libs.messages.plan import CentreCalendarPublished, PriceListPublished, ProductVersionsPublished
from libs.messages.refusals import ResponseRefusal, TicketRefusal
from libs.messages.tickets import MergeUndone, RespondedBy, ResponseRefused, TicketRefused
from libs.plan import Covered, CoverRequest, KnownCustomer, NotCovered, RequestedHelp
from services.intake.cover import judge_cover
from services.intake.facts import FACTS, FactsNeeded, KnownCentre, KnownTicket, TicketFacts
from services.intake.projections import READERS
from services.ops.cover.command import known
from services.ops.cover.explanation import explained
from tests.integration.folded import Folded, folded, most_rows
from tests.unit.intake.examples import (
    BY_WEB,
    CONTRACT,
    COVER,
    CUSTOMER,
    FRENCH_NUMBER,
    HERE,
    LATER,
    MICROSECOND,
    OPENED,
    PRODUCT,
    REFUSED,
    THERE,
    TUESDAY,
    held,
    merge,
    merged,
    recorded,
    resolved,
)
from tests.unit.intake.test_intake_projections import ACTIVATED, EUROS, FRANCE, LICENCE, NEXT, REGISTERED, RENEWED
from tests.unit.intake.test_restating import ANSWERED, OPENED_THEN, RESTATED

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


async def facts_for(intake: Folded, *asked: FactsNeeded) -> list[TicketFacts]:
    columns = zip(FactsNeeded._fields, map(list, zip(*asked, strict=True)), strict=True)
    rows = await intake.found("facts_for_tickets", **dict(columns))
    return [FACTS.validate_json(row["facts"]) for row in rows]


def judged(facts: TicketFacts, at: datetime) -> Covered | NotCovered:
    return judge_cover(facts, BY_WEB.customer, BY_WEB.product, BY_WEB.version, BY_WEB.request_kind, at)


async def test_the_facts_of_a_ticket_are_what_other_services_have_said(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    (facts,) = await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT, FRENCH_NUMBER))
    assert facts == TicketFacts(
        KnownCustomer(CUSTOMER.stream, 1, "france", "revendeur-7", has_contract=True, language="fr"),
        (CONTRACT,),
        PRODUCT,
        called=KnownCentre("calendar/plan/france", 1, "france"),
    )
    verdict = judged(facts, TUESDAY)
    assert isinstance(verdict, Covered)
    assert verdict.cover == COVER


async def test_where_nothing_was_said_there_are_no_facts(intake: Folded) -> None:
    assert await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT, FRENCH_NUMBER)) == [TicketFacts()]


async def test_each_place_is_answered_in_its_order_repeats_too(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    somebody = "customer/erp/C-9"
    answers = await facts_for(
        intake,
        FactsNeeded(somebody, CONNECT),
        FactsNeeded(CUSTOMER.stream, "abacus", "+4930123456"),
        FactsNeeded(somebody, CONNECT),
        FactsNeeded(CUSTOMER.stream, CONNECT, FRENCH_NUMBER),
    )
    known = KnownCustomer(CUSTOMER.stream, 1, "france", "revendeur-7", has_contract=False, language="fr")
    assert answers == [
        TicketFacts(product=PRODUCT),
        TicketFacts(known),
        TicketFacts(product=PRODUCT),
        TicketFacts(known, (), PRODUCT, called=KnownCentre("calendar/plan/france", 1, "france")),
    ]


async def test_of_a_customer_s_contracts_those_that_name_the_product_are_facts(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened("contract/erp/K-1", ACTIVATED.model_copy(update={"products": ("abacus",)}))
    await intake.happened("contract/erp/K-2", ACTIVATED)
    await intake.happened("contract/erp/K-3", ACTIVATED.model_copy(update={"customer": "customer/erp/C-9"}))
    for product, contracts in ((CONNECT, ["contract/erp/K-2"]), ("abacus", ["contract/erp/K-1"]), ("other", [])):
        (facts,) = await facts_for(intake, FactsNeeded(CUSTOMER.stream, product))
        assert [contract.stream for contract in facts.terms] == contracts
        assert facts.customer
        assert facts.customer.has_contract


async def test_tickets_stand_in_their_table_also_what_came_before_one_and_what_was_refused(intake: Folded) -> None:
    await intake.happened("ticket/crm-eu/1", held(TUESDAY))
    await intake.happened("ticket/crm-eu/2", OPENED, recorded(TUESDAY))
    await intake.happened("ticket/crm-eu/3", REFUSED)
    assert [(row["state"], row["reason"], row["first_responded_at"]) for row in await intake.table("tickets")] == [
        ("held", None, None),
        ("open", None, TUESDAY),
        ("refused", "unknown-customer", None),
    ]


async def test_for_a_reopening_customer_and_product_are_those_of_the_ticket(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    await intake.happened(HERE, OPENED, resolved(TUESDAY))
    said, found, unknown = await facts_for(
        intake, FactsNeeded(CUSTOMER.stream, CONNECT), FactsNeeded(ticket=HERE), FactsNeeded(ticket=THERE)
    )
    assert found == said
    assert isinstance(judged(found, TUESDAY), Covered)
    assert unknown == TicketFacts()


async def test_a_number_and_a_centre_are_found_where_they_are_published(intake: Folded) -> None:
    await publish(intake)
    france = KnownCentre("calendar/plan/france", 1, "france")
    assert await facts_for(
        intake, FactsNeeded(number=FRENCH_NUMBER), FactsNeeded(receiving="france"), FactsNeeded(receiving="atlantis")
    ) == [TicketFacts(called=france), TicketFacts(receiving=france), TicketFacts()]


async def test_the_survivor_of_a_merge_is_known_by_its_row_and_how_far_it_was_read(intake: Folded) -> None:
    await intake.happened(HERE, OPENED, merged(TUESDAY))
    await intake.happened(THERE, held(TUESDAY))
    assert await facts_for(
        intake, FactsNeeded(survivor=HERE), FactsNeeded(survivor=THERE), FactsNeeded(survivor="ticket/crm/9")
    ) == [
        TicketFacts(survivor=KnownTicket(HERE, 2, "merged", CUSTOMER.stream)),
        TicketFacts(survivor=KnownTicket(THERE, 1, "held")),
        TicketFacts(),
    ]


async def crossing(intake: Folded) -> list[tuple[Any, ...]]:
    rows = await intake.found("crossing_merges", most=10)
    return [(row["stream"], row["merged_into"], row["head"], row["crossed_at"], row["correlation"]) for row in rows]


async def test_of_two_crossing_merges_the_one_on_the_smaller_stream_id_is_found(intake: Folded) -> None:
    await intake.happened(HERE, OPENED, merged(LATER, THERE))
    assert await crossing(intake) == []
    await intake.happened(THERE, OPENED, merged(TUESDAY, HERE))
    assert await crossing(intake) == [(HERE, THERE, f"head of {HERE}", LATER, "test")]


async def test_a_merge_that_was_undone_crosses_nothing_any_more(intake: Folded) -> None:
    await intake.happened(HERE, OPENED, merged(LATER, THERE), MergeUndone(undone_at=LATER, into=THERE))
    await intake.happened(THERE, OPENED, merged(TUESDAY, HERE))
    assert await crossing(intake) == []


async def test_stream_ids_are_compared_byte_by_byte(intake: Folded) -> None:
    small, great = "ticket/crm/B", "ticket/crm/a"
    await intake.happened(small, OPENED, merged(LATER, great))
    await intake.happened(great, OPENED, merged(LATER, small))
    assert [row[0] for row in await crossing(intake)] == [min(small, great)] == [small]


async def test_of_three_merges_in_a_circle_one_is_undone_and_what_leads_into_it_stays(intake: Folded) -> None:
    first, second, third, outside = (f"ticket/crm/{number}" for number in (1, 2, 3, 0))
    await intake.happened(first, OPENED, merged(TUESDAY, second))
    await intake.happened(second, OPENED, merged(LATER, third))
    await intake.happened(third, OPENED, merged(TUESDAY, first))
    await intake.happened(outside, OPENED, merged(LATER, second))
    assert [row[:4] for row in await crossing(intake)] == [(first, second, f"head of {first}", LATER)]


async def test_a_chain_of_merges_is_no_circle(intake: Folded) -> None:
    await intake.happened("ticket/crm/1", OPENED, merged(LATER, "ticket/crm/2"))
    await intake.happened("ticket/crm/2", OPENED, merged(LATER, "ticket/crm/3"))
    await intake.happened("ticket/crm/3", OPENED)
    assert await crossing(intake) == []


async def test_one_crossing_merge_that_is_new_is_enough(intake: Folded) -> None:
    await intake.happened(HERE, OPENED, merged(LATER, THERE))
    await intake.happened(THERE, OPENED, merged(LATER, HERE))
    await intake.connection.execute(
        "update tickets set merge_recorded_at = merge_recorded_at - interval '9 days' where stream = $1", HERE
    )
    assert [row[0] for row in await crossing(intake)] == [HERE]


async def test_a_merge_that_waits_is_found_once_its_survivor_is_open_or_refused(intake: Folded) -> None:
    asked = merge(LATER).message
    for number, survivor in enumerate(("unheard", "held", "open", "refused", "open")):
        waiting = asked.model_copy(update={"awaits": f"ticket/crm/{survivor}"})
        done = [merged(LATER, "ticket/crm/open")] if number == 4 else []
        await intake.happened(f"ticket/crm/{number}", OPENED, waiting, *done)
    await intake.happened("ticket/crm/held", held(LATER))
    await intake.happened("ticket/crm/open", OPENED)
    await intake.happened("ticket/crm/refused", REFUSED)
    found = await intake.found("merges_that_waited", most=10)
    assert [(row["stream"], row["survivor"]) for row in found] == [
        ("ticket/crm/2", "ticket/crm/open"),
        ("ticket/crm/3", "ticket/crm/refused"),
    ]
    assert {(row["head"], row["said_at"], row["correlation"]) for row in found[:1]} == {
        ("head of ticket/crm/2", LATER, "test")
    }


async def test_a_refused_ticket_is_found_once_its_customer_and_a_term_at_its_opening_are_registered(
    intake: Folded,
) -> None:
    answered = ResponseRefused(
        responded_at=LATER, by=RespondedBy.PERSON, reason=ResponseRefusal.TICKET_REFUSED, clause=REFUSED.clause
    )
    too_early = REFUSED.model_copy(update={"opened_at": CONTRACT.covered_from - MICROSECOND})
    await intake.happened("ticket/crm-eu/1", REFUSED)
    await intake.happened("ticket/crm-eu/2", REFUSED, answered)
    await intake.happened("ticket/crm-eu/3", REFUSED, OPENED)
    await intake.happened("ticket/crm-eu/4", too_early)
    await intake.happened("ticket/crm-eu/5", REFUSED.model_copy(update={"product": "another-product"}))
    await intake.happened("ticket/crm-eu/6", REFUSED.model_copy(update={"customer": "customer/erp/C-9"}))
    assert await intake.found("tickets_to_reconsider", most=10) == []
    await intake.happened(CUSTOMER.stream, REGISTERED)
    assert await intake.found("tickets_to_reconsider", most=10) == []
    await intake.happened(CONTRACT.stream, ACTIVATED)
    (row,) = await intake.found("tickets_to_reconsider", most=10)
    assert (row["stream"], row["head"], row["correlation"]) == (
        "ticket/crm-eu/1",
        "head of ticket/crm-eu/1",
        "test",
    )
    assert (row["customer"], row["product"], row["opened_at"]) == (CUSTOMER.stream, CONNECT, TUESDAY)


async def test_every_term_of_a_contract_is_a_fact_with_the_event_that_began_it(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED, RENEWED)
    (facts,) = await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT))
    assert facts.terms == (CONTRACT, NEXT)
    for at, term in ((NEXT.covered_from - MICROSECOND, CONTRACT), (NEXT.covered_from, NEXT)):
        verdict = judged(facts, at)
        assert isinstance(verdict, Covered)
        assert verdict.term == term


async def test_k12_what_kind_of_licence_a_term_is_of_is_a_fact(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    included = ACTIVATED.model_copy(update={"licence_kind": LicenceKind.SUBSCRIPTION})
    await intake.happened(CONTRACT.stream, included)
    (facts,) = await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT))
    verdict = judged(facts, CONTRACT.covered_until)
    assert isinstance(verdict, NotCovered)
    assert verdict.clause is Clause.SUBSCRIPTION_LICENCE


async def test_what_a_lapsed_customer_may_come_back_for_is_a_fact(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    await intake.happened(ACTIVATED.licence, LICENCE)
    second = EUROS.model_copy(update={"version": 2, "resubscription": 3000, "applies_from": CONTRACT.last_day})
    for stream, *lists in (("prices/plan/EUR", EUROS, second), ("prices/plan/JPY", EUROS.model_copy(update=YEN))):
        await intake.happened(stream, *(PriceListPublished(published_at=TUESDAY, prices=one) for one in lists))
    (facts,) = await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT))
    assert [(one.stream, one.list_value, one.currency) for one in facts.licences] == [
        (ACTIVATED.licence, "12345.67", "EUR")
    ]
    assert [(one.stream, one.sequence, one.prices) for one in facts.price_lists] == [
        ("prices/plan/EUR", 1, EUROS),
        ("prices/plan/EUR", 2, second),
    ]
    verdict = judged(facts, CONTRACT.covered_until)
    assert isinstance(verdict, NotCovered)
    assert verdict.price_to_return
    assert verdict.price_to_return.amount == "3703.70"


async def test_the_command_line_decides_on_the_facts_that_intake_has(intake: Folded) -> None:
    await publish(intake)
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED, RENEWED)
    request = CoverRequest(CUSTOMER.stream, CONNECT, "2024.1", RequestedHelp.SUPPORT, NEXT.covered_from)
    facts = await known(intake.queries, request)
    assert facts == (await facts_for(intake, FactsNeeded(CUSTOMER.stream, CONNECT)))[0]
    told = explained(facts, request)
    assert (told["covered"], told["term"]["number"], told["term"]["local_at"]) == (True, 2, "2027-06-01T00:00:00+02:00")


YEN = {"currency": "JPY", "minor_digits": 0}


def lapsed(at: datetime, **changed: object) -> TicketRefused:
    return REFUSED.model_copy(update={"reason": TicketRefusal.COVER_LAPSED, "opened_at": at, **changed})


async def to_restate(intake: Folded) -> list[tuple[str, str, datetime]]:
    found = await intake.found("refusals_to_restate", most=10)
    return [(row["stream"], row["head"], row["opened_at"]) for row in found]


async def test_refusals_are_found_once_a_term_that_holds_their_instant_is_recorded(intake: Folded) -> None:
    begins, ends = NEXT.covered_from, NEXT.covered_until
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    for number, at in enumerate((begins - MICROSECOND, begins, ends - MICROSECOND, ends), start=1):
        await intake.happened(f"ticket/crm-eu/{number}", lapsed(at))
    await intake.happened("ticket/crm-eu/5", lapsed(begins, product="abacus"))
    await intake.happened("ticket/crm-eu/6", lapsed(begins, customer="customer/erp/C-9"))
    await intake.happened("ticket/crm-eu/7", lapsed(begins, reason=TicketRefusal.VERSION_TOO_OLD))
    await intake.happened("ticket/crm-eu/8", lapsed(begins), RESTATED)
    assert await to_restate(intake) == [("ticket/crm-eu/1", "head of ticket/crm-eu/1", begins - MICROSECOND)]
    await intake.happened("contract/erp/K-2001b", RENEWED, RENEWED.model_copy(update={"number": 3}))
    assert [found[0] for found in await to_restate(intake)] == [f"ticket/crm-eu/{number}" for number in (1, 2, 3)]


async def test_a_million_refusals_that_nothing_covers_are_not_gone_through(intake: Folded) -> None:
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    await intake.happened(HERE, lapsed(CONTRACT.covered_until))
    columns = [
        column["column_name"]
        for column in await intake.connection.fetch(
            "select column_name from information_schema.columns where table_name = 'tickets' order by ordinal_position"
        )
    ]
    changed = {"stream": "'ticket/many/' || n", "opened_at": "opened_at + n * interval '1 second'"}
    every = ", ".join(changed.get(name, name) for name in columns)
    many = f"insert into tickets select {every} from tickets, generate_series(1, 20000) n"  # noqa: S608 - our names
    await intake.connection.execute(many)
    await intake.connection.execute("analyze tickets")
    assert await to_restate(intake) == []
    text = (FILES[0].parent / "duties.sql").read_text().partition("-- name: refusals_to_restate\n")[2]
    query = text.partition("-- name:")[0].replace(":most", "10")
    plan = await intake.connection.fetchval(f"explain (analyze, format json, timing off) {query}")
    assert most_rows(json.loads(plan)[0]["Plan"]) < 100


async def test_what_was_restated_is_opened_unless_it_was_dealt_with_or_is_open(intake: Folded) -> None:
    asked = lapsed(TUESDAY)
    await intake.happened("ticket/crm-eu/1", asked, RESTATED)
    await intake.happened("ticket/crm-eu/2", asked, RESTATED, ANSWERED)
    await intake.happened("ticket/crm-eu/3", asked, ANSWERED, RESTATED)
    await intake.happened("ticket/crm-eu/4", asked, RESTATED, OPENED_THEN)
    await intake.happened("ticket/crm-eu/5", asked)
    (row,) = await intake.found("restated_to_open", most=10)
    assert (row["stream"], row["head"], row["correlation"]) == ("ticket/crm-eu/1", "head of ticket/crm-eu/1", "test")
    assert (row["customer"], row["product"], row["restated_at"]) == (CUSTOMER.stream, CONNECT, RESTATED.restated_at)


async def test_one_question_finds_what_each_duty_finds(intake: Folded) -> None:
    queries = {
        "crossing_merges",
        "merges_that_waited",
        "tickets_to_reconsider",
        "refusals_to_restate",
        "restated_to_open",
    }

    async def asked() -> set[str]:
        found = {*await intake.queries.finding(queries, now=TUESDAY, most=1)}
        assert found == {name for name in queries if await intake.found(name, most=1)}
        return found

    assert await asked() == set()
    await intake.happened(CUSTOMER.stream, REGISTERED)
    await intake.happened(CONTRACT.stream, ACTIVATED)
    await intake.happened(HERE, lapsed(OPENED.opened_at))
    assert await asked() == {"refusals_to_restate"}
