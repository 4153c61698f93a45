"""`olcare person erase`: erase everything private about a person, through contract's door."""

from collections.abc import Mapping
from typing import Annotated

import typer

from libs.chassis.clock import draw_id
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.kafka.topics import Card
from libs.messages.catalogue import CONTRACTS_DOOR, PRIVATE
from libs.messages.receipts import Receipt
from libs.messages.sources import OPS_SOURCE
from libs.messages.streams import parse_stream
from libs.messages.upstream import PersonErasureOrdered
from services.ops.cli.arguments import By, PersonGiven, customer
from services.ops.cli.door_client import door_client, require
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show
from services.ops.watch.services import SERVICES, queries, tables

SEGMENT = 7  # days until Kafka begins another file of a partition (log.roll.hours)
app = typer.Typer(no_args_is_help=True, help="The people on the customers' side.")


@app.command()
def erase(
    ctx: typer.Context,
    person: PersonGiven,
    by: By,
    customer: Annotated[
        str | None,
        typer.Option(parser=customer, metavar="CUSTOMER", help="Whose person; else the one whose contact it is."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Have everything private about a person erased, everywhere and for ever; says what stays how long."""
    here = environment(ctx)
    receipt = run(_erase(here, person, customer, by))
    stays = remains(here.cards())
    found = {**receipt.model_dump(mode="json", exclude_none=True), "stays": stays}
    show(found, as_json=as_json, otherwise=lambda: "\n".join((f"{person} is erased ({receipt.stream})", *stays)))


def remains(cards: Mapping[str, Card]) -> list[str]:
    """What an erasure can not reach, and when it is gone by itself: a sentence each."""
    doors = [card for card in cards.values() if card.kind in {"door", "dead-letters"}]
    kept = max(_days(card, "retention.ms") for card in doors)
    lag = _days(cards[PRIVATE], "max.compaction.lag.ms")
    return [
        f"What was sent stays at its door and among the dead letters for {kept} to {kept + SEGMENT} days.",
        f"{PRIVATE} is compacted within {2 * lag} days: until then a disk still holds what was erased.",
        "PostgreSQL's write-ahead log holds it until its files are used again; pages hold it until they are.",
        "Backups hold it for as long as you keep them: erase again after one is restored.",
        "A mail that was sent is with whoever got it.",
    ]


def _days(card: Card, setting: str) -> int:
    return int(card.config[setting]) // 86_400_000


async def _erase(here: Environment, person: str, customer: str | None, by: str) -> Receipt:
    order = PersonErasureOrdered(customer=customer or await _customer(here, person), person=person, by=by)
    async with door_client(here) as at:
        said = event(OPS_SOURCE, str(draw_id()), parse_stream(person).number, at.clock.now(), order)
        partitions = here.cards()[CONTRACTS_DOOR].partitions
        return require((await at.ask([door_record(CONTRACTS_DOOR, said, partitions)]))[0])


async def _customer(here: Environment, person: str) -> str:
    async with tables(here.postgres_address(), SERVICES["contract"]) as database:
        rows = await queries(database).rows("customers_with_contact", person=person)
    if len(rows) != 1:
        raise Refused(f"{person} is the contact of {len(rows)} customers: say which customer by --customer")
    return str(rows[0]["stream"])
