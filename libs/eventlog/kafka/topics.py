"""The topics as their cards in `contracts/topics` say: created by a command, never automatically; checked for drift."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.connection import begun
from libs.eventlog.rule import SetAside

CLUSTER = 3  # brokers, from which number on the cards' production settings apply


@dataclass(frozen=True)
class Card:
    """One topic: its kind (log, door, receipts, dead-letters, state), partitions and Kafka settings."""

    topic: str
    kind: str
    partitions: int
    config: Mapping[str, str]
    replication: int
    production: Mapping[str, str]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    set_aside: tuple[SetAside, ...]

    def settings(self, brokers: int) -> Mapping[str, str]:
        """The Kafka settings for a cluster of so many brokers."""
        return {**self.config, **(self.production if brokers >= CLUSTER else {})}


def load_cards(folder: Path) -> dict[str, Card]:
    """Read every card; by topic. Raises ValueError where a card's file and topic disagree."""
    cards = {}
    for path in sorted(folder.glob("*.yaml")):
        card = parse_card(yaml.safe_load(path.read_text()))
        if card.topic != path.stem:
            raise ValueError(f"{path}: the card is about {card.topic}")
        cards[card.topic] = card
    return cards


def parse_card(raw: Mapping[str, Any]) -> Card:
    """Make a card of what its YAML says."""
    return Card(
        topic=raw["topic"],
        kind=raw["kind"],
        partitions=int(raw["partitions"]),
        config={k: str(v) for k, v in raw["config"].items()},
        replication=int(raw["production"]["replication_factor"]),
        production={k: str(v) for k, v in raw["production"].get("config", {}).items()},
        written_by=tuple(raw["written_by"]),
        read_by=tuple(raw["read_by"]),
        set_aside=tuple(SetAside(**entry) for entry in raw["set_aside"]),
    )


def drift(card: Card, partitions: int | None, config: Mapping[str, str], brokers: int) -> list[str]:
    """Compare a topic as it is with its card; one plain sentence for each difference."""
    if partitions is None:
        return [f"{card.topic} does not exist; `olcare topics create` makes it"]
    found = []
    if partitions != card.partitions:
        found.append(f"{card.topic} has {partitions} partitions, its card says {card.partitions}")
    for key, wanted in card.settings(brokers).items():
        if config.get(key) != wanted:
            found.append(f"{card.topic} has {key}={config.get(key)}, its card says {wanted}")
    return found


class TopicAdmin:
    """Makes and inspects topics."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="topics")

    async def __aenter__(self) -> Self:
        """Connect; raises Unavailable."""
        try:
            await begun(self._admin.start)
        except KafkaError as error:
            raise Unavailable(f"Kafka: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def brokers(self) -> int:
        """Count the brokers."""
        return len((await self._admin.describe_cluster())["brokers"])

    async def create(self, cards: Iterable[Card]) -> list[str]:
        """Make the topics that are missing, and name them; raises ValueError where the broker does not make one."""
        brokers = await self.brokers()
        existing = set(await self._admin.list_topics())
        missing = [card for card in cards if card.topic not in existing]
        if not missing:
            return []
        new = [
            NewTopic(c.topic, c.partitions, min(c.replication, brokers), topic_configs=dict(c.settings(brokers)))
            for c in missing
        ]
        response = await self._admin.create_topics(new)
        for name, code, message in ((error[0], error[1], error[2]) for error in response.topic_errors):
            if code not in (0, TopicAlreadyExistsError.errno):
                raise ValueError(f"{name} was not made: {message}")
        return [card.topic for card in missing]

    async def check(self, cards: Sequence[Card]) -> list[str]:
        """Compare every topic with its card; gives a sentence for each difference."""
        brokers = await self.brokers()
        described = {t["topic"]: t for t in await self._admin.describe_topics([c.topic for c in cards])}
        partitions = {n: len(t["partitions"]) for n, t in described.items() if not t["error_code"] and t["partitions"]}
        configs = await self._configs([c.topic for c in cards if c.topic in partitions])
        return [s for c in cards for s in drift(c, partitions.get(c.topic), configs.get(c.topic, {}), brokers)]

    async def offsets_kept(self) -> int:
        """How many minutes the brokers keep the committed offsets of a group that is away; raises Unavailable."""
        asked = [ConfigResource(ConfigResourceType.BROKER, str(await self._a_broker()))]
        for response in await self._admin.describe_configs(asked):
            for _, _, _, _, entries in response.resources:
                return int({entry[0]: entry[1] for entry in entries}["offsets.retention.minutes"])
        raise Unavailable("no broker says how long it keeps offsets")

    async def _a_broker(self) -> int:
        return int((await self._admin.describe_cluster())["brokers"][0]["node_id"])

    async def _configs(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        if not topics:
            return {}
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        found: dict[str, dict[str, str]] = {}
        for response in await self._admin.describe_configs(asked):
            for _, _, _, name, entries in response.resources:
                found[name] = {entry[0]: entry[1] for entry in entries}
        return found
