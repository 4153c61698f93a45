"""`olcare serve`: the pages of ops itself, and for dashboards how far followers are behind and what has no promise."""

import asyncio
from functools import partial
from typing import Literal

import typer
from prometheus_client import Gauge

from libs.chassis.app import Service, run
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.logging import configure
from libs.chassis.metrics import Metrics
from libs.chassis.settings import ServiceSettings
from libs.chassis.start import clock_of
from libs.eventlog.errors import Unavailable
from services.ops.cli.environment import Environment, environment, open_log
from services.ops.cli.output import Refused
from services.ops.sla.not_promised import without_promise
from services.ops.watch.lag import not_ready, rows

EVERY = 5.0  # machine seconds between two looks


class OpsSettings(ServiceSettings):
    """The common settings under the name of ops."""

    service: Literal["ops"] = "ops"


class Watch:
    """Looks at every follower and at what has no promise now and then; while it can not, the process is not ready."""

    def __init__(self, here: Environment, clock: Clock, metrics: Metrics) -> None:
        self._here, self._clock = here, clock
        self._behind = Gauge(
            "olcare_records_behind",
            "Records that a reader, door or reaction has not read yet",
            ["follower", "kind", "topic"],
            registry=metrics.registry,
        )
        self._without_promise = Gauge(
            "olcare_tickets_without_promise",
            "Tickets without a promise that nobody has answered, withdrawn or merged yet",
            ["reason"],
            registry=metrics.registry,
        )
        self.waiting: str | None = "nobody was looked at yet"

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                self.waiting = await self.look()
            except (Refused, Unavailable) as error:
                self.waiting = str(error)
            await self._clock.sleep(EVERY)

    async def look(self) -> str | None:
        """Set the metrics for all that can be asked; returns a sentence for those that can not."""
        async with open_log(self._here) as log:
            found = [*await rows(self._here, log), *await not_ready(self._here)]
        for row in found:
            if "behind" in row:
                self._behind.labels(row["follower"], row["kind"], row["topic"]).set(float(str(row["behind"])))
        if problems := [f"{row['follower']}: {row['problem']}" for row in found if "problem" in row]:
            return "; ".join(problems)
        counted = await without_promise(self._here)
        self._without_promise.clear()
        for reason, tickets in counted.items():
            self._without_promise.labels(reason).set(tickets)
        return None


def serve(ctx: typer.Context) -> None:
    """Serve health, metrics and the AsyncAPI page of everything until told to stop."""
    raise typer.Exit(asyncio.run(_serve(environment(ctx))))


async def _serve(here: Environment) -> int:
    settings = OpsSettings.read()
    clock, metrics = clock_of(settings), Metrics(settings.service, settings.instance)
    configure(settings.service, settings.instance, settings.log, clock)
    watch = Watch(here, clock, metrics)
    health = Health(clock, {"followers": partial(getattr, watch, "waiting")})
    return await run(Service(settings, clock, metrics, health, Quiet(clock), [("watch", watch.run)]))
