"""A client that is closed leaves no connection behind, whatever is under way."""

import asyncio

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.connection import KafkaSettings
from tests.support import PATIENCE


@pytest.fixture
async def client(kafka: str) -> KafkaClient:
    made = KafkaClient(KafkaSettings(kafka, "test", patience=PATIENCE), "test")
    await made.open()
    return made


def connected(client: KafkaClient) -> list[object]:
    return [one for one in client._client._conns.values() if one.connected()]


@pytest.mark.parametrize("steps", range(8))
async def test_a_connection_that_is_being_made_is_closed_with_its_client(client: KafkaClient, steps: int) -> None:
    asking = asyncio.create_task(client.nodes())
    for _ in range(steps):
        await asyncio.sleep(0)
    await client.close()
    await asyncio.wait([asking])
    asking.exception()
    assert not connected(client)


async def test_who_asks_a_closed_client_is_refused_at_once(client: KafkaClient) -> None:
    await client.close()
    async with asyncio.timeout(PATIENCE / 2):
        with pytest.raises(Unavailable, match="the client is closed"):
            await client.nodes()
    assert not connected(client)
