"""What the processes of an installation say at `/metrics`, and what `docs/metrics.md` says of it."""

import re
from typing import Any, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from libs.stack.run import PROJECT
from services.ops.watch.services import SERVICES
from tests.support import PATIENCE

ROW = re.compile(r"^\| `(olcare_\w+)` \|([^|]*)\|([^|]*)\| [^|]+ \|$", re.MULTILINE)
EVERYBODY = frozenset({*SERVICES, "console", "ops"})


class Described(NamedTuple):
    """A metric as it is described: the labels that it takes, and who has it."""

    labels: frozenset[str]
    of: frozenset[str]


def described() -> dict[str, Described]:
    """All metrics of the table, by name."""
    found = ROW.findall((PROJECT / "docs/metrics.md").read_text())
    return {name: Described(frozenset(_words(labels)), _whose(of)) for name, labels, of in found}


def _words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]


def _whose(cell: str) -> frozenset[str]:
    return {"all": EVERYBODY, "services": frozenset(SERVICES)}.get(cell.strip(), frozenset(_words(cell)))


class Series(NamedTuple):
    """One series, as Prometheus names it."""

    name: str
    labels: frozenset[tuple[str, str]]


Measured = dict[str, dict[Series, float]]
"""By the metric its series; a metric that has none is not there."""


def measured(page: str) -> Measured:
    """What a process says of ours."""
    found: Measured = {}
    for family in text_string_to_metric_families(httpx.get(f"{page}/metrics", trust_env=False, timeout=PATIENCE).text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        series = {_series(one): one.value for one in family.samples if not one.name.endswith("_created")}
        if name.startswith("olcare_") and series:
            found[name] = series
    return found


def _series(sample: Any) -> Series:
    return Series(sample.name, frozenset(sample.labels.items()))


def labels_of(series: dict[Series, float]) -> frozenset[str]:
    """The names of all labels that some series have."""
    return frozenset(name for one in series for name, _ in one.labels)


def moved(found: Measured) -> set[str]:
    """Those of which any series is not 0."""
    return {name for name, series in found.items() if any(series.values())}
