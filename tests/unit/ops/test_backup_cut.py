"""A backup ends first in what is derived: nothing is in it without what it came from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.eventlog.kafka.groups import GroupOffset
from libs.eventlog.kafka.topics import load_cards
from libs.stack.run import PROJECT
from services.ops.backup.cut import KINDS, cut, derived_first

CARDS = load_cards(PROJECT / "contracts/topics")
ORDER = derived_first(CARDS.values())


def _before(derived: str, source: str) -> bool:
    return ORDER.index(derived) < ORDER.index(source)


def test_every_topic_has_its_place() -> None:
    assert sorted(ORDER) == sorted(CARDS)
    assert {card.kind for card in CARDS.values()} == set(KINDS)


def test_notices_come_before_promises_these_before_tickets_and_these_before_contracts_and_the_plan() -> None:
    logs = [topic for topic in ORDER if CARDS[topic].kind == "log"]
    assert logs == [
        "olcare.ops.v1",
        "olcare.notices.v1",
        "olcare.sla.v1",
        "olcare.tickets.v1",
        "olcare.contracts.v1",
        "olcare.plan.v1",
    ]


def test_a_log_comes_before_every_log_that_its_writer_reads() -> None:
    logs = [card for card in CARDS.values() if card.kind == "log"]
    pairs = [(d, s) for d in logs for s in logs if d is not s and {*d.written_by} & {*s.read_by}]
    assert pairs
    assert all(_before(derived.topic, source.topic) for derived, source in pairs)


def test_answers_come_before_logs_these_before_what_is_private_and_doors_come_after_all_of_them() -> None:
    ranks = [KINDS.index(CARDS[topic].kind) for topic in ORDER]
    assert ranks == sorted(ranks)


class Asked:
    """Groups and a log that remember in which order they were asked, and a topic that stands still the third time."""

    def __init__(self) -> None:
        self.order: list[str] = []

    async def committed(self, topics: Iterable[str]) -> Sequence[GroupOffset]:
        self.order.append(f"offsets of {len(list(topics))} topics")
        return [GroupOffset("intake.door", ORDER[-1], 0, 1, "")]

    async def ends(self, topic: str) -> Mapping[int, int]:
        self.order.append(topic)
        return {0: min(self.order.count(topic), 3)}


async def test_committed_offsets_are_asked_for_before_all_ends_and_ends_until_two_answers_agree() -> None:
    asked: Any = Asked()
    found = await cut(asked, asked, CARDS.values())
    assert [*dict.fromkeys(asked.order)] == [f"offsets of {len(CARDS)} topics", *ORDER]
    assert found.ends == {topic: {0: 3} for topic in CARDS}
    assert {asked.order.count(topic) for topic in CARDS} == {4}
