"""A plan as one file: written, read back, and refused with its place where it is none."""

import json

import pytest

from libs.plan import BadPlan
from libs.plan.exported import export_plan, parse_exported
from tests.unit.plan.seed import PLAN

EXPORTED = export_plan(PLAN)


def test_what_is_exported_reads_back_equal() -> None:
    assert parse_exported(EXPORTED) == PLAN


def test_an_exported_plan_holds_the_version_of_every_part() -> None:
    parts = json.loads(EXPORTED)
    versioned = [*parts["centres"], parts["targets"], *parts["prices"], *parts["products"]]
    assert [part["version"] for part in versioned] == [1] * (8 + 1 + 6 + 4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{", "", "no JSON"),
        ("olcare-plan-1", "olcare-plan-9", "format: "),
        ('"Europe/Paris"', "7", r"centres.3.zone: "),
        ('"zone": "Europe/Paris"', '"zone": "Europe/Paris", "colour": "red"', r"centres.3.colour: Extra inputs"),
    ],
)
def test_what_is_no_exported_plan_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert old in EXPORTED
    with pytest.raises(BadPlan, match=message):
        parse_exported(EXPORTED.replace(old, new, 1))
