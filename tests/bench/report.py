"""What was found, as a table that a person reads, or as JSON."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.rounds import Part, Result

LIBRARIES = ("aiokafka", "asyncpg", "msgspec", "numpy", "pydantic")


def machine(servers: str) -> dict[str, str]:
    """Say what this ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    libraries = (f"{library} {version(library)}" for library in LIBRARIES)
    return {
        "machine": f"{os.cpu_count()} cores, {memory} GB, {_processor()}",
        "versions": ", ".join((f"Python {platform.python_version()}", *libraries)),
        "servers": servers,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def show(parts: Sequence[Part], ran_on: dict[str, str]) -> None:
    """Print one table of ratios, and the figures of each part below."""
    console = Console(width=120, highlight=False)
    table = Table("ratio of speed, ours to theirs", "median", "rounds", "bar", "stretch", "", box=None)
    for part in parts:
        for result in part.results:
            table.add_row(*_cells(result))
    console.print(table)
    for part in parts:
        console.print(f"\n[bold]{part.name}[/bold]")
        for name, figure in part.figures.items():
            console.print(f"  {name}: {figure}")
    console.print()
    for name, text in ran_on.items():
        console.print(f"{name}: {text}")


def _cells(result: Result) -> Sequence[str]:
    bar = result.bar
    ratios = f"{min(result.ratios):.2f} to {max(result.ratios):.2f}"
    stretch = "" if bar.stretch is None else f"{bar.stretch:g}"
    return (bar.what, f"{result.ratio:.2f}", ratios, f"{bar.bar:g}", stretch, "reached" if result.passed else "MISSED")


def as_data(parts: Sequence[Part], ran_on: dict[str, str]) -> dict[str, Any]:
    """Give the same for a program."""
    found = [
        {
            "part": part.name,
            "results": [{**asdict(result), "median": result.ratio, "passed": result.passed} for result in part.results],
            "figures": dict(part.figures),
        }
        for part in parts
    ]
    return {"ran_on": ran_on, "parts": found}
