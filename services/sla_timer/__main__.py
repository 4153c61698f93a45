"""Put sla_timer together and run it."""

import asyncio
import sys
from pathlib import Path

from libs.chassis.participant import Participant
from libs.messages.catalogue import SLA
from services.sla_timer.cycle_duties import CycleDuties
from services.sla_timer.domain import DECIDERS
from services.sla_timer.handlers import PromiseDuties, PromiseReactions
from services.sla_timer.projections import READERS
from services.sla_timer.reactions import ENDS
from services.sla_timer.settings import SlaTimerSettings
from services.sla_timer.tz_guard import TzGuard


async def main() -> int:
    """Keep promises until told to stop; gives the exit code."""
    settings = SlaTimerSettings()
    shell = Participant(settings, READERS, Path(__file__).parent)
    writer = shell.engine.writer(SLA, DECIDERS)
    guard = TzGuard(shell)
    reactions = PromiseReactions(shell, guard)
    shell.reaction("tickets", reactions.react, writer.handle)
    shell.reaction("sla", reactions.react_to_promises, writer.handle, ENDS)
    duties = PromiseDuties(shell, guard)
    shell.duties([*duties.all(), *CycleDuties(shell, guard).all()], writer.handle, duties.next_due)
    return await shell.serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
