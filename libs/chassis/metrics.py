"""What a process counts, in a registry of its own."""

from collections.abc import Callable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import generate_latest

from libs.chassis.build import build
from libs.chassis.watchdog import Lag
from libs.messages.receipts import Outcome

NAMESPACE = "olcare"


class Metrics:
    """What every process has; each part of it adds metrics of its own to `registry`."""

    def __init__(self, service: str, instance: str) -> None:
        self.registry = CollectorRegistry(target_info={"service": service, "instance": instance})
        ProcessCollector(registry=self.registry)
        self.before: list[Callable[[], None]] = []
        """What sets metrics whenever they are asked for."""
        info = Gauge("build_info", "1 for the build that runs", ["version"], NAMESPACE, registry=self.registry)
        info.labels(build()).set(1)

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        for look in self.before:
            look()
        return generate_latest(self.registry)


class LogMetrics:
    """What a process says that follows the log: each metric is named here, with the labels that it takes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._gate_open = self._gauge("gate_open", "1: the projections have caught up, commands are decided")
        self._records = self._counter(
            "records", "Records read from log topics: verdict counts or void", "topic verdict"
        )
        self._stopped = self._gauge("partition_stopped", "1: the partition can not be read on", "topic partition")
        self._answered = self._counter(
            "door_records", "Records of a door that have their receipts, by whether they could be read", "topic kind"
        )
        self._receipts = self._counter(
            "receipts",
            "Receipts that a door has made, by outcome; one that had to be written again counts again",
            "topic outcome",
        )
        self._failures = self._counter(
            "failures", "What failed by a fault of ours, and was dead-lettered or left aside: look at once", "loop"
        )
        self._kept = self._counter(
            "streams_put_away", "Streams put away, or come back from there, by a reader of the topic", "topic way"
        )
        self._skipped = self._counter(
            "state_records_skipped", "Records of a state topic that can not be rows, and so say nothing", "topic"
        )
        self._stuck = self._gauge("stuck", "Streams and duties that are left aside now")
        self._lag = self._gauge("lag", "Records that a reader, door or reaction has not read yet", "follower topic")
        self._lag_seconds = self._gauge(
            "lag_seconds", "The age of the first record that a reader, door or reaction has not read", "follower topic"
        )
        self._wait_since = self._gauge(
            "deadlines_wait_since_seconds",
            "Since when due deadlines wait for what was said before them, in seconds of the epoch; 0: none waits",
            "duty",
        )
        self._waits = self._gauge(
            "deadlines_wait_seconds",
            "For how long due deadlines wait for what was said before them; 0: none waits",
            "duty",
        )
        self._told: dict[tuple[str, str], int] = {}

    def gate(self, *, is_open: bool) -> None:
        """Whether commands are decided."""
        self._gate_open.set(is_open)

    def read(self, topic: str, counted: int, void: int) -> None:
        """Add what a reader has judged since the last call."""
        self._records.labels(topic, "counts").inc(counted)
        self._records.labels(topic, "void").inc(void)

    def partitions(self, topic: str, stopped: Mapping[int, bool]) -> None:
        """Which partitions stand still."""
        for partition, stands_still in stopped.items():
            self._stopped.labels(topic, partition).set(stands_still)

    def answered(self, topic: str, totals: Mapping[str, int]) -> None:
        """What a door has answered since the process began, by kind."""
        for kind, total in totals.items():
            self._answered.labels(topic, kind).inc(total - self._told.get((topic, kind), 0))
            self._told[topic, kind] = total

    def put_away(self, topic: str, put_away: int, came_back: int) -> None:
        """How many streams were put away, and how many came back, since the process began."""
        for way, total in (("away", put_away), ("back", came_back)):
            self._kept.labels(topic, way).inc(total - self._told.get((topic, way), 0))
            self._told[topic, way] = total

    def skipped(self, topic: str, total: int) -> None:
        """How many records of a state topic were skipped since the process began."""
        self._skipped.labels(topic).inc(total - self._told.get((topic, "skipped"), 0))
        self._told[topic, "skipped"] = total

    def failed(self, loop: str) -> None:
        """Count a failure that is a fault of ours."""
        self._failures.labels(loop).inc()

    def left_aside(self, number: int) -> None:
        """How many streams and duties are left aside."""
        self._stuck.set(number)

    def behind(self, follower: str, topic: str, lag: Lag) -> None:
        """How far a follower is behind."""
        self._lag.labels(follower, topic).set(lag.records)
        self._lag_seconds.labels(follower, topic).set(lag.seconds)

    def waits(self, duty: str, since: datetime | None, now: datetime) -> None:
        """Since when a duty waits for safe time, in plan time; None where it does not."""
        self._wait_since.labels(duty).set(since.timestamp() if since else 0)
        self._waits.labels(duty).set((now - since).total_seconds() if since else 0)

    def door(self, topic: str) -> None:
        """Say of a door from the start that it has answered nothing, so that its first receipt is seen to come."""
        for outcome in Outcome:
            self._receipts.labels(topic, outcome)

    def receipt(self, topic: str, outcome: str) -> None:
        """Count a receipt of a door."""
        self._receipts.labels(topic, outcome).inc()

    def _counter(self, name: str, what: str, labels: str = "") -> Counter:
        return Counter(name, what, labels.split(), namespace=NAMESPACE, registry=self._registry)

    def _gauge(self, name: str, what: str, labels: str = "") -> Gauge:
        return Gauge(name, what, labels.split(), namespace=NAMESPACE, registry=self._registry)
