"""docker-compose.yml as a real Compose reads it, and the lock of its image."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from libs.stack.cache import wheels
from libs.stack.run import PROJECT

ONCE = {"topics", "plan"}
SCALED = {"intake", "contract", "sla-timer", "notification", "audit"}
SERVICES = {*SCALED, "ops"}


@cache
def composition() -> dict[str, Any]:
    """What Compose makes of the file, all profiles included; it fails on whatever it does not understand."""
    program = str(wheels("compose") / "bin/docker-compose")
    config = ["--project-directory", str(PROJECT), "--profile", "*", "config", "--format", "json"]
    services: dict[str, Any] = json.loads(subprocess.run([program, *config], capture_output=True, check=True).stdout)[
        "services"
    ]
    return services


def test_every_service_is_there_with_the_servers_and_the_one_shots() -> None:
    assert set(composition()) == SERVICES | ONCE | {
        *("kafka", "postgres", "mail", "console", "dashboards", "prometheus", "grafana")
    }


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in composition().values() for port in service.get("ports", [])]
    assert len(ports) >= 5
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    published = [port["published"] for port in ports if port.get("published")]
    assert len(set(published)) == len(published)


def test_images_are_pinned_by_version() -> None:
    images = {service["image"] for service in composition().values()}
    assert [image for image in images if not re.search(r":v?\d+\.\d+", image)] == ["olcare:local"]


@pytest.mark.parametrize("name", sorted(SERVICES | {"kafka", "postgres", "mail"}))
def test_what_runs_on_is_watched_and_comes_back(name: str) -> None:
    service = composition()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_its_servers_and_its_topics(name: str) -> None:
    conditions = {other: needed["condition"] for other, needed in composition()[name]["depends_on"].items()}
    assert conditions["kafka"] == conditions["postgres"] == "service_healthy"
    assert conditions["topics"] == "service_completed_successfully"


@pytest.mark.parametrize("name", sorted(SERVICES | ONCE | {"mail"}))
def test_our_image_runs_without_rights(name: str) -> None:
    service = composition()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "USER 10001" in (PROJECT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", sorted(SCALED))
def test_a_service_can_be_scaled(name: str) -> None:
    service = composition()[name]
    assert "container_name" not in service
    assert "hostname" not in service
    assert "OLCARE_INSTANCE" not in service["environment"]  # each container names itself by its own host name
    assert service["ports"]
    assert all(port.get("published", "") in {"", "0"} for port in service["ports"])
    assert not service.get("volumes")


def test_the_image_has_the_versions_that_were_tested() -> None:
    tested, shipped = (_pins(PROJECT / f"requirements{kind}.lock") for kind in ("", "-image"))
    assert shipped
    assert shipped <= tested


def _pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^ ]+", lock.read_text(), re.MULTILINE))
