"""`/contracts`: contracts with their latest terms, whose cover ends first before the others; as they stood, too."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from libs.eventlog.tables.queries import Queries
from services.contract.contract_rows import ContractRow
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.ops.console.pages.page import NotThere, Page, PageView, TwoClocks
from services.ops.console.pages.two_clocks import both_clocks
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.trail.as_of import Cut
from services.ops.trail.contracts import MovedContracts, contracts_moved

CONTRACTS = Path(__file__).parents[1] / "contracts.sql"
ContractState = Literal["active", "lapsed", "continued"]
COMPARED = ("state", "centre", "number", "last_day", "told", "successor")
"""What is compared of a contract where the two clocks differ."""


class ContractFilters(TwoClocks):
    """Which contracts are meant."""

    centre: str | None = None
    state: ContractState | None = None
    ends_before: date | None = Field(default=None, description="The last day of the latest term lies before this one")
    after: str | None = Field(default=None, description="The last one of the page before")
    most: int = Field(default=200, ge=1, le=1000)


class ListedContract(PageView):
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


class ContractDifference(PageView):
    """What a contract was otherwise than it was known; None where there was none."""

    contract: str
    customer: str
    name: str
    """`contract` where it was there by one clock alone."""
    true: date | int | str | None
    known: date | int | str | None


class ContractsView(PageView):
    """A page of contracts; where instants are asked for as they stood, and what was true beside what was known."""

    asked: dict[str, str]
    as_of: datetime | None
    known_at: datetime | None
    true_at: datetime | None
    """What was true is that of this instant …"""
    heard_at: datetime | None
    """… and what was known that of this one."""
    differing: int
    differences: tuple[ContractDifference, ...]
    """The first of them, all of a contract together."""
    centres: tuple[str, ...]
    contracts: tuple[ListedContract, ...]
    after: str | None
    """From where the next page goes on; None where this is the last one."""


def listed(row: dict[str, object]) -> ListedContract:
    """One row of the list."""
    told = row["told"]
    own = {name: row[name] for name in ListedContract.model_fields if name in row}
    return ListedContract.model_validate(
        {
            **own,
            "contract": row["stream"],
            "term": row["number"],
            "offered": told != NOTHING_TOLD,
            "reminded_days_before": None if told in (NOTHING_TOLD, OFFERED) else told,
        }
    )


def differences(
    true: Mapping[str, ContractRow], known: Mapping[str, ContractRow], centre: str | None
) -> Iterator[ContractDifference]:
    """Where what was true of contracts differs from what was known; of a centre, where it is theirs by either clock."""
    for stream in sorted({*true, *known}):
        one, other = true.get(stream), known.get(stream)
        some = one or other
        if some is None or centre not in {None, one and one.centre, other and other.centre}:
            continue
        named = {"contract": stream, "customer": some.customer}
        if one is None or other is None:
            yield ContractDifference(name="contract", true=one and one.state, known=other and other.state, **named)
            continue
        for name in COMPARED:
            if getattr(one, name) != getattr(other, name):
                yield ContractDifference(name=name, true=_value(name, one), known=_value(name, other), **named)


def _value(name: str, row: ContractRow) -> date | int | str | None:
    """As it is shown: what was told as `offered`, or as days before the end of the last reminder."""
    value: date | int | str | None = getattr(row, name)
    return {NOTHING_TOLD: None, OFFERED: "offered"}.get(row.told, value) if name == "told" else value


async def as_they_stood(sources: Sources, cut: Cut) -> tuple[Queries, MovedContracts, Cut]:
    """What is asked of contracts at a cut, and those that have moved since; raises NotThere where it lies ahead."""
    both, now = both_clocks(cut), sources.clock.now()
    if both.as_of is None or both.known_at is None or max(both.as_of, both.known_at) > now:
        raise NotThere("as_of or known_at lies ahead: nobody knows yet what will be known then")
    moved = await contracts_moved(await sources.chain(), await sources.log(), sources.cards, both.as_of, both.known_at)
    then = moved.then(cut)
    database = await sources.database("contract")
    return Queries(database, CONTRACTS, instead=then.instead, values=then.values), moved, both


async def look(sources: Sources, query: ContractFilters) -> ContractsView:
    """The contracts that are meant, as they stand or stood; raises NotThere for an instant that lies ahead."""
    both, differing = Cut(), tuple[ContractDifference, ...]()
    if query.cut is None:
        queries = await sources.queries("contract", CONTRACTS)
    else:
        queries, moved, both = await as_they_stood(sources, query.cut)
        true, known = moved.rows(Cut(as_of=both.as_of)), moved.rows(Cut(known_at=both.known_at))
        differing = tuple(differences(true, known, query.centre))
    asked = query.model_dump(include={"centre", "state", "ends_before", "after"})
    rows = await queries.rows("contracts_listed", **asked, most=query.most + 1)
    centres = await queries.rows("centres_of_contracts")
    found = tuple(listed(row) for row in rows[: query.most])
    said = query.model_dump(mode="json", exclude={"after"}, exclude_defaults=True)
    return ContractsView(
        asked={name: str(value) for name, value in said.items()},
        as_of=query.as_of,
        known_at=query.known_at,
        true_at=both.as_of,
        heard_at=both.known_at,
        differing=len(differing),
        differences=differing[: query.most],
        centres=tuple(row["centre"] for row in centres),
        contracts=found,
        after=found[-1].contract if len(rows) > query.most else None,
    )


PAGE = Page("/contracts", look, ContractFilters, ContractsView, "contracts.html", N_("Contracts"), nav=10, live=False)
