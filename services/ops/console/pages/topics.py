"""`/topics`: each topic with its rate, its newest record, its size, and how far everybody who follows it has come."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topic_state import Newest
from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import PartitionOffset
from libs.messages.catalogue import EVENTS, UPSTREAM, split_door
from services.ops.console.followers import FollowerState, Trend, by_topic
from services.ops.console.masking import OPEN, shape
from services.ops.console.pages.page import Page, PageView, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_

TRENDS = {
    Trend.CAUGHT_UP: N_("caught up"),
    Trend.CATCHING_UP: N_("catching up"),
    Trend.FALLING_BEHIND: N_("falling behind"),
    Trend.BEHIND: N_("behind"),
    Trend.STUCK: N_("stuck"),
    Trend.NOBODY_READS: N_("nobody reads"),
    Trend.UNKNOWN: N_("not known"),
}


class FollowerView(PageView):
    """A reader, door or reaction on a topic; what is not known is None, and `problem` says why."""

    name: str
    kind: str
    members: int | None
    behind: int | None
    seconds: float | None
    """The age of the oldest record that it has not read."""
    trend: Trend
    problem: str | None


class TopicView(PageView):
    """One topic."""

    topic: str
    kind: str
    about: str
    partitions: int
    records: int
    """That are still there."""
    per_minute: tuple[int, ...]
    """Of the last minutes, the one that runs last."""
    types: int
    """That may stand there."""
    last_at: datetime | None
    last_type: str | None
    bytes: int | None
    """On all brokers, copies included; None where we may not ask."""
    followers: tuple[FollowerView, ...]
    dead_letters: int | None
    """Of a door, those that nobody is done with."""


class TopicsView(PageView):
    """All topics, and what follows a topic that has no card."""

    now: datetime
    topics: tuple[TopicView, ...]
    unknown: tuple[FollowerView, ...]
    """Followers that could not be looked for."""


def follower_view(state: FollowerState) -> FollowerView:
    """A follower as it is shown."""
    return FollowerView(
        name=state.name,
        kind=state.kind,
        members=state.members,
        behind=state.behind,
        seconds=state.seconds,
        trend=state.trend,
        problem=state.problem,
    )


def types_of(card: Card) -> Sequence[str]:
    """What may stand on a topic."""
    if card.topic in EVENTS:
        return [event.__name__ for event in EVENTS[card.topic]]
    return list(UPSTREAM.get(split_door(card.topic)[0], {})) if card.kind == "door" else []


async def look(sources: Sources, _query: Query) -> TopicsView:
    """All topics as they are now."""
    log, cards, wall = await sources.log(), sources.cards, sources.clock.wall()
    every = list(cards)
    ends = await log.ends_of(every)
    starts = await sources.starts.of(log, every)
    rates = await sources.rates.per_minute(log, ends, wall.timestamp())
    newest = await log.newest(every)
    sizes = await sources.sizes.of(log, every)
    states = by_topic(await sources.followers.states())
    undone = await sources.dead_letters.undone(log)
    return TopicsView(
        now=wall,
        topics=tuple(
            [
                TopicView(
                    topic=topic,
                    kind=card.kind,
                    about=card.about,
                    partitions=len(ends[topic]),
                    records=sum(ends[topic].values()) - sum(starts[topic].values()),
                    per_minute=tuple(rates[topic]),
                    types=len(types_of(card)),
                    last_at=_instant(newest.get(topic)),
                    last_type=await type_of(sources, log, card, newest),
                    bytes=sizes.get(topic),
                    followers=tuple(follower_view(one) for one in states.get(topic, ())),
                    dead_letters=undone[topic].letters if topic in undone else None,
                )
                for topic, card in sorted(cards.items(), key=_place)
            ]
        ),
        unknown=tuple(follower_view(one) for one in states.get("", ())),
    )


def _place(item: tuple[str, Card]) -> tuple[int, str]:
    """Logs first, then doors, then what they answer."""
    kinds = ("log", "door", "receipts", "dead-letters")
    return (kinds.index(item[1].kind) if item[1].kind in kinds else len(kinds)), item[0]


def _instant(newest: Newest | None) -> datetime | None:
    return datetime.fromtimestamp(newest.timestamp / 1000, UTC) if newest else None


async def type_of(sources: Sources, log: KafkaLog, card: Card, newest: Mapping[str, Newest]) -> str | None:
    """The type of the newest record, read once for each place."""
    at = newest.get(card.topic)
    if at is None:
        return None
    known = sources.newest_types.get(card.topic)
    if known is None or known[0] != at:
        record = await log.at(card.topic, PartitionOffset(at.partition, at.offset))
        known = at, shape(record, is_open=card.kind in OPEN).type if record else None
        sources.newest_types[card.topic] = known
    return known[1]


PAGE = Page("/topics", look, Query, TopicsView, "topics.html", N_("Topics"), nav=2)
