"""The real servers come up, answer, die and come back with what they acknowledged."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.stack.databases import create_database, databases, drop_database


async def test_a_published_record_is_read_back(kafka: str, unique: str) -> None:
    await _create_topic(kafka, unique)
    await _publish(kafka, unique, b"ticket opened")
    assert await _first_record(kafka, unique) == b"ticket opened"


async def test_a_database_dropped_in_use_is_gone_at_once(postgres: str, unique: str) -> None:
    held = await asyncpg.connect(await create_database(postgres, unique))
    await drop_database(postgres, unique)
    assert unique not in await databases(postgres)
    held.terminate()


async def test_every_test_gets_an_empty_database(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


async def _create_topic(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def _publish(kafka: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()


async def _first_record(kafka: str, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    value: bytes | None = record.value
    return value
