"""`olcare serve`: the pages of ops itself, and for dashboards how far followers are behind and what has no promise."""

import asyncio
from functools import partial
from typing import Literal

import typer

from libs.chassis.app import Service, run
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.levels import Levels
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
LABELS = ("follower", "kind", "topic")


class OpsSettings(ServiceSettings):
    """The common settings under the name of ops."""

    service: Literal["ops"] = "ops"


class Watch:
    """Looks at every follower and at what has no promise now and then; while it can not, the process is not ready."""

    def __init__(self, here: Environment, clock: Clock, metrics: Metrics) -> None:
        self._here, self._clock = here, clock
        self._behind = Levels(
            metrics.registry,
            "records_behind",
            "Records that a reader, door or reaction has not read yet",
            " ".join(LABELS),
        )
        self._without_promise = Levels(
            metrics.registry,
            "tickets_without_promise",
            "Tickets without a promise that nobody has answered, withdrawn or merged yet",
            "reason",
        )
        self.waiting: str | None = "nobody was looked at yet"

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.waiting = await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> str | None:
        """Set the metrics for all that can be asked; of what can not, nothing is said but why, in a sentence."""
        problems = [*await self._look_at_followers(), *await self._look_at_tickets()]
        return "; ".join(problems) or None

    async def _look_at_followers(self) -> list[str]:
        try:
            async with open_log(self._here) as log:
                found = [*await rows(self._here, log), *await not_ready(self._here)]
        except (Refused, Unavailable) as error:
            self._behind.set_known({})
            return [str(error)]
        known = [row for row in found if "behind" in row]
        self._behind.set_known({tuple(str(row[label]) for label in LABELS): float(str(row["behind"])) for row in known})
        return [f"{row['follower']}: {row['problem']}" for row in found if "problem" in row]

    async def _look_at_tickets(self) -> list[str]:
        try:
            counted = await without_promise(self._here)
        except (Refused, Unavailable) as error:
            self._without_promise.set_known({})
            return [str(error)]
        self._without_promise.set_known({(reason,): tickets for reason, tickets in counted.items()})
        return []


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
