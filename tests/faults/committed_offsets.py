"""Set every committed offset back to the beginning, so that doors and reactions read everything once more."""

import asyncio
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.support import eventually

_PAUSE = 0.5  # machine seconds


async def set_back_all_offsets(kafka: str) -> int:
    """Commit offset 0 wherever a group has committed one, once nobody is in it any more; gives the number."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        groups = [group for group, *_ in await admin.list_consumer_groups()]
        return sum([await _set_back(kafka, group, await admin.list_consumer_group_offsets(group)) for group in groups])
    finally:
        await admin.close()


async def _set_back(kafka: str, group: str, offsets: Iterable[TopicPartition]) -> int:
    beginning = dict.fromkeys(offsets, 0)
    if beginning:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(list(beginning))
            _: bool = await eventually(lambda: _committed(consumer, beginning))
        finally:
            await consumer.stop()
    return len(beginning)


async def _committed(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> bool:
    """Whether the group let us: it does not while it remembers a member."""
    try:
        await consumer.commit(offsets)
    except KafkaError:
        await asyncio.sleep(_PAUSE)
        return False
    return True
