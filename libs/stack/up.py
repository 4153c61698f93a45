"""An installation that stays: a supervisor process of its own, and a file that says where everything is.

`up` starts `python -m libs.stack.supervisor`, hands it what to run, and returns when the services are ready; the
supervisor keeps `.run/up.json` up to date until `down` ends it.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from libs.stack.errors import StackError
from libs.stack.identity import start_time
from libs.stack.installation import Say
from libs.stack.run import ROOT, clear_dead_runs, exclusive
from libs.stack.service import ServiceSpec, answers_ready
from libs.stack.wait import until

_UP_SECONDS = 300
_DOWN_SECONDS = 120


@dataclass(frozen=True)
class StackOrder:
    """What to keep up: services, and commands to run once, by name and in order, before and after they are ready.

    `env` is for all of them.
    """

    services: Sequence[ServiceSpec]
    preparations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    afterwards: Mapping[str, Sequence[str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunningService:
    """A service of the installation; `pid` is None between its end and its next start.

    `revived` says how often it ended by itself; `steady` that it has run for a while since.
    """

    name: str
    pid: int | None
    http_port: int
    log: Path
    revived: int = 0
    steady: bool = True

    def ready(self) -> bool:
        """Whether `/readyz` says so."""
        return self.pid is not None and answers_ready(self.http_port)


@dataclass(frozen=True)
class Up:
    """Where everything is."""

    supervisor: int
    began: str
    folder: Path
    kafka: str
    postgres: str
    smtp: str
    mail_journal: Path | None
    services: Sequence[RunningService]

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return start_time(self.supervisor) == self.began


UP = TypeAdapter(Up)
ORDER = TypeAdapter(StackOrder)


def status(root: Path = ROOT) -> Up | None:
    """The installation that is up, if one is."""
    try:
        found = UP.validate_json(file_of(root).read_bytes())
    except FileNotFoundError:
        return None
    return found if found.alive else None


def up(order: StackOrder, say: Say, root: Path = ROOT) -> Up:
    """Start an installation and leave it running; `say` gets one line for every step. Raises StackError."""
    root.mkdir(parents=True, exist_ok=True)
    with exclusive(root / "up.lock"):
        if status(root) is not None:
            raise StackError("the stack is up already: see `make status`, or end it with `make down`")
        file_of(root).unlink(missing_ok=True)
        return _await(_spawn(order, root), say, root)


def down(root: Path = ROOT) -> bool:
    """End the installation and remove its data; False if none was up."""
    found = status(root)
    if found is not None:
        os.kill(found.supervisor, signal.SIGTERM)
        until(lambda: not found.alive, _DOWN_SECONDS, "the end of the stack")
    clear_dead_runs(root)
    file_of(root).unlink(missing_ok=True)
    return found is not None


def file_of(root: Path) -> Path:
    """The file in which the supervisor describes what is up."""
    return root / "up.json"


def _spawn(order: StackOrder, root: Path) -> int:
    """Start the supervisor, detached in a session of its own; returns its pid."""
    request, log = root / "up-order.json", root / "up.log"
    request.write_bytes(ORDER.dump_json(order))
    files = [
        (os.POSIX_SPAWN_OPEN, 0, str(request), os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    command = [sys.executable, "-m", "libs.stack.supervisor", str(root)]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=files, setsid=True)


def _await(supervisor: int, say: Say, root: Path) -> Up:
    heard = 0

    def settled() -> bool:
        nonlocal heard
        over = start_time(supervisor) is None or file_of(root).exists()
        lines = (root / "up.log").read_text().splitlines()
        for line in lines[heard:]:
            say(line)
        heard = len(lines)
        return over

    try:
        until(settled, _UP_SECONDS, "the start of the stack")
    except BaseException:
        os.kill(supervisor, signal.SIGTERM)
        raise
    finally:
        (root / "up-order.json").unlink(missing_ok=True)
    found = status(root)
    if found is None:
        raise StackError(f"the stack did not come up:\n{(root / 'up.log').read_text()[-2000:]}")
    return found
