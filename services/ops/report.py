"""`olcare sla report`: how well first responses were kept, and what was missed."""

import csv
import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from libs.eventlog.database import Database
from libs.messages.plan import CentreCalendar
from libs.messages.tickets import Channel
from libs.workcal import Interval
from services.ops.accounts import Account, Days, Ledger
from services.ops.attainment import Attainment, Count
from services.ops.given import Given, given
from services.ops.grounds import Grounds
from services.ops.misses import data as miss_data
from services.ops.output import AsJson, Refused, cell, counting, run, show, table
from services.ops.report_rows import (
    COLUMNS,
    FLAT,
    FLAT_MISS,
    MISS_COLUMNS,
    data,
    flat,
    groups_of,
    shown,
    shown_miss,
)
from services.ops.typed import customer as customer_id
from services.ops.typed import day
from services.ops.watched import WATCHED, queries, tables
from services.sla_timer.publications import PublishedCalendar

AROUND = timedelta(days=2)
"""No local day begins or ends further from that of UTC."""
SHOWN = 40
"""Misses below the groups; all of them by --misses."""
EVERY = 5_000
"""Promises between two words on how far it is."""


class Asked(NamedTuple):
    """Of which promises: due from one local day to another, which is excluded, in a ledger, of some or of all."""

    from_day: date
    to_day: date
    ledger: Ledger
    centre: str | None
    channel: Channel | None
    customer: str | None


def report(
    ctx: typer.Context,
    from_day: Annotated[
        date, typer.Option("--from", parser=day, metavar="DATE", help="Due on this local day or later.")
    ],
    to_day: Annotated[date, typer.Option("--to", parser=day, metavar="DATE", help="Due before this local day.")],
    centre: Annotated[str | None, typer.Option(help="Of this centre alone.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Of tickets opened by this channel alone.")] = None,
    customer: Annotated[
        str | None, typer.Option(parser=customer_id, metavar="CUSTOMER", help="Of this customer alone.")
    ] = None,
    ledger: Annotated[
        Ledger, typer.Option(help="Verdicts as they fell, or as they would be if all had been known in time.")
    ] = Ledger.PROMISED,
    *,
    misses: Annotated[bool, typer.Option("--misses", help="List all that was missed, instead of the groups.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Say it as CSV, lengths in seconds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how many first responses were promised, met and breached, how long they took, and what was missed and why.

    Promises count by the local day of their centre on which they are due, tickets without a promise by that of their
    opening. Attainment is met / (met + breached), percentiles are by nearest rank, lengths are working / wall time.
    """
    if from_day >= to_day:
        raise typer.BadParameter("--to is excluded, so it comes after --from")
    if as_json and (as_csv or misses):
        raise typer.BadParameter("--json says everything, without --csv and --misses")
    asked = Asked(from_day, to_day, ledger, centre, channel, customer)
    found = run(reported(given(ctx), asked))
    if as_csv and misses:
        _write_csv(FLAT_MISS, [miss_data(miss, ledger) for miss in found.misses])
    elif as_csv:
        _write_csv(FLAT, map(flat, groups_of(found)))
    else:
        whole = {**asked._asdict(), **data(found, ledger)}
        show(whole, as_json=as_json, otherwise=lambda: _laid_out(found, ledger, misses=misses))


async def reported(here: Given, asked: Asked) -> Attainment:
    """Count what the tables say; raises Refused and Unavailable."""
    async with tables(here.postgres_address(), WATCHED["sla_timer"]) as database:
        grounds = await _grounds(database)
        if asked.centre is not None and asked.centre not in grounds.calendars:
            raise Refused(f"there is no centre {asked.centre}; there are {', '.join(sorted(grounds.calendars))}")
        count = Count(Days(asked.from_day, asked.to_day, grounds), asked.ledger)
        with counting("counting", "promises") as told:
            number = 0
            async for account in _accounts(database, asked):
                count.add(account)
                number += 1
                if number % EVERY == 0:
                    told(number, None)
    return count.found()


async def _grounds(database: Database) -> Grounds:
    calendars: dict[str, list[PublishedCalendar]] = {}
    for row in await queries(database).rows("calendars_published"):
        content = CentreCalendar.model_validate_json(row["content"])
        one = PublishedCalendar(row["stream"], row["sequence"], row["published_at"], content)
        calendars.setdefault(content.centre, []).append(one)
    return Grounds(calendars, ())


async def _accounts(database: Database, asked: Asked) -> AsyncIterator[Account]:
    rows = queries(database).stream(
        "promises_reported",
        centre=asked.centre,
        channel=asked.channel,
        customer=asked.customer,
        restated=asked.ledger is Ledger.RESTATED,
        since=_midnight(asked.from_day) - AROUND,
        until=_midnight(asked.to_day) + AROUND,
    )
    async for row in rows:
        yield account_of(row)


def account_of(row: Mapping[str, Any]) -> Account:
    """Read a row of the query."""
    since, intervals = row["since"], json.loads(row["intervals"] or "[]")
    used = (Interval(_instant(one["opens_at"]), _instant(one["closes_at"])) for one in intervals)
    return Account(**{**row, "since": _instant(since) if since else None, "intervals": tuple(used)})


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _laid_out(found: Attainment, ledger: Ledger, *, misses: bool) -> RenderableType:
    listed = found.misses if misses else found.misses[:SHOWN]
    missed = table((shown_miss(miss, ledger) for miss in listed), MISS_COLUMNS, title=f"{len(found.misses)} missed")
    if misses:
        return missed
    groups = table(map(shown, groups_of(found)), COLUMNS, title=f"first responses, {ledger} verdicts")
    return Lines(groups, Text(_sentences(found)), *([missed] if listed else []))


def _sentences(found: Attainment) -> str:
    said = [f"\nlengths are working time / wall time; {found.differing} verdicts are others in the other ledger"]
    if unknown := found.total.to_first_response.unknown:
        said.append(f"the working time of {unknown} answers is unknown, since a calendar ends before them")
    if len(found.misses) > SHOWN:
        said.append(f"the first {SHOWN} misses are listed, --misses lists them all")
    return "\n".join(said) + "\n"


def _write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write lines as RFC 4180 has them."""
    written = csv.writer(sys.stdout)
    written.writerow(columns)
    written.writerows([cell(row[column]) for column in columns] for row in rows)
