"""`olcare sla not-promised`: tickets that have no promise. Somebody has to look at each, and to answer it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from libs.eventlog.tables.queries import Queries
from libs.messages.sla import NoPromise
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, show, table
from services.ops.sla.cycles import sla_queries
from services.ops.watch.services import SERVICES, tables

FIELDS = ("ticket", "reason", "centre", "channel", "opened_at", "responded_at", "cancelled_at")
REASONS = frozenset(NoPromise) - {NoPromise.ALREADY_PROMISED}


def not_promised(
    ctx: typer.Context,
    *,
    only_open: Annotated[
        bool, typer.Option("--open", help="Those alone that nobody has answered, withdrawn or merged yet.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, help="The oldest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the tickets that have no promise, the oldest first, with the reason and whether they were answered."""
    rows = run(_list(environment(ctx), most, only_open=only_open))
    show(rows, as_json=as_json, otherwise=lambda: table(rows, FIELDS) if rows else "every ticket has its promise")


async def without_promise(here: Environment) -> Mapping[str, int]:
    """Count by reason the tickets without a promise that nobody has answered; raises Refused and Unavailable."""
    async with _promises(here) as promises:
        found = await promises.rows("not_promised_count")
    return {**dict.fromkeys(map(str, REASONS), 0), **{row["reason"]: row["tickets"] for row in found}}


async def _list(here: Environment, most: int, *, only_open: bool) -> list[dict[str, Any]]:
    async with _promises(here) as promises:
        rows = await promises.rows("not_promised", open=only_open, most=most)
    return [{name: row[name] for name in FIELDS} for row in rows]


@asynccontextmanager
async def _promises(here: Environment) -> AsyncIterator[Queries]:
    async with tables(here.postgres_address(), SERVICES["sla_timer"]) as database:
        yield sla_queries(database)
