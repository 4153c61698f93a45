"""Plan time that all processes share: a small file, replaced atomically, that says how to compute the time.

    {"mode": "stepped", "at": "2026-11-23T07:00:00.000000Z"}
    {"mode": "running", "at": "2026-11-23T07:00:00.000000Z", "since": "2026-11-20T09:12:31.500000Z", "rate": 60}

The machine's wall time is given by the caller: this file reads no time of its own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from libs.messages.base import Instant


class ClockError(Exception):
    """The plan clock is not there, not readable, or would go backwards."""


class Stepped(BaseModel):
    """Plan time stands at `at` until it is stepped."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    mode: Literal["stepped"] = "stepped"
    at: Instant

    def now(self, wall: datetime) -> datetime:  # noqa: ARG002 - asked like a running clock
        """The plan time, whatever the machine says."""
        return self.at

    def slack(self) -> timedelta:
        """How much earlier than this clock its successor may be."""
        return timedelta(0)


class Running(BaseModel):
    """Plan time was `at` when the machine's wall clock said `since`, and runs `rate` times as fast as that."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    mode: Literal["running"] = "running"
    at: Instant
    since: Instant
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    def now(self, wall: datetime) -> datetime:
        """The plan time at an instant of the machine."""
        return self.at + (wall - self.since) * self.rate

    def slack(self) -> timedelta:
        """How much earlier than this clock its successor may be: it ran on while it was being replaced."""
        return timedelta(seconds=self.rate)


Mode = Stepped | Running
_MODE: TypeAdapter[Mode] = TypeAdapter(Annotated[Mode, Field(discriminator="mode")])


class PlanClock:
    """The file as one process sees it: read again only when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = -1
        self._mode: Mode = Stepped(at=datetime.min.replace(tzinfo=UTC))
        self._said = self._mode.at

    def version(self) -> int:
        """A number that grows with every step; raises ClockError where the clock can not be read."""
        try:
            return os.stat(self._path).st_mtime_ns  # noqa: PTH116 - half the price of Path.stat, and asked all the time
        except FileNotFoundError as error:
            raise ClockError(f"there is no plan clock at {self._path}") from error

    def now(self, wall: datetime) -> datetime:
        """The plan time. Raises ClockError where the file was set back."""
        if (version := self.version()) != self._version:
            self._turn_to(read(self._path), wall)
            self._version = version
        self._said = self._mode.now(wall)
        return self._said

    def _turn_to(self, mode: Mode, wall: datetime) -> None:
        """Adopt a new mode; raises ClockError where it goes back by more than the slack of the old mode."""
        now = mode.now(wall)
        if now < self._said - self._mode.slack():
            raise ClockError(f"the plan clock at {self._path} went back from {self._said} to {now}")
        self._mode = mode


def read(path: Path) -> Mode:
    """Read the file. Raises ClockError where there is none or it says something else."""
    try:
        return _MODE.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ClockError(f"there is no plan clock at {path}") from error
    except ValidationError as error:
        raise ClockError(f"{path} is no plan clock") from error


def create(path: Path, at: datetime) -> None:
    """Begin a plan clock that stands at `at`. Raises ClockError where one is there already."""
    with _alone(path):
        if path.exists():
            raise ClockError(f"there is a plan clock at {path} already")
        _replace(path, Stepped(at=at), after=0)


def step(path: Path, to: datetime, wall: datetime) -> None:
    """Let plan time stand at `to`. Raises ClockError where that lies before the present plan time."""
    with _alone(path):
        now = read(path).now(wall)
        if to < now:
            raise ClockError(f"plan time is {now} and does not go back to {to}")
        _replace(path, Stepped(at=to), after=path.stat().st_mtime_ns)


def run(path: Path, rate: float, wall: datetime) -> None:
    """Let plan time run on from where it is, `rate` times as fast as the machine's."""
    with _alone(path):
        running = Running(at=read(path).now(wall), since=wall, rate=rate)
        _replace(path, running, after=path.stat().st_mtime_ns)


def _replace(path: Path, mode: Mode, after: int) -> None:
    """Replace the file atomically. Its mtime, by which readers notice a new one, always grows."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(mode.model_dump_json())
    # The kernel's own stamp is as coarse as its tick: two steps within one would look like the same file.
    stamp = max(new.stat().st_mtime_ns, after + 1)
    os.utime(new, ns=(stamp, stamp))
    new.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock for changes of the clock: two processes that step it at once could set it back."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
