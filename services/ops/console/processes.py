"""Commands of `olcare` that a page runs as processes of their own, since they take long or much memory."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

from libs.stack.run import PROJECT
from services.ops.cli.environment import Environment
from services.ops.console.works import Work


async def followed(here: Environment, words: Sequence[str], work: Work) -> tuple[int, bytes]:
    """Run a command to its end, with its progress in `work`: exit code and all that it said; ended where that is."""
    process = await started(here, words)
    try:
        said, _ = await asyncio.gather(_all_said(process), _follow(process, work))
        return await process.wait(), said
    except asyncio.CancelledError:
        process.send_signal(signal.SIGINT)
        await process.wait()
        raise


async def _all_said(process: Process) -> bytes:
    """All that it says on its standard output."""
    assert process.stdout is not None  # noqa: S101 - it was started with pipes
    return await process.stdout.read()


async def _follow(process: Process, work: Work) -> None:
    """Read how far it is: JSON lines, and sentences for whoever watches."""
    assert process.stderr is not None  # noqa: S101 - it was started with pipes
    async for line in process.stderr:
        text = line.decode(errors="replace").strip()
        try:
            told = json.loads(text)
            work.done, work.total = told["done"], told["total"]
        except (ValueError, KeyError, TypeError):
            if text:
                work.said.append(text.removeprefix("olcare: "))


async def started(here: Environment, words: Sequence[str]) -> Process:
    """Run a command of `olcare` where we are."""
    command = (sys.executable, "-m", "services.ops", *words)
    given = {**os.environ, **variables(here)}
    return await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, env=given, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )


def variables(here: Environment) -> dict[str, str]:
    """What tells another process of `olcare` where everything is."""
    said = {
        "OLCARE_KAFKA": here.kafka,
        "OLCARE_POSTGRES": here.postgres,
        "OLCARE_CLOCK": here.clock_file,
        "OLCARE_SERVICES": here.services,
        "OLCARE_CONTRACTS": here.contracts,
        "OLCARE_RUN": here.root,
    }
    return {name: str(value) for name, value in said.items() if value is not None}
