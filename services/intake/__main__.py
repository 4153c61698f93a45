"""Put intake together and run it."""

import sys
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.chassis.start import started
from libs.messages.catalogue import TICKETS
from services.intake.domain import DECIDERS
from services.intake.handlers import HeldReceipts, TicketDoor, TicketDuties
from services.intake.projections import READERS
from services.intake.reactions import DECISIONS
from services.intake.settings import IntakeSettings


async def main() -> int:
    """Serve the door of tickets until told to stop; gives the exit code."""
    settings = IntakeSettings.read()
    host = ServiceHost(settings, READERS, Path(__file__).parent)
    writer = host.engine.writer(TICKETS, DECIDERS)
    host.door(TicketDoor(host, settings, writer, host.engine.stores["tickets"]))
    receipts = HeldReceipts(host)
    host.reaction("tickets", receipts.react, receipts.answer, DECISIONS)
    duties = TicketDuties(host, settings)
    host.duties(duties.all(), writer.handle, duties.next_due)
    return await host.serve()


if __name__ == "__main__":
    sys.exit(started(main))
