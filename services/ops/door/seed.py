"""`olcare seed`: publish a few customers and contracts to play with, through contract's door."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import typer
import yaml

from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR
from libs.messages.receipts import Receipt
from libs.messages.streams import stream_id
from libs.messages.upstream import ContractSubmitted, CustomerSubmitted, Upstream
from libs.plan import yearly_term
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, counting, run, show, table

SEED = Path(__file__).with_name("seed.yaml")
Json = dict[str, Any]


def seed(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Publish a few invented customers and contracts to play with; the same again changes nothing."""
    rows = [receipt.model_dump(mode="json") for receipt in run(_seed(environment(ctx)))]
    show(rows, as_json=as_json, otherwise=lambda: table(rows, ("stream", "outcome", "reason")))


def customers(content: Json) -> Mapping[str, CustomerSubmitted]:
    """The customers by number."""
    return {c["number"]: CustomerSubmitted.model_validate(c) for c in content["customers"]}


def contracts(content: Json, today: date) -> Mapping[str, ContractSubmitted]:
    """The contracts by number, their days counted from today."""
    return {c["number"]: _contract(content["source"], c, today) for c in content["contracts"]}


def _contract(source: str, contract: Json, today: date) -> ContractSubmitted:
    first = today - timedelta(days=contract["began_days_ago"])
    days = contract.get("days")
    return ContractSubmitted.model_validate(
        {
            **contract,
            "customer": stream_id("customer", source, contract["customer"]),
            "licence": stream_id("licence", source, contract["licence"]),
            "first_day": first,
            "last_day": first + timedelta(days=days - 1) if days else yearly_term(first).last_day,
        }
    )


async def _seed(here: Environment) -> list[Receipt]:
    content, partitions = yaml.safe_load(SEED.read_text()), here.cards()[CONTRACTS_DOOR].partitions
    async with door_client(here) as at:
        now = at.clock.now()
        first = _records(content["source"], customers(content), now, partitions)
        then = _records(content["source"], contracts(content, now.date()), now, partitions)
        # A contract is decided on what is known of its customer, so the customers come first.
        return [*await _ask(at, "customers", first), *await _ask(at, "contracts", then)]


def _records(source: str, said: Mapping[str, Upstream], now: datetime, partitions: int) -> list[Outgoing]:
    events = (event(source, f"seed-{number}", number, now, data) for number, data in said.items())
    return [door_record(CONTRACTS_DOOR, one, partitions) for one in events]


async def _ask(at: DoorClient, what: str, said: Sequence[Outgoing]) -> list[Receipt]:
    with counting(what, what) as on_receipts:
        return await at.ask(said, on_receipts)
