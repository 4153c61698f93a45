"""Topics on a real broker: made as their cards say, and every difference named in a sentence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from libs.eventlog.kafka.topics import Card, TopicAdmin, load_cards

CARDS = load_cards(Path(__file__).parents[2] / "contracts/topics")


@pytest.fixture
async def card(kafka: str, unique: str) -> AsyncIterator[Card]:
    yield replace(CARDS["olcare.tickets.v1"], topic=f"{unique}.tickets", partitions=2)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([f"{unique}.tickets"])
    await admin.close()


async def test_a_topic_is_made_once_and_is_as_its_card_says(kafka: str, card: Card) -> None:
    async with TopicAdmin(kafka) as admin:
        assert await admin.check([card]) == [f"{card.topic} does not exist; `olcare topics create` makes it"]
        assert await admin.create([card]) == [card.topic]
        assert await admin.create([card]) == []
        assert await admin.check([card]) == []


async def test_every_difference_is_named(kafka: str, card: Card) -> None:
    async with TopicAdmin(kafka) as admin:
        await admin.create([card])
        other = replace(card, partitions=12, config={**card.config, "retention.ms": "60000"})
        assert await admin.check([other]) == [
            f"{card.topic} has 2 partitions, its card says 12",
            f"{card.topic} has retention.ms=-1, its card says 60000",
        ]


async def test_the_broker_keeps_places_long_enough(kafka: str) -> None:
    async with TopicAdmin(kafka) as admin:
        assert await admin.offsets_kept() > 366 * 24 * 60
