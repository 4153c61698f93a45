"""Apache Kafka as local processes: one node, or a cluster of three that loses one without losing a record."""

import base64
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from libs.stack.cache import cached, run_quietly
from libs.stack.errors import StackError
from libs.stack.java import java, java_home, kafka_jars
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.ports import free_port
from libs.stack.process import Process
from libs.stack.run import Run
from libs.stack.wait import until

_LOGGING = Path(__file__).with_name("kafka-log4j2.properties")
_UP = b"Kafka Server started"  # logged once the controller has let the broker in
_UP_SECONDS = 90
_CLASSES = "broker.jsa"
_FIVE_YEARS_IN_MINUTES = 5 * 366 * 24 * 60


class KafkaCluster:
    """Brokers that are their own controllers (KRaft), each on a port and a folder that it keeps over restarts.

    `quick_start` compiles less: up sooner, some 15 % slower afterwards; measurements turn it off.
    """

    def __init__(
        self,
        run: Run,
        brokers: Literal[1, 3] = 1,
        *,
        quick_start: bool = True,
        guard: KafkaGuard | None = None,
        name: str = "kafka",
        learns: Path | None = None,
    ) -> None:
        """Make it, in a folder of this name; with a guard it lets nobody in who does not show who he is.

        What a broker that `learns` has loaded is kept in that file when it ends.
        """
        self._known = [] if learns else [f"-XX:SharedArchiveFile={_known_classes()}"]
        learning = [f"-XX:ArchiveClassesAtExit={learns}"] if learns else []
        self._folder, self._data = run.folder / name, run.folder_for_data() / f"{name}-data"
        self._guard = guard
        self._quick_start = quick_start
        self._ports = [free_port() for _ in range(brokers)]
        self._controllers = [free_port() for _ in range(brokers)]
        self._among_brokers = [free_port() for _ in range(brokers)] if guard else []
        self.nodes = [
            Process(run, f"{name}-{node}", self._java(*learning, "kafka.Kafka", str(self._settings_of(node))))
            for node in range(brokers)
        ]
        run.at_end(self._abandon)

    @property
    def address(self) -> str:
        """The bootstrap servers."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports)

    def start(self) -> None:
        """Format the folders, the first time, and return when every broker serves."""
        if not self._folder.exists():
            self._format()
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            self._await(node, since=0)

    def kill(self, node: int = 0) -> None:
        """SIGKILL."""
        self.nodes[node].kill()

    def stop(self, node: int = 0) -> None:
        """End one broker in order."""
        self.nodes[node].stop(seconds=30)

    def restart(self, node: int = 0) -> None:
        """Bring one broker back on its port and its data, and return when it serves."""
        log = self.nodes[node].log
        since = log.stat().st_size
        self.nodes[node].start()
        self._await(self.nodes[node], since)

    def _abandon(self) -> None:
        """Kill the nodes at the end of the run: their data is removed, so an orderly stop would only move leaders."""
        for node in self.nodes:
            if node.alive:
                node.kill()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(lambda node: self._format_one(node, cluster), range(len(self.nodes))))

    def _format_one(self, node: int, cluster: str) -> None:
        settings = self._settings_of(node)
        settings.parent.mkdir(parents=True)
        settings.write_text("".join(f"{key}={value}\n" for key, value in self._settings(node).items()))
        named = f"--cluster-id={cluster}"  # in one word: an id may begin with a hyphen
        users = self._guard.scram() if self._guard else []
        tool = ["kafka.tools.StorageTool", "format", named, "--config", str(settings), *users]
        run_quietly(self._java(*tool), f"the folder of broker {node} could not be formatted")

    def _settings_of(self, node: int) -> Path:
        return self._folder / f"{node}/server.properties"

    def _settings(self, node: int) -> Mapping[str, object]:
        brokers = len(self._ports)
        voters = (f"{voter}@127.0.0.1:{port}" for voter, port in enumerate(self._controllers))
        return {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": ",".join(voters),
            **self._listeners(node),
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._data / str(node),
            "default.replication.factor": brokers,
            "min.insync.replicas": 2 if brokers > 1 else 1,
            "offsets.topic.replication.factor": brokers,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": brokers,
            "transaction.state.log.min.isr": 2 if brokers > 1 else 1,
            "transaction.state.log.num.partitions": 4,
            "offsets.retention.minutes": _FIVE_YEARS_IN_MINUTES,
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.session.timeout.ms": 3000,  # a killed broker is let in again after this long, by default 9 s
            "broker.heartbeat.interval.ms": 500,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,  # 128 MB by default, a third of the heap
            "file.delete.delay.ms": 1000,
        }

    def _listeners(self, node: int) -> Mapping[str, object]:
        clients = f"CLIENTS://127.0.0.1:{self._ports[node]}"
        controller = f"CONTROLLER://127.0.0.1:{self._controllers[node]}"
        if self._guard is None:
            return {
                "listeners": f"{clients},{controller}",
                "advertised.listeners": clients,
                "inter.broker.listener.name": "CLIENTS",
                "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
            }
        brokers = f"BROKERS://127.0.0.1:{self._among_brokers[node]}"
        named = f"CLIENTS:{self._guard.protocol},BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT"
        return {
            "listeners": f"{clients},{brokers},{controller}",
            "advertised.listeners": f"{clients},{brokers}",
            "inter.broker.listener.name": "BROKERS",
            "listener.security.protocol.map": named,
            **self._guard.settings(),
        }

    def _java(self, *arguments: str) -> list[str]:
        options = [
            "-Xms384m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            *self._known,
            f"-Dlog4j2.configurationFile={_LOGGING}",
        ]
        if self._quick_start:
            options.append("-XX:TieredStopAtLevel=1")
        return [java(), *options, "-cp", f"{kafka_jars()}/*", *arguments]

    def _await(self, node: Process, since: int) -> None:
        until(lambda: not node.alive or _UP in _said(node.log, since), _UP_SECONDS, f"the start of {node.name}")
        if not node.alive:
            raise StackError(f"{node.name} did not come up:\n{node.last_words()}")


def _known_classes() -> Path:
    """The classes of a broker as this Java has read and checked them once: a start takes half the work (JEP 350).

    A Java that has no archive of its own classes, as that of the wheel, makes none of others, and goes without.
    """
    return cached(f"{kafka_jars().name}-classes", java_home() / "release", _learn) / _CLASSES


def _learn(folder: Path) -> None:
    with Run.create(name="kafka-classes") as run:
        cluster = KafkaCluster(run, learns=folder / _CLASSES)
        cluster.start()
        cluster.stop()


def _said(log: Path, since: int) -> bytes:
    with log.open("rb") as output:
        output.seek(since)
        return output.read()
