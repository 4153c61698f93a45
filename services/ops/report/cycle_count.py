"""Count the cycles of the tickets that a report is asked for, a thousand tickets at a time."""

from collections.abc import AsyncIterator

from libs.eventlog.tables.queries import Queries
from services.ops.cli.environment import Environment
from services.ops.cli.output import counting
from services.ops.report.cycle_figures import MeasureCount, Measures
from services.ops.report.scope import Scope
from services.ops.sla.cycles import known_of, sla_queries
from services.ops.sla.grounds import grounds_in_tables
from services.ops.watch.services import SERVICES, tables

AT_ONCE = 1_000
"""Tickets in memory at once, and between two progress messages."""


async def cycles_reported(here: Environment, scope: Scope) -> Measures:
    """Measure the cycles in the tables, those that run until now; raises Refused and Unavailable."""
    async with tables(here.postgres_address(), SERVICES["sla_timer"]) as database:
        queries = sla_queries(database)
        count = MeasureCount(scope.days(await grounds_in_tables(database)), here.clock().now())
        with counting("measuring", "tickets") as told:
            number = 0
            async for tickets in tickets_of(queries, scope):
                for known in await known_of(queries, tickets):
                    count.add(known)
                number += len(tickets)
                told(number, None)
    return count.found()


async def tickets_of(queries: Queries, scope: Scope, at_once: int = AT_ONCE) -> AsyncIterator[list[str]]:
    """The tickets that may have a cycle to count, never all of them at once."""
    batch: list[str] = []
    of = {"centre": scope.centre, "channel": scope.channel, "customer": scope.customer}
    async for row in queries.stream("tickets_measured", at_once, since=scope.around().opens_at, **of):
        batch.append(row["ticket"])
        if len(batch) == at_once:
            yield batch
            batch = []
    if batch:
        yield batch
