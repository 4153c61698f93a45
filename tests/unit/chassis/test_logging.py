import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from libs.chassis.logging import configure
from libs.chassis.manual_clock import ManualClock

MONDAY_7H = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    yield
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def set_up() -> ManualClock:
    clock = ManualClock(MONDAY_7H)
    configure("intake", "intake-1", "INFO", clock)
    return clock


async def test_a_line_says_who_when_and_what_in_machine_time(capsys: pytest.CaptureFixture[str]) -> None:
    await set_up().sleep(1.5)
    with structlog.contextvars.bound_contextvars(ticket="ticket/crm-eu/4711"):
        structlog.get_logger("door").info("handled", records=3)
    assert line(capsys) == {
        "timestamp": "2026-11-23T07:00:01.500000Z",
        "service": "intake",
        "instance": "intake-1",
        "ticket": "ticket/crm-eu/4711",
        "logger": "door",
        "level": "info",
        "event": "handled",
        "records": 3,
    }


def test_a_library_is_heard_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    logging.getLogger("aiokafka.conn").error("broker %s is away", 1)
    said = line(capsys)
    assert (said["event"], said["logger"], said["service"]) == ("broker 1 is away", "aiokafka.conn", "intake")


def test_the_small_talk_of_libraries_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    logging.getLogger("aiokafka.consumer").info("revoked")
    structlog.get_logger("door").debug("looked")
    assert capsys.readouterr().out == ""


def test_an_error_is_one_line_with_its_traceback_and_without_the_values_of_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up()

    def fail() -> None:
        subject = "my " + "secret"
        raise ValueError(f"{len(subject)} letters")

    try:
        fail()
    except ValueError:
        structlog.get_logger("door").exception("failed")
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert "ValueError: 9 letters" in json.loads(text)["exception"]
    assert "my secret" not in text


def test_what_ends_the_process_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    error = OSError("the port is taken")
    sys.excepthook(OSError, error, None)
    said = line(capsys)
    assert (said["event"], said["level"]) == ("ended by an error", "critical")
    assert "the port is taken" in said["exception"]


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said
