"""Plants one bug at a time in a copy of the tree and runs its test, which must fail."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from libs.stack.wait import machine_seconds
from tests.planted.bug import Bug

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".run", "__pycache__", ".*_cache", ".hypothesis")
PATIENCE, ENDING = 240.0, 30.0  # machine seconds for a test, and for its end once it is told to
SEEDS = "100"  # of generated histories: a planted bug is caught within the first ones
LINES = 15  # of what pytest said last
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_LATER = count(4_000_000_000)  # seconds since 1970: no bytecode is taken for that of another text


class Outcome(StrEnum):
    """What became of a planted bug."""

    CAUGHT = "caught"
    PASSED = "not caught: its test passed"
    NOT_RUN = "not caught: its test was not run"
    TOO_LONG = "not caught: its test took too long"
    FAILS_ANYWAY = "not caught: its test fails without it"


class Trial(NamedTuple):
    """A bug, what became of it, how many machine seconds that took, and what pytest said last."""

    bug: Bug
    outcome: Outcome
    seconds: float
    said: str

    def row(self) -> dict[str, object]:
        """The trial as data."""
        return {
            "name": self.bug.name,
            "outcome": self.outcome.name.lower().replace("_", "-"),
            "seconds": round(self.seconds, 1),
            "file": self.bug.file,
            "test": self.bug.test,
            "why": self.bug.why,
        }


class Ran(NamedTuple):
    """The exit code of pytest, None where it took too long, and what it said."""

    code: int | None
    said: str


class Copy:
    """A copy of the tree, with what is installed and what was fetched."""

    def __init__(self, folder: Path) -> None:
        self._root = folder

    def fails_without_bug(self, tests: Iterable[str]) -> set[str]:
        """Name those of the tests that fail, or can not be run, where nothing is planted."""
        every = sorted(set(tests))
        ran = self._run(every, PATIENCE * len(every))
        match ran.code:
            case 0:
                return set()
            case 1:
                failed = _FAILED.findall(ran.said)
                return {test for test in every if any(one.startswith(test) for one in failed)}
            case _:
                return {test for test in every if self._run([test], PATIENCE).code != 0}

    def trial(self, bug: Bug) -> Trial:
        """Plant a bug, run its test, and take it out again."""
        began = machine_seconds()
        with self._planted(bug):
            ran = self._run(["-x", bug.test], PATIENCE)
        return Trial(bug, _outcome(ran.code), machine_seconds() - began, _last(ran.said))

    @contextmanager
    def _planted(self, bug: Bug) -> Iterator[None]:
        path = self._root / bug.file
        sound = path.read_text()
        self._put(path, planted(bug, sound))
        try:
            yield
        finally:
            self._put(path, sound)

    def _put(self, path: Path, text: str) -> None:
        path.write_text(text)
        at = next(_LATER)
        os.utime(path, (at, at))

    def _run(self, arguments: Sequence[str], patience: float) -> Ran:
        quick = ["-q", "-rfE", "--tb=line", "--assert=plain", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *quick, *arguments]
        env = os.environ | {"PYTHONPATH": str(self._root), "OLCARE_SEEDS": SEEDS}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        with subprocess.Popen(
            command,
            cwd=self._root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                return Ran(None, _ended(process))
        return Ran(process.returncode, said)


@contextmanager
def copy(root: Path = ROOT) -> Iterator[Copy]:
    """Copy the tree for as long as it is used."""
    with TemporaryDirectory(prefix="olcare-planted-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "tree"
        shutil.copytree(root, folder, ignore=LEFT_OUT, symlinks=True)
        (folder / ".run").mkdir()
        for known in (".venv", ".run/cache"):
            if (root / known).exists():
                (folder / known).symlink_to(root / known)
        yield Copy(folder)


def planted(bug: Bug, text: str) -> str:
    """The text of a file with the bug in it; raises ValueError unless what it replaces stands there exactly once."""
    if (number := text.count(bug.before)) != 1:
        raise ValueError(f"{bug.name}: what it replaces stands {number} times in {bug.file}, not once")
    return text.replace(bug.before, bug.after)


def _outcome(code: int | None) -> Outcome:
    match code:
        case None:
            return Outcome.TOO_LONG
        case 0:
            return Outcome.PASSED
        case 1:
            return Outcome.CAUGHT
        case _:
            return Outcome.NOT_RUN


def _ended(process: subprocess.Popen[str]) -> str:
    """End a test and all that it started; gives what it said."""
    process.send_signal(signal.SIGINT)  # its fixtures end what they started
    try:
        said, _ = process.communicate(timeout=ENDING)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
    return said


def _last(said: str) -> str:
    return "\n".join(said.splitlines()[-LINES:])
