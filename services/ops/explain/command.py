"""`olcare sla explain`: the life of a promise in words and as tables, from the log, and what is measured beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.explain.as_data import data
from services.ops.explain.as_words import DAY_COLUMNS, LIFE_COLUMNS, day_row, happening_row, sentences
from services.ops.explain.explanation import Explanation, RecordedPromise, explain, recorded_promise
from services.ops.sla.cycles import cycles_told, laid_out
from services.ops.sla.grounds import grounds_in_log
from services.ops.speech.languages import ENGLISH, LANGUAGES, N_
from services.ops.speech.speech import Speech, speech_of
from services.ops.ticket.command import ticket_id
from services.ops.ticket.history import HistoryEntry, HistorySources, promise_history


def a_language(code: str) -> str:
    """One of the LANGUAGES; raises BadParameter."""
    if code not in LANGUAGES:
        raise typer.BadParameter(f"{code!r} is none of {', '.join(LANGUAGES)}")
    return code


def explain_(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(parser=ticket_id, metavar="ID", help="source/number, both percent-encoded.")],
    *,
    language: Annotated[
        str, typer.Option(metavar="CODE", callback=a_language, help=f"Of the sentences: {', '.join(LANGUAGES)}.")
    ] = ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Why a first response was due when it was: hours used, days skipped, changes and their causes, the verdict."""
    here = environment(ctx)
    found, measured = run(_explained(here, ticket, speech_of(language))), run(cycles_told(here, ticket))
    cycles = measured["cycles"] if measured else []
    show({**data(found), "cycles": cycles}, as_json=as_json, otherwise=lambda: _laid_out(found, cycles))


async def _explained(here: Environment, ticket: str, speech: Speech) -> Explanation:
    async with door_client(here) as at:
        entries = await promise_history(HistorySources(at.kafka, at.log, here.postgres_address()), ticket)
    if not entries:
        raise Refused(f"there is no {ticket}")
    try:
        return explain(told(ticket, entries), await grounds_in_log(here), speech)
    except LookupError as error:
        raise Refused(str(error)) from error


def told(ticket: str, entries: Iterable[HistoryEntry]) -> RecordedPromise:
    """Take from a history what a promise is explained by."""
    return recorded_promise(ticket, ((_event(entry), entry.recorded_at) for entry in entries))


def _event(entry: HistoryEntry) -> Event:
    return EVENT_OF_TYPE[entry.type].model_validate(entry.data)


def _laid_out(found: Explanation, cycles: Sequence[Mapping[str, Any]]) -> RenderableType:
    speech = found.speech
    life = _table((happening_row(each, found) for each in found.life), LIFE_COLUMNS, speech)
    life.title = speech.say(N_("Life of the promise"))
    days = _table((day_row(line, speech) for line in found.days), DAY_COLUMNS, speech)
    days.title = speech.say(N_("Days, in {zone}"), zone=found.civil.key)
    said: list[RenderableType] = [Text("\n".join(sentences(found)))]
    for one in (life, days, laid_out(cycles, speech.say(N_("Measured, without a promise")), speech)):
        said += [Text(), one] if one.row_count else []
    return Group(*said)


def _table(rows: Iterable[Mapping[str, object]], columns: Sequence[str], speech: Speech) -> Table:
    """A table whose columns are named in a language."""
    named = {column: speech.say(column) for column in columns}
    return table(({named[column]: row[column] for column in columns} for row in rows), list(named.values()))
