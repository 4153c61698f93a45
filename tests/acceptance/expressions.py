"""Every expression of the alert rules and of the dashboard, and what it names."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from libs.stack.run import PROJECT

RULES = PROJECT / "deploy/prometheus/olcare.rules.yml"
DASHBOARD: dict[str, Any] = json.loads((PROJECT / "deploy/grafana/olcare.json").read_text())
OF_THE_TARGET = {"service", "job", "instance"}
"""Labels that Prometheus adds, by its configuration."""
_SELECTOR = re.compile(r"\b(olcare_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)(=~|!=|!~|=)"([^"]*)"')
_BY = re.compile(r"\bby \(([^)]*)\)")
_OF_A_HISTOGRAM = re.compile("_(bucket|sum|count)$")


class Selector(NamedTuple):
    """A metric with the values that some of its labels are to have."""

    metric: str
    values: frozenset[tuple[str, str]]


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """What the dashboard shows, without its rows."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """All of both."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + shown


def selectors(expression: str) -> Iterator[Selector]:
    """The metrics that an expression names; a value that a variable of the dashboard gives is left open."""
    for name, inside in _SELECTOR.findall(expression):
        matchers = [(label, how, value) for label, how, value in _MATCHER.findall(inside) if "$" not in value]
        values = {(label, one) for label, how, value in matchers for one in _each(how, value)}
        yield Selector(_OF_A_HISTOGRAM.sub("", name), frozenset(values))


def _each(how: str, value: str) -> list[str]:
    return value.split("|") if "~" in how else [value]


def labels_in(expression: str) -> set[str]:
    """The labels that an expression groups by or chooses by."""
    grouped = {label.strip() for group in _BY.findall(expression) for label in group.split(",")}
    return grouped | {label for label, *_ in _MATCHER.findall(expression)}
