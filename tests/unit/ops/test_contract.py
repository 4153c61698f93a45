"""`olcare contract show` and `olcare entitlements`: how contracts stand, for programs and as a person reads it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import typer

from libs.messages.money import Price
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.ops.contract.command import _ids
from services.ops.contract.entitlements import entitlement
from services.ops.contract.terms import ContractRows, sentences, shown

CUSTOMER, LICENCE, CONTRACT = "customer/erp/C-1", "licence/erp/L-1", "contract/erp/K-1"
ENDS = datetime(2027, 6, 30, 14, tzinfo=UTC)
PRICE = Price(
    amount="2469.13",
    currency="AUD",
    rate=2000,
    price_list=1,
    applies_from=date(2026, 1, 1),
    assumed=True,
    licence_value="12345.67",
).model_dump_json()
TERM: dict[str, Any] = {
    "stream": CONTRACT,
    "number": 1,
    "first_day": date(2026, 7, 1),
    "last_day": date(2027, 6, 30),
    "covered_from": datetime(2026, 6, 30, 14, tzinfo=UTC),
    "covered_until": ENDS,
    "signed_on": None,
    "price": PRICE,
}
ROW: dict[str, Any] = {
    "stream": CONTRACT,
    "state": "active",
    "customer": CUSTOMER,
    "licence": LICENCE,
    "licence_kind": "perpetual",
    "products": ["planetpress-connect"],
    "centre": "australia",
    "zone": "Australia/Melbourne",
    "last_day": date(2027, 6, 30),
    "covered_until": ENDS,
    "begun": True,
    "told": NOTHING_TOLD,
    "offered": None,
    "successor": None,
    "follows": None,
    "detected_at": None,
}
BOUGHT: dict[str, Any] = {
    "stream": LICENCE,
    "customer": CUSTOMER,
    "licence_kind": "perpetual",
    "products": ["planetpress-connect"],
    "options": ["imposition"],
    "list_value": "12345.67",
    "currency": "AUD",
    "purchased_on": date(2026, 7, 1),
}
HELD = entitlement(
    {
        "stream": "entitlements/erp/C-1",
        "product": "planetpress-connect",
        "holds_from": datetime(2026, 6, 30, 14, tzinfo=UTC),
        "benefits": ["support", "forum"],
        "contract": CONTRACT,
    }
)


def words(rows: ContractRows) -> list[str]:
    return list(sentences(shown(rows)))


def of_contract(**changes: object) -> str:
    return "\n".join(words(ContractRows([], [{**ROW, **changes}], [TERM], [], [])))


def test_a_running_term_is_told_with_its_local_days_its_instants_and_its_price() -> None:
    licence, contract, term, benefits = words(ContractRows([], [ROW], [TERM], [BOUGHT], [HELD]))
    assert licence == (
        "licence/erp/L-1 of customer/erp/C-1: perpetual, planetpress-connect, options imposition, bought 2026-07-01,"
        " list value 12345.67 AUD."
    )
    assert contract == (
        "contract/erp/K-1 of customer/erp/C-1 is active: perpetual licence licence/erp/L-1, planetpress-connect,"
        " australia (Australia/Melbourne)."
    )
    assert term == (
        "  Term 1: the local days 2026-07-01 to 2027-06-30, from Wed 2026-07-01 00:00:00 AEST, until before"
        " Thu 2027-07-01 00:00:00 AEST; 2469.13 AUD (20 % of 12345.67 by price list 1 from 2026-01-01, an assumption)."
    )
    assert benefits == "customer/erp/C-1, planetpress-connect: support, forum since Tue 2026-06-30 14:00:00 UTC."


def test_a_contract_whose_first_day_is_to_come_is_to_begin() -> None:
    assert "contract/erp/K-1 of customer/erp/C-1 is to begin:" in of_contract(begun=False)
    assert "is lapsed:" in of_contract(begun=False, state="lapsed", detected_at=ENDS)
    assert shown(ContractRows([], [ROW], [TERM], [], []))["contracts"][0]["begun"] is True


def test_a_signature_is_told_with_its_term() -> None:
    following = {**TERM, "number": 2, "signed_on": date(2027, 6, 30), "price": None}
    said = words(ContractRows([], [ROW], [TERM, following], [], []))
    assert "signed" not in said[1]
    assert said[2].startswith("  Term 2:")
    assert said[2].endswith(", signed 2027-06-30; without a price.")


@pytest.mark.parametrize(
    ("told", "reminded"),
    [
        (OFFERED, "no reminder was due"),
        (30, "the last reminder was that of 30 days before"),
        (1, "the last reminder was that of a day before"),
    ],
)
def test_an_offer_is_told_with_the_last_reminder(told: int, reminded: str) -> None:
    assert "The next term is offered, 2469.13 AUD (20 % of 12345.67" in of_contract(told=told, offered=PRICE)
    assert of_contract(told=told, offered=PRICE).endswith(f"; {reminded}.")


@pytest.mark.parametrize("state", ["lapsed", "continued"])
def test_an_offer_that_can_not_be_signed_any_more_is_told_as_over(state: str) -> None:
    said = of_contract(state=state, told=1, offered=PRICE, detected_at=ENDS)
    assert "The next term was offered, 2469.13 AUD" in said
    assert "is offered" not in said


def test_nothing_is_told_of_what_was_neither_offered_nor_ended() -> None:
    said = shown(ContractRows([], [ROW], [TERM], [], []))["contracts"][0]
    assert (said["told"], said["lapse"], said["follows"], said["successor"]) == (None, None, None, None)
    assert not any(word in of_contract() for word in ("offered", "lapsed", "again"))


def test_a_lapse_is_told_in_the_days_of_the_centre_with_the_contract_that_followed() -> None:
    said = of_contract(state="lapsed", detected_at=ENDS, successor="contract/erp/K-2")
    assert "contract/erp/K-1 of customer/erp/C-1 is lapsed:" in said
    assert "It lapsed at Thu 2027-07-01 00:00:00 AEST, as nobody had signed." in said
    assert "contract/erp/K-2 took it up again." in said
    assert "It takes up contract/erp/K-0 again." in of_contract(follows="contract/erp/K-0")


def test_a_customer_without_contracts_is_told() -> None:
    assert words(ContractRows([{"stream": CUSTOMER}], [], [], [], [])) == ["There is no contract of customer/erp/C-1."]


def test_benefits_that_ended_are_told_since_when() -> None:
    ended = entitlement(
        {
            "stream": "entitlements/erp/C%2F1",
            "product": "planetpress-connect",
            "holds_from": ENDS,
            "benefits": [],
            "contract": CONTRACT,
        }
    )
    assert (ended["customer"], ended["holds"]) == ("customer/erp/C%2F1", False)
    assert words(ContractRows([], [ROW], [TERM], [], [ended]))[-1] == (
        "customer/erp/C%2F1, planetpress-connect: no benefits since Wed 2027-06-30 14:00:00 UTC."
    )


def test_an_id_names_one_stream_and_a_number_all_that_have_it() -> None:
    assert _ids("licence/erp/L%2D1", None) == ["licence/erp/L-1"]
    assert _ids("K/1", "erp") == ["contract/erp/K%2F1", "licence/erp/K%2F1", "customer/erp/K%2F1"]


@pytest.mark.parametrize("given", ["K-1", "ticket/erp/K-1", "contract//K-1"])
def test_what_names_no_contract_is_wrong_usage(given: str) -> None:
    with pytest.raises(typer.BadParameter):
        _ids(given, None)
