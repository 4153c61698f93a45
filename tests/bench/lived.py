"""Servers of their own with the lives of tickets that are over in the log (`lifetimes.py`), and no service yet."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.messages.catalogue import SLA, TICKETS
from libs.stack.run import Run
from tests.bench.lifetimes import write
from tests.bench.site import Site
from tests.faults.script import BEGIN
from tests.faults.system import NONE, System

PASSED = (
    ("sla_timer.react-to-tickets", TICKETS),
    ("sla_timer.react-to-sla", SLA),
    ("notification.react-to-tickets", TICKETS),
    ("notification.react-to-sla", SLA),
    ("intake.react-to-tickets", TICKETS),
)
"""Reactions that begin behind the history: what it asked for is in it already."""


@asynccontextmanager
async def lived(name: str, tickets: int, modules: Mapping[str, str] = NONE) -> AsyncIterator[Site]:
    """Lend an installation with a history of so many tickets; `modules` run in place of services."""
    with Run.create(name=name) as run:
        system = System(run, BEGIN, measured=True, modules=modules)
        await system.start()
        log = KafkaLog(KafkaSettings(system.kafka.address, "bench"))
        await log.open()
        appender = log.appender()
        try:
            await write(appender, tickets)
            for group, topic in PASSED:
                await log.advise(group, topic, await log.ends(topic))
            yield Site(system, log, appender, run.folder)
        finally:
            await appender.close()
            await log.close()
