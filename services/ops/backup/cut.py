"""Where a backup ends in each partition, so that nothing that was derived is in it without what it came from.

First what the groups have committed, then the ends of the topics, derived ones before those that they are derived from:
receipts and dead letters, the logs from the last to the first, the private topic that logs name records of, the doors.
"""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

from libs.eventlog.kafka.groups import GroupOffset, KafkaGroups
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card

KINDS = ("receipts", "dead-letters", "log", "state", "door", "clock")
TRIES = 20
"""How often the ends of a topic are asked for until two answers agree."""


class BackupCut(NamedTuple):
    """The committed offsets, and the ends of every topic's partitions."""

    offsets: Sequence[GroupOffset]
    ends: Mapping[str, Mapping[int, int]]


async def cut(groups: KafkaGroups, log: KafkaLog, cards: Iterable[Card]) -> BackupCut:
    """Ask for all of it in that order; raises Unavailable."""
    topics = derived_first(cards)
    offsets = await groups.committed(topics)
    return BackupCut(offsets, {topic: await _ends(log, topic) for topic in topics})


def derived_first(cards: Iterable[Card]) -> list[str]:
    """The topics, each before those that it is derived from."""
    every = list(cards)
    logs = _logs([card for card in every if card.kind == "log"])
    rank = {topic: at for at, topic in enumerate(logs)}
    return [card.topic for card in sorted(every, key=lambda c: (KINDS.index(c.kind), rank.get(c.topic, 0), c.topic))]


def _logs(cards: Sequence[Card]) -> list[str]:
    """A log is derived from the logs that its writer reads."""
    derived = {
        source.topic: [card.topic for card in cards if card is not source and {*card.written_by} & {*source.read_by}]
        for source in cards
    }
    return [*TopologicalSorter(derived).static_order()]


async def _ends(log: KafkaLog, topic: str) -> Mapping[int, int]:
    """The ends of all partitions at one instant, where the topic stands still for as long as it takes to ask twice."""
    ends = await log.ends(topic)
    for _ in range(TRIES):
        before, ends = ends, await log.ends(topic)
        if before == ends:
            break
    return ends
