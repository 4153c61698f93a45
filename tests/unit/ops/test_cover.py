"""`olcare cover explain`: what is decided on cover, for programs and as a person reads it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.messages.refusals import TicketRefusal
from libs.plan import REASON_WORDS, CoverFacts, CoverRequest, RequestedHelp
from services.ops.cli.output import json_of
from services.ops.cover.explanation import WORDS, explained, sentences
from tests.unit.intake.examples import CONTRACT, CUSTOMER, PRODUCT, TUESDAY
from tests.unit.plan.test_cover import EUROS, LICENCE, LISTS, term

ONE = timedelta(microseconds=1)
FACTS = CoverFacts(CUSTOMER, (CONTRACT,), PRODUCT)


def said(
    facts: CoverFacts = FACTS,
    at: datetime = TUESDAY,
    version: str | None = "2024.1",
    kind: RequestedHelp = RequestedHelp.SUPPORT,
) -> dict[str, Any]:
    return explained(facts, CoverRequest(CUSTOMER.stream, "planetpress-connect", version, kind, at))


@pytest.mark.parametrize(
    ("first_day", "last_day", "zone", "ends", "local"),
    [
        pytest.param(
            *(date(2026, 7, 1), date(2027, 6, 30), "Australia/Melbourne", datetime(2027, 6, 30, 14, tzinfo=UTC)),
            "Thu 2027-07-01 00:00:00 AEST",
            id="K1",
        ),
        pytest.param(
            *(date(2026, 7, 1), date(2027, 6, 30), "America/Toronto", datetime(2027, 7, 1, 4, tzinfo=UTC)),
            "Thu 2027-07-01 00:00:00 EDT",
            id="K2",
        ),
        pytest.param(
            *(date(2026, 3, 28), date(2027, 3, 27), "Europe/Paris", datetime(2027, 3, 27, 23, tzinfo=UTC)),
            "Sun 2027-03-28 00:00:00 CET",
            id="K3",
        ),
        pytest.param(
            *(date(2026, 1, 1), date(2026, 12, 31), "Asia/Tokyo", datetime(2026, 12, 31, 15, tzinfo=UTC)),
            "Fri 2027-01-01 00:00:00 JST",
            id="K4",
        ),
    ],
)
def test_cover_ends_with_the_last_day_of_the_centre(
    first_day: date, last_day: date, zone: str, ends: datetime, local: str
) -> None:
    facts = CoverFacts(CUSTOMER, (term(first_day, last_day, zone),))
    before, after = said(facts, ends - ONE), said(facts, ends)
    assert (before["covered"], before["reason"]) == (True, None)
    assert (after["covered"], after["reason"]) == (False, "lapsed")
    for one in (before, after):
        assert (one["term"]["covered_until"], one["term"]["last_day"]) == (
            f"{ends:%Y-%m-%dT%H:%M:%S}.000000Z",
            str(last_day),
        )
        assert f"until before {local}" in "\n".join(sentences(one))
    assert after["term"]["local_at"].startswith(f"{last_day + timedelta(days=1)}T00:00:00")


def test_k1_half_an_hour_later_on_the_same_day_in_utc_there_is_none() -> None:
    facts = CoverFacts(CUSTOMER, (term(date(2026, 7, 1), date(2027, 6, 30), "Australia/Melbourne"),))
    assert said(facts, datetime(2027, 6, 30, 14, 30, tzinfo=UTC))["reason"] == "lapsed"


def test_each_reason_has_the_word_that_people_use() -> None:
    other = replace(FACTS, terms=(replace(CONTRACT, products=("pres-connect",)),))
    found = [
        said(CoverFacts()),
        said(CoverFacts(CUSTOMER)),
        said(CoverFacts(replace(CUSTOMER, has_contract=False))),
        said(other),
        said(at=CONTRACT.covered_from - ONE),
        said(at=CONTRACT.covered_until),
        said(version="2022.1"),
        said(kind=RequestedHelp.PROFESSIONAL_SERVICES),
    ]
    assert [one["reason"] for one in found] == [
        *("unknown_customer", "unknown_product", "no_contract", "product_not_covered", "not_started", "lapsed"),
        *("version_too_old", "professional_services"),
    ]
    for one in found:
        assert one["covered"] is False
        assert WORDS[one["reason"]] in next(sentences(one))
        assert f"« {one['clause']} »" in sentences(one)
    assert set(WORDS) == set(REASON_WORDS.values())
    assert REASON_WORDS[TicketRefusal.COVER_LAPSED] == "lapsed"


def test_a_person_reads_which_term_covers_and_whom_to_ask() -> None:
    assert list(sentences(said())) == [
        "customer/erp/C-1001 is under cover for planetpress-connect at Tue 2026-11-24 09:30:00 CET.",
        (
            "Term 1 of contract/erp/K-2001 has the local days 2026-06-01 to 2027-05-31 (Europe/Paris):"
            " from Mon 2026-06-01 00:00:00 CEST, until before Tue 2027-06-01 00:00:00 CEST."
        ),
        (
            "« Un support illimité*, de l'aide et des conseils à propos de l'ensemble de nos produits et solutions"
            " (installation, réglages, configuration et utilisation des logiciels). »"
        ),
        "Contact: the team of the region, france.",
    ]


def test_a_version_that_is_not_named_is_said_to_be_marked() -> None:
    for version, marked in ((None, True), ("2024.1", False)):
        one = said(version=version)
        assert one["version_unknown"] is marked
        assert any("marked for the agent" in sentence for sentence in sentences(one)) is marked


def test_whoever_has_lapsed_reads_what_it_costs_to_come_back_and_whom_to_ask() -> None:
    customer = replace(CUSTOMER, reseller="revendeur-7", regional_team="netherlands")
    licence = replace(LICENCE, stream=CONTRACT.licence or "")
    facts = replace(FACTS, customer=customer, licences=(licence,), price_lists=LISTS[:1])
    one = said(facts, CONTRACT.covered_until)
    assert one["contact"] == {"to": "reseller", "reseller": "revendeur-7", "centre": "netherlands"}
    assert one["price_to_return"]["amount"] == "3086.42"
    assert list(sentences(one))[-2:] == [
        "Contact: the reseller revendeur-7.",
        (
            "To come back costs 3086.42 EUR that day: 25 % of 12345.67 EUR, by price list 1 from 2026-01-01,"
            " an assumption."
        ),
    ]
    yen = EUROS.model_copy(update={"currency": "JPY", "minor_digits": 0})
    small = replace(licence, list_value="2", currency="JPY")
    adjusted = said(
        replace(facts, licences=(small,), price_lists=(replace(LISTS[0], prices=yen),)), CONTRACT.covered_until
    )
    assert adjusted["price_to_return"]["adjusted"] is True
    assert "one minor unit was added" in list(sentences(adjusted))[-1]


def test_nobody_that_is_unknown_belongs_to_a_region() -> None:
    one = said(CoverFacts())
    assert one["contact"] == {"to": "regional-team", "reseller": None, "centre": None}
    assert list(sentences(one))[-1] == "Contact: the team of the region."


def test_it_is_told_to_programs_as_json() -> None:
    told = json.loads(json_of(said()))
    assert told["rests_on"][1] == {"stream": "contract/erp/K-2001", "sequence": 1}
    assert (told["covered"], told["term"]["number"], told["kind"]) == (True, 1, "support")
