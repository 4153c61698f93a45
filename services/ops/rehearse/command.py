"""`olcare rehearse`: a draft of the plan against what happened, and its publication where it is as wanted."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from libs.chassis.collector import collect_seldom
from services.ops.cli.arguments import day, reference
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, counting, run, show, table
from services.ops.plan.command import PublishedPart
from services.ops.plan.comparison import REFUSED
from services.ops.rehearse.document import FOLDER, as_data, keep
from services.ops.rehearse.draft import texts_of
from services.ops.rehearse.findings import Rehearsed
from services.ops.rehearse.layout import laid_out
from services.ops.rehearse.publishing import publish_rehearsed
from services.ops.rehearse.reading import LocalDays, last_days, past
from services.ops.rehearse.reading import rehearse as rehearsed
from services.ops.watch.recording import ordering

LAST_DAYS = 90


def rehearse(
    ctx: typer.Context,
    drafts: Annotated[
        list[Path],
        typer.Argument(exists=True, metavar="DRAFT...", help="Files of the plan, a folder of them, an exported plan."),
    ],
    from_day: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DATE", help="As if published on this local day.")
    ] = None,
    to_day: Annotated[
        date | None, typer.Option("--to", parser=day, metavar="DATE", help="Tickets opened before this local day.")
    ] = None,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="Publish the draft with the rehearsal.")] = False,
    by: Annotated[
        str | None,
        typer.Option("--by", parser=reference, metavar="WHO", help="Who publishes: a reference, not a name. Recorded."),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Say how far it is as JSON, a line each.", hidden=True)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what would be otherwise, had a draft of calendars, targets or prices been published some time ago.

    Verdicts that would be others and why, how promises were kept and would be, deadlines that would move, mails that
    would go, and what prices would have been. By default on the last 90 days. With --publish the draft is published,
    and the rehearsal's digest with it, once it is recorded who does; exit code 1 where the plan has changed since, or
    contract refuses it.
    """
    here, publisher = environment(ctx), _publisher(by, publish=publish)
    digest, found = run(_rehearsed(here, texts_of(drafts), _days(here, from_day, to_day), lines=lines))
    if lines and not publish:
        show({"digest": digest}, as_json=True, otherwise=str)
        return
    parts = run(_published(here, publisher, digest, found)) if publisher else []
    whole = {**as_data(digest, found), "published": [part._asdict() for part in parts]}
    show(whole, as_json=as_json, otherwise=lambda: laid_out(digest, found))
    if parts and not as_json:
        rows: list[Mapping[str, Any]] = [part._asdict() for part in parts]
        show(parts, as_json=False, otherwise=lambda: table(rows, PublishedPart._fields, title="published"))
    if any(part.outcome == REFUSED for part in parts):
        raise typer.Exit(1)


def _publisher(by: str | None, *, publish: bool) -> str | None:
    """Who publishes; None where nobody does."""
    if publish and by is None:
        raise typer.BadParameter("who publishes is recorded: say it by --by")
    return by if publish else None


def _days(here: Environment, from_day: date | None, to_day: date | None) -> LocalDays:
    usual = last_days(here.clock().now(), LAST_DAYS)
    found = LocalDays(from_day or usual.first, to_day or usual.last)
    if found.first >= found.last:
        raise typer.BadParameter("--to is excluded, so it comes after --from")
    return found


async def _rehearsed(
    here: Environment, texts: Mapping[str, str], days: LocalDays, *, lines: bool
) -> tuple[str, Rehearsed]:
    collect_seldom()
    async with past(here) as read:
        with counting("replaying", "tickets", lines=lines) as told:
            found = await rehearsed(read, texts, days, told)
    try:
        return keep(here.root / FOLDER, found), found
    except OSError as error:
        raise Refused(f"the rehearsal can not be kept in {here.root / FOLDER}: {error.strerror}") from error


async def _published(here: Environment, by: str, digest: str, found: Rehearsed) -> list[PublishedPart]:
    async with ordering(here, by) as order:
        return await publish_rehearsed(order, digest, found.summary)
