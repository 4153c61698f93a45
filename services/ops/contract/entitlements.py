"""`olcare entitlements`: which benefits customers have of which products, now or at an instant of before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from libs.eventlog.tables.queries import Queries
from libs.messages.base import Code, rfc3339
from libs.messages.streams import parse_stream, stream_id
from services.ops.cli.arguments import customer as customer_id
from services.ops.cli.arguments import fitting, instant
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.watch.services import SERVICES, tables

QUERIES = Path(__file__).with_name("queries.sql")
COLUMNS = ("customer", "product", "holds", "since", "benefits", "contract")


class BenefitFilter(NamedTuple):
    """Whose benefits of which product, all where none is named, and when."""

    customer: str | None
    product: str | None
    at: datetime


def _product(text: str) -> str:
    return fitting(Code, text, "the code of a product, like planetpress-connect")


def entitlements(
    ctx: typer.Context,
    customer: Annotated[
        str | None,
        typer.Option(parser=customer_id, metavar="CUSTOMER", help="customer/<source>/<number>; else all."),
    ] = None,
    product: Annotated[
        str | None, typer.Option(parser=_product, metavar="PRODUCT", help="Its code; else all products.")
    ] = None,
    at: Annotated[datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Else now.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Which benefits hold of each product, and since when; or since when none do any more.

    An instant after now is refused: what will hold is not recorded, and `olcare cover explain` judges it.
    """
    here = environment(ctx)
    now = here.clock().now()
    if at and at > now:
        raise Refused(f"{rfc3339(at)} lies after {rfc3339(now)}, and what will hold then is not recorded yet")
    found = run(_held(here, BenefitFilter(customer, product, at or now)))
    show(found, as_json=as_json, otherwise=lambda: table(map(_row, found), COLUMNS))


async def _held(here: Environment, asked: BenefitFilter) -> list[dict[str, Any]]:
    async with tables(here.postgres_address(), SERVICES["contract"]) as database:
        contract = Queries(database, QUERIES)
        await _check(contract, asked)
        return await held(contract, asked.at, [asked.customer] if asked.customer else None, asked.product)


async def _check(contract: Queries, asked: BenefitFilter) -> None:
    if asked.customer and not await contract.rows("customers_known", ids=[asked.customer]):
        raise Refused(f"there is no {asked.customer}")
    if asked.product is None:
        return
    names = [row["name"] for row in await contract.rows("products_known")]
    if asked.product not in names:
        raise Refused(f"there is no product {asked.product}; there are {', '.join(names)}")


async def held(
    contract: Queries, at: datetime, customers: Sequence[str] | None = None, product: str | None = None
) -> list[dict[str, Any]]:
    """What holds at an instant, by customer and product; raises Unavailable."""
    streams = customers and [_of_kind("entitlements", one) for one in customers]
    rows = await contract.rows("entitlements_at", at=at, streams=streams, product=product)
    return [entitlement(row) for row in rows]


def entitlement(row: Mapping[str, Any]) -> dict[str, Any]:
    """Say a row for other programs."""
    return {
        "customer": _of_kind("customer", row["stream"]),
        "product": row["product"],
        "holds": bool(row["benefits"]),
        "since": rfc3339(row["holds_from"]),
        "benefits": list(row["benefits"]),
        "contract": row["contract"],
    }


def _row(found: Mapping[str, Any]) -> dict[str, object]:
    return {**found, "since": datetime.fromisoformat(found["since"]), "benefits": ", ".join(found["benefits"])}


def _of_kind(kind: str, stream: str) -> str:
    _, source, number = parse_stream(stream)
    return stream_id(kind, source, number)
