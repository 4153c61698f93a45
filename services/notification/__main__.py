"""Put notification together and run it."""

import asyncio
import sys
from pathlib import Path

from libs.chassis.participant import Participant
from libs.messages.catalogue import NOTICES, PRIVATE
from services.notification.domain import DECIDERS
from services.notification.handlers import NoticeDoor, NoticeDuties, NoticeReactions
from services.notification.projections import PRIVATE_RECORDS, READERS
from services.notification.sender import Sender
from services.notification.settings import NotificationSettings


async def main() -> int:
    """Tell whom it concerns until told to stop; gives the exit code."""
    settings = NotificationSettings()
    shell = Participant(settings, READERS, Path(__file__).parent)
    shell.state(PRIVATE_RECORDS, PRIVATE)
    writer = shell.engine.writer(NOTICES, DECIDERS)
    reactions = NoticeReactions(shell, settings)
    for reader in ("tickets", "sla", "contracts"):
        shell.reaction(reader, reactions.react, writer.handle)
    shell.door(NoticeDoor(shell, writer).keeper(shell.engine.group("door")))
    duties = NoticeDuties(shell, settings)
    shell.duties(duties.all(), writer.handle, duties.next_due)
    sender = Sender(shell, settings, writer)
    shell.loop("sender", sender.run)
    shell.health.checks["sender"] = lambda: sender.waiting
    shell.busy(sender.busy)
    return await shell.serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
