"""What was erased leaves the private topic, however quiet it is there."""

from dataclasses import replace
from pathlib import Path

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.eventlog.wire.private import HEARTBEAT, heartbeat, tombstone
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import PRIVATE
from tests.support import eventually

CARD = load_cards(Path(__file__).parents[3] / "contracts/topics")[PRIVATE]
SECOND = "1000"  # in place of a day


async def test_an_erased_record_is_compacted_as_heartbeats_go_on(kafka: str, unique: str) -> None:
    quick = {**CARD.config, "max.compaction.lag.ms": SECOND, "delete.retention.ms": SECOND}
    card = replace(CARD, topic=unique, partitions=1, config=quick)
    async with TopicAdmin(kafka) as admin:
        await admin.create([card])
    log = KafkaLog(KafkaSettings(kafka, "one"))
    await log.open()
    appender = log.appender()

    async def written(record: Outgoing) -> None:
        await appender.append([record._replace(topic=unique, partition=0)])

    async def compacted() -> bool:
        await written(heartbeat(0))
        until = (await log.ends(unique))[0]
        keys = {r.key async for records in log.scan(unique, 0, until) for r in records}
        return keys == {HEARTBEAT.encode()}

    try:
        key = "person/crm-eu/p-17/olcare.tickets.in.v1/0/7"
        await written(Outgoing(unique, 0, key.encode(), b'{"name": "Ana"}'))
        await written(tombstone(key, 1))
        assert not await compacted()
        await eventually(compacted)
    finally:
        await appender.close()
        await log.close()
