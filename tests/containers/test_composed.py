"""The whole product as containers: `STACK=docker` and an engine with Compose are needed."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from libs.stack.docker import composed, wanted
from libs.stack.ports import free_port
from libs.stack.run import Run

if TYPE_CHECKING:
    from testcontainers.compose import DockerCompose

pytestmark = [
    pytest.mark.skipif(not wanted(), reason="STACK=docker is not said, or no engine with Compose answers"),
    pytest.mark.timeout(900),
]
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
