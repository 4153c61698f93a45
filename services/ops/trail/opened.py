"""What the commands ask of the chain, opened for one of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from services.ops.cli.environment import Environment, open_log
from services.ops.trail.links import Chain, trail_queries
from services.ops.watch.services import SERVICES, tables


class Trail(NamedTuple):
    """What the commands ask."""

    chain: Chain
    log: KafkaLog
    cards: Mapping[str, Card]


@asynccontextmanager
async def trail(here: Environment) -> AsyncIterator[Trail]:
    """Open the log and audit's tables, and close them at the end; raises Refused and Unavailable."""
    async with open_log(here) as log, tables(here.postgres_address(), SERVICES["audit"]) as database:
        yield Trail(Chain(trail_queries(database)), log, here.cards())
