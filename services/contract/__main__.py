"""Put contract together and run it."""

import asyncio
import sys
from pathlib import Path

from libs.chassis.participant import Participant
from libs.messages.catalogue import CONTRACTS, PLAN, PRIVATE
from services.contract.domain import DECIDERS
from services.contract.handlers import DOOR, ContractDoor, TermDuties, Tombstones, Writers
from services.contract.projections import PRIVATE_RECORDS, READERS
from services.contract.settings import ContractSettings


async def main() -> int:
    """Keep customers, contracts and the plan until told to stop; gives the exit code."""
    settings = ContractSettings()
    shell = Participant(settings, READERS, Path(__file__).parent)
    shell.state(PRIVATE_RECORDS, PRIVATE)
    writers = Writers({topic: shell.engine.writer(topic, DECIDERS) for topic in (CONTRACTS, PLAN)})
    shell.door(ContractDoor(shell, writers).keeper(shell.engine.group(DOOR)))
    duties = TermDuties(shell)
    shell.duties(duties.all(), writers.handle, duties.next_due)
    tombstones = Tombstones(shell)
    shell.loop("tombstones", tombstones.run)
    shell.health.checks["tombstones"] = lambda: tombstones.waiting
    shell.busy(tombstones.busy)
    return await shell.serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
