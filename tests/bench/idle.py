"""What an installation with nothing to do uses: processor time of each of its processes over a minute, by /proc."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.processor import processor_seconds
from tests.bench.rounds import Part, limited
from tests.bench.stage import Stage

SETTLED, WATCHED = 30.0, 60.0
"""Machine seconds after which nothing is to be done any more, and for which it is watched."""
ALLOWED = 0.02
"""Of one core, for all services and the console together."""


async def measure(_: Stage) -> Part:
    """Start an installation by the real clock, let it settle, and watch it do nothing."""
    with TemporaryDirectory() as folder:
        up = await _olcare(folder, "up", "--json")
        try:
            pids = {str(one["service"]): int(one["pid"]) for one in up["services"]}
            await asyncio.sleep(SETTLED)
            before = {name: processor_seconds(pid) for name, pid in pids.items()}
            await asyncio.sleep(WATCHED)
            shares = {name: (processor_seconds(pid) - before[name]) / WATCHED for name, pid in pids.items()}
        finally:
            await _olcare(folder, "down", "--json")
    used = sum(shares.values())
    return Part(
        "idle",
        [limited("2 % of a core against what an idle installation uses", ALLOWED, [used])],
        _figures(shares, used),
    )


def _figures(shares: Mapping[str, float], used: float) -> Mapping[str, str]:
    return {**{name: f"{share:.2%} of a core" for name, share in shares.items()}, "together": f"{used:.1%} of a core"}


async def _olcare(folder: str, *words: str) -> Mapping[str, list[Mapping[str, str | int]]]:
    """What a command says; raises ValueError where it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OLCARE_")}
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("olcare")),
        *words,
        env={**environment, "OLCARE_RUN": folder},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise ValueError(f"olcare {words[0]} ended with {process.returncode}")
    found: Mapping[str, list[Mapping[str, str | int]]] = json.loads(said)
    return found
