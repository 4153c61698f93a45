"""Where price lists are read: in a plan, or in the tables of contract."""

from collections.abc import Sequence
from pathlib import Path

import typer

import services.contract
from libs.eventlog.tables.queries import Queries
from libs.messages.plan import PriceList
from libs.plan import BadPlan, Plan
from libs.plan.checks import objections
from services.ops.cli.environment import Environment
from services.ops.cli.output import tell
from services.ops.plan.files import plan_at
from services.ops.watch.services import SERVICES, tables

QUERIES = Path(services.contract.__file__).with_name("queries.sql")


def lists_in_files(path: Path | None) -> Sequence[PriceList]:
    """The price lists of a plan; raises Exit with code 2 where the plan is bad."""
    try:
        return _sound(plan_at(path)).prices
    except BadPlan as error:
        tell(f"olcare: {error}")
        raise typer.Exit(2) from None


def _sound(plan: Plan) -> Plan:
    if found := tuple(objections(plan)):
        raise BadPlan(*found)
    return plan


async def lists_in_tables(here: Environment) -> Sequence[PriceList]:
    """Every price list that is published, as contract has read it; raises Refused and Unavailable."""
    async with tables(here.postgres_address(), SERVICES["contract"]) as database:
        rows = await Queries(database, QUERIES).rows("price_lists")
    return [PriceList.model_validate_json(row["content"]) for row in rows]
