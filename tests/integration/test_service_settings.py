"""A setting that is wrong ends a process with a sentence that names it, and with 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from libs.stack.run import PROJECT

SERVICES = {
    "intake": ["-m", "services.intake"],
    "contract": ["-m", "services.contract"],
    "sla_timer": ["-m", "services.sla_timer"],
    "notification": ["-m", "services.notification"],
    "audit": ["-m", "services.ops.audit"],
    "ops": ["-m", "services.ops", "serve"],
}
WRONG: Mapping[str, tuple[str, str]] = {
    "OLCARE_HTTP_PORT": ("eighty", "integer"),
    "OLCARE_POSTGRES": ("db:5432", "postgresql://"),
    "OLCARE_KAFKA_PROTOCOL": ("tls", "SASL_SSL"),
    "OLCARE_CLOCK": ("/nowhere/clock.json", "there is no plan clock"),
    "OLCARE_POSTGRES_FILE": ("/nowhere/postgres", "can not be read"),
}


def ended(service: str, **values: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OLCARE_")}
    env = {**kept, "OLCARE_KAFKA": "127.0.0.1:9", **values}
    command = [sys.executable, *SERVICES[service]]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_that_is_wrong_is_named(service: str, name: str) -> None:
    value, fault = WRONG[name]
    done = ended(service, **{name: value})
    assert done.returncode == 2, done.stdout + done.stderr
    assert name in done.stderr
    assert fault in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_port_that_somebody_else_has_is_named(service: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ended(service, OLCARE_HTTP_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "OLCARE_HTTP_PORT" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_mail_setting_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    done = ended("notification", OLCARE_SMTP_PASSWORD_FILE=str(tmp_path / "password"))
    assert done.returncode == 2
    assert "a user and a password" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
