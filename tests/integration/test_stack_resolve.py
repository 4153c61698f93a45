"""Which servers a run uses, and what it says where none can be had."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.stack import cache, java
from libs.stack.docker import wanted as docker_wanted
from libs.stack.errors import StackError
from libs.stack.ports import free_port, reserve
from libs.stack.resolve import Stack
from libs.stack.run import Run

HOLDER = "import sys; from libs.stack.ports import free_port; print(free_port(), flush=True); sys.stdin.read()"
FAKE_DOCKER = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
"""


@pytest.fixture
def own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    for name in ("OLCARE_KAFKA", "OLCARE_POSTGRES", "OLCARE_SMTP", "STACK"):
        monkeypatch.delenv(name, raising=False)
    with Run.create(tmp_path / "runs") as run:
        yield run


def test_a_given_server_is_used_as_it_is(own_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_KAFKA", "kafka.invalid:9092")
    stack = Stack(own_run)
    assert stack.kafka.address == "kafka.invalid:9092"
    assert str(stack) == "Kafka at kafka.invalid:9092 (given)"


def test_containers_are_used_where_asked_for_and_removed_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STACK", "docker")
    with Run.create(tmp_path / "runs") as run:
        stack = Stack(run)
        assert (stack.kafka.source, stack.postgres.source) == ("docker", "docker")
        port = stack.kafka.address.removeprefix("127.0.0.1:")
        settings = (run.folder / "compose.env").read_text().splitlines()
    assert f"OLCARE_KAFKA_PORT={port}" in settings
    assert f"COMPOSE_PROJECT_NAME={run.folder.name}" in settings
    *_, started, removed = (tmp_path / "calls").read_text().splitlines()
    assert started.startswith("compose -f docker-compose.yml --env-file ")
    assert started.endswith("up --wait kafka postgres")
    assert removed.endswith("down --volumes")


def test_without_an_engine_docker_is_not_used(own_run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STACK", "docker")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert Stack(own_run).smtp.source == "native"
    assert not docker_wanted()


def test_a_port_handed_out_by_one_process_is_not_handed_out_by_another() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        assert not reserve(port)
        holder.kill()
        holder.wait()
    assert reserve(port)


def test_one_process_gets_a_port_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_without_maven_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(StackError, match=r"Maven is missing.*apt-get install maven.*OLCARE_KAFKA"):
        java._copy_jars(tmp_path)


def test_a_fetch_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe"
    recipe.touch()

    def fetch(folder: Path) -> None:
        (folder / "half").touch()
        cache.run_quietly(["sh", "-c", "echo no route; exit 1"], "could not fetch")

    with pytest.raises(StackError, match=r"(?s)could not fetch.*no route"):
        cache.cached("thing", recipe, fetch, tmp_path / "cache")
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["thing.lock"]
