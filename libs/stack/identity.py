"""Identifies a process by its pid and start time: a pid alone is reused."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from libs.stack.wait import until

_START_TIME = 19  # the field of /proc/<pid>/stat, counted after the name in brackets


def start_time(pid: int) -> str | None:
    """When the process began, as the kernel writes it; None if there is none, or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc").is_dir() else _start_time_by_ps(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[_START_TIME]


def _start_time_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None  # noqa: S603 - an integer


def record(folder: Path, pid: int) -> None:
    """Note a process as this run's own."""
    (folder / f"{pid}.pid").write_text(start_time(pid) or "")


def forget(folder: Path, pid: int) -> None:
    """Remove the note of a process that has ended."""
    (folder / f"{pid}.pid").unlink(missing_ok=True)


def end_recorded(folder: Path) -> None:
    """Kill what the run recorded and did not see end; never a process that merely got the same number."""
    for note in folder.glob("*.pid"):
        pid = int(note.stem)
        began = note.read_text()
        if began and start_time(pid) == began:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid, began=began: start_time(pid) != began, 10, f"the end of process {pid}")  # type: ignore[misc]  # lambda defaults
        note.unlink()
