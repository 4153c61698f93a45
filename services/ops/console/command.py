"""`olcare console`: the pages for people who watch and act."""

import asyncio
from typing import Annotated

import typer

from libs.chassis.app import Service, run
from libs.chassis.health import Health, Quiet
from libs.chassis.logging import configure
from libs.chassis.metrics import Metrics
from libs.chassis.start import clock_of
from services.ops.cli.environment import Environment, environment
from services.ops.console import assets
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.settings import ConsoleSettings
from services.ops.console.site import site
from services.ops.console.sources import Sources


def console(
    ctx: typer.Context,
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Where the pages are; 0: any free port.")] = None,
) -> None:
    """Serve the console until told to stop, on this machine alone: topics, promises, dead letters, and why."""
    raise typer.Exit(asyncio.run(serve(environment(ctx), port)))


async def serve(here: Environment, port: int | None = None) -> int:
    """Serve until told to stop; returns the exit code. Raises BadSettings."""
    settings = ConsoleSettings.read()
    if port is not None:
        settings = settings.model_copy(update={"http_port": port})
    clock, metrics = clock_of(settings), Metrics(settings.service, settings.instance)
    configure(settings.service, settings.instance, settings.log, clock)
    found = await asyncio.to_thread(assets.load, settings.console_assets)
    policy = settings.source_policy
    health = Health(
        clock,
        degraded=lambda: [found.missing] if found.missing else [],
        sources=policy.fingerprint() if policy else None,
    )
    sources, quiet = Sources(here, clock), Quiet(clock)
    app = site(sources, found, (health, quiet, metrics), PAGES, ACTIONS, settings.published_host)
    try:
        return await run(
            Service(settings, clock, metrics, health, quiet, [("followers", sources.followers.run)], site=app)
        )
    finally:
        await sources.close()
