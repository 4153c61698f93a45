"""Put contract together and run it."""

import sys
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.chassis.start import started
from libs.messages.catalogue import CONTRACTS, PLAN, PRIVATE
from services.contract.domain import DECIDERS
from services.contract.handlers import ContractDoor, ContractReactions, TermDuties, Tombstones, Writers
from services.contract.heartbeat import Heartbeat
from services.contract.projections import PRIVATE_RECORDS, READERS
from services.contract.reactions import ABOUT
from services.contract.settings import ContractSettings


async def main() -> int:
    """Keep customers, contracts and the plan until told to stop; gives the exit code."""
    settings = ContractSettings.read()
    host = ServiceHost(settings, READERS, Path(__file__).parent)
    host.state(PRIVATE_RECORDS, PRIVATE)
    writers = Writers({topic: host.engine.writer(topic, DECIDERS) for topic in (CONTRACTS, PLAN)})
    host.door(ContractDoor(host, writers, settings.grace))
    host.reaction("contracts", ContractReactions(host).react, writers.handle, about=ABOUT)
    duties = TermDuties(host)
    host.duties(duties.all(), writers.handle, duties.next_due)
    tombstones = Tombstones(host)
    host.loop("tombstones", tombstones.run)
    host.health.checks["tombstones"] = lambda: tombstones.waiting
    host.busy(tombstones.busy)
    heartbeat = Heartbeat(host)
    host.loop("heartbeat", heartbeat.run)
    host.health.checks["heartbeat"] = lambda: heartbeat.waiting
    return await host.serve()


if __name__ == "__main__":
    sys.exit(started(main))
