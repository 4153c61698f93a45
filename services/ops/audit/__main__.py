"""Put audit together and run it."""

import sys
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.chassis.start import started
from libs.messages.catalogue import OPS
from services.ops.audit.domain import DECIDERS
from services.ops.audit.handlers import ActionDoor
from services.ops.audit.measures import ActionMeasures
from services.ops.audit.projections import READERS
from services.ops.audit.settings import AuditSettings


async def main() -> int:
    """Record what people do until told to stop; returns the exit code."""
    settings = AuditSettings.read()
    host = ServiceHost(settings, READERS, Path(__file__).parent)
    host.door(ActionDoor(host, host.engine.writer(OPS, DECIDERS)))
    host.measure(ActionMeasures(host).look)
    return await host.serve()


if __name__ == "__main__":
    sys.exit(started(main))
