"""`olcare contract`: what a year of support costs, and how contracts stand."""

from functools import partial
from typing import Annotated

import typer

from libs.messages.streams import normal, normal_id, parse_stream, stream_id
from services.ops.cli.arguments import AsOf, KnownAt
from services.ops.cli.environment import environment
from services.ops.cli.output import AsJson, Refused, run, show
from services.ops.contract.price_lists import lists_in_files, lists_in_tables
from services.ops.contract.quotes import quote_of
from services.ops.contract.tables import contracts_as_they_stood, contracts_in_tables
from services.ops.contract.terms import sentences, shown
from services.ops.plan.files import PlanGiven
from services.ops.sla.json_lines import answer_lines
from services.ops.trail.as_of import Cut

app = typer.Typer(no_args_is_help=True, help="Contracts: what a year of support costs, and how they stand.")
KINDS = ("contract", "licence", "customer")


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


@app.command("show")
def show_(
    ctx: typer.Context,
    given: Annotated[
        str, typer.Argument(metavar="ID", help="Of a contract, a licence or a customer: contract/<source>/<number>.")
    ],
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="The upstream system, where ID is a number alone.")
    ] = None,
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """How contracts stand: terms with their local days and prices, what was told, signatures, lapse, benefits now.

    With --as-of or --known-at how they stood: by what had occurred, and by what we knew.
    """
    here, ids = environment(ctx), _ids(given, source)
    now = here.clock().now()
    then = Cut(as_of, known_at) if as_of or known_at else None
    rows = run(contracts_as_they_stood(here, ids, then, now) if then else contracts_in_tables(here, ids, now))
    if not (rows.contracts or rows.licences or rows.customers):
        raise Refused(f"there {'was' if then else 'is'} no {' and no '.join(ids)}")
    said = shown(rows)
    show(said, as_json=as_json, otherwise=lambda: "\n".join(sentences(said)))


def _ids(given: str, source: str | None) -> list[str]:
    """The streams that are asked for; raises BadParameter."""
    if source is not None:
        return [stream_id(kind, normal(source), normal(given)) for kind in KINDS]
    try:
        if parse_stream(given).kind in KINDS:
            return [normal_id(given)]
    except ValueError:
        pass
    kinds = " or ".join(f"{kind}/<source>/<number>" for kind in KINDS)
    raise typer.BadParameter(f"{given!r} is not {kinds}; a number alone needs --source", param_hint="ID")
