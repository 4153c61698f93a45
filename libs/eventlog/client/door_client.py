"""A client of the doors: publishes messages, and waits for the receipts that answer them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from libs.eventlog.client.messages import publish
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import fetched, reading
from libs.eventlog.ports import Clock
from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Outgoing
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome, Receipt

PATIENCE = 60.0  # machine seconds without a new receipt after which `ask` gives up
OnReceipts = Callable[[int, int], None]
"""Called with the number of receipts so far, and the number expected."""


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
            places = [place for place in await publish(appender, records) if place]
        finally:
            await appender.close()
        if len(places) < len(records):
            raise Unavailable("everything was published, but the broker did not say where: publish it again")
        return places

    async def ask(self, records: Sequence[Outgoing], on_receipts: OnReceipts = lambda *_: None) -> list[Receipt]:
        """Publish at one door, and give the receipts in the order of the records; raises Unavailable."""
        topic = receipts_of(records[0].topic)
        ends = await self.log.ends(topic)
        places = await self.say(records)
        starts = {TopicPartition(topic, place.partition): ends[place.partition] for place in places}
        wanted, found = set(places), dict[RecordAddress, Receipt]()
        since = self.clock.monotonic()
        async with reading(self.kafka, starts) as consumer:
            while len(found) < len(wanted):
                before = len(found)
                for messages in (await fetched(consumer)).values():
                    read = (Receipt.model_validate_json(message.value) for message in messages)
                    found |= {receipt.place: receipt for receipt in read if receipt.place in wanted}
                on_receipts(len(found), len(wanted))
                if len(found) > before:
                    since = self.clock.monotonic()
                elif self.clock.monotonic() - since > PATIENCE:
                    door = records[0].topic
                    raise Unavailable(f"no receipt for {PATIENCE:.0f} s: does the service behind {door} run?")
        return [found[place] for place in places]


def why_not(receipt: Receipt) -> str:
    """One sentence that says why something was not taken."""
    reasons = [receipt.reason, receipt.where, receipt.message, f"« {receipt.clause} »" if receipt.clause else None]
    return f"{receipt.outcome}: {', '.join(reason for reason in reasons if reason)}"


def taken(receipt: Receipt) -> bool:
    """Whether a message was accepted, now or for later."""
    return receipt.outcome in {Outcome.ACCEPTED, Outcome.HELD}
