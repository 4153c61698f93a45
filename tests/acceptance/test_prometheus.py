"""Prometheus itself beside an installation, by the configuration that is shipped: every target, rule and panel."""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from libs.stack.ports import free_port
from libs.stack.process import Process
from libs.stack.run import PROJECT, Run
from tests.acceptance.expressions import DASHBOARD, panels, rules
from tests.acceptance.olcare import done, installation, olcare
from tests.support import PATIENCE, eventually

EVERYBODY = ("contract", "intake", "sla_timer", "notification", "audit", "console", "ops")
PROMETHEUS = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(  # a program that only who watches an installation has; CI installs it
    PROMETHEUS is None, reason="there is no prometheus: `apt-get install prometheus` brings it"
)
FOLDER = PROJECT / "deploy/prometheus"
EMPTY = {
    "Kept, of all that was due": "nothing was due yet",
    "Deadlines wait": "no duty is due: nothing waits for safe time",
    "Builds": "nothing is built anew, and nothing is kept to go back to",
    "How far": "nothing is built anew",
    "What people mended": "nobody mended anything, and nothing is built anew",
}
"""Panels one of whose expressions may have nothing where all is well, and why."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with installation(tmp_path_factory.mktemp("up")) as found:
        done("trigger", "TicketSubmitted", "--wait", "--subject", "scraped")
        assert olcare("trigger", "TicketSubmitted", "--wait", "--subject", "bad", "--set", "channel:=1").code == 1
        yield found


@contextmanager
def serving(up: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """The pages of ops, which `olcare up` leaves to whoever wants them."""
    port = free_port()
    places = ",".join(f"{one['service']}={urlsplit(one['pages']).port}" for one in up["services"])
    env = {"OLCARE_KAFKA": up["kafka"], "OLCARE_POSTGRES": up["postgres"], "OLCARE_SERVICES": places}
    env |= {"OLCARE_HTTP_PORT": str(port), "OLCARE_INSTANCE": "ops"}
    with Run.create(folder) as run:
        process = Process(run, "ops", [sys.executable, "-m", "services.ops", "serve"], env=env)
        process.start()
        yield f"http://127.0.0.1:{port}"
        process.stop()


def configured(folder: Path, pages: Mapping[str, str]) -> Path:
    """What is shipped, with these addresses in place of the containers', and looking every second."""
    shutil.copy(FOLDER / "olcare.rules.yml", folder)
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for target in config["scrape_configs"][0]["static_configs"]:
        target["targets"] = [urlsplit(pages[target["labels"]["service"]]).netloc]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture(scope="module")
def prometheus(up: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with serving(up, tmp_path_factory.mktemp("ops")) as ops, Run.create(tmp_path_factory.mktemp("run")) as run:
        pages = {one["service"]: str(one["pages"]) for one in up["services"]} | {"ops": ops}
        words = [
            *(str(PROMETHEUS), f"--config.file={configured(folder, pages)}", f"--storage.tsdb.path={folder / 'data'}"),
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        process = Process(run, "prometheus", words)
        process.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client:
            yield client
        process.stop()


def asked(prometheus: httpx.Client, path: str, **query: str) -> Any:
    """What it says."""
    try:
        answer = prometheus.get(f"/api/v1/{path}", params=query)
    except httpx.HTTPError as error:
        raise AssertionError(f"it does not answer: {error}") from error
    assert answer.status_code != httpx.codes.SERVICE_UNAVAILABLE, answer.text  # it has only begun
    said = answer.json()
    assert said["status"] == "success", said
    return said["data"]


async def test_every_target_is_scraped(prometheus: httpx.Client) -> None:
    def are_up() -> bool:
        targets = asked(prometheus, "targets")["activeTargets"]
        found = {one["labels"]["service"]: (one["health"], one["lastError"]) for one in targets}
        assert found == dict.fromkeys(EVERYBODY, ("up", ""))
        return True

    await eventually(lambda: asyncio.to_thread(are_up))


async def test_every_rule_is_evaluated_and_none_fires_where_all_is_well(prometheus: httpx.Client) -> None:
    def are_evaluated() -> bool:
        found = [rule for group in asked(prometheus, "rules")["groups"] for rule in group["rules"]]
        assert {one["name"]: (one["health"], one.get("lastError", "")) for one in found} == {
            rule["alert"]: ("ok", "") for rule in rules()
        }
        assert [one["name"] for one in found if one["state"] == "firing"] == []
        return True

    await eventually(lambda: asyncio.to_thread(are_evaluated))


def without_variables(expression: str) -> str:
    """As Grafana asks it where every value of a variable is wanted."""
    for variable in DASHBOARD["templating"]["list"]:
        expression = expression.replace(f"${variable['name']}", variable.get("allValue", ".*"))
    return expression


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
async def test_every_panel_shows_something_or_it_is_known_why_not(
    prometheus: httpx.Client, panel: dict[str, Any]
) -> None:
    for target in panel["targets"]:
        expression = without_variables(target["expr"])
        if panel["title"] in EMPTY:
            assert "result" in asked(prometheus, "query", query=expression)
        else:
            await eventually(partial(_shows, prometheus, expression))


async def _shows(prometheus: httpx.Client, expression: str) -> bool:
    found = await asyncio.to_thread(asked, prometheus, "query", query=expression)
    return bool(found["result"])


async def test_the_choices_of_the_dashboard_have_values(prometheus: httpx.Client) -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").split(", ")
            assert asked(prometheus, f"label/{label}/values", **{"match[]": metric})
