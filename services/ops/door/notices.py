"""`olcare notices`: what people are told, and what a person decides about it, through notification's door."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import services.notification
from libs.chassis.clock import draw_id
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.tables.queries import Queries
from libs.messages.catalogue import NOTICES_DOOR
from libs.messages.notices import Settlement
from libs.messages.receipts import Receipt
from libs.messages.sources import OPS_SOURCE
from libs.messages.upstream import ResendOrdered, SettlementOrdered
from services.ops.cli.arguments import By, NoticeGiven
from services.ops.cli.door_client import door_client, require
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, show, table
from services.ops.watch.services import SERVICES, queries, tables

COLUMNS = (
    *("stream", "state", "notice_class", "role", "about_stream", "attempts"),
    *("problem", "smtp_code", "cause", "changed_at"),
)
app = typer.Typer(no_args_is_help=True, help="What people are told: look, send again, settle what is ambiguous.")
WAITING_COLUMNS = ("stream", "state", "private_key", "centre", "requested_at")
NOTICE_QUERIES = Path(services.notification.__file__).with_name("queries.sql")


class State(StrEnum):
    """What can become of a notice."""

    REQUESTED = "requested"
    HANDING_OVER = "handing-over"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    CANCELLED = "cancelled"
    SETTLED = "settled"


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    state: Annotated[State | None, typer.Option(help="Those in this state alone.")] = None,
    without_address: Annotated[
        bool, typer.Option(help="Those that wait for the record of their recipient, the oldest first.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, help="So many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who was told what, the youngest first."""
    if without_address and state is not None:
        raise typer.BadParameter("--without-address is about notices that are to be sent, whatever their state")
    here = environment(ctx)
    rows = run(_waiting(here, most) if without_address else _list(here, state, most))
    columns = WAITING_COLUMNS if without_address else COLUMNS
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no notices")


@app.command()
def resend(ctx: typer.Context, notice: NoticeGiven, by: By, *, as_json: AsJson = False) -> None:
    """Have a notice sent once more, whatever became of it."""
    _answer(run(_order(environment(ctx), notice, ResendOrdered(by=by))), as_json=as_json)


@app.command()
def settle(
    ctx: typer.Context,
    notice: NoticeGiven,
    by: By,
    settled_as: Annotated[Settlement, typer.Option("--as", help="What somebody found out.")],
    *,
    as_json: AsJson = False,
) -> None:
    """What became of a notice of which nobody knew whether it was accepted."""
    _answer(run(_order(environment(ctx), notice, SettlementOrdered(by=by, settled_as=settled_as))), as_json=as_json)


def _answer(receipt: Receipt, *, as_json: bool) -> None:
    show(receipt, as_json=as_json, otherwise=lambda: f"{receipt.stream}: {receipt.event_type}")


async def _list(here: Environment, state: State | None, most: int) -> list[dict[str, Any]]:
    async with tables(here.postgres_address(), SERVICES["notification"]) as database:
        return await queries(database).rows("notices_in_state", state=state and str(state), centre=None, most=most)


async def _waiting(here: Environment, most: int) -> list[dict[str, Any]]:
    async with tables(here.postgres_address(), SERVICES["notification"]) as database:
        return await Queries(database, NOTICE_QUERIES).rows("notices_without_address", most=most)


async def _order(here: Environment, notice: str, order: ResendOrdered | SettlementOrdered) -> Receipt:
    async with door_client(here) as at:
        said = event(OPS_SOURCE, str(draw_id()), notice, at.clock.now(), order)
        record = door_record(NOTICES_DOOR, said, here.cards()[NOTICES_DOOR].partitions)
        return require((await at.ask([record]))[0])
