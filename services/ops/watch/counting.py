"""What counts of a log topic, read from the log itself."""

from collections.abc import AsyncIterator

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.rule import Judge
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import Head, RecordedEvent
from libs.messages.catalogue import EVENTS


async def counting_events(log: KafkaLog, card: Card) -> AsyncIterator[RecordedEvent]:
    """Read the counting events of a topic, in order within a stream; raises Unavailable and Halted."""
    ends, starts = await log.ends(card.topic), await log.starts(card.topic)
    judge = Judge(Codec(card.topic, EVENTS[card.topic], len(ends)), card.set_aside)
    for partition, end in ends.items():
        heads: dict[str, Head] = {}
        async for batch in log.scan(card.topic, partition, end, starts[partition]):
            for event in judge.envelopes(batch):
                if judge.counts(event, heads) and isinstance(event, RecordedEvent):
                    yield judge.codec.open(event)
