"""Services come back when they end by themselves, and stay away when they are stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.stack.errors import StackError
from libs.stack.installation import Installation
from libs.stack.ports import free_port
from libs.stack.resolve import Stack
from libs.stack.run import Run
from libs.stack.service import ServiceProcess, ServiceSpec
from libs.stack.wait import machine_seconds
from tests.support import eventually


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    for name in ("KAFKA", "POSTGRES", "SMTP"):
        monkeypatch.setenv(f"OLCARE_{name}", f"{name.lower()}.invalid")
    with Run.create(tmp_path) as run:
        yield Installation(run, Stack(run), {}, list)


def spec(**env: str) -> ServiceSpec:
    return ServiceSpec("intake", "tests.integration.stack_service", free_port(), env)


def test_a_service_finds_the_addresses_and_its_name_in_its_environment(installation: Installation) -> None:
    service = _started(installation)
    assert "started with kafka.invalid intake" in service.process.log.read_text()


async def test_a_killed_service_comes_back(installation: Installation) -> None:
    service = _started(installation)
    installation.keep_alive()
    killed = service.process.pid
    service.kill()
    await eventually(service.ready)
    assert service.process.pid != killed


def test_a_stopped_service_stays_away(installation: Installation) -> None:
    service = _started(installation)
    service.stop()
    service.revive()
    assert not service.process.alive


def test_a_service_that_keeps_ending_is_started_at_growing_intervals(installation: Installation) -> None:
    installation.start([spec(BROKEN="yes")])
    said, end = installation.services["intake"].process.log, machine_seconds() + 2
    while machine_seconds() < end or said.read_text().count("started with") < 2:
        installation.revive()
    assert said.read_text().count("started with") <= 4  # at once, and after a quarter, a half and a whole second


def test_a_service_that_ends_at_its_start_is_named_with_its_last_words(installation: Installation) -> None:
    installation.start([spec(BROKEN="yes")])
    with pytest.raises(StackError, match=r"(?s)intake ended at its start.*broken on purpose"):
        installation.await_ready()


def test_a_command_that_fails_stops_the_installation(installation: Installation) -> None:
    with pytest.raises(StackError, match=r"(?s)ended with 3.*no such topic"):
        installation.run_once("topics", ["sh", "-c", "echo no such topic; exit 3"])


def _started(installation: Installation) -> ServiceProcess:
    installation.start([spec()])
    installation.await_ready()
    return installation.services["intake"]
