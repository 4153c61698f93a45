"""Prices by what is published, of an installation that `olcare up` starts."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple
from unittest import mock

import pytest

from libs.stack.run import PROJECT
from tests.acceptance.olcare import done, installation, olcare

MONDAY = "2026-11-23T07:00:00Z"
PLAN = PROJECT / "services/contract/plan"
NEWER = (
    "- {currency: EUR, version: 2, minor_digits: 2, first_year: 2000, renewal: 2100, resubscription: 2600, "
    "applies_from: 2027-01-01, status: assumption}\n"
    "- {currency: EUR, version: 3, minor_digits: 2, first_year: 2000, renewal: 1900, resubscription: 2400, "
    "applies_from: 2026-06-01, status: assumption}\n"
)


class Answered(NamedTuple):
    code: int
    answers: list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY):
        yield


def quote(*words: str, given: list[dict[str, Any]]) -> Answered:
    raw = "\n".join(map(json.dumps, given)).encode()
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw))):
        said = olcare("contract", "quote", *words)
    assert not said.err
    return Answered(said.code, [json.loads(line) for line in said.out.splitlines()])


def asked(on: str, currency: str = "EUR") -> dict[str, Any]:
    return {"id": f"{currency} {on}", "licence_value": "1000", "currency": currency, "kind": "renewal", "on": on}


def amounts(found: Answered) -> list[tuple[str, int]]:
    return [(answer["price"]["amount"], answer["price_list"]["version"]) for answer in found.answers]


def test_what_is_published_is_quoted_like_the_shipped_plan() -> None:
    given = [asked("2026-11-24", currency) for currency in ("EUR", "GBP", "CAD", "USD", "AUD", "MYR", "JPY", "CHF")]
    by_plan, by_tables = quote(given=given), quote("--published", given=given)
    assert by_plan == by_tables
    assert by_plan.code == 1
    assert [answer.get("error", {}).get("code") for answer in by_plan.answers] == [None] * 7 + ["unknown_currency"]


def test_lists_that_follow_are_quoted_from_their_days_on_and_those_of_before_stay(tmp_path: Path) -> None:
    folder = copytree(PLAN, tmp_path / "plan")
    with (folder / "prices.yaml").open("a", encoding="utf-8") as prices:
        prices.write(NEWER)
    days = [asked(day) for day in ("2026-01-01", "2026-05-31", "2026-06-01", "2026-12-31", "2027-01-01")]
    assert amounts(quote("--published", given=days)) == [("200.00", 1)] * 5
    found = done("plan", "publish", "--plan", str(folder))
    euros = [(part["version"], part["outcome"]) for part in found if part["part"] == "prices/plan/EUR"]
    assert euros == [(1, "same"), (2, "new"), (3, "new")]
    done("clock", "advance", "--by", "1m")
    by_tables = quote("--published", given=days)
    assert by_tables == quote("--plan", str(folder), given=days)
    assert amounts(by_tables) == [("200.00", 1)] * 2 + [("190.00", 3)] * 2 + [("210.00", 2)]
    again = done("plan", "publish", "--plan", str(folder))
    left_alone = [(part["version"], part["outcome"]) for part in again if part["part"] == "prices/plan/EUR"]
    assert left_alone == [(1, "older"), (2, "older"), (3, "same")]
    assert {part["outcome"] for part in again if part["part"] != "prices/plan/EUR"} == {"same"}
    exported = tmp_path / "plan.json"
    done("plan", "export", "--plan", str(folder), str(exported))
    assert quote("--plan", str(exported), given=days) == by_tables


def test_a_list_of_before_that_was_altered_is_refused(tmp_path: Path) -> None:
    folder = copytree(PLAN, tmp_path / "plan")
    shipped = (folder / "prices.yaml").read_text(encoding="utf-8")
    cheaper = shipped.replace("EUR, version: 1, minor_digits: 2, first_year: 2000", "EUR, version: 1, first_year: 1900")
    (folder / "prices.yaml").write_text(cheaper.replace("1900,", "1900, minor_digits: 2,") + NEWER, encoding="utf-8")
    said = olcare("plan", "publish", "--plan", str(folder), "--json")
    [refused] = [part for part in said.json() if part["outcome"] == "refused"]
    assert said.code == 1
    assert (refused["part"], refused["version"], refused["why"]) == ("prices/plan/EUR", 1, "same-version-other-content")


def test_a_contract_is_shown_from_its_offer_to_its_lapse_and_what_took_it_up_again() -> None:
    buy("L-501", "K-501", "2026-11-23")
    submit("K-502", "2025-11-25", "2026-11-24")
    done("clock", "advance", "--by", "1m")
    bought, ending = contract("contract/erp/K-501"), contract("K-502", "--source", "erp")
    assert [term["price"]["amount"] for term in bought["terms"]] == ["2469.13"]
    assert (bought["terms"][0]["local_from"], bought["told"]) == ("2026-11-23T00:00:00+01:00", None)
    assert (ending["state"], ending["terms"][0]["covered_until"]) == ("active", "2026-11-24T23:00:00.000000Z")
    assert ending["told"] == {"offered": None, "last_reminder_days_before": 1}
    done("clock", "advance", "--to", "2026-11-27T08:00:00Z")
    said = ("--set", "contract=K-503", "--set", "signed_on=2026-11-27", "--set", "first_day=2026-11-27")
    done("trigger", "ResubscriptionSigned", "--wait", "--subject", "K-502", *said)
    done("clock", "advance", "--by", "1m")
    lapsed = contract("contract/erp/K-502")
    assert (lapsed["state"], lapsed["successor"]) == ("lapsed", "contract/erp/K-503")
    assert lapsed["lapse"]["lapsed_at"] == "2026-11-24T23:00:00.000000Z"
    assert contract("contract/erp/K-503")["follows"] == "contract/erp/K-502"
    words = olcare("contract", "show", "customer/erp/C-1001").out
    assert "It lapsed at Wed 2026-11-25 00:00:00 CET, as nobody had signed." in words
    assert "licence/erp/L-501 of customer/erp/C-1001: perpetual" in words


def test_benefits_are_listed_now_and_as_they_stood() -> None:
    assert states() == {"planetpress-connect": True, "pres-connect": True}
    assert states("--at", "2026-11-26T12:00:00Z") == {"planetpress-connect": True, "pres-connect": False}
    assert states("--at", "2026-11-24T12:00:00Z", "--product", "pres-connect") == {"pres-connect": True}
    assert states("--at", "2025-11-24T12:00:00Z") == {}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("contract", "show", "contract/erp/K-0"), "there is no contract/erp/K-0"),
        (("contract", "show", "0", "--source", "erp"), "there is no contract/erp/0 and no licence/erp/0"),
        (("entitlements", "--customer", "customer/erp/C-0"), "there is no customer/erp/C-0"),
        (("entitlements", "--product", "paper-folder"), "there is no product paper-folder; there are"),
        (("entitlements", "--at", "2030-01-01"), "what will hold then is not recorded yet"),
    ],
)
def test_what_is_not_known_is_one_sentence(words: tuple[str, ...], why: str) -> None:
    said = olcare(*words)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert why in said.err


def buy(licence: str, number: str, day: str) -> None:
    care = ("--set", f"care.contract={number}", "--set", f"care.first_day={day}")
    done("trigger", "LicencePurchased", "--wait", "--subject", licence, "--set", f"purchased_on={day}", *care)


def submit(number: str, first_day: str, last_day: str) -> None:
    days = ("--set", f"first_day={first_day}", "--set", f"last_day={last_day}")
    licence = ("--set", f"licence=licence/erp/{number}", "--set", 'products:=["pres-connect"]')
    done("trigger", "ContractSubmitted", "--wait", "--subject", number, *days, *licence)


def contract(*words: str) -> dict[str, Any]:
    [found] = done("contract", "show", *words)["contracts"]
    assert isinstance(found, dict)
    return found


def states(*words: str) -> dict[str, bool]:
    found = done("entitlements", "--customer", "customer/erp/C-1001", *words)
    return {row["product"]: row["holds"] for row in found}
