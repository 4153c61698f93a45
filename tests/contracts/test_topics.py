"""The cards of the topics agree with each other, with the models and with the rules of the log."""

from collections.abc import Mapping

import pytest

from libs.messages.base import event_type
from libs.messages.catalogue import CLOCK, EVENTS, PRIVATE, STREAMS, STREAMS_OF, UPSTREAM
from tests.contracts.cards import TOPICS, Card, cards
from tests.contracts.schemas import PLAIN, plain_type

CARDS = cards()
MONTH = "2592000000"  # 30 days in milliseconds
STAMPED = {"message.timestamp.type": "LogAppendTime", "compression.type": "producer"}
KEPT_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", **STAMPED}
KEPT_A_MONTH = {**KEPT_FOR_EVER, "retention.ms": MONTH}
CONFIG: Mapping[str, Mapping[str, str]] = {
    "log": KEPT_FOR_EVER,
    "door": KEPT_A_MONTH,
    "receipts": KEPT_A_MONTH,
    "dead-letters": {**KEPT_A_MONTH, "max.message.bytes": "2097152"},
    "clock": {**KEPT_FOR_EVER, "retention.ms": "86400000"},
    "state": {
        "cleanup.policy": "compact",
        "max.compaction.lag.ms": "86400000",
        "delete.retention.ms": MONTH,
        **STAMPED,
    },
}


def of_kind(kind: str) -> list[Card]:
    return [card for card in CARDS.values() if card.kind == kind]


def test_there_is_a_card_for_every_topic_and_its_file_is_named_like_it() -> None:
    doors = {door: door.replace(".in.v1", ".receipts.v1") for door in UPSTREAM}
    assert set(CARDS) == {*EVENTS, *doors, *doors.values(), *(f"{door}.dlq" for door in doors), PRIVATE, CLOCK}
    assert {path.stem for path in TOPICS.iterdir()} == set(CARDS)


@pytest.mark.parametrize("card", of_kind("log"), ids=lambda card: card.topic)
def test_a_log_topic_has_exactly_one_writer(card: Card) -> None:
    assert len(card.written_by) == 1
    assert card.read_by


def test_a_stream_stands_on_one_topic() -> None:
    streams = [stream for card in of_kind("log") for stream in card.streams]
    assert sorted(streams) == sorted(STREAMS)


@pytest.mark.parametrize("card", of_kind("log"), ids=lambda card: card.topic)
def test_a_log_topic_holds_the_events_of_the_catalogue(card: Card) -> None:
    assert card.types == tuple(event_type(event) for event in EVENTS[card.topic])
    assert card.streams == STREAMS_OF[card.topic]


@pytest.mark.parametrize("card", of_kind("door"), ids=lambda card: card.topic)
def test_a_door_has_one_reader_and_takes_the_types_of_the_catalogue(card: Card) -> None:
    assert len(card.read_by) == 1
    assert card.types == tuple(UPSTREAM[card.topic])


@pytest.mark.parametrize("card", of_kind("door"), ids=lambda card: card.topic)
def test_the_reader_of_a_door_answers_whoever_writes_to_it(card: Card) -> None:
    receipts, letters = CARDS[card.topic.replace(".in.v1", ".receipts.v1")], CARDS[f"{card.topic}.dlq"]
    assert (receipts.written_by, receipts.read_by) == (card.read_by, card.written_by)
    assert letters.written_by == (*card.read_by, "ops")
    assert letters.read_by == ("ops",)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_topic_without_envelopes_holds_one_kind_of_thing(kind: str) -> None:
    assert {card.types for card in of_kind(kind)} == {tuple(plain_type(model) for model in PLAIN[kind])}


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.topic)
def test_a_topic_is_configured_as_its_kind_asks(card: Card) -> None:
    assert card.config == CONFIG[card.kind]
    assert card.partitions == (3 if card.kind == "dead-letters" else 12)
    assert card.production.replication_factor == 3
    assert card.production.config == {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.topic)
def test_only_a_record_of_a_log_is_set_aside(card: Card) -> None:
    assert card.kind == "log" or not card.set_aside
    assert all(0 <= record.partition < card.partitions for record in card.set_aside)
