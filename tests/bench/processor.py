"""What a process has used of the processor, by proc(5)."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def user_seconds(pid: int) -> float:
    """The user time of a process, in seconds."""
    return _times(pid)[0] / TICKS


def processor_seconds(pid: int) -> float:
    """The user and system time of a process, in seconds."""
    return sum(_times(pid)) / TICKS


def _times(pid: int) -> tuple[int, int]:
    """Fields 14 and 15 of stat, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])
