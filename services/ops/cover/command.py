"""`olcare cover explain`: is somebody under cover, by which term, and if not why, whom to ask and what it costs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

import services.intake
from libs.eventlog.tables.queries import Queries
from libs.messages.base import Code, ProductVersion
from libs.plan import CoverFacts, CoverRequest, RequestedHelp
from services.intake.facts import FACTS, NO_FACTS, FactsNeeded
from services.ops.cli.arguments import customer as customer_id
from services.ops.cli.arguments import fitting, instant
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, show
from services.ops.cover.explanation import explained, sentences
from services.ops.watch.services import SERVICES, tables

QUERIES = Path(services.intake.__file__).with_name("queries.sql")
app = typer.Typer(no_args_is_help=True, help="Who is under cover.")


@app.callback()
def _group() -> None:
    """Keep `explain` a word of its own."""


def _product(text: str) -> str:
    return fitting(Code, text, "the code of a product, like planetpress-connect")


def _version(text: str) -> str:
    return fitting(ProductVersion, text, "a version like 2024.1")


@app.command()
def explain(
    ctx: typer.Context,
    customer: Annotated[str, typer.Option(parser=customer_id, metavar="CUSTOMER", help="customer/<source>/<number>")],
    product: Annotated[str, typer.Option(parser=_product, metavar="PRODUCT", help="Its code.")],
    version: Annotated[
        str | None, typer.Option(parser=_version, metavar="VERSION", help="Else none is judged.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Of the opening; else now.")
    ] = None,
    kind: Annotated[RequestedHelp, typer.Option(help="What is asked for.")] = RequestedHelp.SUPPORT,
    *,
    as_json: AsJson = False,
) -> None:
    """Decide as intake would at an instant, on what is known now, and say why. Exit code 1 where there is no cover."""
    here = environment(ctx)
    request = CoverRequest(customer, product, version, kind, at or here.clock().now())
    said = explained(run(_facts(here, request)), request)
    show(said, as_json=as_json, otherwise=lambda: "\n".join(sentences(said)))
    if not said["covered"]:
        raise typer.Exit(1)


async def _facts(here: Environment, request: CoverRequest) -> CoverFacts:
    async with tables(here.postgres_address(), SERVICES["intake"]) as database:
        return await known(Queries(database, QUERIES), request)


async def known(intake: Queries, request: CoverRequest) -> CoverFacts:
    """What intake's tables say of whom a request is about; raises Unavailable."""
    asked = [FactsNeeded(request.customer, request.product)]
    (facts,) = await intake.facts("facts_for_tickets", asked, FACTS, NO_FACTS)
    return facts
