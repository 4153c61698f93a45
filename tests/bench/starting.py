"""Starts: how long services take until they are ready, over a log that they have read before, and over one not read.

The log holds the lives of tickets that are over (`lifetimes.py`), four events each. The first start builds the tables
from all of it; the second finds them, and reads nothing again. What an event costs the first start is compared between
a short log and a long one: the processor's time of the first start less that of the second.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import asyncpg

from libs.stack.wait import machine_seconds
from tests.bench.lifetimes import EVENTS_EACH
from tests.bench.lived import lived
from tests.bench.processor import processor_seconds
from tests.bench.rounds import Bar, Part, Result, limited
from tests.bench.site import PATIENCE, Site
from tests.bench.stage import Stage

SERVICES = ("intake", "sla_timer", "notification")
FEW = 10_000  # tickets
ALLOWED = 3.0  # machine seconds until a service is ready
FLAT = 1 / 1.2
AGAIN = "three seconds against a start of {} over {:,} events"
COST = "an event of the first start of {} over {:,} tickets against one over {:,}"


class Start(NamedTuple):
    """A start: how long until ready, and what the process had used by then, in seconds."""

    took: float
    used: float


class Starts(NamedTuple):
    """The first start of a service over a log of so many records, and the second."""

    first: Start
    second: Start
    records: int

    @property
    def each(self) -> float:
        """What a record cost the first start, in seconds of the processor."""
        return (self.first.used - self.second.used) / self.records


async def measure(stage: Stage) -> Part:
    """Start the services over a short log and over a long one, each twice."""
    tickets = max(stage.events // EVENTS_EACH, FEW)
    few, many = await _started(FEW), await _started(tickets)
    results, figures = list[Result](), dict[str, str]()
    for name in SERVICES:
        short, long = few[name], many[name]
        results.append(limited(AGAIN.format(name, tickets * EVENTS_EACH), ALLOWED, [long.second.took]))
        flat = Bar(COST.format(name, tickets, FEW), "over many", "over few", FLAT)
        results.append(Result(flat, [short.each / long.each]))
        figures[name] = (
            f"first {long.first.took:.1f} s over {long.records:,} records,"
            f" {long.records / long.first.took:,.0f} a second,"
            f" {long.each * 1e6:.1f} µs of the processor each ({short.each * 1e6:.1f} over {short.records:,});"
            f" again {long.second.took:.1f} s"
        )
    return Part("start", results, figures)


async def _started(tickets: int) -> Mapping[str, Starts]:
    async with lived("bench-start", tickets) as here:
        found = {}
        for name in SERVICES:
            first = await _start(here, name)
            await here.system.quiet()
            await here.system.stop(name)
            read = await _positions(here, name)
            second = await _start(here, name)
            if await _positions(here, name) != read:
                raise ValueError(f"{name} has read something again")
            found[name] = Starts(first, second, sum(at for *_, at, _ in read))
            await here.system.stop(name)
        return found


async def _start(here: Site, name: str) -> Start:
    began = machine_seconds()
    here.system.begin(name)
    await here.system.ready(name, within=PATIENCE)
    return Start(machine_seconds() - began, processor_seconds(here.system.services[name].process.pid))


async def _positions(here: Site, name: str) -> list[tuple[str, str, int, int, bytes]]:
    """Of each reader and partition the tables in use, the next offset and the digest of the last record."""
    connection = await asyncpg.connect(f"{here.system.postgres.dsn}/olcare_{name}")
    try:
        generations = await connection.fetch("select reader, schema from olcare.generation where state = 'live'")
        found = []
        for reader, schema in sorted(tuple(row) for row in generations):
            rows = await connection.fetch(f"select * from {schema}.position_{reader} order by partition")  # noqa: S608
            found += [(reader, schema, row["partition"], row["next_offset"], row["digest"]) for row in rows]
    finally:
        await connection.close()
    if {reader for reader, *_ in found} != {
        each.name for each in import_module(f"services.{name}.projections").READERS
    }:
        raise ValueError(f"{name} has not all of its tables")
    return found
