"""`olcare sla report`: how well first responses were kept, what was missed, and what is measured beside them."""

import csv
import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from libs.eventlog.tables.database import Database
from libs.messages.tickets import Channel
from libs.workcal import Interval
from services.ops.cli.arguments import KnownAt, day
from services.ops.cli.arguments import customer as customer_id
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, cell, counting, run, show, table
from services.ops.report.accounts import Ledger, PromiseAccount
from services.ops.report.attainment import Attainment, AttainmentCount, Miss
from services.ops.report.cycle_count import cycles_reported
from services.ops.report.cycle_figures import Measures
from services.ops.report.cycle_layout import (
    CYCLE_COLUMNS,
    FLAT_CYCLES,
    cycles_data,
    flat_cycles,
    lines_of,
    shown_cycles,
)
from services.ops.report.layout import (
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
from services.ops.report.misses import data as miss_data
from services.ops.report.scope import Scope
from services.ops.sla.grounds import grounds_in_tables
from services.ops.trail.opened import trail
from services.ops.trail.promises import PromisesThen, promises_then
from services.ops.watch.services import SERVICES, queries, tables

SHOWN = 40
"""Misses below the groups; all of them by --misses."""
EVERY = 5_000
"""Promises between two progress messages."""
_PUT_AWAY = next(reader.put_away for reader in SERVICES["sla_timer"].readers if reader.name == "sla")


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
    cycles: Annotated[
        bool, typer.Option("--cycles", help="Say what is measured without a promise, instead of the rest.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Say it as CSV, lengths in seconds.")] = False,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """How many first responses were promised, met and breached, what was missed and why, and what is measured.

    Promises count by the local day of their centre on which they are due, tickets without a promise by that of their
    opening, cycles by that of their end, whatever the ledger; those that run are counted as of now. Attainment is
    met / (met + breached), percentiles are by nearest rank, lengths are working / wall time. With --known-at first
    responses are counted as they were known then; cycles, which are measured anew each time, are left out.
    """
    if from_day >= to_day:
        raise typer.BadParameter("--to is excluded, so it comes after --from")
    if as_json and (as_csv or misses or cycles):
        raise typer.BadParameter("--json says everything, without --csv, --misses and --cycles")
    if misses and cycles:
        raise typer.BadParameter("--misses and --cycles are two tables, one is said at a time")
    if known_at and cycles:
        raise typer.BadParameter("cycles are measured on what is known now: leave --known-at or --cycles out")
    here, scope = environment(ctx), Scope(from_day, to_day, ledger, centre, channel, customer)
    if known_at:
        _say_then(run(reported(here, scope, known_at)), scope, known_at, misses=misses, as_csv=as_csv, as_json=as_json)
    elif cycles:
        _say_cycles(run(cycles_reported(here, scope)), as_csv=as_csv)
    elif as_csv or misses:
        _say_promises(run(reported(here, scope)), ledger, misses=misses, as_csv=as_csv)
    else:
        found, measured = run(reported(here, scope)), run(cycles_reported(here, scope))
        whole = {**scope._asdict(), **data(found, ledger), "cycles": cycles_data(measured)}
        show(whole, as_json=as_json, otherwise=lambda: _laid_out(found, measured, ledger))


async def reported(here: Environment, scope: Scope, known_at: datetime | None = None) -> Attainment:
    """Count what the tables say, or said at an instant; raises Refused and Unavailable."""
    then = await _known(here, known_at) if known_at else None
    async with tables(here.postgres_address(), SERVICES["sla_timer"]) as database:
        grounds = await grounds_in_tables(database)
        count = AttainmentCount(scope.days(grounds.only(then.calendars) if then else grounds), scope.ledger)
        with counting("counting", "promises") as told:
            number = 0
            async for account in _accounts(database, scope, then):
                count.add(account)
                number += 1
                if number % EVERY == 0:
                    told(number, None)
    return count.found()


async def _known(here: Environment, known_at: datetime) -> PromisesThen:
    async with trail(here) as asked:
        return await promises_then(asked.chain, asked.log, asked.cards, known_at)


async def _accounts(database: Database, scope: Scope, then: PromisesThen | None) -> AsyncIterator[PromiseAccount]:
    around = scope.around()
    rows = (queries(database, then.instead, then.values) if then else queries(database)).stream(
        "promises_reported",
        centre=scope.centre,
        channel=scope.channel,
        customer=scope.customer,
        restated=scope.ledger is Ledger.RESTATED,
        since=around.opens_at,
        until=around.closes_at,
    )
    async for row in rows:
        yield account_of(row)


def account_of(row: Mapping[str, Any]) -> PromiseAccount:
    """Read a row of the query."""
    values = dict(row)
    since, intervals = values["since"], json.loads(values["intervals"] or "[]")
    if state := _PUT_AWAY.unpacked(values.pop("packed")):
        certificate = (json.loads(state).get("promise") or {}).get("certificate") or {}
        since, intervals = certificate.get("opened_at"), certificate.get("intervals", [])
    used = (Interval(_instant(one["opens_at"]), _instant(one["closes_at"])) for one in intervals)
    return PromiseAccount(**{**values, "since": _instant(since) if since else None, "intervals": tuple(used)})


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _say_cycles(found: Measures, *, as_csv: bool) -> None:
    if as_csv:
        _write_csv(FLAT_CYCLES, map(flat_cycles, lines_of(found)))
    else:
        show(found, as_json=False, otherwise=lambda: _cycles(found))


def _say_promises(found: Attainment, ledger: Ledger, *, misses: bool, as_csv: bool) -> None:
    if not as_csv:
        show(found, as_json=False, otherwise=lambda: _missed(found, found.misses, ledger))
    elif misses:
        _write_csv(FLAT_MISS, [miss_data(miss, ledger) for miss in found.misses])
    else:
        _write_csv(FLAT, map(flat, groups_of(found)))


def _say_then(
    found: Attainment, scope: Scope, known_at: datetime, *, misses: bool, as_csv: bool, as_json: bool
) -> None:
    if as_csv or misses:
        _say_promises(found, scope.ledger, misses=misses, as_csv=as_csv)
        return
    whole = {**scope._asdict(), "known_at": known_at, **data(found, scope.ledger)}
    title = f"first responses, {scope.ledger} verdicts, as known at {cell(known_at)}"
    show(whole, as_json=as_json, otherwise=lambda: table(map(shown, groups_of(found)), COLUMNS, title=title))


def _laid_out(found: Attainment, measured: Measures, ledger: Ledger) -> RenderableType:
    groups = table(map(shown, groups_of(found)), COLUMNS, title=f"first responses, {ledger} verdicts")
    listed = found.misses[:SHOWN]
    missed: list[RenderableType] = [Text(), _missed(found, listed, ledger)] if listed else []
    return Lines(groups, Text(_sentences(found)), _cycles(measured), *missed)


def _missed(found: Attainment, listed: Sequence[Miss], ledger: Ledger) -> Table:
    rows = (shown_miss(miss, ledger) for miss in listed)
    return table(rows, MISS_COLUMNS, title=f"{len(found.misses)} missed")


def _cycles(found: Measures) -> RenderableType:
    laid_out = table(map(shown_cycles, lines_of(found)), CYCLE_COLUMNS, title="measured, without a promise")
    unknown = sum(total.took.unknown for total in found.totals)
    said = f"the working time of {unknown} cycles is unknown, since a calendar ends before them"
    return Lines(laid_out, Text(said)) if unknown else laid_out


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
