"""What is measured is what happened; no metric is declared that nobody sets."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from libs.chassis.metrics import LogMetrics, Metrics
from libs.chassis.watchdog import Lag
from libs.stack.run import PROJECT

TICKETS = "olcare.tickets.v1"
SOURCES = [path.read_text() for folder in ("libs", "services") for path in (PROJECT / folder).rglob("*.py")]
DECLARED = [
    name
    for source in SOURCES
    for name in re.findall(r"self\.(\w+) = (?:self\._counter|self\._gauge|Counter|Gauge|Histogram|Summary)\(", source)
]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def measures(registry: CollectorRegistry) -> LogMetrics:
    return LogMetrics(registry)


def test_each_process_counts_for_itself() -> None:
    one, other = Metrics("intake", "intake-1"), Metrics("intake", "intake-2")
    LogMetrics(one.registry).read(TICKETS, 0, 1)
    assert 'olcare_records_total{topic="olcare.tickets.v1",verdict="void"} 1.0' in one.text().decode()
    assert 'verdict="void"' not in other.text().decode()
    assert 'target_info{instance="intake-2",service="intake"} 1.0' in other.text().decode()


def test_a_process_that_does_not_follow_the_log_says_nothing_of_it() -> None:
    assert "gate" not in Metrics("ops", "ops-1").text().decode()


@pytest.mark.parametrize("name", DECLARED)
def test_no_metric_is_declared_without_a_use(name: str) -> None:
    assert any(re.search(rf"\.{name}\.(?:labels\(.*\)\.)?(?:set|inc|observe)\(", source) for source in SOURCES)


def test_the_metrics_of_the_log_are_among_those_looked_at() -> None:
    assert len(DECLARED) >= 9


def test_a_door_s_totals_are_counted_once(registry: CollectorRegistry, measures: LogMetrics) -> None:
    for total in (2, 2, 5):
        measures.answered("door", {"readable": total, "unreadable": 1})
    assert registry.get_sample_value("olcare_door_records_total", {"topic": "door", "kind": "readable"}) == 5
    assert registry.get_sample_value("olcare_door_records_total", {"topic": "door", "kind": "unreadable"}) == 1


def test_a_partition_that_is_read_on_is_no_longer_stopped(registry: CollectorRegistry, measures: LogMetrics) -> None:
    for stopped in (True, False):
        measures.partitions(TICKETS, {0: False, 1: stopped})
        found = registry.get_sample_value("olcare_partition_stopped", {"topic": TICKETS, "partition": "1"})
        assert found == stopped


def test_the_wait_of_a_deadline_begins_and_ends(registry: CollectorRegistry, measures: LogMetrics) -> None:
    since, waits = datetime(2026, 11, 23, tzinfo=UTC), {"duty": "fire deadlines"}
    measures.waits("fire deadlines", since, since + timedelta(minutes=2))
    assert registry.get_sample_value("olcare_deadlines_wait_since_seconds", waits) == 1795392000
    assert registry.get_sample_value("olcare_deadlines_wait_seconds", waits) == 120
    measures.waits("fire deadlines", None, since)
    assert registry.get_sample_value("olcare_deadlines_wait_since_seconds", waits) == 0
    assert registry.get_sample_value("olcare_deadlines_wait_seconds", waits) == 0


def test_streams_that_are_put_away_and_come_back_are_counted_once(
    registry: CollectorRegistry, measures: LogMetrics
) -> None:
    for away, back in ((3, 0), (3, 1), (5, 1)):
        measures.put_away(TICKETS, away, back)
    assert registry.get_sample_value("olcare_streams_put_away_total", {"topic": TICKETS, "way": "away"}) == 5
    assert registry.get_sample_value("olcare_streams_put_away_total", {"topic": TICKETS, "way": "back"}) == 1


def test_every_metric_of_the_log_moves(registry: CollectorRegistry, measures: LogMetrics) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    measures.gate(is_open=True)
    measures.read(TICKETS, 1, 1)
    measures.partitions(TICKETS, {0: True})
    measures.answered("door", {"readable": 1})
    measures.receipt("door", "accepted")
    measures.put_away(TICKETS, 1, 1)
    measures.skipped("state", 1)
    measures.failed("door door")
    measures.left_aside(1)
    measures.behind("intake.door", "door", Lag(3, 1.5))
    measures.waits("fire deadlines", now, now + timedelta(seconds=1))
    found = {family.name: [sample.value for sample in family.samples] for family in registry.collect()}
    assert all(any(values) for values in found.values()), found
    assert registry.get_sample_value("olcare_partition_stopped", {"topic": TICKETS, "partition": "0"}) == 1
    assert registry.get_sample_value("olcare_stuck") == 1
    assert registry.get_sample_value("olcare_failures_total", {"loop": "door door"}) == 1
    assert registry.get_sample_value("olcare_state_records_skipped_total", {"topic": "state"}) == 1
    of = {"follower": "intake.door", "topic": "door"}
    assert registry.get_sample_value("olcare_lag", of) == 3
    assert registry.get_sample_value("olcare_lag_seconds", of) == 1.5
