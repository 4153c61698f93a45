"""Put sla_timer together and run it."""

import sys
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.chassis.start import started
from libs.messages.catalogue import SLA
from services.sla_timer.cycle_duties import CycleDuties
from services.sla_timer.domain import DECIDERS
from services.sla_timer.handlers import PromiseDuties, PromiseReactions
from services.sla_timer.measures import PromiseMeasures
from services.sla_timer.projections import READERS
from services.sla_timer.reactions import ENDS
from services.sla_timer.settings import SlaTimerSettings
from services.sla_timer.tz_guard import TzGuard


async def main() -> int:
    """Run sla_timer until told to stop; returns the exit code."""
    settings = SlaTimerSettings.read()
    host = ServiceHost(settings, READERS, Path(__file__).parent)
    writer = host.engine.writer(SLA, DECIDERS)
    guard = TzGuard(host)
    reactions = PromiseReactions(host, guard)
    host.reaction("tickets", reactions.react, writer.handle)
    host.reaction("sla", reactions.react_to_promises, writer.handle, ENDS)
    duties = PromiseDuties(host, guard)
    all_duties = [*duties.all(), *CycleDuties(host, guard).all()]
    host.duties(all_duties, writer.handle, duties.next_due, duties.values)
    host.measure(PromiseMeasures(host).look)
    return await host.serve()


if __name__ == "__main__":
    sys.exit(started(main))
