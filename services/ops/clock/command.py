"""`olcare clock`: say what time it is in the plan, and step on."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from libs.chassis.plan_clock import Stepped, read
from libs.messages.base import rfc3339
from services.ops.cli.arguments import duration, instant
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, tell
from services.ops.clock.quiescence import Quiescence, watched

app = typer.Typer(no_args_is_help=True, help="The plan's time: say it, or step it on.")


@app.command("show")
def show_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """What time it is in the plan, and whether it is stepped, runs, or is real time."""
    here = environment(ctx)
    path, now = here.plan_clock(), here.clock().now()
    mode = read(path).mode if path else "real"
    found = {"now": rfc3339(now), "mode": mode, "file": path}
    show(found, as_json=as_json, otherwise=lambda: f"{rfc3339(now)} ({mode})")


@app.command()
def advance(
    ctx: typer.Context,
    *,
    to: Annotated[datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="To this instant.")] = None,
    by: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="By so much: 15m, 4h, 1d12h.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Step plan time on, by way of all that is due until then; done when every service is quiet."""
    here = environment(ctx)
    target = _target(here, to, by)
    steps, due = run(_advance(here, _stepped(here), target))
    found = {"now": rfc3339(target), "steps": steps, "next_due": rfc3339(due) if due else None}
    show(found, as_json=as_json, otherwise=lambda: f"{found['now']} after {steps} steps, next due {found['next_due']}")


def _target(here: Environment, to: datetime | None, by: timedelta | None) -> datetime:
    if to and not by:
        return to
    if by and not to:
        return here.clock().now() + by
    raise typer.BadParameter("say either --to INSTANT or --by DURATION")


def _stepped(here: Environment) -> Path:
    path = here.plan_clock()
    if path is None or not isinstance(read(path), Stepped):
        raise Refused("plan time is not stepped here: start with `olcare up --clock INSTANT`, without --rate")
    return path


async def _advance(here: Environment, path: Path, target: datetime) -> tuple[int, datetime | None]:
    steps = 0

    def told(at: datetime) -> None:
        nonlocal steps
        steps += 1
        tell(f"quiet at {rfc3339(at)}")

    topics = watched(here.cards())
    async with Quiescence(here.kafka_address(), here.ports(), here.clock(), topics=topics) as stillness:
        due = await stillness.advance(path, target, told)
    return steps, due
