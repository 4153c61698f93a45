"""`olcare stuck`: what the services have left aside because it failed by a fault of theirs, while all else goes on."""

from collections.abc import Mapping
from typing import Any

import typer

from services.ops.cli.environment import PageAddress, environment
from services.ops.cli.output import AsJson, run, show, table
from services.ops.watch.pages import page

COLUMNS = ("service", "loop", "about", "error", "reference", "tries", "since_seconds", "again_in_seconds")

app = typer.Typer(
    no_args_is_help=True,
    help="Streams that a service has left aside by a fault of its own: look, or have them tried again at once.",
)


@app.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """What is left aside, since when, and when it is tried again; the reference stands in the service's log."""
    rows = run(_rows(environment(ctx).addresses()))
    show(rows, as_json=as_json, otherwise=lambda: table(rows, COLUMNS) if rows else "nothing is left aside")


@app.command()
def retry(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Have everything tried again at once."""
    said = run(_retried(environment(ctx).addresses()))
    show(said, as_json=as_json, otherwise=lambda: f"{sum(said.values())} are tried again")


async def _rows(addresses: Mapping[str, PageAddress]) -> list[dict[str, Any]]:
    return [
        {"service": name, **row}
        for name, address in addresses.items()
        for row in await page(address.port, "/stuck", host=address.host)
    ]


async def _retried(addresses: Mapping[str, PageAddress]) -> dict[str, int]:
    return {
        name: (await page(address.port, "/stuck/retry", "POST", address.host))["retried"]
        for name, address in addresses.items()
    }
