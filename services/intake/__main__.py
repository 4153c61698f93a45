"""Put intake together and run it."""

import asyncio
import sys
from pathlib import Path

from libs.chassis.participant import Participant
from libs.messages.catalogue import TICKETS
from services.intake.domain import DECIDERS
from services.intake.handlers import MergeDuties, TicketDoor
from services.intake.projections import READERS
from services.intake.settings import IntakeSettings


async def main() -> int:
    """Serve the door of tickets until told to stop; gives the exit code."""
    settings = IntakeSettings()
    shell = Participant(settings, READERS, Path(__file__).parent)
    writer = shell.engine.writer(TICKETS, DECIDERS)
    shell.door(TicketDoor(shell, settings, writer, shell.engine.stores["tickets"]).keeper(shell.engine.group("door")))
    duties = MergeDuties(shell)
    shell.duties(duties.all(), writer.handle, duties.next_due)
    return await shell.serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
