"""The client of a door as commands use it: connected to where the command line says, and refusing in a sentence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.eventlog.client.door_client import DoorClient, taken, why_not
from libs.messages.receipts import Receipt
from services.ops.cli.environment import Environment, open_log
from services.ops.cli.output import Refused


@asynccontextmanager
async def door_client(here: Environment) -> AsyncIterator[DoorClient]:
    """Open a client, and close it at the end; raises Unavailable and Refused."""
    async with open_log(here) as log:
        yield DoorClient(here.kafka_address(), log, here.clock())


def require(receipt: Receipt) -> Receipt:
    """The receipt of something that was taken; raises Refused with its reason where it was not."""
    if not taken(receipt):
        raise Refused(why_not(receipt))
    return receipt
