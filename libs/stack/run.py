"""One run of the stack: its folder, and the clean-up of everything that was started in it."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from libs.stack.identity import end_recorded

PROJECT = Path(__file__).resolve().parents[2]
ROOT = PROJECT / ".run"
DATA = "STACK_DATA"
"""The environment variable that names the folder in which servers keep their data; one in memory is faster."""
MEMORY = Path("/dev/shm")  # noqa: S108 - made for this
_OUTSIDE, _NAMED = "outside", "olcare-"


class Run:
    """A folder under `.run/`, locked while its owner lives; whatever was started in it ends in reverse order."""

    def __init__(self, folder: Path, lock: IO[str]) -> None:
        self.folder = folder
        self._lock = lock
        self._exit = ExitStack()

    @classmethod
    def create(cls, root: Path | None = None, name: str = "run") -> Self:
        """A new run; what killed runs left under the same root, processes and folders, is cleared away first."""
        root = root or ROOT
        root.mkdir(parents=True, exist_ok=True)
        with exclusive(root / "lock"):
            _clear_dead(root)
            folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
            folder.chmod(0o711)  # the database may run as another user
            lock = (folder / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, lock)

    def at_end(self, action: Callable[[], object]) -> None:
        """Do this when the run closes, before what was asked for earlier."""
        self._exit.callback(action)

    def folder_for_data(self) -> Path:
        """Where a server keeps its data: our own folder, or one where the environment says so; it goes with the run."""
        given = os.environ.get(DATA)
        return self.folder_outside(Path(given)) if given else self.folder

    def folder_outside(self, where: Path | None = None) -> Path:
        """A folder elsewhere, by default in the system's temporary one for a user who cannot reach ours.

        It goes with the run.
        """
        folder = Path(tempfile.mkdtemp(prefix=_NAMED, dir=where))
        folder.chmod(0o711)
        with (self.folder / _OUTSIDE).open("a") as known:
            known.write(f"{folder}\n")
        return folder

    def close(self, *, keep_logs: bool = False) -> None:
        """End what runs and remove the folder; the logs may stay to be read until the next run begins."""
        try:
            self._exit.close()
        finally:
            _clear(self.folder, keep_logs=keep_logs)
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(keep_logs=isinstance(error, Exception))


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs; others wait."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear_dead_runs(root: Path = ROOT) -> None:
    """End and remove what killed runs have left."""
    with exclusive(root / "lock"):
        _clear_dead(root)


def _clear_dead(root: Path) -> None:
    for lock_file in root.glob("*/lock"):
        with lock_file.open("r+") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(lock_file.parent, keep_logs=False)


def _clear(folder: Path, *, keep_logs: bool) -> None:
    end_recorded(folder)
    for outside in _folders_outside(folder):
        shutil.rmtree(outside, ignore_errors=True)
    if not keep_logs:
        shutil.rmtree(folder)
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)


def _folders_outside(folder: Path) -> list[Path]:
    """The folders that this run recorded, except paths that it can not have made."""
    try:
        lines = (folder / _OUTSIDE).read_text().splitlines()
    except FileNotFoundError:
        return []
    places = {Path(tempfile.gettempdir()), Path(os.environ.get(DATA) or MEMORY), MEMORY}
    return [path for path in map(Path, lines) if path.parent in places and path.name.startswith(_NAMED)]
