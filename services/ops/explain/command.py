"""`olcare sla explain`: the life of a promise in words and as tables, from the log, and what is measured beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, cast, get_args

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.messages.sla import PromiseEvent
from libs.messages.tickets import CoverRestated, TicketOpened, TicketRefused
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.explain.as_data import data
from services.ops.explain.as_words import DAY_COLUMNS, LIFE_COLUMNS, day_row, happening_row, sentences
from services.ops.explain.explanation import Explanation, RecordedPromise, explain
from services.ops.sla.cycles import cycles_told, laid_out
from services.ops.sla.grounds import grounds_in_log
from services.ops.ticket.command import ticket_id
from services.ops.ticket.history import HistoryEntry, HistorySources, promise_history


def explain_(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(parser=ticket_id, metavar="ID", help="source/number, both percent-encoded.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Why a first response was due when it was: hours used, days skipped, changes and their causes, the verdict."""
    here = environment(ctx)
    found, measured = run(_explained(here, ticket)), run(cycles_told(here, ticket))
    cycles = measured["cycles"] if measured else []
    show({**data(found), "cycles": cycles}, as_json=as_json, otherwise=lambda: _laid_out(found, cycles))


async def _explained(here: Environment, ticket: str) -> Explanation:
    async with door_client(here) as at:
        entries = await promise_history(HistorySources(at.kafka, at.log, here.postgres_address()), ticket)
    if not entries:
        raise Refused(f"there is no {ticket}")
    try:
        return explain(told(ticket, entries), await grounds_in_log(here))
    except LookupError as error:
        raise Refused(str(error)) from error


def told(ticket: str, entries: Iterable[HistoryEntry]) -> RecordedPromise:
    """Take from a history what a promise is explained by."""
    opening, recorded_at, restated, events = None, None, None, list[PromiseEvent]()
    for entry in entries:
        event = _event(entry)
        if isinstance(event, TicketOpened | TicketRefused):
            opening, recorded_at = event, entry.recorded_at
        elif isinstance(event, CoverRestated):
            restated = event
        elif isinstance(event, get_args(PromiseEvent)):
            events.append(cast("PromiseEvent", event))
    return RecordedPromise(ticket, opening, events, recorded_at, restated)


def _event(entry: HistoryEntry) -> Event:
    return EVENT_OF_TYPE[entry.type].model_validate(entry.data)


def _laid_out(found: Explanation, cycles: Sequence[Mapping[str, Any]]) -> RenderableType:
    life = table(
        (happening_row(happening, found) for happening in found.life), LIFE_COLUMNS, title="Life of the promise"
    )
    days = table(map(day_row, found.days), DAY_COLUMNS, title=f"Days, in {found.civil.key}")
    said: list[RenderableType] = [Text("\n".join(sentences(found)))]
    for one in (life, days, laid_out(cycles, "Measured, without a promise")):
        said += [Text(), one] if one.row_count else []
    return Group(*said)
