"""The topics as their cards in `contracts/topics` say: created by a command, never automatically; checked for drift."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from aiokafka import errors
from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.metadata import MetadataRequest

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.rule import SetAside
from libs.messages.catalogue import UPSTREAM, door_of_client, split_door
from libs.messages.sources import Client, SourcePolicy

PATIENCE = 30.0  # machine seconds that one call may take
WITHOUT_LEADER = frozenset({errors.LeaderNotAvailableError.errno, errors.ReplicaNotAvailableError.errno})
REFUSALS = frozenset(
    {
        TopicAlreadyExistsError.errno,
        errors.InvalidTopicError.errno,
        errors.InvalidPartitionsError.errno,
        errors.InvalidReplicationFactorError.errno,
        errors.InvalidConfigurationError.errno,
        errors.PolicyViolationError.errno,
        errors.TopicAuthorizationFailedError.errno,
        errors.ClusterAuthorizationFailedError.errno,
    }
)
"""What a broker answers that will not make a topic as its card says; any other code means that it is not known yet."""
OF_THE_TOPIC = 1  # where a setting comes from: it was set for this topic, and is no default
UPSTREAMS = "upstream"
"""Upstream systems, on a card."""
CLUSTER = 3  # brokers, from which number on the cards' production settings apply


@dataclass(frozen=True)
class Card:
    """One topic: its kind (log, door, receipts, dead-letters, state, clock), partitions and Kafka settings."""

    topic: str
    kind: str
    partitions: int
    config: Mapping[str, str]
    replication: int
    production: Mapping[str, str]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    about: str = ""

    def settings(self, brokers: int) -> Mapping[str, str]:
        """The Kafka settings for a cluster of so many brokers."""
        return {**self.config, **(self.production if brokers >= CLUSTER else {})}

    def replicas(self, brokers: int) -> int:
        """How many replicas each partition has in a cluster of so many brokers."""
        return min(self.replication, brokers)


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
        about=str(raw.get("about", "")),
    )


def with_own_doors(cards: Mapping[str, Card], policy: SourcePolicy | None) -> dict[str, Card]:
    """The cards, with those of clients' own doors; without a policy the doors of all are for every upstream system.

    Under one, `olcare` alone writes to the doors of all, and clients that are on their way to their own.
    """
    if policy is None:
        return {**cards}
    found = {topic: _of_all(card, policy) if card.topic in UPSTREAM else card for topic, card in cards.items()}
    for name, client in policy.clients.items():
        for door in doors_for(client):
            topic = door_of_client(door, name)
            writers = tuple(name if who == UPSTREAMS else who for who in cards[door].written_by)
            found[topic] = replace(cards[door], topic=topic, written_by=writers)
    return found


def _of_all(card: Card, policy: SourcePolicy) -> Card:
    going_over = tuple(n for n, c in policy.clients.items() if c.shared and card.topic in doors_for(c))
    return replace(card, written_by=tuple(who for who in card.written_by if who != UPSTREAMS) + going_over)


def doors_for(client: Client) -> list[str]:
    """The doors that take something that a client may say."""
    kinds = client.kinds()
    return [door for door, types in UPSTREAM.items() if kinds & set(types.values())]


class Topic(NamedTuple):
    """A topic as it is: `replicas` is the number of the partition that has the fewest."""

    name: str
    partitions: int
    replicas: int


def drift(card: Card, topic: Topic | None, config: Mapping[str, str | None], brokers: int) -> list[str]:
    """Compare a topic as it is with its card; one plain sentence for each difference.

    More replicas than the card says are none: while partitions move between brokers there are more.
    """
    if topic is None:
        return [f"{card.topic} does not exist; `olcare topics create` makes it"]
    found = []
    if topic.partitions != card.partitions:
        found.append(f"{card.topic} has {topic.partitions} partitions, its card says {card.partitions}")
    if topic.replicas < card.replicas(brokers):
        found.append(f"{card.topic} has {topic.replicas} replicas, its card says {card.replication}")
    for key, wanted in card.settings(brokers).items():
        if config.get(key) != wanted:
            found.append(f"{card.topic} has {key}={config.get(key)}, its card says {wanted}")
    return found


class TopicAdmin:
    """Makes and inspects topics; every call raises Unavailable where the brokers do not say."""

    def __init__(self, kafka: Address) -> None:
        self._client = KafkaClient(KafkaSettings(kafka, "olcare", patience=PATIENCE), "topics")

    async def __aenter__(self) -> Self:
        """Connect; raises Unavailable."""
        try:
            await self._client.open_now()
        except Unavailable:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._client.close()

    async def brokers(self) -> int:
        """Count the brokers, by the replicas of all topics also those that are down."""
        return _brokers(await self._metadata(None))

    async def create(self, cards: Iterable[Card]) -> list[str]:
        """Make the topics that are missing, and name them; raises ValueError where the broker does not make one."""
        metadata = await self._metadata(None)
        brokers, existing = _brokers(metadata), {topic.name for topic in _topics(metadata)}
        missing = [card for card in cards if card.topic not in existing]
        await self._make((c, c.settings(brokers), brokers) for c in missing)
        return [card.topic for card in missing]

    async def make(self, cards: Iterable[Card], config: Mapping[str, str]) -> None:
        """Make topics with other settings than their cards say; raises ValueError where the broker does not."""
        brokers = await self.brokers()
        await self._make((card, config, brokers) for card in cards)

    async def _make(self, wanted: Iterable[tuple[Card, Mapping[str, str], int]]) -> None:
        new: list[Any] = [
            (card.topic, card.partitions, card.replicas(brokers), [], [*config.items()])
            for card, config, brokers in wanted
        ]
        if not new:
            return
        request = CreateTopicsRequest(new, int(PATIENCE * 1000), validate_only=False)
        answer = await self._client.ask_controller(request, "making topics", {"topic_errors": REFUSALS})
        for name, code, message in answer.topic_errors:
            if code not in {NoError.errno, TopicAlreadyExistsError.errno}:
                raise ValueError(f"{name} was not made: {message}")

    async def found(self) -> Mapping[str, Topic]:
        """Every topic that there is, by name."""
        return {topic.name: topic for topic in _topics(await self._metadata(None))}

    async def settings_of(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """What was set for each topic, without what is set for all or by default."""
        if not topics:
            return {}
        request = DescribeConfigsRequest([(ConfigResourceType.TOPIC, topic, None) for topic in topics])
        answer = await self._client.ask_any(request, "settings of topics")
        return {
            topic: {name: value or "" for name, value, _, source, *_ in entries if source == OF_THE_TOPIC}
            for _, _, _, topic, entries in answer.resources
        }

    async def delete(self, topics: Sequence[str]) -> None:
        """Delete topics with all that they hold."""
        if topics:
            await self._client.ask_controller(
                DeleteTopicsRequest(list(topics), int(PATIENCE * 1000)), "deleting topics"
            )

    async def set(self, settings: Mapping[str, Mapping[str, str]]) -> None:
        """Set topics so, and nothing else for them; the brokers follow a little later."""
        resources = [(ConfigResourceType.TOPIC, topic, [*config.items()]) for topic, config in settings.items()]
        await self._client.ask_any(AlterConfigsRequest(resources), "setting topics")

    async def check(self, cards: Sequence[Card]) -> list[str]:
        """Compare every topic with its card; gives a sentence for each difference."""
        metadata = await self._metadata(None)
        found = {topic.name: topic for topic in _topics(metadata)}
        configs = await self._configs([card.topic for card in cards if card.topic in found])
        return [s for c in cards for s in drift(c, found.get(c.topic), configs.get(c.topic, {}), _brokers(metadata))]

    async def unknown_doors(self, cards: Container[str]) -> list[str]:
        """A sentence for each client's own door that is there and has no card here."""
        names = sorted(topic.name for topic in _topics(await self._metadata(None)))
        return [
            f"{name} is a door of a client that OLCARE_SOURCES does not name here: give every process the same file,"
            " or take the topic away"
            for name in names
            if split_door(name)[1] not in {None, "dlq"} and name not in cards
        ]

    async def offsets_kept(self) -> int:
        """How many minutes the brokers keep the committed offsets of a group that is away; raises Unavailable."""
        node = int((await self._metadata([])).brokers[0][0])
        request = DescribeConfigsRequest([(ConfigResourceType.BROKER, str(node), None)])
        answer = await self._client.ask_broker(node, request, f"settings of broker {node}")
        for entries in _settings(answer).values():
            if "offsets.retention.minutes" in entries:
                return int(entries["offsets.retention.minutes"] or 0)
        raise Unavailable("no broker says how long it keeps offsets")

    async def _metadata(self, topics: list[str] | None) -> Any:
        """Ask for all topics, or for some; that a broker is down hides none of them."""
        request = MetadataRequest(topics, allow_auto_topic_creation=False)
        return await self._client.ask_any(request, "topics", {"partitions": WITHOUT_LEADER})

    async def _configs(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str | None]]:
        if not topics:
            return {}
        request = DescribeConfigsRequest([(ConfigResourceType.TOPIC, topic, None) for topic in topics])
        found = _settings(await self._client.ask_any(request, "settings of topics"))
        if missing := set(topics) - found.keys():
            raise Unavailable(f"no broker says how {min(missing)} is set")
        return found


def _brokers(metadata: Any) -> int:
    """The brokers that are up, and those that hold a replica."""
    replicas = (node for *_, partitions in metadata.topics for _, _, _, nodes, *_ in partitions for node in nodes)
    return len({*(broker[0] for broker in metadata.brokers), *replicas})


def _topics(metadata: Any) -> list[Topic]:
    return [
        Topic(name, len(partitions), min(len(nodes) for _, _, _, nodes, *_ in partitions))
        for _, name, _, partitions in metadata.topics
        if partitions
    ]


def _settings(answer: Any) -> dict[str, dict[str, str | None]]:
    """The settings in an answer, by what they are of."""
    return {name: {entry[0]: entry[1] for entry in entries} for _, _, _, name, entries in answer.resources}
