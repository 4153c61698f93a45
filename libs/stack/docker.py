"""Kafka and PostgreSQL as containers, where a Docker engine answers and `STACK=docker` asks for it."""

import os
import shutil
import subprocess

from libs.stack.cache import run_quietly
from libs.stack.ports import free_port
from libs.stack.run import PROJECT, Run


def wanted() -> bool:
    """Whether containers are asked for and an engine with Compose answers."""
    return os.environ.get("STACK") == "docker" and _answers("info") and _answers("compose", "version")


def _answers(*arguments: str) -> bool:
    program = shutil.which("docker")
    if program is None:
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


class Containers:
    """`kafka` and `postgres` of docker-compose.yml under a project name of the run's own, on free ports."""

    def __init__(self, run: Run) -> None:
        self._compose = [
            "docker",
            "compose",
            "--project-name",
            run.folder.name,
            "--file",
            str(PROJECT / "docker-compose.yml"),
        ]
        self._ports = {"OLCARE_KAFKA_PORT": str(free_port()), "OLCARE_POSTGRES_PORT": str(free_port())}
        run.at_end(lambda: self._call("down", "--volumes"))

    @property
    def kafka(self) -> str:
        """The bootstrap server."""
        return f"127.0.0.1:{self._ports['OLCARE_KAFKA_PORT']}"

    @property
    def postgres(self) -> str:
        """The address, without a database."""
        return f"postgresql://postgres@127.0.0.1:{self._ports['OLCARE_POSTGRES_PORT']}"

    def start(self) -> None:
        """Return when both are healthy."""
        self._call("up", "--detach", "--wait", "kafka", "postgres")

    def _call(self, *arguments: str) -> None:
        run_quietly([*self._compose, *arguments], f"`docker compose {arguments[0]}` failed", self._ports)
