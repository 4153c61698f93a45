"""A log that is not the log that was read any more: whoever reads it stops, says so, and writes nothing on it."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from libs.eventlog.kafka.topics import TopicAdmin
from tests.faults.checked.books import Record
from tests.faults.checked.log import TICKETS
from tests.faults.checked.reading import read_topics
from tests.faults.load import Upstream
from tests.faults.pages import waiting
from tests.faults.script import BEGIN, TICKETS_DOOR, ticket
from tests.faults.system import CARDS, System
from tests.support import eventually

Harm = Callable[[System], Awaitable[str]]
READERS = ("intake", "sla_timer")


async def cut_and_grown_again(system: System) -> str:
    """Make the topic anew with the very same records; gives what is to be said of that."""
    records = await _records(system)
    async with TopicAdmin(system.kafka.address) as topics:
        await _without_topic(system)
        await eventually(lambda: topics.create([CARDS[TICKETS]]))
    await _write(system, records)
    return "the topic was made anew"


async def beginning_deleted(system: System) -> str:
    """Delete the first record of a partition; gives what is to be said of that."""
    record = (await _records(system))[0]
    place = TopicPartition(TICKETS, record.partition)
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka.address)
    await admin.start()
    await admin.delete_records({place: RecordsToDelete(before_offset=record.offset + 1)})
    await admin.close()
    return "records were deleted"


@pytest.mark.parametrize("harm", [cut_and_grown_again, beginning_deleted])
async def test_a_log_that_lost_records_stops_its_readers(system: System, upstream: Upstream, harm: Harm) -> None:
    await system.serve(*READERS)
    await upstream.say([ticket(str(number), BEGIN) for number in range(20)])
    await system.quiet()
    await system.stop(*READERS)
    sentence = await harm(system)
    before = await _records(system)
    for name in READERS:
        system.begin(name)
    for name in READERS:
        await _says(system, name, sentence)
    await upstream.say([ticket("later", BEGIN)])
    await _says(system, "intake", TICKETS_DOOR)
    assert await _records(system) == before


async def _says(system: System, name: str, sentence: str) -> None:
    async def said() -> str:
        told = await waiting(system.services[name])
        assert sentence in told
        return told

    _: str = await eventually(said)


async def _records(system: System) -> Sequence[Record]:
    return (await read_topics(system.kafka.address))[TICKETS].records


async def _without_topic(system: System) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka.address)
    await admin.start()
    await admin.delete_topics([TICKETS])
    await admin.close()


async def _write(system: System, records: Sequence[Record]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=system.kafka.address) as producer:
        for record in records:
            headers = list(record.headers)
            await producer.send_and_wait(TICKETS, record.value, record.key, record.partition, headers=headers)
