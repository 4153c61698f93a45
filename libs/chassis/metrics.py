"""What a process counts, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import generate_latest


class Metrics:
    """Each metric is named here, with the labels it takes; a service adds metrics of its own to `registry`."""

    def __init__(self, service: str, instance: str) -> None:
        self.registry = CollectorRegistry(target_info={"service": service, "instance": instance})
        ProcessCollector(registry=self.registry)
        self.records = self._counter("records", "Records read from log topics: verdict counts or void", "topic verdict")
        self.batches = self._counter("batches", "Batches that a loop has handled to their end", "loop")
        self.answers = self._counter("answers", "Door records: accepted, held, refused or unreadable", "topic outcome")
        self.attempts = self._counter(
            "append_attempts", "Events sent to be counted; those beyond the answers lost a race", "topic"
        )
        self.lag = self._gauge("reader_lag", "Records that a reader has not read yet", "topic")
        self.stopped = self._gauge("partition_stopped", "1: the partition can not be read on", "topic partition")
        self.gate_open = self._gauge("gate_open", "1: the projections have caught up, commands are decided")
        self.failures = self._counter(
            "failures", "What failed by a fault of ours, and was dead-lettered or left aside: look at once", "loop"
        )
        self.stuck = self._gauge("stuck", "Streams and duties that are left aside now")
        self.deadlines_wait_since = self._gauge(
            "deadlines_wait_since_seconds",
            "Since when due deadlines wait for what was said before them, in seconds of the epoch; 0: none waits",
        )

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str, labels: str = "") -> Counter:
        return Counter(name, what, labels.split(), namespace="olcare", registry=self.registry)

    def _gauge(self, name: str, what: str, labels: str = "") -> Gauge:
        return Gauge(name, what, labels.split(), namespace="olcare", registry=self.registry)
