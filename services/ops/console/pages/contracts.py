"""`/contracts`: contracts with their latest terms, whose cover ends first before the others."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.ops.console.pages.page import Page, Query, View
from services.ops.console.sources import Sources
from services.ops.console.words import N_

CONTRACTS = Path(__file__).parents[1] / "contracts.sql"
ContractState = Literal["active", "lapsed", "continued"]


class Filters(Query):
    """Which contracts are meant."""

    centre: str | None = None
    state: ContractState | None = None
    ends_before: date | None = Field(default=None, description="The last day of the latest term lies before this one")
    after: str | None = Field(default=None, description="The last one of the page before")
    most: int = Field(default=200, ge=1, le=1000)


class Listed(View):
    """A contract with its latest term."""

    contract: str
    state: str
    customer: str
    licence: str
    licence_kind: str
    products: tuple[str, ...]
    centre: str
    zone: str
    term: int
    """Which term it is, from 1."""
    first_day: date
    last_day: date
    covered_until: datetime
    offered: bool
    """Whether the next term is offered."""
    reminded_days_before: int | None
    successor: str | None


class ContractsView(View):
    """A page of contracts."""

    asked: dict[str, str]
    centres: tuple[str, ...]
    contracts: tuple[Listed, ...]
    after: str | None
    """From where the next page goes on; None where this is the last one."""


def listed(row: dict[str, object]) -> Listed:
    """One row of the list."""
    told = row["told"]
    own = {name: row[name] for name in Listed.model_fields if name in row}
    return Listed.model_validate(
        {
            **own,
            "contract": row["stream"],
            "term": row["number"],
            "offered": told != NOTHING_TOLD,
            "reminded_days_before": None if told in (NOTHING_TOLD, OFFERED) else told,
        }
    )


async def look(sources: Sources, query: Filters) -> ContractsView:
    """The contracts that are meant."""
    queries = await sources.queries("contract", CONTRACTS)
    asked = query.model_dump(exclude={"most"})
    rows = await queries.rows("contracts_listed", **asked, most=query.most + 1)
    centres = await queries.rows("centres_of_contracts")
    found = tuple(listed(row) for row in rows[: query.most])
    said = query.model_dump(mode="json", exclude={"after"}, exclude_defaults=True)
    return ContractsView(
        asked={name: str(value) for name, value in said.items()},
        centres=tuple(row["centre"] for row in centres),
        contracts=found,
        after=found[-1].contract if len(rows) > query.most else None,
    )


PAGE = Page("/contracts", look, Filters, ContractsView, "contracts.html", N_("Contracts"), nav=10, live=False)
