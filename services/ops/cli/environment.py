"""Where Kafka, PostgreSQL, the plan clock and the services are: as given, else as `olcare up` left them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import typer

from libs.chassis.clock import Clock
from libs.chassis.kafka_access import KafkaAccess
from libs.chassis.source_policy import SourceSettings
from libs.eventlog.errors import NotAdmitted, Unavailable
from libs.eventlog.kafka.brokers import Brokers
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card, load_cards, with_own_doors
from libs.messages.sources import SourcePolicy
from libs.stack.up import Up, status
from services.ops.cli.options import Options
from services.ops.cli.output import Refused

MACHINE = "127.0.0.1"
CONSOLE = "console"
"""What `olcare up` calls the process with the console's pages."""
PATIENCE = 10.0  # machine seconds that one call to Kafka may take


class PageAddress(NamedTuple):
    """Where a service's pages are."""

    host: str
    port: int


class Environment(Options):
    """What was said on the command line or in the environment, and what follows from it."""

    __slots__ = ()

    def up(self) -> Up | None:
        """Look for an installation that `olcare up` left running."""
        return status(self.root)

    def kafka_address(self) -> Brokers:
        """The brokers, spoken to as the environment says; raises Refused and BadSettings."""
        return KafkaAccess.read().brokers(self.kafka or self._installed("Kafka", "OLCARE_KAFKA").kafka)

    def postgres_address(self) -> str:
        """The server, without a database; raises Refused."""
        return self.postgres or self._installed("PostgreSQL", "OLCARE_POSTGRES").postgres

    def addresses(self) -> Mapping[str, PageAddress]:
        """Where the services' pages are, by service, without the console, which follows nothing; raises Refused."""
        if self.services:
            return _addresses(self.services)
        services = self._installed("service", "OLCARE_SERVICES").services
        return {s.name: PageAddress(MACHINE, s.http_port) for s in services if s.name != CONSOLE}

    def ports(self) -> Mapping[str, int]:
        """The ports of the services' pages, all of them on this machine; raises Refused."""
        addresses = self.addresses()
        if away := [name for name, address in addresses.items() if address.host != MACHINE]:
            raise Refused(f"{', '.join(away)} must run on this machine, as the plan clock is a file that all share")
        return {name: address.port for name, address in addresses.items()}

    def knows_services(self) -> bool:
        """Whether it is known where the services' pages are."""
        return bool(self.services) or self.up() is not None

    def plan_clock(self) -> Path | None:
        """The file of the plan clock, None where plan time is real time."""
        return self.clock_file or (kept if self.up() and (kept := clock_of(self.root)).exists() else None)

    def clock(self) -> Clock:
        """The clock that the services have."""
        return Clock(self.plan_clock())

    def cards(self) -> Mapping[str, Card]:
        """Read the topics' cards, those of clients' own doors too; raises BadSettings."""
        return with_own_doors(load_cards(self.contracts / "topics"), self.source_policy())

    def source_policy(self) -> SourcePolicy | None:
        """Who may say what at the doors, None where every source may; raises BadSettings."""
        return SourceSettings.read().source_policy

    def _installed(self, what: str, variable: str) -> Up:
        if found := self.up():
            return found
        raise Refused(f"no {what} is given and none is up: set {variable}, or start everything with `olcare up`")


def _addresses(text: str) -> dict[str, PageAddress]:
    try:
        return {name.strip(): _address(where) for name, _, where in (part.partition("=") for part in text.split(","))}
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of services like intake=8080,contract=host:8081") from None


def _address(text: str) -> PageAddress:
    host, _, port = text.rpartition(":")
    return PageAddress(host.strip() or MACHINE, int(port))


def clock_of(root: Path) -> Path:
    """Name the file of the plan clock that `olcare up --clock INSTANT` begins."""
    return root / "up-clock.json"


@asynccontextmanager
async def open_log(here: Environment) -> AsyncIterator[KafkaLog]:
    """Open the log, and close it at the end; raises Refused and Unavailable."""
    address = here.kafka_address()
    log = KafkaLog(KafkaSettings(address, "olcare", patience=PATIENCE))
    try:
        await _connect(log, address)
        yield log
    finally:
        await log.close()


async def _connect(log: KafkaLog, address: Brokers) -> None:
    try:
        await log.open()
    except NotAdmitted:
        raise
    except Unavailable as error:
        raise Unavailable(f"Kafka at {address} does not answer: {error}") from error


def environment(ctx: typer.Context) -> Environment:
    """What `options` was told."""
    found = ctx.obj
    assert isinstance(found, Options)  # noqa: S101 - `options` runs first
    return Environment(*found)
