"""`olcare sla cycles`: next responses, resolutions and periodic updates of a ticket, with their working time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.table import Table

import services.sla_timer
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries, expressions_of
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.sla.grounds import grounds_in_tables
from services.ops.sla.ticket_cycles import KnownCycles, data, measured
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech
from services.ops.ticket.command import ticket_id
from services.ops.watch.services import SERVICES, tables
from services.sla_timer.cycles.decider import Begun
from services.sla_timer.cycles.model import TicketHistory
from services.sla_timer.cycles.rows import CYCLES_JSON, MISSED

COLUMNS = (
    *(N_("measure"), N_("instance"), N_("state"), N_("started_at"), N_("ended_at"), N_("ended_by")),
    *(N_("working_time"), N_("wall_time"), N_("pauses"), N_("target"), N_("due_at")),
)
WORDS = (
    *(N_("next-response"), N_("resolution"), N_("periodic-update")),
    *(N_("running"), N_("paused"), N_("ended"), N_("abandoned"), N_("met"), N_("missed")),
    *(N_("answered"), N_("resolved"), N_("excluded"), N_("withdrawn"), N_("merged")),
)
"""What stands in the columns: a measure, a state, what ended a cycle."""
STORY: TypeAdapter[TicketHistory] = TypeAdapter(TicketHistory)
QUERIES = Path(services.sla_timer.__file__).with_name("queries.sql")


def cycles(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(parser=ticket_id, metavar="ID", help="source/number, both percent-encoded.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the cycles of a ticket: what was measured by now, and where the plan gives a target whether it was kept."""
    told = run(cycles_told(environment(ctx), ticket))
    if told is None:
        raise Refused(f"there is no {ticket} that was opened")
    show(told, as_json=as_json, otherwise=lambda: laid_out(told["cycles"], ticket))


async def cycles_told(here: Environment, ticket: str) -> dict[str, Any] | None:
    """The cycles of a ticket for other programs, those that run until now; None where it was never opened."""
    async with tables(here.postgres_address(), SERVICES["sla_timer"]) as database:
        found = await known_of(sla_queries(database), [ticket])
        grounds = await grounds_in_tables(database)
    if not found:
        return None
    (known,), now = found, here.clock().now()
    centre = known.story.centre
    told = [data(one, centre, grounds, now) for one in measured(known)]
    return {"ticket": ticket, "centre": centre, "opened_at": known.story.opened_at, "cycles": told}


def sla_queries(database: Database) -> Queries:
    """The queries of sla_timer on its own tables."""
    return Queries(database, QUERIES, expressions=expressions_of(SERVICES["sla_timer"].readers))


async def known_of(queries: Queries, tickets: Sequence[str]) -> list[KnownCycles]:
    """Read what is known of those of some tickets that were opened."""
    reckoned = {row["ticket"]: row for row in await queries.rows("cycles_reckoned", tickets=tickets)}
    rows = await queries.rows("facts_of_cycles", tickets=tickets)
    return [_known(STORY.validate_json(row["story"]), reckoned.get(row["ticket"])) for row in rows]


def _known(story: TicketHistory, row: Mapping[str, Any] | None) -> KnownCycles:
    if row is None:
        return KnownCycles(story, {}, frozenset())
    reckoned = {Begun(one.measure, one.started_at): one for one in CYCLES_JSON.validate_json(row["cycles"])}
    return KnownCycles(story, reckoned, frozenset(MISSED.validate_json(row["missed"])))


def laid_out(told: Iterable[Mapping[str, Any]], title: str, speech: Speech = IN_ENGLISH) -> Table:
    """Lay cycles out for people."""
    named = {column: speech.say(column) for column in COLUMNS}
    rows = ({named[column]: row[column] for column in COLUMNS} for row in (_row(one, speech) for one in told))
    return table(rows, list(named.values()), title=title)


def _row(one: Mapping[str, Any], speech: Speech) -> Mapping[str, object]:
    said = {name: speech.word(str(one[name] or "")) or None for name in ("measure", "state", "ended_by")}
    return {
        **one,
        **said,
        "working_time": _span(one["working_seconds"]),
        "wall_time": _span(one["wall_seconds"]),
        "pauses": len(one["pauses"]) or None,
        "target": _span(one["target_seconds"]),
    }


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
