"""The alert rules: right by promtool, seen to fire and not to, with a section of the runbook; and the dashboard."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.stack.run import PROJECT
from tests.acceptance.expressions import (
    DASHBOARD,
    OF_THE_TARGET,
    expressions,
    labels_in,
    panels,
    selectors,
)
from tests.acceptance.measured import described

FOLDER = PROJECT / "deploy/prometheus"
RULES, TESTS = FOLDER / "olcare.rules.yml", FOLDER / "olcare.rules.test.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
NAMES = [alert["alert"] for alert in ALERTS]
PROMTOOL = shutil.which("promtool")
NO_PROMTOOL = pytest.mark.skipif(
    PROMTOOL is None, reason="there is no promtool: `apt-get install prometheus` brings it"
)
EXPRESSIONS = expressions()


@NO_PROMTOOL
@pytest.mark.parametrize(
    "words",
    [("check", "rules", RULES.name), ("check", "config", "prometheus.yml"), ("test", "rules", TESTS.name)],
    ids=lambda words: " ".join(words[:2]),
)
def test_promtool_finds_nothing_wrong(words: tuple[str, ...]) -> None:
    said = subprocess.run([str(PROMTOOL), *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("alert", NAMES)
def test_each_rule_is_seen_to_fire_and_not_to_fire(alert: str) -> None:
    each = [one for test in yaml.safe_load(TESTS.read_text())["tests"] for one in test["alert_rule_test"]]
    expected = [bool(one["exp_alerts"]) for one in each if one["alertname"] == alert]
    assert set(expected) == {True, False}


def test_names_are_given_once() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 9


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_each_rule_says_what_is_wrong_how_urgent_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (PROJECT / file).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_metric_and_label_of_an_expression_is_described(expression: str) -> None:
    told = described()
    named = {one.metric for one in selectors(expression)}
    assert named <= told.keys()
    taken = OF_THE_TARGET.union(*(told[metric].labels for metric in named))
    assert labels_in(expression) <= taken
    for one in selectors(expression):
        assert {label for label, _ in one.values} <= told[one.metric].labels


@NO_PROMTOOL
def test_each_expression_of_the_dashboard_can_be_read(tmp_path: Path) -> None:
    texts = [re.sub(r"\$\w+", "x", target["expr"]) for panel in panels() for target in panel["targets"]]
    each = [{"record": f"olcare:shown_{n}", "expr": text} for n, text in enumerate(texts)]
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": each}]}))
    said = subprocess.run(
        [str(PROMTOOL), "check", "rules", "shown.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_dashboard_has_a_row_for_each_part_and_names_its_variables() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Promises", "Topics", "Doors", "Notices", "Dead letters", "Rebuild"]
    assert DASHBOARD["uid"] == "olcare"
    variables = {one["name"] for one in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD["panels"])))
    assert used == variables
    assert all(panel["description"] for panel in panels())
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_no_two_panels_stand_on_each_other() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(at["x"] + x, at["y"] + y) for at in places for x in range(at["w"]) for y in range(at["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
