"""Containers by testcontainers, where an engine with Compose answers and `STACK=docker` asks for it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING

from libs.stack.errors import StackError
from libs.stack.ports import free_port
from libs.stack.run import PROJECT, Run

if TYPE_CHECKING:
    from testcontainers.compose import DockerCompose


def wanted() -> bool:
    """Whether containers are asked for and an engine with Compose answers."""
    return os.environ.get("STACK") == "docker" and _answers("info") and _answers("compose", "version")


def _answers(*arguments: str) -> bool:
    program = shutil.which("docker")
    if program is None:
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


def composed(settings: Path, values: Mapping[str, str], *services: str, build: bool = False) -> "DockerCompose":
    """Make what starts services of docker-compose.yml, all of them where none is named.

    `settings` is written: the values that Compose puts into the file. Raises StackError without testcontainers.
    """
    try:
        from testcontainers.compose import DockerCompose  # noqa: PLC0415 - a package of development
    except ImportError as error:
        raise StackError("testcontainers is missing: `make setup` installs it, or run without STACK=docker") from error
    settings.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return DockerCompose(
        PROJECT, "docker-compose.yml", env_file=str(settings), services=list(services) or None, build=build
    )


class Containers:
    """`kafka` and `postgres` of docker-compose.yml under a project name of the run's own, on free ports."""

    def __init__(self, run: Run) -> None:
        self._kafka_port, self._postgres_port = free_port(), free_port()
        values = {
            "COMPOSE_PROJECT_NAME": run.folder.name,
            "OLCARE_KAFKA_PORT": str(self._kafka_port),
            "OLCARE_POSTGRES_PORT": str(self._postgres_port),
        }
        self._compose = composed(run.folder / "compose.env", values, "kafka", "postgres")
        run.at_end(self._stop)

    @property
    def kafka(self) -> str:
        """The bootstrap server."""
        return f"127.0.0.1:{self._kafka_port}"

    @property
    def postgres(self) -> str:
        """The address, without a database."""
        return f"postgresql://postgres@127.0.0.1:{self._postgres_port}"

    def start(self) -> None:
        """Return when both are healthy; raises StackError."""
        try:
            self._compose.start()
        except CalledProcessError as error:
            raise StackError(f"`docker compose up` failed: {error.stderr.decode(errors='replace').strip()}") from error

    def _stop(self) -> None:
        self._compose.services = None  # the network as well
        self._compose.stop()
