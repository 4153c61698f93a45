"""`olcare ticket show`: the whole history of a ticket over all topics."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from libs.messages.actions import PrivateKind, ViewingReason
from libs.messages.places import RecordAddress
from libs.messages.streams import parse_stream, stream_id
from services.ops.cli.arguments import AsOf, KnownAt
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.door.viewings import CaseNumber, Looker, Reason, Viewer, put_on_record, viewer
from services.ops.ticket.history import HistoryEntry, HistorySources, history, private_contents, private_keys
from services.ops.trail.as_of import Cut
from services.ops.trail.opened import trail
from services.ops.trail.tickets import TicketThen, ticket_then

COLUMNS = ("recorded_at", "occurred_at", "what", "stream", "place", "says")
TELLING = (
    "reason",
    "clause",
    "channel",
    "centre",
    "from_centre",
    "to_centre",
    "into",
    "merged_into",
    "product",
    "version",
    "medium",
    "by",
    "help_given",
    "known_call",
    "exclusion",
    "script_language",
    "restated_at",
    "percent",
    "at_risk_at",
    "due_at",
    "responded_at",
    "breached_at",
    "measure",
    "instance",
    "missed_at",
    "detected_at",
    "notice_class",
    "role",
    "attempt",
    "smtp_code",
    "problem",
    "retry_at",
    "cause",
    "settled_as",
    "where",
    "message",
)
"""The fields that a line of the history shows; ids and the rest are in its JSON."""
SHOWN_THEN = (
    "state",
    "centre",
    "channel",
    "due_at",
    "responded_at",
    "restated",
    "reason",
    "merged_into",
    "role",
    "cause",
)
"""The fields of a row that a line of how it stood shows."""
app = typer.Typer(no_args_is_help=True, help="Tickets.")


def ticket_id(text: str) -> str:
    """Read `ticket/source/number` or `source/number`; raises typer.BadParameter."""
    kind, _, rest = text.partition("/")
    try:
        return stream_id(*parse_stream(text if kind == "ticket" and "/" in rest else f"ticket/{text}"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not source/number") from None


@app.command("show")
def show_(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(parser=ticket_id, metavar="ID", help="source/number, both percent-encoded.")],
    *,
    private: Annotated[bool, typer.Option("--private", help="Also what is personal in it.")] = False,
    reason: Reason = None,
    by: Looker = None,
    case: CaseNumber = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Show all that was recorded about a ticket, its promise and its notices, in the order in which it was recorded.

    Who looks at what is personal says why (--private --reason --by), and that is recorded first. With --as-of or
    --known-at it is shown how the ticket stood: by what had occurred, and by what we knew.
    """
    if as_of or known_at:
        _show_then(environment(ctx), ticket, Cut(as_of, known_at), private=private, as_json=as_json)
        return
    who = _who(by, reason, case, private=private)
    entries, contents = run(_history(environment(ctx), ticket, who))
    found = {"ticket": ticket, "history": [entry._asdict() for entry in entries], "private": contents}
    rows = [*map(_row, entries), *_private_rows(contents)]
    show(found, as_json=as_json, otherwise=lambda: table(rows, COLUMNS, title=ticket))


def _show_then(here: Environment, ticket: str, cut: Cut, *, private: bool, as_json: bool) -> None:
    if private:
        raise typer.BadParameter(
            "what is personal is not kept as it was: leave --private out, or --as-of and --known-at"
        )
    then = run(_then(here, ticket, cut))
    found = {"id": ticket, **cut._asdict(), **then.as_data()}
    show(found, as_json=as_json, otherwise=lambda: table(_rows_then(then), COLUMNS, title=ticket))


async def _then(here: Environment, ticket: str, cut: Cut) -> TicketThen:
    async with trail(here) as asked:
        found = await ticket_then(asked.chain, asked.log, asked.cards, ticket, cut)
    if found is None:
        raise Refused(f"there is no {ticket}")
    return found


def _rows_then(then: TicketThen) -> Iterator[dict[str, object]]:
    """What it stood on, what came later, and how it stood."""
    for late, links in (("", then.history), ("later: ", then.later)):
        for link in links:
            what = f"{late}{link.type.removeprefix('olcare.')}"
            times = {"recorded_at": link.recorded_at, "occurred_at": link.occurred_at}
            yield {**times, "what": what, "stream": f"{link.stream} {link.sequence}", "place": link.address.text()}
    for row in (then.ticket, then.promise, *then.cycles, *then.notices):
        if row is not None:
            told = {name: value for name, value in row._asdict().items() if name in SHOWN_THEN and value is not None}
            yield {"what": "stood", "stream": row.stream, "says": _line(told)}


def _who(by: str | None, reason: ViewingReason | None, case: str | None, *, private: bool) -> Viewer | None:
    """Who looks at what is private, None where nobody does; raises BadParameter."""
    if private:
        return viewer(by, reason, case, "without --private it shows all but that")
    if (by, reason, case) != (None, None, None):
        raise typer.BadParameter("--reason, --by and --case are for --private: nothing else is recorded")
    return None


async def _history(here: Environment, ticket: str, who: Viewer | None) -> tuple[list[HistoryEntry], Mapping[str, Any]]:
    """The history, and by the key of each private record its content, None where nobody looks at it or it is gone.

    Raises Refused where there is no such ticket.
    """
    async with door_client(here) as at:
        entries = await history(HistorySources(at.kafka, at.log, here.postgres_address()), ticket)
        if not entries:
            raise Refused(f"there is no {ticket}")
        if who:
            await put_on_record(here, at, who.request(PrivateKind.TICKET, ticket))
    keys = private_keys(entries)
    known = await private_contents(here.postgres_address(), keys) if who and keys else {}
    return entries, {key.text(): known.get(key.text()) for key in keys}


def _row(entry: HistoryEntry) -> dict[str, object]:
    return {
        "recorded_at": entry.recorded_at,
        "occurred_at": entry.occurred_at,
        "what": entry.type.removeprefix("olcare."),
        "stream": f"{entry.stream} {entry.sequence}" if entry.sequence else entry.stream,
        "place": f"{entry.topic}/{entry.partition}/{entry.offset}",
        "says": said(entry.data),
    }


def _private_rows(contents: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    for key, content in contents.items():
        yield {"what": "private", "stream": key, "says": _line(content) if content else None}


def said(data: Mapping[str, Any]) -> str:
    """The telling fields of a record, on one line."""
    every = {**data.get("certificate", {}), **data}
    place = {"of": RecordAddress(**data["place"]).text()} if "place" in data else {}
    return _line({**place, **{name: every[name] for name in TELLING if every.get(name) is not None}})


def _line(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items() if value is not None).replace("\n", " ")
