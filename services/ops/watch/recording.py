"""Who mends or publishes is on record before it is begun, and what came of it afterwards; `olcare audit` lists it.

Where audit does not answer, what mends goes on all the same: what was said stands at its door, and is recorded once it
is back. A publication can wait, and is not sent then.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from libs.chassis.clock import draw_id
from libs.eventlog.client.door_client import DoorClient, Unanswered
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.topics import Card
from libs.messages.actions import DraftPublication, PublicationTally, Rebuild, RebuildResult, Redrive, RedriveTally
from libs.messages.catalogue import OPS_DOOR
from libs.messages.sources import OPS_SOURCE
from libs.messages.upstream import (
    GenerationsDiscardOrdered,
    GenerationSwitchOrdered,
    MendingUpstream,
    PublicationDone,
    PublicationOrdered,
    RebuildDone,
    RebuildOrdered,
    RedriveDone,
    RedriveOrdered,
)
from services.ops.cli.door_client import door_client, require
from services.ops.cli.environment import Environment
from services.ops.cli.output import Refused, tell

PATIENCE = 10.0  # machine seconds that audit has to answer
LATER = (
    "audit does not answer. It goes on all the same: what is done stands at {door} and is recorded once audit runs"
    " (`olcare status`)"
)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class RecordedOrder:
    """One thing that somebody mends: all that is said of it has one name."""

    at: DoorClient
    cards: Mapping[str, Card]
    by: str
    name: str
    tell: Tell = tell

    async def redrive(self, redrive: Redrive) -> None:
        """Dead letters are about to be sent in again, or marked; raises Unavailable and Refused, then they may not."""
        await self._before(RedriveOrdered(by=self.by, order=self.name, redrive=redrive))

    async def redriven(self, tally: RedriveTally) -> None:
        """What became of them; raises Unavailable and Refused."""
        await self._say(RedriveDone(by=self.by, order=self.name, tally=tally))

    async def rebuild(self, rebuild: Rebuild) -> None:
        """Tables are about to be built anew; raises Unavailable and Refused, then they may not."""
        await self._before(RebuildOrdered(by=self.by, order=self.name, rebuild=rebuild))

    async def rebuilt(self, result: RebuildResult) -> None:
        """What came of it; raises Unavailable and Refused."""
        await self._say(RebuildDone(by=self.by, order=self.name, result=result))

    async def switch(self, reader: str, generation: int) -> None:
        """A reader is about to go over to other tables; raises Unavailable and Refused, then it may not."""
        await self._before(GenerationSwitchOrdered(by=self.by, order=self.name, reader=reader, generation=generation))

    async def discard(self, reader: str) -> None:
        """Tables that were kept are about to be dropped; raises Unavailable and Refused, then they may not."""
        await self._before(GenerationsDiscardOrdered(by=self.by, order=self.name, reader=reader))

    async def publish(self, draft: DraftPublication) -> None:
        """A draft is about to be published; raises Unavailable, also where audit does not answer, and Refused."""
        await self._before(PublicationOrdered(by=self.by, order=self.name, draft=draft), must_be_recorded=True)

    async def published(self, tally: PublicationTally) -> None:
        """What became of it; raises Unavailable and Refused."""
        await self._say(PublicationDone(by=self.by, order=self.name, tally=tally))

    async def _before(self, said: MendingUpstream, *, must_be_recorded: bool = False) -> None:
        try:
            await self._say(said, must_be_recorded=must_be_recorded)
        except Unavailable as error:
            raise Unavailable(f"nothing is done, as it could not be recorded: {error}") from error
        except Refused as error:
            raise Refused(f"nothing is done, as it was not recorded: {error}") from error

    async def _say(self, said: MendingUpstream, *, must_be_recorded: bool = False) -> None:
        message = event(OPS_SOURCE, str(draw_id()), self.by, self.at.clock.now(), said)
        record = door_record(OPS_DOOR, message, self.cards[OPS_DOOR].partitions)
        try:
            [receipt] = await self.at.ask([record], patience=PATIENCE)
        except Unanswered:
            if must_be_recorded:
                raise
            self.tell(LATER.format(door=OPS_DOOR))
            return
        require(receipt)


def order(at: DoorClient, cards: Mapping[str, Card], by: str, tell: Tell = tell) -> RecordedOrder:
    """Begin an order under a name of its own."""
    return RecordedOrder(at, cards, by, str(draw_id()), tell)


@asynccontextmanager
async def ordering(here: Environment, by: str) -> AsyncIterator[RecordedOrder]:
    """Connect to the doors for one order; raises Unavailable and Refused."""
    async with door_client(here) as at:
        yield order(at, here.cards(), by)
