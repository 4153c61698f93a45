"""Cover is decided at the instant of opening, by local days, and names what it rests on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.refusals import Contact, TicketRefusal
from libs.messages.tickets import RequestKind
from libs.plan import Covered, KnownTerm, NotCovered
from services.intake.cover import judge_cover, judge_reopening
from services.intake.facts import TicketFacts
from tests.unit.intake.examples import CONTRACT, COVER, CUSTOMER, FACTS, MICROSECOND, PRODUCT, TUESDAY, term

QUESTION, CONNECT = RequestKind.QUESTION, "planetpress-connect"
ON_CUSTOMER = FactVersion(stream="customer/erp/C-1001", sequence=1)
ON_CONTRACT = FactVersion(stream="contract/erp/K-2001", sequence=1)
ON_PRODUCT = FactVersion(stream="versions/plan/planetpress-connect", sequence=3)


def verdict(facts: TicketFacts = FACTS, at: datetime = TUESDAY, version: str | None = "2024.1") -> Covered | NotCovered:
    return judge_cover(facts, CUSTOMER.stream, CONNECT, version, QUESTION, at)


def of_team(reason: TicketRefusal, clause: Clause, *rests_on: FactVersion, term: KnownTerm | None = None) -> NotCovered:
    return NotCovered(reason, clause, rests_on, Contact.REGIONAL_TEAM, "france", term)


def covered(*rests_on: FactVersion, version_unknown: bool = False) -> Covered:
    return Covered(COVER, CONTRACT, version_unknown, rests_on, Contact.REGIONAL_TEAM, "france")


def reason(facts: TicketFacts = FACTS, at: datetime = TUESDAY, version: str | None = "2024.1") -> TicketRefusal | None:
    found = verdict(facts, at, version)
    return found.reason if isinstance(found, NotCovered) else None


def test_under_a_contract_for_the_product_a_ticket_is_covered() -> None:
    assert verdict() == covered(ON_CUSTOMER, ON_CONTRACT, ON_PRODUCT)
    assert covered().clause is Clause.UNLIMITED_SUPPORT


def test_cover_begins_with_the_first_local_day_and_ends_with_the_last() -> None:
    begins, ends = CONTRACT.covered_from, CONTRACT.covered_until
    assert reason(at=begins) is None
    assert reason(at=ends - MICROSECOND) is None
    assert reason(at=begins - MICROSECOND) is TicketRefusal.NOT_YET_COVERED
    assert reason(at=ends) is TicketRefusal.COVER_LAPSED


@pytest.mark.parametrize(
    ("case", "zone", "last_day", "ends"),
    [
        ("K1", "Australia/Melbourne", date(2027, 6, 30), datetime(2027, 6, 30, 14, tzinfo=UTC)),
        ("K2", "America/Toronto", date(2027, 6, 30), datetime(2027, 7, 1, 4, tzinfo=UTC)),
        ("K3", "Europe/Paris", date(2027, 3, 27), datetime(2027, 3, 27, 23, tzinfo=UTC)),
        ("K4", "Asia/Tokyo", date(2026, 12, 31), datetime(2026, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_the_last_day_is_that_of_the_centre(case: str, zone: str, last_day: date, ends: datetime) -> None:
    facts = TicketFacts(CUSTOMER, (term(last_day - timedelta(days=364), last_day, zone),), PRODUCT)
    assert reason(facts, ends - MICROSECOND) is None, case
    assert reason(facts, ends) is TicketRefusal.COVER_LAPSED, case


def test_k1_the_same_utc_day_half_an_hour_later_is_not_covered() -> None:
    facts = TicketFacts(CUSTOMER, (term(date(2026, 7, 1), date(2027, 6, 30), "Australia/Melbourne"),), PRODUCT)
    assert reason(facts, datetime(2027, 6, 30, 14, 30, tzinfo=UTC)) is TicketRefusal.COVER_LAPSED


def test_a_customer_that_nobody_registered_is_told_whom_to_contact() -> None:
    assert verdict(TicketFacts(product=PRODUCT)) == NotCovered(TicketRefusal.UNKNOWN_CUSTOMER, Clause.NOT_COVERED, ())
    assert verdict(replace(FACTS, customer=replace(CUSTOMER, stream="customer/erp/C-9"))) == NotCovered(
        TicketRefusal.UNKNOWN_CUSTOMER, Clause.NOT_COVERED, ()
    )


@pytest.mark.parametrize("at", [TUESDAY, CONTRACT.covered_until])
def test_whoever_has_a_reseller_turns_to_the_reseller_else_to_the_team_of_the_region(at: datetime) -> None:
    for customer, contact, team in (
        (CUSTOMER, Contact.REGIONAL_TEAM, "france"),
        (replace(CUSTOMER, regional_team="netherlands"), Contact.REGIONAL_TEAM, "netherlands"),
        (replace(CUSTOMER, reseller="revendeur-7"), Contact.RESELLER, "france"),
    ):
        found = verdict(replace(FACTS, customer=customer), at)
        assert (found.contact, found.team) == (contact, team)


def test_a_customer_without_any_contract_is_not_covered() -> None:
    facts = TicketFacts(replace(CUSTOMER, has_contract=False), (), PRODUCT)
    assert verdict(facts) == of_team(TicketRefusal.NO_CONTRACT, Clause.NOT_COVERED, ON_CUSTOMER)


def test_a_contract_for_other_products_does_not_cover_this_one() -> None:
    for terms in ((), (replace(CONTRACT, products=("pres-connect",)),)):
        assert verdict(TicketFacts(CUSTOMER, terms, PRODUCT)) == of_team(
            TicketRefusal.PRODUCT_NOT_COVERED, Clause.NOT_COVERED, ON_CUSTOMER, ON_PRODUCT
        )


def test_a_product_that_the_plan_does_not_know_is_none_of_ours() -> None:
    assert verdict(TicketFacts(CUSTOMER)) == of_team(
        TicketRefusal.UNKNOWN_PRODUCT, Clause.UNLIMITED_SUPPORT, ON_CUSTOMER
    )


def test_professional_services_are_not_included_even_under_cover() -> None:
    wanted = RequestKind.PROFESSIONAL_SERVICE
    refused = of_team(TicketRefusal.NOT_INCLUDED, Clause.PROFESSIONAL_SERVICES, ON_CUSTOMER)
    assert judge_cover(FACTS, CUSTOMER.stream, CONNECT, None, wanted, TUESDAY) == refused
    assert judge_reopening(FACTS, CUSTOMER.stream, CONNECT, wanted, TUESDAY) == refused


def test_between_two_terms_the_customer_has_lapsed() -> None:
    long_ago = term(date(2024, 6, 1), date(2025, 5, 31), number="K-1")
    before = term(date(2025, 6, 1), date(2026, 5, 31), number="K-2")
    after = term(date(2026, 12, 1), date(2027, 11, 30), number="K-3")
    found = verdict(TicketFacts(CUSTOMER, (long_ago, before, after), PRODUCT))
    ended = FactVersion(stream="contract/erp/K-2", sequence=1)
    assert found == of_team(TicketRefusal.COVER_LAPSED, Clause.NOT_COVERED, ON_CUSTOMER, ended, term=before)


def test_of_terms_to_come_the_next_one_is_named() -> None:
    later = term(date(2028, 1, 1), date(2028, 12, 31), number="K-1")
    sooner = term(date(2027, 1, 1), date(2027, 12, 31), number="K-2")
    found = verdict(TicketFacts(CUSTOMER, (later, sooner), PRODUCT))
    begins = FactVersion(stream="contract/erp/K-2", sequence=1)
    assert found == of_team(TicketRefusal.NOT_YET_COVERED, Clause.NOT_COVERED, ON_CUSTOMER, begins, term=sooner)


def test_of_several_terms_the_one_that_lasts_longest_covers() -> None:
    other = term(date(2026, 5, 1), date(2027, 6, 30), number="K-2")
    for contracts in ((CONTRACT, other), (other, CONTRACT)):
        found = verdict(TicketFacts(CUSTOMER, contracts, PRODUCT))
        assert isinstance(found, Covered)
        assert found.cover.contract == "contract/erp/K-2"


def test_x3_only_the_two_newest_versions_are_supported() -> None:
    assert reason(version="2023.9") is None
    assert verdict(version="2022.1") == of_team(
        TicketRefusal.VERSION_TOO_OLD,
        Clause.TWO_NEWEST_VERSIONS,
        *(ON_CUSTOMER, ON_CONTRACT, ON_PRODUCT),
        term=CONTRACT,
    )


def test_a32_a_release_counts_from_its_local_day_on() -> None:
    midnight_in_paris = datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert reason(at=midnight_in_paris - MICROSECOND, version="2023.1") is None
    assert reason(at=midnight_in_paris, version="2023.1") is TicketRefusal.VERSION_TOO_OLD


@pytest.mark.parametrize("version", [None, "2027.1"])
def test_a30_a_version_that_is_missing_or_not_listed_is_covered_and_marked(version: str | None) -> None:
    assert verdict(version=version) == covered(ON_CUSTOMER, ON_CONTRACT, ON_PRODUCT, version_unknown=True)


def test_a_product_of_the_contract_whose_versions_are_not_published_is_covered_and_marked() -> None:
    found = verdict(TicketFacts(CUSTOMER, (CONTRACT,)))
    assert found == covered(ON_CUSTOMER, ON_CONTRACT, version_unknown=True)
