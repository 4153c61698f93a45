"""What an erasure can not reach is said with its time."""

from dataclasses import replace
from pathlib import Path

from libs.eventlog.kafka.topics import load_cards
from libs.messages.catalogue import PRIVATE, TICKETS_DOOR
from services.ops.door.persons import remains

CARDS = load_cards(Path(__file__).parents[3] / "contracts/topics")


def test_the_times_are_those_of_the_topics() -> None:
    said = "\n".join(remains(CARDS))
    assert "30 to 37 days" in said
    assert "within 2 days" in said
    door = replace(CARDS[TICKETS_DOOR], config={**CARDS[TICKETS_DOOR].config, "retention.ms": "8640000000"})
    private = replace(CARDS[PRIVATE], config={**CARDS[PRIVATE].config, "max.compaction.lag.ms": "172800000"})
    said = "\n".join(remains({**CARDS, TICKETS_DOOR: door, PRIVATE: private}))
    assert "100 to 107 days" in said
    assert "within 4 days" in said
