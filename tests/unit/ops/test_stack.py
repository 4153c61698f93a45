"""What `olcare up` asks the stack for, and what it does with the plan clock; nothing is started here."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import libs.stack.up
from libs.chassis.plan_clock import Running, Stepped, read
from libs.stack.errors import StackError
from libs.stack.identity import start_time
from libs.stack.up import UP, StackOrder, Up, file_of
from services.ops import stack
from services.ops.__main__ import main
from services.ops.cli.environment import clock_of
from services.ops.watch import console_process
from services.ops.watch.services import SERVICES

MONDAY = "2026-11-23T07:00:00Z"


class Installation:
    """Takes orders and starts nothing."""

    def __init__(self, root: Path) -> None:
        self.root, self.orders = root, list[StackOrder]()
        self.fails = False

    def up(self, order: StackOrder, say: Callable[[str], object], root: Path) -> Up:
        self.orders.append(order)
        say("starting")
        if self.fails:
            raise StackError("no Java")
        found = Up(os.getpid(), start_time(os.getpid()) or "", root, "kafka:1", "postgresql://x", "mail:1", None, [])
        file_of(root).write_bytes(UP.dump_json(found))
        return found


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    monkeypatch.delenv("OLCARE_CLOCK", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path))
    monkeypatch.setattr(libs.stack.up, "up", made.up)
    for module in (stack, console_process):
        monkeypatch.setattr(module, "free_port", lambda *_: 1)
    return made


def olcare(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["olcare", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_topics_come_before_the_services_plan_and_customers_after(
    monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    olcare(monkeypatch, "up")
    [order] = installation.orders
    modules = {service.module for service in SERVICES.values()} | {"services.ops.console"}
    assert {spec.module for spec in order.services} == modules
    assert order.preparations == {"topics": [sys.executable, "-m", "services.ops", "topics", "create"]}
    assert list(order.afterwards) == ["plan", "seed"]
    assert order.env == {}


def test_without_a_seed_nobody_is_a_customer(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> None:
    olcare(monkeypatch, "up", "--no-seed")
    assert list(installation.orders[0].afterwards) == ["plan"]


def test_plan_time_stands_at_the_given_instant(
    monkeypatch: pytest.MonkeyPatch, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    olcare(monkeypatch, "up", "--clock", MONDAY, "--json")
    assert installation.orders[0].env == {"OLCARE_CLOCK": str(clock_of(installation.root))}
    assert isinstance(read(clock_of(installation.root)), Stepped)
    assert json.loads(capsys.readouterr().out)["plan_time"] == "2026-11-23T07:00:00.000000Z"


def test_plan_time_begins_to_run_when_everything_is_up(
    monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    olcare(monkeypatch, "up", "--clock", MONDAY, "--rate", "60")
    clock = read(clock_of(installation.root))
    assert isinstance(clock, Running)
    assert clock.rate == 60
    assert olcare(monkeypatch, "clock", "advance", "--by", "1h") == 1  # what runs is not stepped


def test_what_did_not_come_up_leaves_no_plan_clock(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> None:
    installation.fails = True
    assert olcare(monkeypatch, "up", "--clock", MONDAY) == 1
    assert not clock_of(installation.root).exists()


def test_a_second_up_leaves_the_clock_of_the_first_alone(
    monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    olcare(monkeypatch, "up", "--clock", MONDAY)
    assert olcare(monkeypatch, "up", "--clock", "2027-01-01") == 1
    clock = read(clock_of(installation.root))
    assert isinstance(clock, Stepped)
    assert clock.at.year == 2026


def test_the_console_is_told_where_every_service_is(
    monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    olcare(monkeypatch, "up")
    [*services, console] = installation.orders[0].services
    assert console.env == {"OLCARE_SERVICES": ",".join(f"{one.name}={one.http_port}" for one in services)}


def test_the_demo_is_kept_up_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = list[object]()

    def play(**said: object) -> bool:
        kept.append(said["keep"])
        return True

    monkeypatch.setattr(stack, "play", play)
    for words in ((), ("--keep",)):
        olcare(monkeypatch, "demo", *words)
    assert kept == [False, True]
