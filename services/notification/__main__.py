"""Put notification together and run it."""

import sys
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.chassis.start import started
from libs.messages.catalogue import NOTICES, PRIVATE
from services.notification.domain import DECIDERS
from services.notification.handlers import NoticeDoor, NoticeDuties, NoticeReactions
from services.notification.measures import NoticeMeasures
from services.notification.projections import PRIVATE_RECORDS, READERS
from services.notification.sender import Sender
from services.notification.settings import NotificationSettings


async def main() -> int:
    """Run notification until told to stop; returns the exit code."""
    settings = NotificationSettings.read()
    host = ServiceHost(settings, READERS, Path(__file__).parent)
    host.state(PRIVATE_RECORDS, PRIVATE)
    writer = host.engine.writer(NOTICES, DECIDERS)
    reactions = NoticeReactions(host, settings)
    for reader in ("tickets", "sla", "contracts"):
        host.reaction(reader, reactions.react, writer.handle)
    host.door(NoticeDoor(host, writer))
    duties = NoticeDuties(host, settings)
    host.duties(duties.all(), writer.handle, duties.next_due, duties.values)
    sender = Sender(host, settings, writer)
    host.loop("sender", sender.run)
    host.health.checks["sender"] = lambda: sender.waiting
    host.busy(sender.busy)
    host.measure(NoticeMeasures(host).look)
    return await host.serve()


if __name__ == "__main__":
    sys.exit(started(main))
