"""What contract's tables hold of somebody's contracts."""

from collections.abc import Sequence
from datetime import datetime

from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries
from services.ops.cli.environment import Environment
from services.ops.contract.entitlements import QUERIES, held
from services.ops.contract.terms import ContractRows
from services.ops.trail.as_of import Cut
from services.ops.trail.contracts import contracts_then
from services.ops.trail.opened import Trail, trail
from services.ops.watch.services import SERVICES, tables


async def contracts_in_tables(here: Environment, ids: Sequence[str], at: datetime) -> ContractRows:
    """Whatever one of the ids names, with the benefits that hold at an instant; raises Refused and Unavailable."""
    async with tables(here.postgres_address(), SERVICES["contract"]) as database:
        return await asked(Queries(database, QUERIES), ids, at)


async def contracts_as_they_stood(here: Environment, ids: Sequence[str], cut: Cut, now: datetime) -> ContractRows:
    """The same at a cut, with the benefits that held then; raises Refused and Unavailable."""
    async with trail(here) as opened, tables(here.postgres_address(), SERVICES["contract"]) as database:
        return await as_they_stood(opened, database, ids, cut, min(cut.as_of or now, cut.known_at or now))


async def as_they_stood(opened: Trail, database: Database, ids: Sequence[str], cut: Cut, at: datetime) -> ContractRows:
    """Whatever one of the ids names at a cut, with the benefits that held at an instant; raises Unavailable.

    What belongs together is known by now: a contract has always been that of its licence and its customer.
    """
    known = await asked(Queries(database, QUERIES), ids, at)
    then = await contracts_then(opened.chain, opened.log, opened.cards, _streams(known, ids), cut)
    return await asked(Queries(database, QUERIES, instead=then.instead, values=then.values), ids, at)


def _streams(known: ContractRows, ids: Sequence[str]) -> set[str]:
    rows = [*known.contracts, *known.licences]
    others = {row[name] for row in rows for name in ("customer", "licence") if row.get(name)}
    return {*ids, *others, *(row["stream"] for row in [*rows, *known.customers])}


async def asked(contract: Queries, ids: Sequence[str], at: datetime) -> ContractRows:
    """Whatever one of the ids names in some tables, with the benefits that hold at an instant; raises Unavailable."""
    contracts = await contract.rows("contracts_shown", ids=ids)
    streams, named = ([row[name] for row in contracts] for name in ("stream", "licence"))
    licences = await contract.rows("licences_shown", ids=[*ids, *named])
    customers = await contract.rows("customers_known", ids=ids)
    about = sorted({row["customer"] for row in [*contracts, *licences]} | {row["stream"] for row in customers})
    products = {product for row in [*contracts, *licences] for product in row["products"]}
    found = [one for one in await held(contract, at, about) if one["product"] in products] if about else []
    return ContractRows(customers, contracts, await contract.rows("terms_shown", contracts=streams), licences, found)
