"""The cards of the topics, and how a topic that is not what its card says is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from libs.eventlog.kafka.topics import Card, Topic, drift, load_cards, parse_card
from libs.eventlog.rule import SetAside

CARDS = Path(__file__).parents[3] / "contracts" / "topics"
CARD = Card(
    topic="olcare.tickets.v1",
    kind="log",
    partitions=12,
    config={"retention.ms": "-1", "cleanup.policy": "delete"},
    replication=3,
    production={"min.insync.replicas": "2"},
    written_by=("intake",),
    read_by=("sla_timer",),
    set_aside=(),
)
THERE = Topic(CARD.topic, partitions=12, replicas=3)
AS_IT_SHOULD_BE = {"retention.ms": "-1", "cleanup.policy": "delete", "segment.bytes": "1073741824"}


def test_a_topic_that_is_what_its_card_says_has_not_drifted() -> None:
    assert drift(CARD, THERE, AS_IT_SHOULD_BE, brokers=1) == []


def test_a_topic_that_is_not_there_is_told_how_to_be_made() -> None:
    assert drift(CARD, None, {}, brokers=1) == ["olcare.tickets.v1 does not exist; `olcare topics create` makes it"]


def test_every_difference_has_a_sentence() -> None:
    assert drift(CARD, THERE._replace(partitions=11), {"retention.ms": "604800000"}, brokers=1) == [
        "olcare.tickets.v1 has 11 partitions, its card says 12",
        "olcare.tickets.v1 has retention.ms=604800000, its card says -1",
        "olcare.tickets.v1 has cleanup.policy=None, its card says delete",
    ]


@pytest.mark.parametrize(("brokers", "found"), [(1, []), (2, []), (3, ["olcare.tickets.v1 has min.insync.replicas=1"])])
def test_what_production_asks_for_holds_from_three_brokers_on(brokers: int, found: list[str]) -> None:
    told = drift(CARD, THERE, {**AS_IT_SHOULD_BE, "min.insync.replicas": "1"}, brokers)
    assert [sentence.partition(", its card")[0] for sentence in told] == found


@pytest.mark.parametrize(
    ("replicas", "brokers", "found"),
    [
        (1, 1, []),
        (1, 2, ["olcare.tickets.v1 has 1 replicas, its card says 3"]),
        (2, 2, []),
        (2, 3, ["olcare.tickets.v1 has 2 replicas, its card says 3"]),
        (3, 3, []),
        (4, 5, []),  # partitions are on their way to another broker
    ],
)
def test_a_topic_has_as_many_replicas_as_its_card_says_and_as_there_are_brokers(
    replicas: int, brokers: int, found: list[str]
) -> None:
    config = {**AS_IT_SHOULD_BE, **CARD.production}
    assert drift(CARD, THERE._replace(replicas=replicas), config, brokers) == found


def test_every_card_of_the_project_can_be_read() -> None:
    cards = load_cards(CARDS)
    assert cards["olcare.tickets.v1"].partitions == 12
    assert cards["olcare.tickets.v1"].settings(3)["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in cards["olcare.tickets.v1"].settings(1)


def test_what_is_set_aside_stands_in_the_card() -> None:
    entry = {"partition": 3, "offset": 17, "sha256": "ab", "reason": "torn by a disk", "by": "operations"}
    raw = {
        "topic": "t",
        "kind": "log",
        "partitions": 12,
        "config": {"retention.ms": -1},
        "production": {"replication_factor": 3},
        "written_by": ["intake"],
        "read_by": [],
        "set_aside": [entry],
    }
    card = parse_card(raw)
    assert card.set_aside == (SetAside(3, 17, "ab", "torn by a disk", "operations"),)
    assert card.config == {"retention.ms": "-1"}


def test_a_card_about_another_topic_is_refused(tmp_path: Path) -> None:
    (tmp_path / "olcare.other.v1.yaml").write_text((CARDS / "olcare.tickets.v1.yaml").read_text())
    with pytest.raises(ValueError, match="the card is about olcare"):
        load_cards(tmp_path)


def test_a_card_that_says_more_asks_for_more() -> None:
    wider = replace(CARD, config={**CARD.config, "max.message.bytes": "2097152"})
    assert drift(wider, THERE, AS_IT_SHOULD_BE, 1) == [
        "olcare.tickets.v1 has max.message.bytes=None, its card says 2097152"
    ]
