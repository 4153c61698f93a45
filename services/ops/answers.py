"""Say something at a door and wait for the receipts."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import TopicPartition

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Outgoing
from libs.messages.receipts import Outcome, Place, Receipt
from services.ops.given import Given, open_log
from services.ops.output import Refused
from services.ops.reading import SILENCE, reading
from services.ops.upstream import publish

PATIENCE = 60.0  # machine seconds without any receipt after which nobody waits on
Told = Callable[[int, int], None]
"""Told how many receipts of how many are there."""


@dataclass(frozen=True)
class Desk:
    """A place to speak from; the log is open."""

    kafka: str
    log: KafkaLog
    clock: Clock

    async def say(self, said: Sequence[Outgoing]) -> list[Place]:
        """Publish; raises Unavailable."""
        appender = self.log.appender()
        try:
            places = [place for place in await publish(appender, said) if place]
        finally:
            await appender.close()
        if len(places) < len(said):
            raise Unavailable("everything was published, but the broker did not say where: publish it again")
        return places

    async def ask(self, said: Sequence[Outgoing], told: Told = lambda *_: None) -> list[Receipt]:
        """Publish at one door and give the receipts in the order of what was said; raises Unavailable."""
        topic = receipts_of(said[0].topic)
        ends = await self.log.ends(topic)
        places = await self.say(said)
        starts = {TopicPartition(topic, place.partition): ends[place.partition] for place in places}
        wanted, found = set(places), dict[Place, Receipt]()
        since = self.clock.monotonic()
        async with reading(self.kafka, starts) as consumer:
            while len(found) < len(wanted):
                before = len(found)
                for messages in (await consumer.getmany(timeout_ms=SILENCE)).values():
                    read = (Receipt.model_validate_json(message.value) for message in messages)
                    found |= {receipt.place: receipt for receipt in read if receipt.place in wanted}
                told(len(found), len(wanted))
                if len(found) > before:
                    since = self.clock.monotonic()
                elif self.clock.monotonic() - since > PATIENCE:
                    raise Unavailable(f"no receipt for {PATIENCE:.0f} s: does the service behind {said[0].topic} run?")
        return [found[place] for place in places]


@asynccontextmanager
async def desk(here: Given) -> AsyncIterator[Desk]:
    """Lend a place to speak from; raises Unavailable and Refused."""
    async with open_log(here) as log:
        yield Desk(here.kafka_address(), log, here.clock())


def why_not(receipt: Receipt) -> str:
    """Say in one sentence why something was not taken."""
    reasons = [receipt.reason, receipt.where, receipt.message, f"« {receipt.clause} »" if receipt.clause else None]
    return f"{receipt.outcome}: {', '.join(reason for reason in reasons if reason)}"


def taken(receipt: Receipt) -> bool:
    """Say whether a message was accepted, now or for later."""
    return receipt.outcome in {Outcome.ACCEPTED, Outcome.HELD}


def require(receipt: Receipt) -> Receipt:
    """Give the receipt of something that was taken; raises Refused."""
    if not taken(receipt):
        raise Refused(why_not(receipt))
    return receipt
