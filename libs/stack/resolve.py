"""Which Kafka and PostgreSQL a run talks to: given ones, containers, or local processes."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from libs.stack import docker
from libs.stack.catcher import MailCatcher
from libs.stack.kafka import KafkaCluster
from libs.stack.postgres import Postgres
from libs.stack.run import Run

Source = Literal["given", "docker", "native"]


@dataclass(frozen=True)
class StackServer:
    """Where one server answers, and who runs it."""

    name: str
    address: str
    source: Source

    def __str__(self) -> str:
        return f"{self.name} at {self.address} ({self.source})"


class Stack:
    """The servers of one run; each is started when it is first asked for, and ends with the run."""

    def __init__(self, run: Run, *, durable: bool = True, quick_start: bool = True) -> None:
        self._run = run
        self._durable = durable
        self._quick_start = quick_start

    def __str__(self) -> str:
        """The servers in use, in one line."""
        return (
            ", ".join(str(part) for part in vars(self).values() if isinstance(part, StackServer))
            or "nothing was asked for"
        )

    @cached_property
    def kafka(self) -> StackServer:
        """The bootstrap servers: OLCARE_KAFKA, else the container's, else a local node's."""
        if given := os.environ.get("OLCARE_KAFKA"):
            return StackServer("Kafka", given, "given")
        if self._containers:
            return StackServer("Kafka", self._containers.kafka, "docker")
        return StackServer("Kafka", self.local_kafka.address, "native")

    @cached_property
    def postgres(self) -> StackServer:
        """The address without a database: OLCARE_POSTGRES, else the container's, else a local server's."""
        if given := os.environ.get("OLCARE_POSTGRES"):
            return StackServer("PostgreSQL", given, "given")
        if self._containers:
            return StackServer("PostgreSQL", self._containers.postgres, "docker")
        return StackServer("PostgreSQL", self.local_postgres.dsn, "native")

    @cached_property
    def smtp(self) -> StackServer:
        """Host and port: OLCARE_SMTP, else the mail catcher's."""
        if given := os.environ.get("OLCARE_SMTP"):
            return StackServer("mail", given, "given")
        return StackServer("mail", self.mail_catcher.address, "native")

    def env(self) -> dict[str, str]:
        """What a service finds in its environment; starts whatever is not there yet."""
        return {
            "OLCARE_KAFKA": self.kafka.address,
            "OLCARE_POSTGRES": self.postgres.address,
            "OLCARE_SMTP": self.smtp.address,
        }

    @cached_property
    def mail_catcher(self) -> MailCatcher:
        """Our own, whatever was given; its journal says what was delivered."""
        catcher = MailCatcher(self._run)
        catcher.start()
        return catcher

    @cached_property
    def local_kafka(self) -> KafkaCluster:
        """One node of our own, whatever was given."""
        cluster = KafkaCluster(self._run, quick_start=self._quick_start)
        cluster.start()
        return cluster

    @cached_property
    def local_postgres(self) -> Postgres:
        """A server of our own, whatever was given."""
        server = Postgres(self._run, durable=self._durable)
        server.start()
        return server

    @cached_property
    def _containers(self) -> docker.Containers | None:
        if not docker.wanted():
            return None
        containers = docker.Containers(self._run)
        containers.start()
        return containers
