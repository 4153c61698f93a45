"""What contract's tables hold of somebody's contracts."""

from collections.abc import Sequence
from datetime import datetime

from libs.eventlog.tables.queries import Queries
from services.ops.cli.environment import Environment
from services.ops.contract.entitlements import QUERIES, held
from services.ops.contract.terms import Shown
from services.ops.watch.services import SERVICES, tables


async def contracts_in_tables(here: Environment, ids: Sequence[str], at: datetime) -> Shown:
    """Whatever one of the ids names, with the benefits that hold at an instant; raises Refused and Unavailable."""
    async with tables(here.postgres_address(), SERVICES["contract"]) as database:
        return await _asked(Queries(database, QUERIES), ids, at)


async def _asked(contract: Queries, ids: Sequence[str], at: datetime) -> Shown:
    contracts = await contract.rows("contracts_shown", ids=ids)
    streams, named = ([row[name] for row in contracts] for name in ("stream", "licence"))
    licences = await contract.rows("licences_shown", ids=[*ids, *named])
    customers = await contract.rows("customers_known", ids=ids)
    about = sorted({row["customer"] for row in [*contracts, *licences]} | {row["stream"] for row in customers})
    products = {product for row in [*contracts, *licences] for product in row["products"]}
    found = [one for one in await held(contract, at, about) if one["product"] in products] if about else []
    return Shown(customers, contracts, await contract.rows("terms_shown", contracts=streams), licences, found)
