"""A client of the doors: publishes messages, and waits for the receipts that answer them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.eventlog.client.messages import publish
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import fetched, reading
from libs.eventlog.ports import Appender, Clock
from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Outgoing
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome, Receipt

PATIENCE = 60.0  # machine seconds without a new receipt after which `ask` gives up
OnReceipts = Callable[[int, int], None]
"""Called with the number of receipts so far, and the number expected."""


class Unanswered(Unavailable):
    """The message stands at the door, and no receipt came in time."""


@dataclass(frozen=True)
class Conversation:
    """Publishes at one door and reads the receipts, as often as it is asked to."""

    clock: Clock
    appender: Appender
    consumer: AIOKafkaConsumer
    door: str

    async def ask(
        self,
        records: Sequence[Outgoing],
        on_receipts: OnReceipts = lambda *_: None,
        patience: float | None = None,
    ) -> list[Receipt]:
        """Publish, and give the receipts in the order of the records; raises Unavailable, Unanswered where none came.

        `patience`: machine seconds without a new receipt after which it gives up.
        """
        places = _placed(await publish(self.appender, records))
        wanted, found = set(places), dict[RecordAddress, Receipt]()
        patience, since = patience or PATIENCE, self.clock.monotonic()
        while len(found) < len(wanted):
            before = len(found)
            for messages in (await fetched(self.consumer)).values():
                read = (Receipt.model_validate_json(message.value) for message in messages)
                found |= {receipt.place: receipt for receipt in read if receipt.place in wanted}
            on_receipts(len(found), len(wanted))
            if len(found) > before:
                since = self.clock.monotonic()
            elif self.clock.monotonic() - since > patience:
                raise Unanswered(f"no receipt for {patience:.0f} s: does the service behind {self.door} run?")
        return [found[place] for place in places]


@dataclass(frozen=True)
class DoorClient:
    """Publishes to the doors of one cluster; `kafka` says where it is, the log is open."""

    kafka: Address
    log: KafkaLog
    clock: Clock

    async def say(self, records: Sequence[Outgoing]) -> list[RecordAddress]:
        """Publish without waiting for receipts; raises Unavailable."""
        appender = self.log.appender()
        try:
            return _placed(await publish(appender, records))
        finally:
            await appender.close()

    async def ask(
        self,
        records: Sequence[Outgoing],
        on_receipts: OnReceipts = lambda *_: None,
        patience: float | None = None,
    ) -> list[Receipt]:
        """Publish at one door, and give the receipts in the order of the records; raises Unavailable and Unanswered."""
        async with self.conversation(records[0].topic) as door:
            return await door.ask(records, on_receipts, patience)

    @asynccontextmanager
    async def conversation(self, door: str) -> AsyncIterator[Conversation]:
        """Open a door to ask several times, and close it at the end; raises Unavailable."""
        topic = receipts_of(door)
        starts = {TopicPartition(topic, partition): end for partition, end in (await self.log.ends(topic)).items()}
        appender = self.log.appender()
        try:
            async with reading(self.kafka, starts) as consumer:
                yield Conversation(self.clock, appender, consumer, door)
        finally:
            await appender.close()


def _placed(places: Sequence[RecordAddress | None]) -> list[RecordAddress]:
    """Where everything stands; raises Unavailable where the broker did not say it."""
    known = [place for place in places if place]
    if len(known) < len(places):
        raise Unavailable("everything was published, but the broker did not say where: publish it again")
    return known


def why_not(receipt: Receipt) -> str:
    """One sentence that says why something was not taken."""
    reasons = [receipt.reason, receipt.where, receipt.message, f"« {receipt.clause} »" if receipt.clause else None]
    return f"{receipt.outcome}: {', '.join(reason for reason in reasons if reason)}"


def taken(receipt: Receipt) -> bool:
    """Whether a message was accepted, now or for later."""
    return receipt.outcome in {Outcome.ACCEPTED, Outcome.HELD}
