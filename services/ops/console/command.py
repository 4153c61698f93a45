"""`olcare console`: the pages for people who watch and act."""

import asyncio
from typing import Annotated

import typer

from libs.chassis.app import Loop, Service, run
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.logging import configure
from libs.chassis.metrics import Metrics
from libs.chassis.start import clock_of
from services.ops.cli.environment import Environment, environment
from services.ops.console import assets
from services.ops.console.access.sessions import Sessions
from services.ops.console.access.sign_in import SignIn
from services.ops.console.measures import ConsoleMeasures
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.settings import ConsoleSettings
from services.ops.console.site import site
from services.ops.console.sources import Sources


def console(
    ctx: typer.Context,
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Where the pages are; 0: any free port.")] = None,
) -> None:
    """Serve the console until told to stop, to this machine or who signs in: what waits, what stands still, why."""
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
    own = (health, quiet, metrics)
    app = site(sources, found, own, PAGES, ACTIONS, settings.published_host, sign_in_of(settings, clock))
    loops: list[Loop] = [
        ("followers", sources.followers.run),
        ("measures", ConsoleMeasures(sources, metrics.registry).run),
    ]
    try:
        return await run(Service(settings, clock, metrics, health, quiet, loops, site=app))
    finally:
        await sources.close()


def sign_in_of(settings: ConsoleSettings, clock: Clock) -> SignIn | None:
    """How people sign in; None on this machine alone, where nobody does."""
    said = settings.signs_in_by
    if said is None:
        return None
    from services.ops.console.access.oidc import OidcProvider  # noqa: PLC0415 - 16 MB that are of use to it alone

    sessions = Sessions(clock, settings.console_session_minutes * 60)
    provider = OidcProvider(said.client, said.naming, clock)
    return SignIn(provider, sessions, clock, said.address, settings.console_contact)
