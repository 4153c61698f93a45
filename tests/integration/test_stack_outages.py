"""Servers that are killed come back where they were, with all that they acknowledged."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.stack.java import java_home
from libs.stack.kafka import KafkaCluster
from libs.stack.postgres import Postgres
from libs.stack.run import Run

TOPIC = "tickets"
EACH_TIME = 200


@pytest.fixture
def own_run(tmp_path: Path) -> Iterator[Run]:
    with Run.create(tmp_path) as run:
        yield run


async def test_a_killed_broker_comes_back_with_what_it_acknowledged(own_run: Run) -> None:
    cluster = await _cluster(own_run, 1)
    await _publish(cluster, 0)
    await asyncio.to_thread(cluster.kill)
    await asyncio.to_thread(cluster.restart)
    assert await _count(cluster) == EACH_TIME


def test_a_broker_finds_the_classes_that_the_first_one_learnt(own_run: Run) -> None:
    cluster = KafkaCluster(own_run)
    cluster.start()
    (broker,) = cluster.nodes
    can_learn = (java_home() / "lib/server/classes.jsa").exists()
    assert ("broker.jsa" in Path(f"/proc/{broker.pid}/maps").read_text()) is can_learn
    assert "Unable to use shared archive" not in broker.log.read_text(), "Java goes without it, and says so"


async def test_three_brokers_acknowledge_while_each_in_turn_is_dead(own_run: Run) -> None:
    cluster = await _cluster(own_run, 3)
    for node in range(3):
        await asyncio.to_thread(cluster.kill, node)
        await _publish(cluster, node)
        await asyncio.to_thread(cluster.restart, node)
    assert await _count(cluster) == 3 * EACH_TIME


@pytest.mark.parametrize("durable", [True, False])
async def test_a_killed_database_comes_back_with_what_it_committed(own_run: Run, *, durable: bool) -> None:
    server = Postgres(own_run, durable=durable)
    await asyncio.to_thread(server.start)
    connection = await asyncpg.connect(f"{server.dsn}/postgres")
    await connection.execute("CREATE TABLE ticket AS SELECT 4711 AS number")
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.restart)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
        await connection.fetchval("SELECT number FROM ticket")
    connection = await asyncpg.connect(f"{server.dsn}/postgres")
    assert await connection.fetchval("SELECT number FROM ticket") == 4711
    await connection.close()


async def _cluster(run: Run, brokers: Literal[1, 3]) -> KafkaCluster:
    cluster = KafkaCluster(run, brokers)
    await asyncio.to_thread(cluster.start)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=brokers)])
    await admin.close()
    return cluster


async def _publish(cluster: KafkaCluster, batch: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.address, enable_idempotence=True, request_timeout_ms=5000)
    await producer.start()
    for number in range(EACH_TIME):
        await producer.send_and_wait(TOPIC, f"{batch}-{number}".encode())
    await producer.stop()


async def _count(cluster: KafkaCluster) -> int:
    """Distinct records; each was acknowledged once."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=cluster.address, auto_offset_reset="earliest")
    await consumer.start()
    ends = await consumer.end_offsets(consumer.assignment())
    found: set[bytes] = set()
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        batches = await consumer.getmany(timeout_ms=500)
        found.update(record.value for records in batches.values() for record in records)
    await consumer.stop()
    return len(found)
