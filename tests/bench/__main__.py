"""Measure the log protocol and working time: `python -m tests.bench [PART ...]`, with nothing else on the machine."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from libs.stack.resolve import Stack
from libs.stack.run import Run
from tests.bench import (
    console,
    growth,
    idle,
    journey,
    live,
    memory,
    notices,
    own,
    rebuild,
    rehearsing,
    scale,
    starting,
    workcal,
    writing,
)
from tests.bench.report import as_data, machine, show
from tests.bench.rounds import Part
from tests.bench.stage import Stage


class Named(StrEnum):
    """The parts."""

    REBUILD = "rebuild"
    LIVE = "live"
    OWN = "own"
    WRITING = "writing"
    MEMORY = "memory"
    WORKCAL = "workcal"
    REHEARSAL = "rehearsal"
    SCALE = "scale"
    IDLE = "idle"
    NOTICES = "notices"
    JOURNEY = "journey"
    START = "start"
    GROWTH = "growth"
    CONSOLE = "console"


PARTS: Mapping[Named, Callable[[Stage], Awaitable[Part]]] = {
    Named.REBUILD: rebuild.measure,
    Named.LIVE: live.measure,
    Named.OWN: own.measure,
    Named.WRITING: writing.measure,
    Named.MEMORY: memory.measure,
    Named.WORKCAL: workcal.measure,
    Named.REHEARSAL: rehearsing.measure,
    Named.SCALE: scale.measure,
    Named.IDLE: idle.measure,
    Named.NOTICES: notices.measure,
    Named.JOURNEY: journey.measure,
    Named.START: starting.measure,
    Named.GROWTH: growth.measure,
    Named.CONSOLE: console.measure,
}
WITHOUT_SERVERS = {
    Named.WORKCAL,
    Named.REHEARSAL,
    Named.SCALE,
    Named.IDLE,
    Named.NOTICES,
    Named.JOURNEY,
    Named.START,
    Named.GROWTH,
    Named.CONSOLE,
}  # or with servers of its own


def main(
    parts: Annotated[list[Named] | None, typer.Argument(help="Only these parts; all if none is named.")] = None,
    *,
    events: Annotated[int, typer.Option(min=1000, help="Events of the log that is rebuilt.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Alternating rounds.")] = 5,
    armed: Annotated[int, typer.Option(min=1000, help="Promises that lie there while others fire.")] = 1_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the parts one after the other; 1 where a bar is missed."""
    chosen = parts or list(Named)
    with _servers(chosen) as (kafka, postgres, servers):
        found = asyncio.run(_measure(chosen, Stage(kafka, postgres, events, rounds, armed)))
    ran_on = machine(servers)
    if as_json:
        typer.echo(json.dumps(as_data(found, ran_on), indent=2))
    else:
        show(found, ran_on)
    if not all(result.passed for part in found for result in part.results):
        raise typer.Exit(1)


@contextmanager
def _servers(parts: Sequence[Named]) -> Iterator[tuple[str, str, str]]:
    """Lend the addresses of Kafka and PostgreSQL, and both in words; none are started for parts that need none."""
    if WITHOUT_SERVERS.issuperset(parts):
        yield "", "", "none"
        return
    with Run.create(name="bench") as run:
        stack = Stack(run, quick_start=False)
        yield stack.kafka.address, stack.postgres.address, str(stack)


async def _measure(parts: Sequence[Named], stage: Stage) -> list[Part]:
    found = []
    for part in parts:
        typer.echo(f"{part} …", err=True)
        found.append(await PARTS[part](stage))
    return found


if __name__ == "__main__":
    typer.run(main)
