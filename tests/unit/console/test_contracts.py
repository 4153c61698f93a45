"""What the pages of contracts and customers say, of what the commands find."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.plan import CoverFacts, CoverRequest, RequestedHelp
from services.contract.contract_rows import ContractRow
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.ops.console.pages.contracts import differences, listed
from services.ops.console.pages.customer import WhichCustomer, contract, cover_of, licence, products
from services.ops.console.shown import Shown as Written
from services.ops.contract.terms import ContractRows, shown
from services.ops.cover.explanation import explained

AT = datetime(2026, 11, 30, 9, tzinfo=UTC)
ROW = {
    "stream": "contract/erp/1",
    "state": "lapsed",
    "customer": "customer/erp/1",
    "licence": "licence/erp/1",
    "licence_kind": "perpetual",
    "products": ["planetpress-connect"],
    "centre": "france",
    "zone": "Europe/Paris",
    "number": 2,
    "first_day": date(2025, 11, 30),
    "last_day": date(2026, 11, 29),
    "covered_until": AT,
    "begun": True,
    "told": NOTHING_TOLD,
    "offered": None,
    "successor": None,
    "detected_at": None,
    "follows": None,
}
TERM = {
    "stream": "contract/erp/1",
    "number": 2,
    "first_day": date(2025, 11, 30),
    "last_day": date(2026, 11, 29),
    "covered_from": AT,
    "covered_until": AT,
    "signed_on": None,
    "price": None,
}
LICENCE = {
    "stream": "licence/erp/1",
    "customer": "customer/erp/1",
    "licence_kind": "perpetual",
    "products": ["planetpress-connect", "a-first"],
    "options": [],
    "list_value": "1000.00",
    "currency": "EUR",
    "purchased_on": date(2024, 1, 1),
}


@pytest.mark.parametrize(
    ("told", "offered", "reminded"), [(NOTHING_TOLD, False, None), (OFFERED, True, None), (30, True, 30)]
)
def test_a_line_says_how_far_the_next_term_was_told(told: int, *, offered: bool, reminded: int | None) -> None:
    found = listed({**ROW, "told": told})
    assert (found.contract, found.term, found.offered, found.reminded_days_before) == (
        "contract/erp/1",
        2,
        offered,
        reminded,
    )


def test_a_contract_and_a_licence_are_as_the_command_says_them() -> None:
    said = shown(ContractRows([], [ROW], [TERM], [LICENCE], []))
    found = contract(said["contracts"][0])
    assert (found.lapsed_at, found.offered, [term.number for term in found.terms]) == (AT, None, [2])
    assert (licence(said["licences"][0]).value, licence(said["licences"][0]).currency) == ("1000.00", "EUR")


def test_products_are_those_of_contracts_and_licences_each_once() -> None:
    assert products(ContractRows([], [ROW], [], [LICENCE], [])) == ["a-first", "planetpress-connect"]


def test_cover_says_why_there_is_none() -> None:
    request = CoverRequest("customer/erp/none", "planetpress-connect", None, RequestedHelp.SUPPORT, AT)
    found = cover_of(explained(CoverFacts(), request))
    assert (found.covered, found.reason, found.term, found.contact_kind) == (False, "unknown_customer", None, "centre")


def test_a_cut_is_asked_by_either_clock_and_stands_still() -> None:
    whose = {"source": "erp", "number": "1"}
    assert not WhichCustomer.model_validate({**whose, "at": "2026-11-30"}).stands_still
    for clock in ("as_of", "known_at"):
        found = WhichCustomer.model_validate({**whose, clock: "2026-11-30T09:00"})
        assert found.stands_still
        assert found.cut is not None
        assert getattr(found.cut, clock) == AT


def test_money_is_written_as_the_language_does() -> None:
    assert Written("en").money(Decimal("1234.50"), "EUR") == "€1,234.50"
    assert Written("fr").money("1234.50", "EUR") == "1\N{NARROW NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€"


KNOWN = ContractRow._make({**ROW, "told": 30}.get(name) for name in ContractRow._fields)


def compared(true: ContractRow | None, known: ContractRow | None, centre: str | None = None) -> list[tuple[Any, ...]]:
    rows = [{one.stream: one} if one else {} for one in (true, known)]
    return [(one.name, one.true, one.known) for one in differences(rows[0], rows[1], centre)]


def test_where_both_clocks_tell_the_same_there_is_no_difference() -> None:
    assert compared(KNOWN, KNOWN) == []
    assert compared(None, None) == []


def test_what_a_contract_was_otherwise_than_it_was_known_is_said_of_each_thing() -> None:
    true = KNOWN._replace(state="active", told=OFFERED, last_day=date(2027, 11, 29), number=3)
    assert compared(true, KNOWN) == [
        ("state", "active", "lapsed"),
        ("number", 3, 2),
        ("last_day", date(2027, 11, 29), date(2026, 11, 29)),
        ("told", "offered", 30),
    ]
    assert compared(KNOWN._replace(told=NOTHING_TOLD), KNOWN) == [("told", None, 30)]


def test_a_contract_that_one_clock_has_alone_is_a_difference_by_itself() -> None:
    assert compared(KNOWN, None) == [("contract", "lapsed", None)]
    assert compared(None, KNOWN) == [("contract", None, "lapsed")]


def test_differences_of_a_centre_are_those_of_contracts_that_are_its_by_either_clock() -> None:
    moved = KNOWN._replace(centre="japan")
    assert compared(moved, KNOWN, "france") == compared(moved, KNOWN, "japan") == [("centre", "japan", "france")]
    assert compared(moved, KNOWN, "brazil") == []
