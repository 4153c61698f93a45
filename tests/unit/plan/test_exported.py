"""A plan as one file: written, read back, and refused with its place where it is none."""

import json
from dataclasses import replace

import pytest

from libs.plan import BadPlan, export_plan, parse_exported
from tests.unit.plan.seed import PLAN, day

EXPORTED = export_plan(PLAN)


def test_what_is_exported_reads_back_equal() -> None:
    assert parse_exported(EXPORTED) == PLAN


def test_an_exported_plan_holds_the_version_of_every_part() -> None:
    parts = json.loads(EXPORTED)
    versioned = [*parts["centres"], parts["targets"], *parts["prices"], *parts["products"], parts["notices"]]
    versions = {part.get("centre", "other"): part["version"] for part in reversed(versioned)}
    assert len(versioned) == 8 + 1 + 7 + 4 + 1
    assert {name: version for name, version in versions.items() if version > 1} == {"malaysia": 2}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{", "", "no JSON"),
        ("olcare-plan-1", "olcare-plan-9", "format: "),
        ('"Europe/Paris"', "7", r"centres.france.zone: "),
        ('"zone": "Europe/Paris"', '"zone": "Europe/Paris", "colour": "red"', r"centres.france.colour: Extra inputs"),
    ],
)
def test_what_is_no_exported_plan_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert old in EXPORTED
    with pytest.raises(BadPlan, match=message):
        parse_exported(EXPORTED.replace(old, new, 1))


def test_an_exported_plan_holds_every_price_list_of_a_currency() -> None:
    [euro] = [prices for prices in PLAN.prices if prices.currency == "EUR"]
    newer = euro.model_copy(update={"version": 2, "applies_from": day("2027-01-01"), "renewal": 2_100})
    plan = replace(PLAN, prices=(*PLAN.prices, newer))
    assert parse_exported(export_plan(plan)) == plan


def test_an_exported_plan_says_a_number_once() -> None:
    with pytest.raises(BadPlan, match=r"here.json: centres: number \+33180875286 stands there twice"):
        parse_exported(EXPORTED.replace("+815034885816", "+33180875286"), "here.json")


def test_an_exported_plan_without_a_part_is_refused_with_the_name_of_the_part() -> None:
    parts = json.loads(EXPORTED)
    del parts["notices"]
    with pytest.raises(BadPlan, match=r"older.json: notices: Field required"):
        parse_exported(json.dumps(parts), "older.json")
