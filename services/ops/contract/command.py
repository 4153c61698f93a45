"""`olcare contract`: what a year of support costs."""

from functools import partial
from typing import Annotated

import typer

from services.ops.cli.environment import environment
from services.ops.cli.output import run
from services.ops.contract.price_lists import lists_in_files, lists_in_tables
from services.ops.contract.quotes import quote_of
from services.ops.plan.files import PlanGiven
from services.ops.sla.json_lines import answer_lines

app = typer.Typer(no_args_is_help=True, help="Contracts: what a year of support costs.")


@app.command()
def quote(
    ctx: typer.Context,
    path: PlanGiven = None,
    *,
    published: Annotated[
        bool, typer.Option("--published", help="By the price lists that contract knows to be published, not by a plan.")
    ] = False,
) -> None:
    """What years cost, by the price list in force on a day of each.

    Standard input, one JSON object a line: {"id", "licence_value": "12345.67", "currency": "EUR", "kind":
    "first_year"|"renewal"|"resubscription", "on": "2026-11-24"}. The value may be a number as well, which is taken
    exactly; an id is a text or a whole number.

    One line is said for each, in order: {"id", "price": {"amount", "currency"}, "rate", "price_list": {"version",
    "applies_from", "status"}, "adjusted"}, or {"id", "line", "error": {"code", "field", "message"}}. Exit code 1 where
    a line has no price, 2 where the plan is bad.
    """
    if published and path:
        raise typer.BadParameter("either a plan or what is published", param_hint="--published")
    lists = run(lists_in_tables(environment(ctx))) if published else lists_in_files(path)
    answer_lines(partial(quote_of, lists))
