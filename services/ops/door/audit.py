"""`olcare audit`: who was shown what is private and why, and who mended or published what."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

import services.ops.audit
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries
from services.ops.cli.arguments import instant, reference
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, show, table
from services.ops.watch.services import SERVICES, tables

COLUMNS = ("recorded_at", "who", "action", "what", "letters", "reason", "case_number", "outcome", "came_of_it")
QUERIES = Path(services.ops.audit.__file__).with_name("queries.sql")
ACTIONS = (
    "show",
    *("redrive-as-it-came", "redrive-edited", "redrive-discarded"),
    *("rebuild", "switch", "discard-generations", "publish"),
)
_COUNTED = {
    "taken": "taken",
    "refused": "refused",
    "unreadable": "unreadable",
    "discarded": "marked",
    "left_over": "left",
}


class ActionFilter(NamedTuple):
    """Which actions are meant; what is None is not asked."""

    since: datetime | None = None
    until: datetime | None = None
    who: str | None = None
    action: str | None = None
    what: str | None = None
    most: int = 1000


def _action(text: str) -> str:
    if text not in ACTIONS:
        raise typer.BadParameter(f"there is no action {text!r}; there are {', '.join(ACTIONS)}")
    return text


def audit(
    ctx: typer.Context,
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Recorded at this instant or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Recorded before this instant.")
    ] = None,
    by: Annotated[str | None, typer.Option(parser=reference, metavar="WHO", help="What this person did alone.")] = None,
    action: Annotated[
        str | None, typer.Option(parser=_action, metavar="ACTION", help=f"Of one kind: {', '.join(ACTIONS)}.")
    ] = None,
    what: Annotated[
        str | None,
        typer.Option(metavar="ID", help="About one ticket, notice, dead letter, SERVICE.READER or rehearsal."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="The youngest so many.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Who was shown what is private and why, who mended or published what, and what came of it; the oldest first."""
    rows = run(_audit(environment(ctx), ActionFilter(since, until, by, action, what, most)))[::-1]
    said = [{**row, "came_of_it": came_of_it(row)} for row in rows]
    show(rows, as_json=as_json, otherwise=lambda: table(said, COLUMNS) if said else "nobody did anything")


async def actions(database: Database, asked: ActionFilter) -> list[dict[str, Any]]:
    """The actions that are meant, the youngest first, from audit's tables."""
    return await Queries(database, QUERIES).rows("actions", **asked._asdict())


def came_of_it(row: Mapping[str, Any]) -> str:
    """The counts of an action, those that are not none; which generation is in use since."""
    counted = [f"{row[name]} {word}" for name, word in _COUNTED.items() if row.get(name)]
    used = [f"generation {row['generation']} in use"] if row.get("generation") else []
    return ", ".join([*counted, *used])


async def _audit(here: Environment, asked: ActionFilter) -> list[dict[str, Any]]:
    async with tables(here.postgres_address(), SERVICES["audit"]) as database:
        return await actions(database, asked)
