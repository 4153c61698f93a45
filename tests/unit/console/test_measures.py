"""What the console measures has bounded labels, and 0 where there is nothing."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.errors import Unavailable
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.places import RecordAddress
from services.ops.cli.output import Refused
from services.ops.console.followers import FollowerState, Trend
from services.ops.console.live import Live
from services.ops.console.measures import REASONS, ConsoleMeasures, by_reason
from services.ops.console.undone import KeptLetter
from services.ops.console.works import Work, Works
from services.ops.door.dead_letter_groups import KnownLetter

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def kept(reason: str, topic: str = TICKETS_DOOR) -> KeptLetter:
    known = KnownLetter(
        RecordAddress(topic=topic, partition=0, offset=1), reason, "/data", "it is wrong", None, None, NOON
    )
    return KeptLetter(known, f"{TICKETS_DOOR}.dlq", 0, 0)


def test_dead_letters_are_counted_by_the_door_of_all_and_the_reason() -> None:
    found = by_reason([kept("bad-field"), kept("bad-field", f"{TICKETS_DOOR}.crm-eu"), kept("no-value")])
    assert found[TICKETS_DOOR, "bad-field"] == 2
    assert found[TICKETS_DOOR, "no-value"] == 1
    assert sum(found.values()) == 3


def test_there_are_no_more_series_than_doors_and_reasons_whatever_is_written() -> None:
    found = by_reason([kept("a-reason-of-later"), kept("another")])
    assert len(found) == len(UPSTREAM) * len(REASONS)
    assert found[TICKETS_DOOR, "other"] == 2


@pytest.mark.parametrize("away", [Unavailable("Kafka is away"), Refused("no address")], ids=["unavailable", "refused"])
async def test_of_followers_that_can_not_be_asked_neither_nobody_reads_nor_caught_up_is_said(away: Exception) -> None:
    door = FollowerState("intake.door", "door", "d", 1, 0, 0.0, Trend.CAUGHT_UP)
    plan = FollowerState("intake.plan", "reader", "p", 2, 7, 3.0, Trend.BEHIND)
    no_tables = FollowerState("intake", "reader", "", None, None, None, Trend.UNKNOWN, "the database is away")
    no_offsets = FollowerState("intake.plan", "reader", "p", 2, None, None, Trend.UNKNOWN, "the topic was cut")
    answers: Iterator[list[FollowerState] | Exception] = iter(
        [[door, plan], [door, no_tables], [door, no_offsets], [door, plan], away]
    )
    registry = CollectorRegistry()

    async def states() -> list[FollowerState]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    sources: Any = SimpleNamespace(followers=SimpleNamespace(states=states))
    measures = ConsoleMeasures(sources, registry)

    def said(one: FollowerState) -> list[float | None]:
        labels = {"follower": one.name, "topic": one.topic}
        return [
            registry.get_sample_value(f"olcare_follower_{what}", labels) for what in ("members", "lag", "lag_seconds")
        ]

    await measures.followers()
    assert (said(door), said(plan)) == ([1, 0, 0], [2, 7, 3])
    with pytest.raises(Unavailable, match="the database is away"):  # so that it is looked at again soon
        await measures.followers()
    assert (said(door), said(plan)) == ([1, 0, 0], [None] * 3)
    with pytest.raises(Unavailable, match="the topic was cut"):
        await measures.followers()
    assert (said(door), said(plan)) == ([1, 0, 0], [2, None, None])
    await measures.followers()
    assert (said(door), said(plan)) == ([1, 0, 0], [2, 7, 3])
    with pytest.raises(Unavailable, match=str(away)):
        await measures.followers()
    assert (said(door), said(plan)) == ([None] * 3, [None] * 3)


async def test_a_rebuild_that_was_begun_on_a_page_shows_how_far_it_is_and_is_0_once_it_has_ended() -> None:
    clock, registry = ManualClock(NOON), CollectorRegistry()
    works, goes_on = Works(clock), asyncio.Event()
    sources: Any = SimpleNamespace(works=works, live=Live(clock))
    measures = ConsoleMeasures(sources, registry)

    async def run(work: Work) -> str:
        work.done, work.total = 3, 10
        await goes_on.wait()
        return "complete"

    work = works.start("rebuild", "sla_timer.sla", "anna", "/projections", run)
    await asyncio.sleep(0)
    await measures.works()
    counts = ("folded", "all")

    def shown() -> list[float | None]:
        of = ({"reader": "sla_timer.sla", "count": count} for count in counts)
        return [registry.get_sample_value("olcare_rebuild_records", labels) for labels in of]

    assert shown() == [3, 10]
    goes_on.set()
    assert work.task
    await work.task
    await measures.works()
    assert shown() == [0, 0]
