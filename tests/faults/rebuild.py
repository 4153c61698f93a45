"""Rebuild every reader of every service from the log, beside the tables that are in use."""

from collections.abc import Mapping, Sequence

from libs.chassis.clock import Clock
from libs.eventlog.engine import Engine, EngineSettings
from libs.eventlog.kafka.topics import Card
from libs.eventlog.projection import Reader
from services.contract.projections import READERS as CONTRACT
from services.intake.projections import READERS as INTAKE
from services.notification.projections import READERS as NOTIFICATION
from services.sla_timer.projections import READERS as SLA_TIMER

READERS: Mapping[str, Sequence[Reader]] = {
    "contract": CONTRACT,
    "intake": INTAKE,
    "sla_timer": SLA_TIMER,
    "notification": NOTIFICATION,
}


async def rebuild_all(kafka: str, postgres: str, cards: Mapping[str, Card]) -> None:
    """Build, prove and switch to fresh tables; raises ValueError where the engine itself finds them different."""
    for service, readers in READERS.items():
        engine = Engine(_settings(service, kafka, postgres), Clock(), cards, readers)
        try:
            await engine.open()
            for reader in readers:
                await engine.rebuild(reader.name)
        finally:
            await engine.close()


def _settings(service: str, kafka: str, postgres: str) -> EngineSettings:
    return EngineSettings(
        service=service, instance=f"{service}-rebuild", kafka=kafka, postgres=postgres, database=f"olcare_{service}"
    )
