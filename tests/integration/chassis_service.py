"""A small service as a process: `python -m tests.integration.chassis_service KIND`; the kind says what goes wrong."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

import structlog
from prometheus_client import Counter

from libs.chassis import app, logging
from libs.chassis.app import Service, unbroken
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from libs.chassis.settings import ServiceSettings
from libs.chassis.start import started

MONDAY_9H = datetime(2026, 11, 23, 9, tzinfo=UTC)
NOT_READ = "3 records of olcare.plan.v1 are not read yet"


class Settings(ServiceSettings):
    service: Literal["small"] = "small"


def main(kind: str) -> int:
    settings, time = Settings.read(), Clock(Settings().clock)
    logging.configure(settings.service, settings.instance, settings.log, time)
    app._GONE_WITHIN = 1 if kind == "deaf" else app._GONE_WITHIN
    return started(lambda: app.run(compose(kind, settings, time)))


def compose(kind: str, settings: Settings, time: Clock) -> Service:
    metrics, log = Metrics(settings.service, settings.instance), structlog.get_logger("small")
    rounds = Counter("rounds", "How often it went round", ["loop"], registry=metrics.registry)

    async def steady() -> None:
        for _ in range(2):
            rounds.labels("steady").inc()
        assert await time.reached(MONDAY_9H, within=60)
        log.info("nine o'clock")
        await time.sleep(60)

    async def crashing() -> None:
        raise OSError("the disk is full")

    async def ending() -> None:
        await time.sleep(0)

    async def finishing() -> None:
        await unbroken(mail())

    async def mail() -> None:
        await time.moved(within=1.5)
        log.info("finished")

    async def deaf() -> None:
        while True:
            try:
                await time.sleep(60)
            except asyncio.CancelledError:
                log.info("pardon?")

    async def nine() -> datetime:
        return MONDAY_9H

    kinds: dict[str, Callable[[], Awaitable[None]]] = {
        "crashing": crashing,
        "ending": ending,
        "finishing": finishing,
        "deaf": deaf,
    }
    return Service(
        settings=settings,
        clock=time,
        metrics=metrics,
        health=Health(time, {"gate": lambda: NOT_READ if kind == "waiting" else None}),
        quiet=Quiet(time, next_due=[nine]),
        loops=[("steady", steady), *([(kind, kinds[kind])] if kind in kinds else [])],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
