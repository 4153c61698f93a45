"""`olcare plan`: check and export it, and publish it: from its files to contract's door, part by part."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import typer

from libs.eventlog.client.door_client import DoorClient, OnReceipts, taken, why_not
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR, EVENTS, PLAN
from libs.messages.plan import PlanRefusal
from libs.messages.receipts import Receipt
from libs.messages.upstream import (
    CalendarContent,
    PlanPartSubmitted,
    PricesContent,
    RemindersContent,
    TargetsContent,
    TzContent,
    VersionsContent,
)
from libs.plan import Plan, tz_database
from services.contract.plan_parts import Publication, stream_of_publication
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, counting, run, show, table
from services.ops.door.client import door_client
from services.ops.plan.files import PlanGiven, check, export, plan_at

SOURCE = "plan"
app = typer.Typer(no_args_is_help=True, help="Check, export and publish the plan.")
app.command()(check)
app.command()(export)


class PublishedPart(NamedTuple):
    """What became of a part: `outcome` is new, same (it was said before) or refused."""

    part: str
    version: int | str
    outcome: str
    why: str | None


@app.command()
def publish(
    ctx: typer.Context,
    path: PlanGiven = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Publish every part of the plan, and the tz database installed here, in force from now.

    Exit code 1 where one is refused.
    """
    found = run(_publish(environment(ctx), plan_at(path)))
    rows = [part._asdict() for part in found]
    show(rows, as_json=as_json, otherwise=lambda: table(rows, PublishedPart._fields))
    if any(part.outcome == "refused" for part in found):
        raise typer.Exit(1)


def publications(plan: Plan) -> Iterator[Publication]:
    """Take a plan apart, and add what the installed tz database says of its zones."""
    yield from (CalendarContent(part="calendar", content=centre) for centre in plan.centres)
    yield TargetsContent(part="targets", content=plan.targets)
    yield from (PricesContent(part="prices", content=prices) for prices in plan.prices)
    yield from (VersionsContent(part="versions", content=product) for product in plan.products)
    yield RemindersContent(part="reminders", content=plan.notices)
    if database := tz_database(plan.centres):
        yield TzContent(part="tz", content=database)


def plan_records(plan: Plan, at: datetime, partitions: int) -> list[Outgoing]:
    """Every part as a record for contract's door; the same content has the same id, so sending it again is a repeat."""
    return [_record(publication, at, partitions) for publication in publications(plan)]


def _record(publication: Publication, at: datetime, partitions: int) -> Outgoing:
    stream, content = stream_of_publication(publication), publication.content
    digest = sha256(content.model_dump_json().encode()).hexdigest()[:12]
    identity = f"{stream}-{content.version}-{digest}"
    said = event(SOURCE, identity, stream, at, PlanPartSubmitted(publication=publication))
    return door_record(CONTRACTS_DOOR, said, partitions)


async def _publish(here: Environment, plan: Plan) -> list[PublishedPart]:
    async with door_client(here) as at:
        with counting("parts of the plan", "parts") as on_receipts:
            return await publish_plan(at, plan, here.cards()[CONTRACTS_DOOR].partitions, on_receipts)


async def publish_plan(
    at: DoorClient, plan: Plan, partitions: int, on_receipts: OnReceipts = lambda *_: None
) -> list[PublishedPart]:
    """Publish every part, in force from now; returns what became of each; raises Unavailable."""
    before = await at.log.ends(PLAN)
    receipts = await at.ask(plan_records(plan, at.clock.now(), partitions), on_receipts)
    new = await _events_since(at.log, before)
    return [_published(p, r, new) for p, r in zip(publications(plan), receipts, strict=True)]


async def _events_since(log: KafkaLog, before: Mapping[int, int]) -> frozenset[str]:
    """The ids of what was written to the plan's topic after some offsets."""
    ends = await log.ends(PLAN)
    codec = Codec(PLAN, EVENTS[PLAN], len(ends))
    grown = [(partition, before[partition], end) for partition, end in ends.items() if before[partition] < end]
    return frozenset(
        [
            codec.envelope(r).id
            for p, start, end in grown
            async for batch in log.scan(PLAN, p, end, start)
            for r in batch
        ]
    )


def _published(publication: Publication, receipt: Receipt, new: frozenset[str]) -> PublishedPart:
    part, version = stream_of_publication(publication), publication.content.version
    if receipt.reason == PlanRefusal.ALREADY_PUBLISHED:
        return PublishedPart(part, version, "same", None)
    if not taken(receipt):
        return PublishedPart(part, version, "refused", why_not(receipt))
    return PublishedPart(part, version, "new" if receipt.event in new else "same", None)
