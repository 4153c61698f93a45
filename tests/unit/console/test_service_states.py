"""What a service says in numbers of what stands still and of what waits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from libs.chassis.manual_clock import ManualClock
from libs.chassis.metrics import LogMetrics
from services.ops.console import service_states
from services.ops.console.pages.now import A_ROUND, waits
from services.ops.console.service_states import FRESH, ServiceState, ServiceStates, standing

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_partition_that_is_read_and_a_duty_that_does_not_wait_are_no_news(registry: CollectorRegistry) -> None:
    metrics = LogMetrics(registry)
    metrics.partitions("olcare.sla.v1", {0: False, 1: False})
    metrics.waits("fire", None, NOON)
    assert standing(generate_latest(registry).decode()) == ((), {})


def test_what_stands_still_and_what_waits_is_named(registry: CollectorRegistry) -> None:
    metrics = LogMetrics(registry)
    metrics.partitions("olcare.sla.v1", {0: False, 11: True})
    metrics.waits("fire", NOON, NOON)
    assert standing(generate_latest(registry).decode()) == ((("olcare.sla.v1", 11),), {"fire": NOON})


def test_a_service_without_numbers_says_nothing() -> None:
    assert standing("") == ((), {})


def state(**waiting: datetime) -> ServiceState:
    return ServiceState("sla_timer", ready=True, build=None, why=None, degraded=None, waiting=waiting)


def test_a_duty_that_waits_for_a_round_is_no_news_and_one_that_waits_longer_is() -> None:
    found = state(fire=NOON - A_ROUND, restate=NOON - A_ROUND - timedelta(seconds=1))
    assert [one.duty for one in waits([found], NOON)] == ["restate"]


def test_what_waits_longest_stands_first() -> None:
    found = state(a=NOON - timedelta(minutes=1), b=NOON - timedelta(hours=1))
    assert [one.duty for one in waits([found], NOON)] == ["b", "a"]


async def test_services_are_asked_once_for_all_who_look_and_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, clock = list[object](), ManualClock(NOON)

    async def answered(addresses: object) -> list[ServiceState]:
        asked.append(addresses)
        return []

    monkeypatch.setattr(service_states, "states", answered)
    services = ServiceStates(clock, dict)
    await asyncio.gather(*(services.now() for _ in range(5)))
    assert len(asked) == 1
    await clock.sleep(FRESH + 0.1)
    await services.now()
    assert len(asked) == 2
