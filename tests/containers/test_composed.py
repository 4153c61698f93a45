"""The whole product as containers: `STACK=docker` and an engine with Compose are needed."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from subprocess import CalledProcessError
from typing import TYPE_CHECKING

import httpx
import pytest

from libs.stack.docker import composed, wanted
from libs.stack.ports import free_port
from libs.stack.run import Run
from services.ops.console.pages import PAGES
from tests.support import eventually

if TYPE_CHECKING:
    from testcontainers.compose import DockerCompose

pytestmark = [
    pytest.mark.skipif(not wanted(), reason="STACK=docker is not said, or no engine with Compose answers"),
    pytest.mark.timeout(900),
]
JSON = {"accept": "application/json"}
PORTS = ("KAFKA", "POSTGRES", "SMTP", "OPS", "CONSOLE")


@pytest.fixture(scope="module")
def product() -> Iterator["DockerCompose"]:
    """Build the image and wait until every service is healthy."""
    with Run.create() as run:
        values = {f"OLCARE_{name}_PORT": str(free_port()) for name in PORTS}
        compose = composed(run.folder / "compose.env", {"COMPOSE_PROJECT_NAME": run.folder.name, **values}, build=True)
        with compose:
            yield compose


def olcare(product: "DockerCompose", *arguments: str) -> str:
    """What a command says inside the container of ops; it fails where the command does."""
    said, _, _ = product.exec_in_container(["python", "-m", "services.ops", *arguments], "ops")
    return said


def test_a_ticket_gets_its_promise_and_its_mail(product: "DockerCompose") -> None:
    olcare(product, "seed")
    said = olcare(product, "trigger", "TicketSubmitted", "--wait", "--json")
    assert json.loads(said)["receipt"]["outcome"] == "accepted"
    assert "intake" in olcare(product, "status")
    olcare(product, "lag")


def test_every_service_is_healthy(product: "DockerCompose") -> None:
    health = {container.Service: container.Health for container in product.get_containers()}
    assert {service for service, found in health.items() if found == "healthy"} >= {
        *("kafka", "postgres", "mail", "intake", "contract", "sla-timer", "notification", "audit", "ops", "console")
    }


@pytest.fixture
async def console(product: "DockerCompose") -> AsyncIterator[httpx.AsyncClient]:
    """Somebody on this machine, at the port of the console that is published."""
    port = product.get_service_port("console", 8080)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as found:
        yield found


async def test_the_console_has_a_page_with_everything_that_a_browser_loads_for_it(console: httpx.AsyncClient) -> None:
    assert (await console.get("/readyz")).json()["degraded"] == []
    page = await console.get("/")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
    assert {name.partition("?")[0] for name in loaded} >= {"/assets/htmx.js", "/assets/htmx-sse.js"}
    assert {(await console.get(name)).status_code for name in loaded} == {200}


async def test_the_console_reaches_the_services_the_tables_and_the_log(console: httpx.AsyncClient) -> None:
    now = (await console.get("/", headers=JSON)).json()
    assert (now["unknown"], len(now["centres"])) == ([], 8)
    assert all(one["ready"] for one in now["services"])
    paths = [page.path for page in PAGES if "{" not in page.path]
    answers = {path: (await console.get(path, headers=JSON)).status_code for path in paths}
    assert answers == dict.fromkeys(paths, 200)
    async with console.stream("GET", "/topics/live") as events:
        said = (line async for line in events.aiter_lines() if line.startswith("event:"))
        assert await anext(said) == "event: changes"


async def test_what_takes_time_runs_in_the_container_of_the_console(console: httpx.AsyncClient) -> None:
    [token] = set(re.findall(r'name="token" value="([^"]+)"', (await console.get("/projections")).text))
    console.cookies.set("olcare_who", "anna")
    begun = await console.post("/projections/intake/plan/verify", data={"token": token})
    assert begun.status_code == 303

    async def ended() -> str:
        state = str((await console.get(begun.headers["location"], headers=JSON)).json()["state"])
        assert state != "running"
        return state

    assert await eventually(ended, 300) == "equal"


def test_a_console_that_would_be_open_to_everybody_does_not_start(product: "DockerCompose") -> None:
    words = ["env", "OLCARE_CONSOLE_PUBLISHED_AT=console.example.org", "python", "-m", "services.ops.console"]
    with pytest.raises(CalledProcessError) as refused:
        product.exec_in_container(words, "console")
    said = refused.value.stderr.decode()
    assert refused.value.returncode == 2
    assert "open to everybody at console.example.org" in said
    assert "OLCARE_OIDC_ISSUER" in said
