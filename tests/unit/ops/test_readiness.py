"""`olcare status` and `olcare lag` call nothing ready that is not, and scripts can tell."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from libs.chassis.health import Health
from libs.chassis.manual_clock import ManualClock
from libs.eventlog.errors import Unavailable
from libs.stack.identity import start_time
from libs.stack.up import UP, RunningService, Up, file_of
from services.ops import stack
from services.ops.__main__ import main
from services.ops.cli.environment import Environment, PageAddress
from services.ops.cli.output import Refused
from services.ops.watch import lag, readiness
from services.ops.watch.readiness import ServiceReadiness, agreed, understood

MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)
READY = ServiceReadiness(ready=True, build="0.1.0", waiting=None)
WAITING = ServiceReadiness(ready=False, build="0.1.0", waiting="gate: it is closed")


def running(*, revived: int = 0, steady: bool = True) -> RunningService:
    return RunningService("intake", 4711, 8080, Path("intake.log"), revived, steady)


class Services:
    """What is up, and what each service says of itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path) -> None:
        self._monkeypatch, self._capsys, self._root = monkeypatch, capsys, root
        self.said = READY
        self.asked: Mapping[str, PageAddress] = {}
        monkeypatch.setattr(stack, "readiness", self.readiness)
        monkeypatch.setattr(lag, "readiness", self.readiness)

    async def readiness(self, addresses: Mapping[str, PageAddress]) -> dict[str, ServiceReadiness]:
        self.asked = addresses
        return dict.fromkeys(addresses, self.said)

    def are(self, *services: RunningService) -> None:
        me = os.getpid()
        up = Up(me, start_time(me) or "", self._root, "kafka:1", "postgresql://x", "mail:1", None, services)
        file_of(self._root).write_bytes(UP.dump_json(up))

    def status(self, *words: str) -> tuple[int, str]:
        self._monkeypatch.setattr("sys.argv", ["olcare", "status", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), self._capsys.readouterr().out

    def rows(self) -> tuple[int, list[dict[str, Any]]]:
        code, out = self.status("--json")
        return code, json.loads(out)["services"]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Services:
    for name in ("CLOCK", "SERVICES"):
        monkeypatch.delenv(f"OLCARE_{name}", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path))
    return Services(monkeypatch, capsys, tmp_path)


def test_what_is_ready_says_its_build(services: Services) -> None:
    services.are(running())
    code, [row] = services.rows()
    assert (code, row["ready"], row["build"], row["waiting"]) == (0, True, "0.1.0", None)


def test_what_waits_is_not_ready_and_says_why(services: Services) -> None:
    services.are(running())
    services.said = WAITING
    code, [row] = services.rows()
    assert (code, row["ready"], row["waiting"]) == (1, False, "gate: it is closed")
    assert "gate: it is closed" in services.status()[1]


def test_what_ends_again_and_again_is_not_ready_whatever_it_says_in_between(services: Services) -> None:
    services.are(running(revived=7, steady=False))
    code, [row] = services.rows()
    assert (code, row["ready"]) == (1, False)
    assert "ended by itself 7 times" in row["waiting"]


def test_what_ended_long_ago_is_ready(services: Services) -> None:
    services.are(running(revived=1, steady=True))
    assert services.rows()[0] == 0


def test_services_that_run_elsewhere_are_asked_where_they_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLCARE_SERVICES", "intake=8080, sla_timer=sla-timer:8081")
    code, rows = services.rows()
    assert services.asked == {"intake": PageAddress("127.0.0.1", 8080), "sla_timer": PageAddress("sla-timer", 8081)}
    assert (code, [row["pages"] for row in rows]) == (0, ["http://127.0.0.1:8080", "http://sla-timer:8081"])
    services.said = WAITING
    assert services.rows()[0] == 1


async def test_how_far_behind_says_who_is_not_ready(services: Services, tmp_path: Path) -> None:
    here = Environment(None, None, None, "intake=8080", tmp_path, tmp_path)
    assert await lag.not_ready(here) == []
    services.said = WAITING
    [row] = await lag.not_ready(here)
    assert (row["follower"], row["problem"]) == ("intake", "not ready: gate: it is closed")


async def test_who_is_not_known_is_not_asked(services: Services, tmp_path: Path) -> None:
    services.said = WAITING
    assert await lag.not_ready(Environment("kafka:1", "x", None, None, tmp_path, tmp_path)) == []


def test_plan_time_is_stepped_only_for_services_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="contract must run on this machine"):
        Environment(None, None, None, "intake=1,contract=away:2", tmp_path, tmp_path).ports()
    with pytest.raises(typer.BadParameter):
        Environment(None, None, None, "intake", tmp_path, tmp_path).addresses()


def test_what_a_service_says_is_understood() -> None:
    report = Health(ManualClock(MONDAY_7H), {"gate": lambda: "it is closed", "log": lambda: "a hole"}).ready()
    assert understood(json.dumps(report).encode()) == ServiceReadiness(
        ready=False, build=report["build"], waiting="gate: it is closed; log: a hole"
    )


def test_what_is_left_aside_is_said_of_a_service_that_is_ready(services: Services) -> None:
    services.are(running())
    services.said = ServiceReadiness(ready=True, build="0.1.0", waiting=None, degraded="duties: one failed")
    code, [row] = services.rows()
    assert (code, row["ready"], row["degraded"]) == (0, True, "duties: one failed")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"ready": true, "waiting": 1}'])
def test_what_is_no_service_is_not_ready(body: bytes) -> None:
    assert not understood(body).ready


async def test_who_does_not_answer_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object) -> tuple[str, bytes]:
        raise Unavailable("intake:8080/readyz does not answer")

    monkeypatch.setattr(readiness, "answer", nobody)
    said = await readiness.readiness({"intake": PageAddress("intake", 8080)})
    assert said == {"intake": ServiceReadiness(ready=False, build=None, waiting="intake:8080/readyz does not answer")}


def test_while_policies_of_sources_differ_nobody_is_ready() -> None:
    said = {"intake": READY._replace(sources="b1a"), "sla_timer": READY, "contract": WAITING._replace(sources="b1a")}
    found = agreed(said)
    assert not any(one.ready for one in found.values())
    assert "contract b1a, intake b1a, sla_timer none" in (found["sla_timer"].waiting or "")
    assert "gate: it is closed; " in (found["contract"].waiting or "")


def test_a_service_that_does_not_answer_has_no_policy_that_differs() -> None:
    said = {
        "intake": READY._replace(sources="b1a"),
        "contract": ServiceReadiness(ready=False, build=None, waiting="silent"),
    }
    assert agreed(said) == said
