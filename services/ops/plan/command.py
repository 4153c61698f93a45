"""`olcare plan`: check and export it, and publish it: from its files to contract's door, part by part."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import typer
from rich.console import RenderableType

from libs.eventlog.client.door_client import DoorClient, OnReceipts, taken, why_not
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR, PLAN
from libs.messages.plan import PlanRefusal, PriceList
from libs.messages.receipts import Receipt
from libs.messages.sources import PLAN_SOURCE
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
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, counting, run, show, table
from services.ops.plan.comparison import NEW, OLDER, REFUSED, SAME, Compared, compared, lists_published, published_by
from services.ops.plan.files import PlanGiven, check, export, plan_at
from services.ops.watch.counting import counting_events

WITHHELD = "withheld"
app = typer.Typer(no_args_is_help=True, help="Check, export and publish the plan.")
app.command()(check)
app.command()(export)


class PublishedPart(NamedTuple):
    """What became of a part: new, same, older (a newer one stands), refused, or withheld as another one is refused."""

    part: str
    version: int | str
    outcome: str
    why: str | None
    differs: tuple[str, ...]


@app.command()
def publish(
    ctx: typer.Context,
    path: PlanGiven = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Publish what is new of the plan and of the tz database installed here, in force from now: all of it or nothing.

    A part of which a newer version stands is left alone. Exit code 1 where one is refused: then nothing is published.
    """
    found = run(_publish(environment(ctx), plan_at(path)))
    show([part._asdict() for part in found], as_json=as_json, otherwise=lambda: _for_people(found))
    if any(part.outcome == REFUSED for part in found):
        raise typer.Exit(1)


def _for_people(parts: Sequence[PublishedPart]) -> RenderableType:
    rows = [{**part._asdict(), "differs": "\n".join(part.differs)} for part in parts]
    return table(rows, PublishedPart._fields, alarming=lambda row: row["outcome"] in {REFUSED, WITHHELD})


def publications(plan: Plan) -> Iterator[Publication]:
    """Take a plan apart, price lists of a currency by version, and add what the tz database here says of its zones."""
    yield from (CalendarContent(part="calendar", content=centre) for centre in plan.centres)
    yield TargetsContent(part="targets", content=plan.targets)
    yield from (PricesContent(part="prices", content=prices) for prices in _by_version(plan.prices))
    yield from (VersionsContent(part="versions", content=product) for product in plan.products)
    yield RemindersContent(part="reminders", content=plan.notices)
    if database := tz_database(plan.centres):
        yield TzContent(part="tz", content=database)


def _by_version(lists: Iterable[PriceList]) -> Sequence[PriceList]:
    return sorted(lists, key=lambda prices: prices.version)


def plan_records(plan: Plan, at: datetime, partitions: int) -> list[Outgoing]:
    """Every part as a record for contract's door; the same content has the same id, so sending it again is a repeat."""
    return [_record(publication, at, partitions) for publication in publications(plan)]


def _record(publication: Publication, at: datetime, partitions: int, rehearsal: str | None = None) -> Outgoing:
    stream, content = stream_of_publication(publication), publication.content
    digest = sha256(f"{content.model_dump_json()}{rehearsal or ''}".encode()).hexdigest()[:12]
    identity = f"{stream}-{content.version}-{digest}"
    said = event(PLAN_SOURCE, identity, stream, at, PlanPartSubmitted(publication=publication, rehearsal=rehearsal))
    return door_record(CONTRACTS_DOOR, said, partitions)


async def _publish(here: Environment, plan: Plan) -> list[PublishedPart]:
    async with door_client(here) as at:
        events = [event async for event in counting_events(at.log, here.cards()[PLAN])]
        found = list(compared(publications(plan), published_by(events), at.clock.now(), lists_published(events)))
        if any(one.outcome == REFUSED for one in found):
            return [_told(one, WITHHELD if one.outcome == NEW else one.outcome) for one in found]
        with counting("parts of the plan", "parts") as on_receipts:
            return await publish_parts(at, found, here.cards()[CONTRACTS_DOOR].partitions, on_receipts)


async def publish_parts(
    at: DoorClient,
    found: Sequence[Compared],
    partitions: int,
    on_receipts: OnReceipts = lambda *_: None,
    rehearsal: str | None = None,
) -> list[PublishedPart]:
    """Publish the parts that are new, in force from now; returns what became of all; raises Unavailable."""
    new = [one for one in found if one.outcome == NEW]
    now = at.clock.now()
    records = [_record(one.publication, now, partitions, rehearsal) for one in new]
    receipts = await at.ask(records, on_receipts) if records else []
    answers = {_name(one): receipt for one, receipt in zip(new, receipts, strict=True)}
    return [_answered(one, answers.get(_name(one))) for one in found]


def _name(one: Compared) -> tuple[str, int | str]:
    """Name a part and its version: several price lists of one currency may be new."""
    return stream_of_publication(one.publication), one.publication.content.version


def _answered(one: Compared, receipt: Receipt | None) -> PublishedPart:
    """What became of a part after all: somebody else may have published meanwhile."""
    if receipt is None or taken(receipt):
        return _told(one, one.outcome)
    if receipt.reason == PlanRefusal.ALREADY_PUBLISHED:
        return _told(one, SAME)
    return _told(one, REFUSED, why_not(receipt))


def _told(one: Compared, outcome: str, why: str | None = None) -> PublishedPart:
    said = why or (one.reason.value if one.reason and outcome in {OLDER, REFUSED} else None)
    part = stream_of_publication(one.publication)
    return PublishedPart(part, one.publication.content.version, outcome, said, one.differs)
