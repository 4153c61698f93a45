"""A backup ends first in what is derived: nothing is in it without what it came from."""

from libs.eventlog.kafka.topics import load_cards
from libs.stack.run import PROJECT
from services.ops.backup.cut import KINDS, derived_first

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
