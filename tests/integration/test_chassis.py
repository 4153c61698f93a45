"""A small service as a process of its own: its pages, its end, and the plan clock that it shares with another."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from libs.chassis import clock
from libs.chassis.build import VERSION, build
from libs.stack.ports import free_port
from tests.support import PATIENCE, eventually

MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)
MONDAY_8H = datetime(2026, 11, 23, 8, tzinfo=UTC)
MONDAY_9H = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan clock stands at seven o'clock, with the contracts of two services."""
    tmp_path = tmp_path_factory.mktemp("chassis")
    clock.start(tmp_path / "clock.json", MONDAY_7H)
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "OL Care", "version": "1"},
        "channels": {"tickets": {"address": "olcare.tickets.v1"}, "sla": {"address": "olcare.sla.v1"}},
        "operations": {
            "small-sends-tickets": {"action": "send", "channel": {"$ref": "#/channels/tickets"}},
            "other-sends-sla": {"action": "send", "channel": {"$ref": "#/channels/sla"}},
        },
    }
    (tmp_path / "asyncapi.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


@pytest.fixture(scope="module")
def well(folder: Path) -> Iterator["Process"]:
    """A service that lacks nothing."""
    with process(folder, "well") as service:
        yield service


async def test_a_service_that_is_well_says_so(well: "Process") -> None:
    alive = await well.page("/livez")
    assert alive.status_code == 200
    assert parsedate_to_datetime(alive.headers["date"]) <= clock.Clock().wall()
    ready = await well.page("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "build": build(),
        "clock": {"movable": True, "now": "2026-11-23T07:00:00.000000Z"},
        "waiting": [],
        "degraded": [],
        "sources": None,
    }


async def test_a_service_that_waits_is_alive_and_not_ready(folder: Path) -> None:
    with process(folder, "waiting") as service:
        assert (await service.page("/livez")).status_code == 200
        ready = await service.page("/readyz")
        assert ready.status_code == 503
        assert ready.json()["waiting"] == ["gate: 3 records of olcare.plan.v1 are not read yet"]


@pytest.mark.parametrize(
    ("kind", "says"), [("well", ""), ("waiting", "gate: 3 records of olcare.plan.v1 are not read yet")]
)
async def test_a_health_check_tells_whether_a_service_is_ready(folder: Path, kind: str, says: str) -> None:
    with process(folder, kind) as service:
        code, said = await _health_check(await eventually(service.port))
    assert (code, said) == (1 if says else 0, says)


async def test_a_health_check_tells_that_nobody_answers() -> None:
    port = free_port()
    assert await _health_check(port) == (1, f"127.0.0.1:{port} does not answer (ConnectionRefusedError)")


async def test_what_is_counted_can_be_read(well: "Process") -> None:
    text = (await well.page("/metrics")).text
    assert 'rounds_total{loop="steady"} 2.0' in text
    assert 'target_info{instance="small-1",service="small"} 1.0' in text


async def test_the_build_that_runs_is_measured(folder: Path) -> None:
    with process(folder, "well", OLCARE_REVISION="4be1d3c") as service:
        assert (await service.page("/readyz")).json()["build"] == f"{VERSION}+4be1d3c"
        assert f'olcare_build_info{{version="{VERSION}+4be1d3c"}} 1.0' in (await service.page("/metrics")).text


async def test_the_first_page_leads_to_all_others(well: "Process") -> None:
    first = await well.page("/")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert "small-1" in first.text
    links = re.findall(r'href="([^"]+)"', first.text)
    assert links == ["/livez", "/readyz", "/quiet", "/metrics", "/asyncapi", "/asyncapi.json"]
    assert [(await well.page(link)).status_code for link in links] == [200] * len(links)


async def test_the_page_of_messages_shows_the_share_of_the_service_and_publishes_nothing(well: "Process") -> None:
    answer = await well.page("/asyncapi")
    page = answer.text
    assert "olcare.tickets.v1" in page
    assert "olcare.sla.v1" not in page
    assert "<script" not in page
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert (await well.page("/asyncapi.css")).headers["content-type"] == "text/css; charset=utf-8"
    assert (await well.page("/asyncapi/try")).status_code == 404
    assert set((await well.page("/asyncapi.json")).json()["operations"]) == {"small-sends-tickets"}


async def test_a_step_of_the_plan_clock_is_seen_by_all_who_share_it(folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "clock.json"
    clock.start(shared, MONDAY_7H)
    with (
        process(folder, "well", OLCARE_CLOCK=str(shared)) as one,
        process(folder, "well", OLCARE_CLOCK=str(shared)) as two,
    ):
        seven = {"now": "2026-11-23T07:00:00.000000Z", "next_due": "2026-11-23T09:00:00.000000Z", "busy": []}
        await two.page("/livez")
        assert (await one.page("/quiet")).json() == {"quiet": True, **seven}
        clock.step(shared, MONDAY_8H)
        for service in (one, two):
            assert (await service.page("/quiet")).json()["now"] == "2026-11-23T08:00:00.000000Z"
            assert not service.has_said("nine o'clock")
        clock.step(shared, MONDAY_9H)
        for service in (one, two):
            assert (await service.page("/quiet")).json()["quiet"] is False
            await eventually(partial(service.has_said, "nine o'clock"))


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
async def test_a_service_that_is_told_to_stop_finishes_what_it_has_begun(folder: Path, told: signal.Signals) -> None:
    with process(folder, "finishing") as service:
        await service.page("/livez")
        service.popen.send_signal(told)
        assert await service.exit_code() == 0
        assert service.has_said("finished")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("crashing", "the disk is full"), ("ending", "the loop ending ended by itself")],
)
async def test_a_loop_that_fails_or_ends_takes_the_process_with_it(folder: Path, kind: str, reason: str) -> None:
    with process(folder, kind) as service:
        assert await service.exit_code() == 1
        (line,) = [line for line in service.lines() if line["level"] == "error"]
        assert line["error"] == reason
        assert (line["service"], line["instance"], line["loop"]) == ("small", "small-1", kind)


async def test_a_loop_that_hears_nothing_is_ended_by_force(folder: Path) -> None:
    with process(folder, "deaf") as service:
        await service.page("/livez")
        service.popen.terminate()
        assert await service.exit_code() == 1
        assert service.has_said("ended by force")


async def test_a_port_that_is_taken_is_a_setting_that_is_wrong(folder: Path, well: "Process") -> None:
    port = await eventually(well.port)
    with process(folder, "well", OLCARE_HTTP_PORT=str(port)) as second:
        assert await second.exit_code() == 2
        [sentence] = second.log.read_text().splitlines()
        assert sentence.startswith("OLCARE_HTTP_HOST and OLCARE_HTTP_PORT are not right: ")
        assert "already in use" in sentence


async def _health_check(port: int | None) -> tuple[int | None, str]:
    command = [sys.executable, "-m", "libs.chassis.ready"]
    environment = {**os.environ, "OLCARE_HTTP_PORT": str(port)}
    check = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    _, said = await check.communicate()
    return check.returncode, said.decode().strip()


@dataclass(frozen=True)
class Process:
    popen: "subprocess.Popen[bytes]"
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def has_said(self, event: str) -> bool:
        return event in [line["event"] for line in self.lines()]

    def port(self) -> int | None:
        said = [line["http"] for line in self.lines() if line["event"] == "running"]
        return int(said[0].rpartition(":")[2]) if said else None

    async def page(self, path: str) -> httpx.Response:
        port = await eventually(self.port)
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            return await client.get(f"http://127.0.0.1:{port}{path}")

    async def exit_code(self) -> int:
        await eventually(lambda: self.popen.poll() is not None)
        return self.popen.returncode


@contextmanager
def process(folder: Path, kind: str, **environment: str) -> Iterator[Process]:
    environment = {"OLCARE_CLOCK": str(folder / "clock.json"), "OLCARE_CONTRACTS": str(folder), **environment}
    log = folder / f"{len(list(folder.glob('*.log')))}.log"
    with log.open("wb") as out:
        popen = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.integration.chassis_service", kind],
            env={**os.environ, "OLCARE_INSTANCE": "small-1", **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Process(popen, log)
    finally:
        popen.kill()
        popen.wait()
